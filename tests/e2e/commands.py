"""What plan, status, show, verify and doctor say, against the result file as h5py reads it."""
import csv, fcntl, io, json, math, os, re, shutil, socket, subprocess, sys, tempfile

import h5py
import numpy

PROGRAM = os.path.join(os.environ["POLYSWEEP_BUILD"], "polysweep")
STUDY = """schema: 1
study: 'commands "quoted"'
seed: 7
data: {kind: self_attention, preset: W2}
methods: [exact, softmax, closed_form]
grid: {n: [64, 128, 256], d: [10, 18], level: [1, 2], beta: [2, 4, 8], a_1: [1.2, 1.4]}
derive: {kappa: 0.1 * level}
exclude: [{when: "n == 256 and d == 18", why: "too wide"}, {when: "beta == 8 and n == 64", why: "not asked"}]
judge: {m: 8, trials: 20}
predict: {mine: "log(n)"}
"""
LIMITS = ("work", "longest point", "memory", "teams wait", "idle at the end")
checks = failed = 0


def check(condition, *what):
    global checks, failed
    checks += 1
    if not condition:
        failed += 1
        print("failed:", *what, file=sys.stderr)


def run(*arguments, ranks=0, code=0, **environment):
    command = (["mpirun", "-n", str(ranks)] if ranks else []) + [PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
    check(done.returncode == code, command, "ended with", done.returncode, "not", code, done.stderr)
    return done.stdout


def refused(*arguments):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    check(done.returncode == 2 and done.stdout == "", arguments, "ended with", done.returncode)
    return done.stderr


def parse(text):
    def refuse(word):
        raise ValueError(f"{word} is not JSON")

    value = json.loads(text, parse_constant=refuse)
    check(value["polysweep_json"] == 1, "version of the JSON")
    return value


def expected_points():
    cells = [(n, d, level, a, beta) for n in (64, 128, 256) for d in (10, 18) for level in (1, 2) for a in (1.2, 1.4)
             for beta in (2, 4, 8) if not (n == 256 and d == 18)]
    with_beta = sum(not (beta == 8 and n == 64) for n, d, level, a, beta in cells)
    return {"exact": with_beta, "closed_form": with_beta, "softmax": len(cells) // 3}


def check_schedule(told, ranks):
    stages = told["stages"]
    check(sum(s["points"] for s in stages) == told["points"], "points of stages", stages)
    check(math.isclose(sum(s["busy_s"] for s in stages), told["busy_s"], rel_tol=1e-9), "work of stages", stages)
    check(max(s["until_s"] for s in stages) == told["finish_s"], "the last stage ends it", stages)
    check(all(s["teams"] * s["least_ranks"] <= ranks <= s["teams"] * s["most_ranks"] for s in stages), "teams", stages)
    check(told["critical"]["predicted_s"] <= told["finish_s"] <= told["busy_s"], "bounds", told["critical"])
    check(told["limit"] in LIMITS and all(c["limit"] in LIMITS for c in told["compare"]), "limits", told["limit"])
    alone, many = told["compare"][0], told["compare"][-1]
    check(alone["ranks"] == 1 and abs(alone["speed_up"] - 1) < 0.05 and alone["limit"] == "work", "one rank", alone)
    check(alone["speed_up"] <= many["speed_up"] <= many["ranks"] and many["utilisation"] < 0.9, "many ranks", many)
    check(told["knee_ranks"] in (1, 2), "knee", told["knee_ranks"])  # a fraction of a second of work on 4096 is idling


def test_budget(study, told):
    more = ("--set", "judge.trials=400000")  # seconds of work: many runs, of which a part can be bought

    def spend(budget):
        return parse(run("plan", study, "--json", "--ranks", 4, "--ranks-per-node", 2, "--budget", budget, *more))["budget"]

    rich, cores = spend("1nodeh"), spend("2coreh")
    check(rich["points"] == told["points"] == sum(b["of"] for b in rich["bought"]), "an hour buys all", rich)
    check(rich["deadline_s"] == 1800 and cores["deadline_s"] == 1800 and cores["node_hours"] == 1, "two nodes", rich)
    check({b["method"]: 0 for b in rich["bought"]} == {m: 0 for m in expected_points()}, "methods", rich)
    poor = spend(f"{rich['needs_node_hours'] / 3:.9f}nodeh")
    check(0 < poor["points"] < rich["points"], "a third buys a part", poor)
    check(sum(b["points"] for b in poor["bought"]) == poor["points"], "rows add up", poor)
    check(all(b["points"] <= b["of"] for b in poor["bought"]), "no more than there are", poor)
    check("buys" in run("plan", study, "--budget", "5coreh"), "words")
    for wrong in ("200", "nodeh", "-1nodeh", "5 days", "infnodeh"):
        check("nodeh" in refused("plan", study, "--budget", wrong), wrong)


def test_plan(study):
    told = parse(run("plan", study, "--json", "--ranks", 64, "--ranks-per-node", 32, "--compare", "1,2,4096"))
    check({m["method"]: m["points"] for m in told["methods"]} == expected_points(), "points", told["methods"])
    check(told["points"] == sum(expected_points().values()) == told["slots"], "sum of points")
    check([e["why"] for e in told["exclusions"]] == ["too wide", "not asked"], "reasons", told["exclusions"])
    check(all(e["points"] > 0 for e in told["exclusions"]), "counts", told["exclusions"])
    finish = [c["finish_s"] for c in told["compare"]]
    check(finish == sorted(finish, reverse=True) and finish[-1] > 0, "more ranks end earlier", finish)
    check(told["busy_s"] >= told["finish_s"] > 0 and 0 < told["utilisation"] <= 1, "schedule")
    check(told["largest"]["memory_bytes"] > 256 * 10 * 8 and "n=256" in told["longest"]["point"], told["largest"])
    part = parse(run("plan", study, "--json", "--where", "method == exact and n <= 128"))
    check(part["points"] == 2 * 2 * 2 * (2 + 3), "--where", part["points"])  # d, level, a_1, degrees at n = 64 and 128
    words = run("plan", study)
    check("too wide" in words and "utilisation" in words and "softmax" in words, words)
    run("plan", study, "--compare", "1,x", code=2)
    check_schedule(told, 64)
    test_budget(study, told)
    run("plan", study, "--where", "no_such_name > 1", code=2)
    return told


RESULTS = {"slot", "team", "predicted_s", "pass_s", "flops", "sent_bytes", "messages", "memory_bytes"}


def test_points(study, place):
    """Two data sets of the study; a causal one with teams, of which some are larger than the job."""
    names = ("method", "beta", "n", "d", "level", "a_1")
    told = parse(run("plan", study, "--json", "--points", "--where", "n <= 128", "--ranks", 1))
    each = told["each"]
    check(len(each) == told["points"] and [p["slot"] for p in each] == sorted({p["slot"] for p in each}), "slots")
    check(len({tuple(p[name] for name in names) for p in each}) == len(each), "points differ", each[0])
    check(all((p["beta"] is None) == (p["method"] == "softmax") for p in each), "degrees", each)
    alone = {m["method"]: m["alone_s"] for m in told["methods"]}
    for method in alone:
        total = sum(p["predicted_s"] for p in each if p["method"] == method)
        check(math.isclose(total, alone[method], rel_tol=1e-9), "each alone", method, total, alone)
    check(all(p["team"] == 1 and p["messages"] == p["sent_bytes"] == 0 for p in each), "one rank sends nothing", each)
    check("each" not in parse(run("plan", study, "--json")), "points that nobody asked for")
    teams = os.path.join(place, "teams.yaml")
    with open(teams, "w") as f:
        f.write("{schema: 1, study: teams, data: {kind: gaussian}, methods: [exact, polysketch: {r: 16}], "
                "grid: {n: 4096, d: 64, beta: 4, mask: causal, team: [1, 2, 4, 16]}, time: {reps: 6}}")
    each = parse(run("plan", teams, "--json", "--points", "--ranks", 4))["each"]
    check([p["team"] for p in each] == [1, 2, 4, 16] * 2 == [p["team_asked"] for p in each], each)
    for p in each:
        known = [p[name] is not None for name in RESULTS - {"slot", "team"}]
        check(all(known) if p["team"] <= 4 else not any(known), "16 of 4 ranks are refused", p)
    one, two, four = each[:3]
    check(one["messages"] == 0 < two["messages"] < four["messages"] and 0 < two["sent_bytes"] < four["sent_bytes"], each)
    check(0 < four["pass_s"] < two["pass_s"] < one["pass_s"] < one["predicted_s"], "a pass is a part of it", each)
    check(two["flops"] == one["flops"] > 4096 * 4096 * 64, "work", one)
    rows = run("plan", teams, "--points", "--ranks", 4).split("\n\n")[-1].splitlines()
    heading = rows[0].replace("[s]", "").replace("[flop]", "").replace("[byte]", "").split()
    check(set(heading) == RESULTS | {"method", "team_asked"}, "what varies", heading)
    check(len(rows) == 1 + len(each) and rows[4].split()[-5:] == ["-"] * 5, rows)
    many = ("--set", "grid.n={from: 2, to: 4001, step: 1}", "--set", "grid.beta={from: 2, to: 600, step: 2}")
    check("choose some with --where" in refused("plan", teams, "--points", *many), "too many")
    check("--points" in refused("plan", teams, "--points", "--slurm"), "a job script and points")


def columns_of(file):
    with h5py.File(file) as f:
        words = {n: f[n].attrs["flag_meanings"] for n in f if "flag_meanings" in f[n].attrs}
        names = {n: (w.decode() if isinstance(w, bytes) else str(w)).split() for n, w in words.items()}
        return {n: f[n][...] for n in f if isinstance(f[n], h5py.Dataset) and f[n].ndim == 1 and n != "point"}, names


def same(text, value):
    if isinstance(value, (float, numpy.floating)):
        return (text in ("", None) and math.isnan(value)) or (text not in ("", None) and float(text) == value)
    return int(text) == value


def test_show(file):
    columns, words = columns_of(file)
    points = len(columns["n"])
    asked = [c for c in columns if c != "time_s"]
    rows = list(csv.DictReader(io.StringIO(run("show", file, "--csv", "--columns", ",".join(asked)))))
    check(len(rows) == points, len(rows), "rows of", points)
    for name in asked:
        for i, row in enumerate(rows):
            good = row[name] == words[name][columns[name][i]] if name in words else same(row[name], columns[name][i])
            if not good:
                check(False, "row", i, name, row[name], "is not", columns[name][i])
                break
    test_show_where(file, columns, words)
    test_show_forms(file, columns, points)


def test_show_where(file, columns, words):
    exact = columns["method"] == words["method"].index("exact")
    cases = {
        "method == exact and n <= 128": exact & (columns["n"] <= 128),
        "success_rate >= 0.5 or beta_c < 4": (columns["success_rate"] >= 0.5) | (columns["beta_c"] < 4),
        "level == 2 and status == done": columns["level"] == 2,
        "predict_mine > 5": columns["predict_mine"] > 5,
    }
    for where, kept in cases.items():
        lines = run("show", file, "--jsonl", "--where", where, "--columns", "n,beta").splitlines()
        check([json.loads(line)["n"] for line in lines] == columns["n"][kept].tolist(), "--where", where)
    run("show", file, "--where", "succes_rate > 1", code=2)
    run("show", file, "--columns", "succes_rate", code=2)


def test_show_forms(file, columns, points):
    told = parse(run("show", file, "--json", "--columns", "beta,beta_ok,commit,status"))
    check(len(told["rows"]) == points, "rows")
    check([c["name"] for c in told["columns"]] == ["beta", "beta_ok", "commit", "status"], "columns")
    check([r["commit"] for r in told["rows"]] == columns["commit"].tolist(), "64 bits survive")
    check({r["status"] for r in told["rows"]} == {"done"}, "words")
    lines = run("show", file, "--columns", "n,time_median_s,beta").splitlines()
    check("time_median_s [s]" in lines[0] and len(lines) == points + 1, lines[0])
    check(len({len(line) for line in lines}) == 1, "columns are aligned")
    head = run("show", file).splitlines()[0].split()
    check(head[:3] == ["method", "beta", "n"] and "level" in head and "m" not in head, "default columns", head)


def test_status(file, study, points):
    told = parse(run("status", file, "--json"))
    check(told["state"] == "done" and told["done"] == told["points"] == points and told["missing"] == 0, told)
    check(abs(told["fraction"] - 1) < 1e-9, "all of the cost", told["fraction"])  # a sum in another order
    check(told["study"] == 'commands "quoted"', told["study"])
    sidecar = file + ".status.json"
    with open(sidecar) as f:
        stored = json.load(f)
    os.rename(sidecar, sidecar + ".away")
    check(parse(run("status", file, "--json"))["state"] == "done", "without a sidecar")
    child = subprocess.Popen(["true"])
    child.wait()
    stored.update(state="running", host=socket.gethostname(), pid=child.pid, done=10, fraction=0.25)
    with open(file + ".lock", "a") as lock:
        for pid, held, state in ((child.pid, True, "interrupted"), (os.getpid(), False, "interrupted"), (os.getpid(), True, "running")):
            stored["pid"] = pid
            with open(sidecar, "w") as f:
                json.dump(stored, f)
            fcntl.flock(lock, fcntl.LOCK_EX if held else fcntl.LOCK_UN)
            told = parse(run("status", file, "--json"))
            check(told["state"] == state and told["missing"] == points - 10, told)
        check("interrupted" not in run("status", file), "running")
    with open(sidecar, "w") as f:
        f.write("{\"state\": ")
    check(parse(run("status", file, "--json"))["state"] == "done", "a damaged sidecar is not believed")
    os.rename(sidecar + ".away", sidecar)
    run("status", file + ".not_there", code=3)


# ---- damage that only computing again can find: a changed value under a commit word that fits it ----

MASK = (1 << 64) - 1


def mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def salt(name):
    h = mix(0x9E3779B97F4A7C15)
    for c in name.encode():
        h = mix(h ^ c)
    return h


def commit_word(f, slot):
    total = 0
    for name, column in f.items():
        if not isinstance(column, h5py.Dataset) or column.ndim > 1 or name in ("point", "rep", "commit", "launch"):
            continue
        value = column[slot]
        if column.dtype.kind == "f":
            word = 0 if math.isnan(value) else int(numpy.float64(value).view(numpy.uint64))
            blank = math.isnan(value)
        else:
            word, blank = int(value) & MASK, int(value) == 0
        if not blank and value != column.attrs.get("commit_default", math.nan):
            total = (total + mix(salt(name) ^ mix((word + 0x9E3779B97F4A7C15) & MASK))) & MASK
    return mix(total) or 1


def content_sum(f, slot):
    """Of the kept rows of a slot, in whole numbers: what its column content_checksum should hold."""
    first, value, sets, queries = (int(f["rows"][name][slot]) for name in ("first_row", "first_value", "sets", "queries"))
    rows, width = sets * queries, int(f["v"][slot])
    lines = [f["rows/special_mass"][first:first + rows], f["rows/log2_den"][first:first + rows],
             f["rows/output"][value:value + rows * width]]
    total = 0
    for line, numbers in enumerate(lines):
        for place, number in enumerate(numbers):
            if not math.isnan(number):
                word = int(numpy.float64(number).view(numpy.uint64))
                total += mix(word ^ ((mix(line + 1) + place * 0x9E3779B97F4A7C15) & MASK))
    return total & MASK


def launch_checksum(f, row):
    h = 0
    for name in ("started", "hosts", "version", "mpi", "hdf5", "cpu", "blas", "blas_kernel"):
        h = mix((h + 0x9E3779B97F4A7C15) & MASK)
        for c in f["provenance/launches"][name][row]:
            h = mix(h ^ c)
    return h or 1


def test_verify(file, points):
    for ranks in (0, 2):
        told = parse(run("verify", file, "--json", ranks=ranks))
        check(told["recomputed"] == points and told["differing"] == told["within_tolerance"] == 0, told)
    some = parse(run("verify", file, "--json", "--sample", 30))
    check(math.isclose(some["percent"], 100 * some["recomputed"] / points), "the share that was picked", some)
    check(0 < some["recomputed"] < points and some == parse(run("verify", file, "--json", "--sample", 30)), some)
    with h5py.File(file, "r+") as f:
        slot = int(numpy.flatnonzero(numpy.isfinite(f["special_mass_d1"][...]))[3])
        before, word = f["special_mass_d1"][slot], f["commit"][slot]
        check(commit_word(f, slot) == word, "this test's commit word is the program's")
        f["special_mass_d1"][slot] = numpy.nextafter(before, 1)
    told = parse(run("verify", file, "--json", code=4))
    check(told["torn"] == 1 and told["differing"] == 0 and told["done"] == points - 1, "one bit is seen", told)
    with h5py.File(file, "r+") as f:
        f["commit"][slot] = commit_word(f, slot)
    told = parse(run("verify", file, "--json", code=4))
    check(told["columns"] == {"special_mass_d1": 1} and told["differences"][0]["slot"] == slot, told)
    check(f"slot {slot}" in run("verify", file, code=4, ranks=2), "the slot is named")
    with h5py.File(file, "r+") as f:
        f["special_mass_d1"][slot], f["commit"][slot] = before, word
    run("verify", file)
    with h5py.File(file, "r+") as f:
        del f["tie"]
    run("verify", file, code=4)


def test_verify_nothing(study, file):
    run("run", study, "-o", file, "--quiet", "--time-limit", "0s", code=75)
    said = run("verify", file)
    check("nothing to compare" in said and "the same" not in said and "in use" not in said, said)
    with open(file + ".lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        check("in use" in run("verify", file) and parse(run("verify", file, "--json"))["in_use"], "a run has it open")


def test_calibration(file, study):
    told = parse(run("plan", study, "--json", "--calibration", file))
    check(told["rates"] == file and told["busy_s"] > 0, told["rates"])
    check(told["node_from"] == file and told["ranks"] == 2 and told["ranks_per_node"] == 2, told)
    other = os.path.join(os.path.dirname(file), "other.h5")
    shutil.copy(file, other)
    with h5py.File(other, "r+") as changed:  # a run on three nodes of another cluster
        for name, value in {"ranks": 144, "nodes": 3, "node_cores": 64, "node_memory_bytes": 3 * 2**40, "rates_busy": 1}.items():
            changed["provenance/launches/" + name][:] = value
    told = parse(run("plan", study, "--json", "--calibration", other))
    check((told["ranks"], told["ranks_per_node"], told["node_cores"]) == (144, 48, 64), told)
    check(told["memory_per_rank_bytes"] == 2**36 and told["memory_limit"] == "" and told["rates_busy"], told)
    said = run("plan", study, "--calibration", other)
    check("64 cores and 3.0 TiB each, as of " + other in said and "which others used meanwhile" in said, said)
    told = parse(run("plan", study, "--json", "--calibration", other, "--ranks", 4, "--ranks-per-node", 2, "--set", "run.threads=64"))
    check((told["ranks"], told["ranks_per_node"], told["memory_per_rank_bytes"]) == (4, 2, 3 * 2**39), "options come first", told)
    told = parse(run("plan", study, "--json", "--calibration", other, "--set", "run.threads=32", "--set", "run.memory_per_rank=5Gi"))
    check((told["ranks_per_node"], told["memory_per_rank_bytes"]) == (2, 5 * 2**30), "threads have a core each", told)
    with h5py.File(other, "r+") as changed:
        for name in ("node_cores", "node_memory_bytes", "rates_busy"):
            del changed["provenance/launches/" + name]
    this, told = (parse(run("plan", study, "--json", *more)) for more in ([], ["--calibration", other]))
    for name in ("node_from", "node_cores", "node_memory_bytes", "ranks", "ranks_per_node", "memory_per_rank_bytes"):
        check(this[name] == told[name], "an older file: this machine", name, this[name], told[name])
    said = run("plan", study, "--calibration", other)
    check(f"{other} does not say what its nodes have" in said and "this machine" in said, said)
    os.remove(other)


def test_calibration_by_threads(study, place):
    """Of one point a plan with the threads of the file says the time that it took."""
    if len(os.sched_getaffinity(0)) < 2:
        return
    file = os.path.join(place, "threads.h5")
    one = ("--where", "method == softmax and n == 256 and d == 10 and level == 1 and a_1 == 1.2")
    run("run", study, "-o", file, "--quiet", "--set", "run.threads=2", *one)
    with h5py.File(file) as f:
        took, = f["time_median_s"][f["status"][:] == 2]
    each, = parse(run("plan", study, "--json", "--points", "--calibration", file, "--set", "run.threads=2", *one))["each"]
    check(math.isclose(each["pass_s"], took, rel_tol=1e-9), "rates are those of one thread", each["pass_s"], took)


def test_block(file, place):
    """Where one point is all that is waited for, the plan says what it would be with another block."""
    long = os.path.join(place, "long.yaml")
    with open(long, "w") as f:
        f.write("schema: 1\ndata: {kind: gaussian}\nmethods: [exact]\ngrid: {beta: 4, n: [1024, 65536], d: 64}\n")
    of_file = ("plan", long, "--calibration", file, "--ranks-per-node", 64)
    told = parse(run(*of_file, "--ranks", 1024, "--json"))
    now, other, block = told["critical"], told["critical_with_other_block"], told["other_block"]
    check(told["limit"] == "longest point" and now["slot"] == other["slot"] == 1, "one point limits", told)
    check(block in (64, 128, 256) and other["predicted_s"] < 0.9 * now["predicted_s"], "another block", other)
    with_it = parse(run(*of_file, "--ranks", 1024, "--json", "--set", f"grid.block={block}"))["critical"]
    check(with_it["predicted_s"] == other["predicted_s"] and with_it["team"] == other["team"], "as said", with_it, other)
    words = run(*of_file, "--ranks", 1024)
    check(re.search(rf"limit +block {block} would end it in .* instead of .* .bits of results change. on", words), words)
    least = ("--ranks", 4096, "--set", "grid.block=64")
    check("other_block" not in parse(run(*of_file, "--json", *least)), "no block is smaller")
    check("no smaller block would end it before" in run(*of_file, *least), "words")
    short = parse(run(*of_file, "--ranks", 4, "--json"))
    none = parse(run(*of_file, "--ranks", 2, "--json", "--set", "run.memory_per_rank=1Ki"))
    check(none["limit"] == "memory" and "critical" not in none, "nothing fits", none["limit"])
    check(short["limit"] == "work" and "other_block" not in short, "work limits", short["limit"])


def test_doctor(place):
    told = parse(run("doctor", place, "--json", ranks=2))
    trial = told["trial"]
    check(trial["directory"] == place and trial["ranks"] == 2 and trial["wrong"] == 0, trial)
    check(0 < trial["rank_bytes_per_s"] <= trial["together_bytes_per_s"] and trial["alone_bytes_per_s"] > 0, trial)
    check(all(f["type"] for f in told["findings"] if f["grade"] != "ok"), told)
    check("trial" not in parse(run("doctor", "--json")), "a trial that nobody asked for")
    grades = {f["grade"] for f in told["findings"]}
    check(told["bad"] == 0 and grades <= {"ok", "warn"}, told)
    check(any(f["topic"] == "launch" and "2 ranks on 1 node" in f["text"] for f in told["findings"]), told)
    check(any(re.match("kernels [a-z0-9]+: (own kernel|BLAS)", f["text"]) for f in told["findings"]), told)
    check("OPENBLAS_L2_SIZE=512" in run("doctor", OPENBLAS_L2_SIZE="512"), "an environment that doctor does not see")
    alone = run("doctor", code=3, SLURM_NTASKS="4")
    check("world of one" in alone and "mpirun -n 4" in alone, alone)


def main():
    with tempfile.TemporaryDirectory() as place:
        study, file = os.path.join(place, "study.yaml"), os.path.join(place, "result.h5")
        with open(study, "w") as f:
            f.write(STUDY)
        told = test_plan(study)
        test_points(study, place)
        run("run", study, "-o", file, "--quiet", ranks=2)
        check(os.path.getsize(file) == told["file_bytes"], os.path.getsize(file), "bytes, planned", told["file_bytes"])
        test_show(file)
        test_status(file, study, told["points"])
        test_calibration(file, study)
        test_calibration_by_threads(study, place)
        test_block(file, place)
        test_doctor(place)
        test_verify(file, told["points"])
        test_verify_nothing(study, os.path.join(place, "nothing.h5"))
    print(checks, "checks,", failed, "failed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
