"""Claims of a study against its results: which points contradict them, by scipy's binomial and by sets that theory knows; the same
answers in every form and from Python; and the study of those points, which runs and has them."""
import csv, io, json, re, subprocess, sys, tempfile
from pathlib import Path

import numpy
import polysweep
from polysweep.conjectures import counterexamples
from polysweep.times import holm
from scipy.special import betaln
from scipy.stats import beta, binom

import commands
from commands import check, parse, refused, run

STUDY = """schema: 1
study: claimed
seed: 5
data: {preset: P1}
methods: [exact, softmax]
grid: {beta: [2, 3, 4, 6, 8, 12], n: [64, 128, 256], d: 10, noise: [0, 0.1], half: 0.5, negative: signed}
judge: {m: 12, trials: 160}
predict:
  degree: {edge: "log(n) / log(1 + (a_1**2 + b**2) / c**2)"}
  holds: {when: "beta >= 6", then: "success_rate > 0.85"}
  wrong: {when: "beta == 2", then: "success_rate >= half"}
  two: {when: "noise == 0 and beta >= 4", then: "success_rate > 0.6 and fire_rate_d0 <= 0.1"}
  chance: {when: "noise == 0 and beta >= 6", then: "0.968 < success_rate"}
  noisy: {when: "noise > 0 and beta == 3", then: "success_rate < 0.3"}
  fires: {when: "noise > 0 and beta == 6", then: "fire_rate_d1 < 0.7"}
"""
NAMES = ("holds", "wrong", "two", "chance", "noisy", "fires")
MORE = {"mass": ("method == exact && noise == 0", "special_mass_d1 >= 0.3 and beta < 20"),
        "either": ("beta > 2", "success_rate > 0.2 or n == 256"), "equal": ("beta == 2 and noise == 0", "success_rate == 0"),
        "none": ("beta > 100", "success_rate > 2"), "absent": ("method == softmax", "beta > 3 and success_rate > 0.9"),
        "theory": ("theory_success > 0.5", "abs(success_rate - theory_success) < 0.001"),
        "words": ("beta >= 2", "not (method == exact) || trials_stop != fixed || (n % 128 == 0 and round(beta / 4) != 2)")}


def claim(file, name, *more):
    told = parse(run("show", file, "--counterexamples", name, "--json", *more))
    check((told["claim"], told["command"]) == (name, "show"), told)
    return told


def slots(told):
    return [row["slot"] for row in told["counterexamples"]]


def chosen(ds, **values):
    return numpy.all([ds[name].values == value for name, value in values.items()], axis=0)


def test_counts(file):
    """Sets that theory knows, and p-values by scipy."""
    ds = polysweep.open(file)
    theory = ds.theory_success.values
    holds = claim(file, "holds")
    check((holds["about"], holds["computed"], holds["contradict"]) == (18, 18, 0) and holds["tested"], "a claim that holds", holds)
    wrong = claim(file, "wrong")
    low = numpy.flatnonzero(ds.beta.values == 2)
    check(sorted(slots(wrong)) == low.tolist() and wrong["seem_to"] == 0 and wrong["error"] == 0.05, "one that is wrong everywhere", wrong)
    two = claim(file, "two")
    false = numpy.flatnonzero((ds.noise.values == 0) & (ds.beta.values >= 4) & (theory <= 0.6))
    check(len(false) == 2 and sorted(slots(two)) == false.tolist() and two["about"] == 12, "one that is false in two points", two)
    p = [2 * binom.cdf(ds.successes.values[slot], 160, 0.6) for slot in slots(two)]  # two parts are tested
    check(p == sorted(p), "the strongest first", p)
    close([row["p_value"] for row in two["counterexamples"]], p)
    close([row["p_corrected"] for row in two["counterexamples"]], [12 * p[0], max(12 * p[0], 11 * p[1])])
    close([row["beyond"] for row in two["counterexamples"]], 0.6 - ds.success_rate.values[slots(two)])
    chance = claim(file, "chance")
    below = chosen(ds, noise=0) & (ds.beta.values >= 6) & (ds.success_rate.values <= 0.968)
    check((chance["contradict"], chance["seem_to"]) == (0, below.sum()) and below.sum() > 2, "chance explains them", chance)


def close(a, b):
    # logarithms of p up to 700, with an error of a few units in the last place of them
    check(numpy.allclose(a, b, rtol=1e-10, atol=0), a, "is not", b)


def test_draws(file):
    """Under noise a rate is worth as many trials as the file says, and that of firing as many as there are draws."""
    ds = polysweep.open(file)
    told = claim(file, "noisy")
    here = numpy.flatnonzero((ds.noise.values > 0) & (ds.beta.values == 3))
    n = ds.success_samples.values[here].astype(float)
    k = ds.success_rate.values[here] * n
    check((n < 100).all() and (k != numpy.round(k)).any(), "effective numbers", n)
    p = numpy.where(k > 0, beta.cdf(0.3, numpy.where(k > 0, k, 1), n - k + 1), 1)
    corrected = holm(p)
    stand = here[corrected <= 0.05]
    check(slots(told) == stand.tolist() and len(stand) == 1, "effective samples", told, corrected)
    close([row["p_value"] for row in told["counterexamples"]], p[corrected <= 0.05])
    check(not told["exact"] and claim(file, "two")["exact"], "tests where trials share draws are not exact")
    said = run("show", file, "--counterexamples", "noisy"), run("show", file, "--counterexamples", "two")
    check("about 0.05 (approximate tests" in said[0] and "note        trials share draws" in said[0], said[0])
    check("at most 0.05 (exact tests" in said[1] and "note" not in said[1], said[1])
    told = claim(file, "fires")
    here = numpy.flatnonzero((ds.noise.values > 0) & (ds.beta.values == 6))
    k = ds.fire_rate_d1.values[here] * 16
    p = beta.cdf(0.7, k, 16 - k + 1)
    check((told["contradict"], told["seem_to"]) == ((holm(p) <= 0.05).sum(), (holm(p) > 0.05).sum()), told, p)


def test_python(file, names):
    """What Python says is what the program says, to the last point."""
    ds = polysweep.open(file)
    for name in names:
        told, found = claim(file, name), counterexamples(ds, name)
        for theirs, ours in (("about", found.about), ("computed", found.computed), ("without_value", found.without_value),
                             ("contradict", found.contradict), ("seem_to", found.seem_to), ("error", found.error),
                             ("tested", found.tested), ("exact", found.exact), ("untested_rate", found.untested_rate), ("then", found.then)):
            check(told[theirs] == ours, name, theirs, told[theirs], "in Python", ours)
        check(slots(told) == found.table["slot"].tolist(), name, slots(told), found.table["slot"].tolist())
        for column in ("p_value", "p_corrected", "beyond"):
            there = numpy.array([row[column] for row in told["counterexamples"]], float)
            check(numpy.allclose(there, found.table[column], rtol=1e-9, atol=1e-300, equal_nan=True), name, column, there)
        columns = {column for row in told["counterexamples"] for column in row}
        check(not columns or columns - {"data_draws"} == set(found.table), name, columns)  # it follows from the noise


def test_more(place):
    """Claims of other kinds; those that are not of the first program's eight."""
    study, file = place / "more.yaml", place / "more.h5"
    study.write_text(STUDY.split("  degree:")[0].replace("half: 0.5, ", "") + "".join(
        f"  {name}: {{when: {json.dumps(when)}, then: {json.dumps(then)}}}\n" for name, (when, then) in MORE.items()))
    run("run", study, "-o", file, "--quiet")
    test_python(file, MORE)
    told = {name: claim(file, name) for name in MORE}
    check(told["mass"]["contradict"] > 0 and not told["mass"]["tested"], "no rate", told["mass"])
    check(told["either"]["untested_rate"] and told["either"]["contradict"] > 0, "a rate behind or", told["either"])
    check(told["none"]["about"] == 0 and told["absent"]["without_value"] == told["absent"]["computed"] > 0, "nothing to say", told)
    check(told["theory"]["untested_rate"] and told["theory"]["contradict"] > 0 == told["equal"]["contradict"], "differences", told)


def test_forms(file):
    told = claim(file, "two")
    lines = [json.loads(line) for line in run("show", file, "--counterexamples", "two", "--jsonl").splitlines()]
    check(lines == told["counterexamples"], "lines", lines)
    rows = list(csv.DictReader(io.StringIO(run("show", file, "--counterexamples", "two", "--csv"))))
    check([{name: float(row[name]) for name in ("slot", "beta", "n", "success_rate", "beyond", "p_value", "p_corrected")} for row in rows]
          == [{name: float(row[name]) for name in ("slot", "beta", "n", "success_rate", "beyond", "p_value", "p_corrected")} for row in lines],
          "csv", rows)
    table = run("show", file, "--counterexamples", "two").splitlines()
    check(table[0] == "claim       two: when noise == 0 and beta >= 4, then success_rate > 0.6 and fire_rate_d0 <= 0.1", table[0])
    check(table[1] == "about       12 points, 12 computed" and table[2].startswith("contradict  2; chance"), table)
    check(len(table) == 7 and [line.split()[0] for line in table[4:]] == ["slot", *map(str, slots(told))], table)
    check(claim(file, "two", "--where", "n == 128")["about"] == 4, "--where")
    check("contradict  0" in run("show", file, "--counterexamples", "holds"), "none")


def test_refusals(file, plain):
    for arguments, said in ((("--counterexamples", "degree"), "degree is a critical degree, not a claim"),
                            (("--counterexamples", "noisi"), "did you mean noisy"),
                            (("--counterexamples", "zzz"), "the first that it makes is holds"),
                            (("--counterexamples", "holds", "--study"), "no point contradicts holds"),
                            (("--study",), "add --counterexamples NAME"),
                            (("--counterexamples", "two", "--columns", "n"), "chooses its columns"),
                            (("--counterexamples", "two", "--extrap"), "exclude each other"),
                            (("--counterexamples", "two", "--study", "--json"), "prints a study file")):
        check(said in refused("show", file, *arguments), arguments, refused("show", file, *arguments))
    check("claims nothing" in refused("show", plain, "--counterexamples", "two"), "a study without claims")


def test_again(place, file):
    """The study of the counterexamples runs as it is; its points are they, with other seeds and ten times the trials."""
    ds, told = polysweep.open(file), claim(file, "noisy")
    told_two, study, again = claim(file, "two"), place / "again.yaml", place / "again.h5"
    for name, expected in (("noisy", told), ("two", told_two)):
        study.write_text(run("show", file, "--counterexamples", name, "--study"))
        again.unlink(missing_ok=True)
        run("run", study, "-o", again, "--quiet")
        new = polysweep.open(again)
        check(new.sizes["point"] == len(slots(expected)) and bool(new.done.all()), name, "points")
        for column in ("method", "beta", "n", "d", "noise", "preset", "kappa", "m", "negative", "mask", "precision", "block", "half"):
            old = ds[column].values[slots(expected)]
            check((new[column].values == old).all(), name, column, new[column].values, old)
        check((new.trials.values == 1600).all() and not set(new.seed.values) & set(ds.seed.values), name, "trials and seeds", new.seed.values)
        check((new.data_draws.values == 10 * ds.data_draws.values[slots(expected)]).all(), name, "draws", new.data_draws.values)
        check((new[f"predict_{name}"].values == 1).all(), name, "the claim is about them")
        check(claim(again, name)["contradict"] == len(slots(expected)), name, "again")
        rates = new.success_rate.values, ds.success_rate.values[slots(expected)]
        # differences of two independent estimates: five standard deviations of the worse one
        check((abs(rates[0] - rates[1]) < 5 * numpy.sqrt(0.25 / ds.success_samples.values[slots(expected)])).all(), name, rates)
    check(set(new.attrs["own_axes"]) == {"half"}, "an own axis that a claim names", new.attrs["own_axes"])


def test_parts(place, study):
    """Points that were not computed count among those that a claim is about."""
    part = place / "part.h5"
    run("run", study, "-o", part, "--quiet", "--where", "n == 128")
    told = claim(part, "two")
    check((told["about"], told["computed"], told["contradict"]) == (12, 4, 1), told)
    close([row["p_corrected"] / row["p_value"] for row in told["counterexamples"]], [12])
    test_python(part, NAMES)


ENDED = """schema: 1
study: ended
seed: 5
data: {preset: P1}
methods: [exact]
grid: {beta: {from: 1, to: 12, step: 1}, n: [64, 128], d: 10, noise: [0, 0.1], negative: signed}
judge: {m: 12, trials: {most: 400, until: decided, error: 0.02}}
search: {over: beta}
predict:
  low: {when: "beta <= beta_c + 1", then: "success_rate < 0.5"}
  any: {when: "beta > 0", then: "success_rate >= 0.4 and fire_rate_d1 > 0.3"}
  never: {when: "noise > 0", then: "success_rate == 0.9"}
"""


def test_ended(place):
    """Trials that a rule ended, points that a search did not need, the error that the study gives."""
    study, file = place / "ended.yaml", place / "ended.h5"
    study.write_text(ENDED)
    run("run", study, "-o", file, "--quiet")
    ds, told = polysweep.open(file), claim(file, "low")
    check((ds.status.values == "not_needed").any() and told["error"] == 0.02, "a search", told)
    test_python(file, ("low", "any", "never"))
    exact = numpy.flatnonzero((ds.noise.values == 0) & (ds.theory_success.values > 0.9))
    check(set(slots(told)) <= set(exact.tolist()) and told["contradict"] == 2 and told["about"] > told["computed"], "truth", told)
    for row in told["counterexamples"]:
        k, n = int(ds.successes.values[row["slot"]]), int(ds.trials_done.values[row["slot"]])
        # likelihoods of all rates above 1/2 over that of 1/2
        log_m = betaln(k + 1, n - k + 1) + beta.logsf(0.5, k + 1, n - k + 1) + (n + 1) * numpy.log(2)
        close(row["p_value"], numpy.exp(-log_m))
    never = claim(file, "never")
    check({row["p_value"] for row in never["counterexamples"]} == {ds.trials_error.values[0]}, "both bounds under draws", never)
    study.write_text(run("show", file, "--counterexamples", "low", "--study"))
    run("run", study, "-o", place / "ended-again.h5", "--quiet")
    again = polysweep.open(place / "ended-again.h5")
    check((again.trials.values == 10 * ds.trials_done.values[slots(told)]).all() and bool(again.done.all()), "ten times what was taken")
    check((again.trials_stop.values == "fixed").all(), "a fixed number")


DRAWN = """schema: 1
study: drawn
data: {preset: P1, noise: 0.05, data_draws: 90}
methods: [exact]
grid: {n: 64, d: 18, beta: {from: 20, to: 30, step: 1}, negative: signed}
judge: {m: 34, trials: {most: MOST, until: decided, error: 0.05}}
predict:
  none: {when: "beta > 0", then: "success_rate < 0.01"}
  two: {when: "beta > 0", then: "success_rate < 0.01 and fire_rate_d1 < 0.9"}
  equal: {when: "beta > 0", then: "success_rate == 0.01"}
"""


def test_drawn(place):
    """Trials that a rule ended under draws: 11 shares of an error, each of which (0.05 / 11) 11 is more than 0.05 in doubles."""
    check(0.05 / 11 * 11 > 0.05, "the case")
    for most in (90, 180):
        study, file = place / f"drawn{most}.yaml", place / f"drawn{most}.h5"
        study.write_text(DRAWN.replace("MOST", str(most)))
        run("run", study, "-o", file, "--quiet")
        ds = polysweep.open(file)
        check((ds.success_lo.values > 0.01).all() and (ds.trials_stop.values == "decided").any(), "rates", ds.success_lo.values)
        test_python(file, ("none", "two", "equal"))
        for name in ("none", "two", "equal"):
            check(claim(file, name)["contradict"] == 11, most, name, claim(file, name)["contradict"])
        p = numpy.array([row["p_value"] for row in claim(file, "none")["counterexamples"]])
        study.write_text(run("show", file, "--counterexamples", "none", "--study"))
        run("run", study, "-o", place / f"again{most}.h5", "--quiet", "--where", "beta == 30")
        again, there = polysweep.open(place / f"again{most}.h5"), slots(claim(file, "none"))
        draws = ds.trials_done.values[there] // (most // 90)
        check((draws < 90).any() and (again.data_draws.values == 10 * draws).all() and
              (again.trials.values == 10 * ds.trials_done.values[there]).all(), "ten times the draws that there were", draws)
        check((p == ds.trials_error.values[0] / 2).all() if most > 90 else (p < 1e-9).all(), "p-values", p)


def test_report(place, file):
    """The page has what Python says, and its numbers."""
    pages = place / "pages"
    said = subprocess.run([sys.executable, "-m", "polysweep.report", file, "-o", pages], capture_output=True, text=True)
    check(said.returncode == 0 and not said.stderr.count("warning"), "the report", said.stderr)
    text = (pages / "index.html").read_text()
    check(all(re.search(f"<h[234]>{title}</h", text) for title in ("Claims of the study", "Counterexamples", "Predicted critical degrees")), "sections")
    claims = list(csv.DictReader((pages / "predicted-claims.csv").read_text().splitlines()))
    told = {name: claim(file, name) for name in NAMES}
    check({row["claim"]: int(row["contradict"]) for row in claims} == {name: len(slots(each)) for name, each in told.items()}, claims)
    listed = list(csv.DictReader((pages / "counterexamples.csv").read_text().splitlines()))
    check([int(row["slot"]) for row in listed] == [slot for name in NAMES for slot in slots(told[name])], "strongest first", listed)
    left = list(csv.DictReader((pages / "residuals.csv").read_text().splitlines()))
    exact = [row for row in left if row["noise"] == "0.0"]
    check(len(exact) == 3 and all(row["theory_inside"] == "True" and row["inside"] == "False" for row in exact), "residuals", left)


def test_extend(file, study):
    """Another claim is another file; the points stay what they are."""
    changed = "predict.wrong.then=success_rate >= half / 2"
    said = refused("run", study, "-o", file, "--set", changed)
    check("predict.wrong.then: success_rate >= half / 2 here, success_rate >= half in the file" in said, said)
    run("run", study, "-o", file, "--set", changed, "--extend", "--quiet")
    ds = polysweep.open(file)
    check((ds.attempt.values == 1).all() and claim(file, "wrong")["then"] == "success_rate >= half / 2", "extended")
    check(ds.predict_wrong.attrs["long_name"].startswith("1 where the study claims") and
          ds.predict_degree.attrs["long_name"].startswith("critical degree"), "long names")
    check(parse(run("verify", file, "--json"))["differing"] == 0, "verify")


def main():
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        study, file, plain = place / "claimed.yaml", place / "claimed.h5", place / "plain.h5"
        study.write_text(STUDY)
        run("run", study, "-o", file, "--quiet")
        study.write_text(STUDY.split("predict:")[0].replace("half: 0.5, ", ""))
        run("run", study, "-o", plain, "--quiet", "--where", "beta == 2 and n == 64")
        study.write_text(STUDY)
        test_counts(file)
        test_draws(file)
        test_forms(file)
        test_refusals(file, plain)
        test_again(place, file)
        test_more(place)
        test_python(file, NAMES)
        test_parts(place, study)
        test_ended(place)
        test_drawn(place)
        test_report(place, file)
        test_extend(file, study)
    print(commands.checks, "checks,", commands.failed, "failed", file=sys.stderr)
    return 1 if commands.failed else 0


if __name__ == "__main__":
    sys.exit(main())
