"""Files of an earlier program (tests/data, made by the first one of schema 1) live on: they are opened, verified, shown,
merged, resumed and extended, and what they hold keeps its bits."""
import gzip, os, shutil, subprocess, sys, tempfile
from pathlib import Path

import h5py
import numpy
import polysweep

import commands
from commands import check, commit_word, parse, run
from merge import DONE

DATA = Path(__file__).resolve().parent.parent / "data"
GROWN = {"plain": "grid.beta=[2, 4, 6]", "noise": "grid.beta=[2, 4, 8, 16]", "timed": "grid.beta=[2, 4, 6]",
         "gaussian": "grid.beta=[2, 4, 6]"}  # studies that go on from each
RANKS = {"timed": 2, "gaussian": 2}
PART = ("noise",)  # not all points were computed
NOISY = ("noise", "timed")  # noise was drawn once, and by other keys: kept, but not gone on with
PACKED = ("noise", "plain")  # what they are merged with, and gone on from, is packed first
REGROUPED = ("plain",)  # closed_form has other points now: extended, never resumed


def unpacked(name, place):
    path = place / f"{name}.h5"
    path.write_bytes(gzip.decompress((DATA / f"{name}.h5.gz").read_bytes()))
    with h5py.File(path) as file:
        text = file["provenance/study"][()]
    path.with_suffix(".yaml").write_bytes(text)
    return path, path.with_suffix(".yaml")


def contents(path):
    """Every dataset over slots."""
    with h5py.File(path) as file:
        return {name: item[()] for name, item in file.items()
                if isinstance(item, h5py.Dataset) and item.shape[:1] == file["status"].shape}


def refused(*arguments, code=3):
    told = subprocess.run([commands.PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    check(told.returncode == code, arguments, "ended with", told.returncode)
    return told.stderr


def done(path):
    return contents(path)["status"] == DONE


def old_noise(found):
    return int(((found["status"] == DONE) & (found["noise"] > 0)).sum())


def same_slots(old, new, pairs, what, new_columns=True):
    """Every column of the old file keeps its bits, and with them the commit words."""
    check(old.keys() <= new.keys(), what, "columns are lost:", old.keys() - new.keys())
    check((old.keys() < new.keys()) == new_columns, what, "new columns", new.keys() - old.keys())
    for name in old:
        if name not in ("point", "launch"):
            check(old[name][pairs[:, 0]].tobytes() == new[name][pairs[:, 1]].tobytes(), what, name, "lost its bits")


def places(old, new, names):
    """Pairs of slots of the same point, of those that are done in the old file."""
    keys = [[tuple("nan" if x != x else x for x in row) for row in zip(*(found[name].tolist() for name in names))]
            for found in (old, new)]
    at = {key: slot for slot, key in enumerate(keys[1])}
    return numpy.array([(slot, at[key]) for slot, key in enumerate(keys[0]) if old["status"][slot] == DONE])


def parameters(path):
    with h5py.File(path) as file:
        return bytes(numpy.bytes_(file.attrs["coordinates"])).decode().split()


def test_read(name, path, slots):
    dataset = polysweep.open(path)
    check(int(dataset["done"].sum()) == int(done(path).sum()) > 0, name, "done slots as Python reads them")
    check(bool((dataset["committed"] == dataset["done"]).all()), name, "slots that are not committed")
    check(len(run("show", path, "--jsonl").splitlines()) == slots, name, "rows that are shown")
    with h5py.File(path) as file:
        for slot in numpy.flatnonzero(file["status"][()] == DONE):
            check(file["commit"][slot] == commit_word(file, slot), name, "commit word of slot", slot)


def test_verified(name, path, old_noise=0, ranks=0):
    told = parse(run("verify", path, "--json", ranks=ranks))
    check(told["done"] == told["recomputed"] + told["not_comparable"] > 0, name, told)
    check(told["not_comparable"] == old_noise and told["differing"] == told["torn"] == 0, name, told)
    words = run("verify", path)
    check((f"{old_noise} done slots are not comparable" in words) == (old_noise > 0), name, words)


def pack(path, small):
    """A packed file has the columns of the old one, no more."""
    run("pack", path, "-o", small)
    old, new = contents(path), contents(small)
    same_slots(old, new, numpy.array([(i, i) for i in range(len(old["status"]))]), f"{small.name}, packed", new_columns=False)
    return small


def test_merged(name, path, place):
    out, copy = place / f"{name}-merged.h5", place / f"{name}-copy.h5"
    run("merge", out, path, pack(path, copy) if name in PACKED else shutil.copy(path, copy))
    old, new = contents(path), contents(out)
    same_slots(old, new, numpy.array([(i, i) for i in numpy.flatnonzero(old["status"] == DONE)]), f"{name}, merged")


def test_resumed(name, path, study):
    """The file stays what it is, and what is new in it has commit words over its own columns; noise is left out."""
    before, some = contents(path), ()
    if name in NOISY:
        bytes_before = path.read_bytes()
        told = refused("run", study, "-o", path, code=2)
        check("random_version 1" in told and "-o with another file" in told and "--extend" in told, told)
        check(path.read_bytes() == bytes_before, name, "a refusal leaves the file alone")
        if (before["noise"] > 0).all():
            return
        some = ("--where", "noise == 0")
    run("run", study, "-o", path, "--quiet", *some, ranks=RANKS.get(name, 0))
    after = contents(path)
    check(done(path)[before["noise"] == 0].all(), name, "resumed to its end")
    same_slots(before, after, places(before, after, parameters(path)), f"{name}, resumed", new_columns=False)
    check((done(path).sum() > (before["status"] == DONE).sum()) == (name in PART), name, "had points left")
    test_read(f"{name}, resumed", path, len(before["status"]))


def test_extended(name, path, study):
    before, names = contents(path), parameters(path)
    run("run", study, "-o", path, "--extend", "--quiet", "--set", GROWN[name], ranks=2)
    after = contents(path)
    check(done(path).all() and len(after["status"]) > len(before["status"]), name, "extended to its end")
    same_slots(before, after, places(before, after, names), f"{name}, extended")
    new = (after["trials"] > 0) & numpy.isin(after["beta"], [6, 16])
    check((after["trials_done"][new] >= after["trials"][new]).all(), name, "new points have younger columns")
    old = numpy.isin(after["launch"], before["launch"]) & (after["noise"] > 0)
    check(old.sum() == old_noise(before), name, "old points with noise")
    version = numpy.where(old, 1, numpy.where(after["noise"] > 0, 2, 0))
    check((after["random_version"] == version).all(), name, "random_version", after["random_version"])
    draws = numpy.where(old, 1, numpy.where(after["noise"] > 0, 1 if name == "timed" else 16, name == "gaussian"))
    check((after["data_draws"] == draws).all(), name, "data_draws", after["data_draws"])
    test_verified(f"{name}, extended", path, int(old.sum()))
    run("run", study, "-o", path, "--set", GROWN[name], "--quiet")  # it can be gone on with


def test_counts_that_grew(place):
    """Rows without a positive denominator, and a state with its window, are not held against what was counted then."""
    path, study = unpacked("signed", place)
    old = contents(path)
    found = parse(run("verify", path, "--json"))
    check(found["differing"] == 0 and found["recomputed"] == len(old["status"]), "signed", found)
    run("run", study, "-o", "now.h5", "--quiet")
    new = contents(place / "now.h5")
    methods = new["method"]
    check((new["bad_rows"][methods == 0] > 0).any() and (old["bad_rows"][methods == 0] == 0).all(), "rows of exact")
    check((new["state_bytes"] > old["state_bytes"]).sum() == 1, "windows", new["state_bytes"] - old["state_bytes"])
    told = polysweep.compare(path, place / "now.h5")
    check(bool(told["agrees"].all()), told)


def test_linear(place):
    """Linear attention to scores that may be negative was allowed without a word: such files are read as they were made,
    and taken over to a study that says the word."""
    path, study = unpacked("linear", place)
    before, names = contents(path), [name for name in parameters(path) if name != "negative"]
    test_read("linear", path, len(before["status"]))
    test_verified("linear", path, old_noise(contents(path)))
    test_merged("linear", path, place)
    check("say negative: signed" in refused("run", study, "-o", path, code=2), "a study that says nothing")
    check("--extend" in refused("run", study, "-o", path, "--set", "grid.negative=signed", code=2), "a study that does")
    run("run", study, "-o", path, "--quiet", "--extend", "--set", "grid.negative=signed", "--set", "grid.beta=[2, 3, 4]")
    after = contents(path)
    for name in before:
        if name not in ("point", "launch", "negative", "commit"):
            pairs = places(before, after, names)
            check(before[name][pairs[:, 0]].tobytes() == after[name][pairs[:, 1]].tobytes(), "linear, extended,", name)
    check(len(after["status"]) == 8 and done(path).all() and (after["negative"] == 1).all(), "taken over")
    test_verified("linear, extended", path, old_noise(before))


def test_two_noises(place):
    """A point that two files have with noise of different versions cannot be joined; what differs is said."""
    path, study = unpacked("noise", place)
    run("run", study, "-o", "anew.h5", "--quiet", "--where", "beta == 2 and method == exact")
    words = run("merge", "joined.h5", path, "anew.h5", code=4)
    check("random_version is 1 in" in words and not Path("joined.h5").exists(), words)
    path.unlink()
    path, study = unpacked("noise", place)
    Path("anew.h5").unlink()
    run("run", study, "-o", "anew.h5", "--quiet", "--where", "beta == 8 and method == exact")
    run("merge", "joined.h5", path, "anew.h5")
    found = contents("joined.h5")
    noisy = (found["status"] == DONE) & (found["noise"] > 0)
    check(set(found["random_version"][noisy & (found["beta"] == 8)]) == {2}, "new points")
    check(set(found["random_version"][noisy & (found["beta"] < 8)]) == {1}, "old points")


def test_own_axis(place):
    """An axis of the study's own whose name has become a parameter's would be read as that: said, in files and texts."""
    path, study = unpacked("own", place)
    for words in (["verify", path], ["show", path], ["merge", "out.h5", path, path]):
        told = refused(*words)
        check("an axis of its own named 'data_draws'" in told and "data_draws_own" in told, told)
    told = refused("run", study, "-o", path, code=2)
    check("'data_draws' has become a parameter" in told and "data_draws_own" in told, told)
    check(bool(polysweep.open(path)["done"].all()), "read all the same")
    study.write_text(study.read_text().replace("data_draws", "data_draws_own"))
    told = refused("run", study, "-o", path)
    check("an axis of its own named 'data_draws'" in told, told)
    run("run", study, "-o", "renamed.h5", "--quiet")


def test_left_out(place):
    """closed_form had one point for all masks and noises; it has one for each, and knows nothing of noise. Ties of single
    precision were decided by a band, and theory knew nothing of causal masks: none of it is a difference."""
    path, study = unpacked("closed", place)
    test_read("closed", path, 10)
    noisy_before = old_noise(contents(path))
    test_verified("closed", path, noisy_before)
    test_merged("closed", path, place)
    told = refused("run", study, "-o", path, code=2)
    check("--extend to keep its 10 done points" in told and "closed_form, which left them out" in told, told)
    before, names = contents(path), parameters(path)
    noted = subprocess.run([commands.PROGRAM, "run", study, "-o", path, "--extend"], capture_output=True, text=True).stderr
    check(noted.count("has no result for 4 of 6 points") == 1, noted)
    after = contents(path)
    same_slots(before, after, places(before, after, names), "closed, extended")
    closed, noisy, causal = after["method"] == 3, after["noise"] > 0, after["mask"] == 1
    check((closed & noisy).sum() == (closed & causal).sum() == 4 and (after["status"] == DONE).all(), after["mask"])
    check(numpy.isnan(after["theory_success"][closed & noisy]).all(), "noise is not known")
    check((after["theory_success"][closed & causal & ~noisy] > 0.7).all(), "a causal mask is")
    test_verified("closed, extended", path, noisy_before)
    run("run", study, "-o", path, "--extend", "--quiet", "--set", "judge.level=0.7")
    edge = contents(path)["edge_lo"]
    check((edge[~noisy] < 2).all() and numpy.isnan(edge[noisy]).all(), "edges of another level:", edge)
    test_verified("closed, another level", path, noisy_before)
    check("judge.level: 0.9 here, 0.7 in the file" in refused("run", study, "-o", path, code=2), "the level is said")


def make_heads(place):
    """Those that the file of heads was made from: fractions, so that whoever computes them has the same bits."""
    at = numpy.arange(2 * 24 * 4).reshape(2, 24, 4)
    q, k, v = ((at * step % 1009) / 1009 + shift for step, shift in ((577, -0.25), (811, -0.25), (353, 0.5)))
    with h5py.File(place / "heads.h5", "w") as file:
        file.update({"q": q, "k": k, "v": v[:, :, :3]})


def test_heads(place):
    """Before there were references heads were compared with their own kernels, and so a file from then stays one of these:
    it is gone on with, and keeps what it has where another reference is asked for. It was made by 00c59b9."""
    make_heads(place)
    found = place / "old.h5"
    found.write_bytes(gzip.decompress((DATA / "heads.h5.gz").read_bytes()))
    with h5py.File(found) as file:
        study = place / "old.yaml"
        study.write_bytes(file["provenance/study"][()])
    before, names = contents(found), parameters(found)
    test_read("heads", found, 10)
    test_verified("heads", found)
    test_merged("heads", found, place)
    wider = shutil.copy(found, place / "wider.h5")
    for path in (found, place / "heads-merged.h5"):
        run("run", study, "-o", path, "--quiet")
        after = contents(path)
        check(done(path).all() and (before["status"] == DONE).sum() == 6, "heads, resumed", after["status"])
        if "reference" in after:
            check((after["reference"] == 0).all() and numpy.isnan(after["cos_ref"]).all(), "their own kernels")
        same_slots(before, after, places(before, after, names), f"{path.name}, resumed", new_columns=path != found)
        test_verified(f"{path.name}, resumed", path)
    check("older than the parameter reference" in refused("run", study, "-o", found, "--set", "data.reference=softmax", code=2),
          "a reference that the file has no column for")
    run("run", study, "-o", wider, "--extend", "--quiet", "--set", "grid.beta=[2, 4, 6]")
    after = contents(wider)
    for name in before:  # commit words cover the reference that the study has now
        if name not in ("point", "launch", "commit"):
            pairs = places(before, after, names)
            check(before[name][pairs[:, 0]].tobytes() == after[name][pairs[:, 1]].tobytes(), "heads, extended,", name)
    known = ~numpy.isnan(after["err_out_ref"])
    check(done(wider).all() and known.sum() == 8 and (after["reference"] == 1).all(), "heads, extended", known)
    test_verified("heads, extended", wider)


def test_file(name, place):
    path, study = unpacked(name, place)
    slots = len(done(path))
    test_read(name, path, slots)
    test_verified(name, path, old_noise(contents(path)), RANKS.get(name, 0))
    test_merged(name, path, place)
    if name in PACKED:
        os.replace(place / f"{name}-copy.h5", path)
    if name in REGROUPED:
        check("--extend to keep" in refused("run", study, "-o", path, code=2), name, "other points of closed_form")
    else:
        test_resumed(name, path, study)
    test_extended(name, path, study)


def main():
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        os.chdir(place)
        for name in GROWN:
            test_file(name, place)
        test_counts_that_grew(place)
        test_linear(place)
        test_two_noises(place)
        test_own_axis(place)
        test_left_out(place)
        test_heads(place)
    print(f"{commands.checks} checks, {commands.failed} failed")
    return commands.failed > 0


if __name__ == "__main__":
    sys.exit(main())
