"""What a search leaves in a file: /edges for every reader and against its definition, what show, status and verify say of
it, and what merge and --extend make of it. Files are made by search_writer, a search without an engine."""
import csv, io, json, os, shutil, subprocess, sys, tempfile
from pathlib import Path

import h5py
import netCDF4
import numpy
import polysweep
import xarray

import commands
from commands import check, commit_word, parse, run

WRITER = Path(os.environ["POLYSWEEP_BUILD"]) / "tests" / "search_writer"
STUDY = """schema: 1
study: searched
seed: 3
data: {kind: self_attention, preset: W2}
methods: [exact]
grid: {n: [64, 96], classes: [8, 16], beta: {from: 1, to: 48, step: 1}, negative: signed}
derive: {d: classes + 2}
judge: {m: 8, trials: 60}
search: {over: beta, level: 0.45}
"""
GRID = STUDY.replace("search: {over: beta, level: 0.45}\n", "")
LEVEL, CANDIDATES, COMBINATIONS = 0.45, 48, 4
SLOTS = CANDIDATES * COMBINATIONS
DONE, FAILED, NOT_NEEDED = 2, 3, 6
INTEGERS = "edge combination slot count evaluations trials missed open".split()
FLOATS = "position lo hi theory theory_z flops".split()
CODES = "kind starts".split()
NONE, RISE, FALL = 0, 1, 2
BELOW, ABOVE, FAILED_SIDE = 1, 2, 4


def write(place, name, rounds=0, *fails, text=STUDY):
    study = place / f"{name}.yaml"
    study.write_text(text)
    subprocess.run([WRITER, study, place / f"{name}.h5", str(rounds), *map(str, fails)], check=True)
    return place / f"{name}.h5"


def columns(path):
    with h5py.File(path) as file:
        return {name: item[()] for name, item in file.items() if isinstance(item, h5py.Dataset)}


def edges(path):
    with h5py.File(path) as file:
        return {name: item[()] for name, item in file["edges"].items()}


def same_search(first, second, what):
    """Edges, and what follows from a search of every slot; results of the done."""
    a, b, e, f = columns(first), columns(second), edges(first), edges(second)
    for name in e:
        check(e[name].tobytes() == f[name].tobytes(), what, "edges", name, e[name], f[name])
    for name in ("asked", "status", "success_rate", "successes", "trials_done"):
        check(a[name].tobytes() == b[name].tobytes(), what, name, "differs")


# ---- readers


def test_readers(path):
    with h5py.File(path) as file:
        group = file["edges"]
        check(sorted(group) == sorted(INTEGERS + FLOATS + CODES), "h5py:", sorted(group))
        for names, kind in ((INTEGERS, "<i8"), (FLOATS, "<f8"), (CODES, "|u1")):
            for name in names:
                check(group[name].dtype.str == kind and group[name].shape == (4 * COMBINATIONS,), "h5py", name)
                check("units" in group[name].attrs and "long_name" in group[name].attrs, "h5py: attributes of", name)
        check(group["hi"].dims[0].keys() == ["edge"], "dimension scale", group["hi"].dims[0].keys())
        promised = {bytes(numpy.bytes_(group[name].attrs["reproducibility"])).rstrip(b"\0") for name in FLOATS + CODES}
        check(promised == {b"bitwise"}, "rates have the same bits everywhere, and what follows from them", promised)
        found = {key: value for key, value in group.attrs.items()}
        check(found["level"] == LEVEL and found["within"] == 1 and "error" not in found, found)
        check([bytes(numpy.bytes_(found[k])).rstrip(b"\0") for k in ("over", "column", "edges")] ==
              [b"beta", b"success_rate", b"all"], found)
    stored = edges(path)
    for engine in ("h5netcdf", "netcdf4"):
        with xarray.open_dataset(path, group="edges", engine=engine) as data:
            check(data.sizes == {"edge": 4 * COMBINATIONS}, engine, data.sizes)
            for name in INTEGERS + FLOATS + CODES:
                check(data[name].dims == ("edge",) and data[name].dtype.kind == stored[name].dtype.kind, engine, name)
                check(numpy.array_equal(data[name].values, stored[name], equal_nan=name in FLOATS), engine, name)
            check(data.kind.attrs["flag_meanings"] == "none rise fall", engine, data.kind.attrs)
    with netCDF4.Dataset(path) as data:
        check(data["edges"].dimensions["edge"].size == 4 * COMBINATIONS, "netCDF4")
        check("flag_meanings" in data["edges"]["starts"].ncattrs(), "netCDF4 attributes")
    ds = polysweep.open(path)
    words = set(ds["status"].values.tolist())
    check(words == {"done", "not_needed"}, "words of Python:", words)


# ---- the definition


def crossings(found, combination):
    """From asked candidates alone: their sides, and between which neighbours of opposite ones a crossing is."""
    slots = numpy.arange(SLOTS).reshape(COMBINATIONS, CANDIDATES)[combination]
    asked = slots[found["asked"][slots] > 0]
    rate = found["success_rate"]
    side = {s: FAILED_SIDE if found["status"][s] != DONE else ABOVE if rate[s] >= LEVEL else BELOW for s in asked}
    decided = [s for s in asked if side[s] != FAILED_SIDE]
    edge = []
    for a, b in zip(decided, decided[1:]):
        if side[a] != side[b]:
            x, y = found["beta"][a], found["beta"][b]
            low, high = rate[a] - LEVEL, rate[b] - LEVEL
            edge.append((RISE if side[b] == ABOVE else FALL, x + -low / (high - low) * (y - x), x, y))
    gaps = [b - a - 1 for a, b in zip([slots[0] - 1] + decided, decided + [slots[-1] + 1])
            if a < slots[0] or b > slots[-1] or side[a] == side[b]]
    done = [s for s in asked if found["status"][s] == DONE]
    first = side[decided[0]] if decided else FAILED_SIDE
    return {"slot": slots[0], "edge": edge, "evaluations": len(done), "trials": found["trials_done"][done].sum(),
            "flops": (2 * found["flops"][done] + found["head_flops"][done]).sum(), "missed": max(gaps), "starts": first}


def test_definition(path, what, widest=1):
    found, stored = columns(path), edges(path)
    check(numpy.array_equal(stored["edge"], numpy.arange(4 * COMBINATIONS)), "numbers of rows")
    total = 0
    for c in range(COMBINATIONS):
        expected, rows = crossings(found, c), {name: values[4 * c:4 * c + 4] for name, values in stored.items()}
        total += len(expected["edge"])
        for name in ("slot", "evaluations", "trials", "missed", "starts"):
            check((rows[name] == expected[name]).all(), what, c, name, rows[name], expected[name])
        check(numpy.allclose(rows["flops"], expected["flops"], rtol=1e-12), what, c, "flops")  # sums of whole numbers
        check((rows["combination"] == c).all() and (rows["count"] == len(expected["edge"])).all(), what, c, "count")
        for k in range(4):
            kind, position, lo, hi = [*expected["edge"], *4 * [(NONE, numpy.nan, numpy.nan, numpy.nan)]][k]
            check(rows["kind"][k] == kind, what, c, k, "kind")
            check(numpy.array_equal([rows["lo"][k], rows["hi"][k]], [lo, hi], equal_nan=True), what, c, k, "bracket")
            # the line is computed in another order of operations, of numbers below 50
            check(numpy.isclose(rows["position"][k], position, rtol=0, atol=1e-12, equal_nan=True), what, c, k, position)
            check(kind == NONE or hi - lo <= widest, what, c, k, "a wide bracket")
    check(total > 4, what, total, "edges")
    needed = found["asked"] > 0
    check((found["status"][~needed] == NOT_NEEDED).all() and (found["status"][needed] != NOT_NEEDED).all(), what, "states")


# ---- what is said


def test_show(place, path):
    stored = edges(path)
    rows = [json.loads(line) for line in run("show", path, "--edges", "--jsonl").splitlines()]
    expected = [i for i in range(4 * COMBINATIONS) if i % 4 == 0 or stored["kind"][i] != NONE]
    check(len(rows) == len(expected), "lines", len(rows), len(expected))
    for row, i in zip(rows, expected):
        for name in ("combination", "slot", "count", "position", "lo", "hi", "evaluations", "trials", "missed", "open"):
            value = stored[name][i]
            check(row[name] == value or (row[name] is None and numpy.isnan(value)), i, name, row[name], value)
        check(row["kind"] == ("none", "rise", "fall")[stored["kind"][i]], row)
        check("beta" not in row and row["n"] == (64, 96)[row["combination"] // 2], "parameters", row)
    table = list(csv.DictReader(io.StringIO(run("show", path, "--edges", "--csv", "--where", "n == 96 and kind == fall"))))
    check(len(table) == sum(row["n"] == 96 and row["kind"] == "fall" for row in rows) > 0, "csv, where")
    check(all(row["kind"] == "fall" and row["n"] == "96" for row in table), table)
    told = parse(run("show", path, "--edges", "--json", "--columns", "n,lo,hi,point_trials,trials"))
    check([column["name"] for column in told["columns"]] == ["n", "lo", "hi", "point_trials", "trials"], told["columns"])
    check(all(row["point_trials"] == 60 and row["trials"] % 60 == 0 for row in told["rows"]), "two sorts of trials")
    predicted = parse(run("plan", place / "searched.yaml", "--json"))["file_bytes"]
    check(predicted == os.path.getsize(path), "the size of the file", predicted, os.path.getsize(path))
    text = run("show", path, "--edges")
    check(f"a window narrower than {stored['missed'].max() + 1} candidates may be missed" in text, text)
    check("not ended" not in text and text.count("\n(") == 0 and "(" in text, text)
    check(len(run("show", path, "--csv").splitlines()) == 1 + (columns(path)["asked"] > 0).sum(), "rows of show")
    shown = run("show", path, "--csv", "--columns", "status", "--where", "n == 64 and status == not_needed").splitlines()
    check(shown[1:] == ["not_needed"] * (columns(path)["status"][:SLOTS // 2] == NOT_NEEDED).sum(), "status is asked for")
    check("no edge" in commands.refused("show", path, "--edges", "--where", "n == 65"), "where without a row")
    check("exclude" in commands.refused("show", path, "--edges", "--extrap"), "extrap")
    check("there is no column" in commands.refused("show", path, "--edges", "--columns", "err_out"), "columns")
    grid = place / "grid.yaml"
    grid.write_text(GRID)
    run("run", grid, "-o", place / "grid.h5", "--where", "beta <= 2", "--quiet")
    said = commands.refused("show", place / "grid.h5", "--edges")
    check("search: {over: beta" in said and "polysweep.edges" in said, said)
    with h5py.File(place / "grid.h5") as file:
        check("edges" not in file, "a study without a search has no edges")


def test_status(place, path):
    done = int((columns(path)["status"] == DONE).sum())
    told = parse(run("status", path, "--json"))
    check((told["state"], told["done"], told["not_needed"], told["missing"], told["fraction"]) ==
          ("done", done, SLOTS - done, 0, 1), told)
    check(f"not needed  {SLOTS - done}\n" in run("status", path), "words")
    part = parse(run("status", write(place, "begun", 2), "--json"))
    check((part["state"], part["not_needed"], part["fraction"]) == ("interrupted", 0, None), part)
    check(part["done"] + part["missing"] == SLOTS, part)
    # a sidecar of a program that knows no searches, and one that says too much
    sidecar = Path(f"{path}.status.json")
    text = json.dumps({"polysweep_json": 1, "state": "partial", "study": "s", "host": "h", "pid": 1, "ranks": 1,
                       "started": "", "updated": "", "points": SLOTS, "done": 3, "failed": 0, "skipped": 0, "running": 0,
                       "fraction": 0.5, "elapsed_s": 1, "eta_s": 0, "time_limit_s": None, "time_limit_from": "",
                       "stop_reason": ""})
    sidecar.write_text(text)
    told = parse(run("status", path, "--json"))
    check((told["done"], told["not_needed"], told["missing"]) == (3, 0, SLOTS - 3), told)
    for count in (SLOTS - 2, '"many"'):
        sidecar.write_text(text.replace('"failed"', f'"not_needed": {count}, "failed"'))
        told = parse(run("status", path, "--json"))
        check((told["done"], told["not_needed"]) == (done, SLOTS - done), "a sidecar that cannot be", told)
    sidecar.unlink()


MEMORY = """schema: 1
data: {kind: gaussian}
methods: [exact, {polysketch: {r: 16, draws: 2}}]
grid: {n: {from: 256, to: 4096, step: 256}, d: 32, beta: 8}
search: {over: n, column: err_out, level: 0.5}
run: {memory_per_rank: 3Mi}
"""


def test_not_settled(place):
    """No edge is said to be nowhere, and no side to be that of all, where candidates failed or are not decided."""
    none = write(place, "nowhere", text=STUDY.replace("level: 0.45}", "level: 1.5}"))
    stored, said = edges(none), run("show", none, "--edges")
    settled = int((stored["count"][::4] == 0).sum())
    check(settled > 0 and said.count("none, below throughout") == settled == said.count("none in 1..48"), said)
    check("not settled" not in said, said)
    lost = numpy.flatnonzero(columns(none)["asked"][:CANDIDATES] > 0)
    for name, fails in (("all", lost), ("first", lost[:1]), ("last", lost[-1:])):
        path = write(place, f"nowhere-{name}", 0, *fails, text=STUDY.replace("level: 0.45}", "level: 1.5}"))
        row = run("show", path, "--edges", "--where", "n == 64 and classes == 8")
        check("none found" in row and "not settled in 1..48" in row, name, row)
        check("none in" not in row and "throughout" not in row, name, row)
        check(run("show", path, "--edges").count("throughout") == settled - 1, name, "others are")
    undecided, memory = place / "undecided.yaml", place / "memory.yaml"
    undecided.write_text(STUDY.replace("trials: 60", "trials: {most: 20, until: decided, error: 0.01}").replace("0.45", "0.9"))
    memory.write_text(MEMORY)
    for study, which in ((undecided, "open"), (memory, "evaluations")):
        path = study.with_suffix(".h5")
        run("run", study, "-o", path, "--quiet", code=1 if study is memory else 0)
        stored, lines = edges(path), run("show", path, "--edges").splitlines()
        check(stored[which].max() > 0, which, stored[which])
        told = [json.loads(line) for line in run("show", path, "--edges", "--jsonl").splitlines()]
        for row in (row for row in told if row["count"] == 0):
            unsure = row["open"] > 0 or row["missed"] >= 6 or study is memory  # the gap of 48 candidates is 6
            line = lines[1 + told.index(row)]
            check(("not settled in" in line) == unsure == ("none in" not in line), row, line)
            check(not (unsure and "throughout" in line), row, line)


# ---- verify


def put(path, name, index, value, seal=True):
    with h5py.File(path, "r+") as file:
        file[name][index] = value
        if seal and not name.startswith("edges/"):
            file["commit"][index] = commit_word(file, index)


def verified(path, code=0, ranks=0):
    return parse(run("verify", path, "--json", "--sample", 1, "--quiet", code=code, ranks=ranks))["search"]


def test_verify(place, path):
    found, stored = columns(path), edges(path)
    told = verified(path, ranks=2)
    check(told == {"not_needed": int((found["status"] == NOT_NEEDED).sum()), "combinations": COMBINATIONS,
                   "compared": COMBINATIONS, "unwritten": 0, "outdated": 0, "unfinished": 0, "before": 0,
                   "wrong_asked": 0, "wrong_not_needed": 0, "wrong_edges": 0}, told)
    bad, names = place / "bad.h5", INTEGERS[1:] + FLOATS + CODES
    for first in range(0, len(names), COMBINATIONS):  # a dataset of each combination at a time
        shutil.copy(path, bad)
        wrong = list(enumerate(names[first:first + COMBINATIONS]))
        for c, name in wrong:
            value = stored[name][4 * c]
            other = {"i": value + 1, "u": 1 - min(value, 1), "f": value * 1.001 if numpy.isfinite(value) else 7.25}
            put(bad, f"edges/{name}", 4 * c, other[value.dtype.kind])
        said = run("verify", bad, "--sample", 1, code=4)
        for c, name in wrong:
            check(f"combination {c}, from slot {CANDIDATES * c} " in said and f"edges/{name} is" in said, c, name, said)
    check(verified(bad, code=4)["wrong_edges"] == len(wrong), "counted")
    slot = int(numpy.flatnonzero(found["asked"] == 3)[0])
    shutil.copy(path, bad)
    put(bad, "asked", slot, 2)
    check(verified(bad, code=4)["wrong_asked"] == 1, "asked")
    check(f"slot {slot} " in run("verify", bad, "--sample", 1, code=4), "the slot is named")
    put(bad, "asked", slot, 0)
    check(verified(bad)["before"] == 1, "done before it was asked for")
    shutil.copy(path, bad)
    put(bad, "status", slot, NOT_NEEDED)
    told = verified(bad, code=4)
    check(told["wrong_not_needed"] == 1 and told["unfinished"] == 1, told)
    check("not_needed, but the search asks for it" in run("verify", bad, "--sample", 1, code=4), "it is said")
    left_out = int(numpy.flatnonzero(found["status"] == NOT_NEEDED)[0])
    shutil.copy(path, bad)
    put(bad, "attempt", left_out, 5, seal=False)
    check(parse(run("verify", bad, "--json", "--sample", 1, code=4))["torn"] == 1, "commit words of what was not needed")
    shutil.copy(path, bad)
    for name, value in (("combination", 2**62), ("count", 2**62), ("kind", 200), ("starts", 255), ("lo", numpy.nan)):
        put(bad, f"edges/{name}", slice(None), value)
    check("evaluations" in run("show", bad, "--edges"), "what cannot be in a file is passed over")
    check(verified(bad, code=4)["wrong_edges"] == COMBINATIONS, "and found")
    put(bad, "edges/slot", slice(None), -2**62)
    check(verified(bad)["unwritten"] == COMBINATIONS, "slots that there are not")
    shutil.copy(path, bad)
    with h5py.File(bad, "r+") as file:
        del file["edges/lo"]
    check("lo is missing" in subprocess.run([commands.PROGRAM, "verify", bad], capture_output=True, text=True).stderr, "lo")


# ---- several files


def test_merge(place, path):
    """What came before adds nothing, points that failed elsewhere change what is needed, and unfinished is unfinished."""
    begun, out = write(place, "merged", 3), place / "out.h5"
    told = parse(run("merge", out, begun, path, "--json"))
    check(told["missing"] == 0 and told["not_needed"] == (columns(path)["status"] == NOT_NEEDED).sum(), told)
    same_search(path, out, "merged with its beginning")
    out.unlink()
    check(parse(run("merge", out, begun, write(place, "earlier", 1), "--json"))["missing"] > 0, "both are unfinished")
    check((edges(out)["count"] == -1).all() and numpy.isnan(edges(out)["position"]).all(), "nothing is known")
    check("not ended" in run("show", out, "--edges"), "and it is said")
    out.unlink()
    asked = numpy.flatnonzero(columns(path)["asked"] == 1)
    failed = write(place, "failed", 0, asked[1], asked[4])
    test_definition(failed, "with failures", widest=2)
    run("merge", out, failed, path, "--json")
    a, b, c = columns(path), columns(failed), columns(out)
    check(((c["status"] == DONE) == ((a["status"] == DONE) | (b["status"] == DONE))).all(), "done in any")
    check(edges(out)["position"].tobytes() == edges(path)["position"].tobytes(), "edges of all answers")
    check((c["asked"][c["status"] == DONE] == a["asked"][c["status"] == DONE]).all(), "asked by one search of all")
    check(verified(out)["compared"] == COMBINATIONS, "verify")
    out.unlink()


def test_merge_goes_on(place):
    """Two searches that have ended, each without one of the two candidates beside an edge: with both it is another
    bracket, whose candidates neither has asked for."""
    text = STUDY.replace("search: {over: beta, level: 0.45}", "search: {over: beta, column: special_mass_d1, level: 0.45}")
    whole, out = write(place, "mass", text=text), place / "goes-on.h5"
    found, stored = columns(whole), edges(whole)
    row = int(numpy.flatnonzero(stored["kind"] == RISE)[0])
    slots = numpy.arange(CANDIDATES) + stored["slot"][row]
    coarse = slots[(found["asked"][slots] > 0) & (found["asked"][slots] <= 3)]  # nine candidates, four in a round
    beside = [coarse[found["beta"][coarse] <= stored["lo"][row]][-1], coarse[found["beta"][coarse] >= stored["hi"][row]][0]]
    one, two = (write(place, f"fails{i}", 0, slot, text=text) for i, slot in enumerate(beside))
    told = parse(run("merge", out, one, two, "--json"))
    merged = columns(out)
    check(told["missing"] == (merged["status"] == 0).sum() > 0, "the search goes on", told)
    check(told["not_needed"] == (merged["status"] == NOT_NEEDED).sum() > 0, "elsewhere it has ended", told)
    check((edges(out)["count"] == -1).all(), "no edges yet")
    check(verified(out)["unfinished"] == 1, "verify")
    run("run", place / "mass.yaml", "-o", out, "--quiet")
    for name, values in edges(out).items():
        check(values.tobytes() == stored[name].tobytes(), "run to its end it finds the same", name)


# ---- a study that grows


def extended(place, path, name, text):
    """The file for the larger study, with nothing computed yet."""
    study, out = place / f"{name}.yaml", place / f"{name}.h5"
    study.write_text(text)
    shutil.copy(path, out)
    run("run", study, "-o", out, "--extend", "--quiet", "--time-limit", "1ms", code=75)
    return out


def test_extend(place, path):
    old = columns(path)
    out = extended(place, path, "longer", STUDY.replace("[64, 96]", "[64, 96, 128]"))
    new = columns(out)
    for name in old:
        if name not in ("launch", "predict_mine"):
            check(old[name].tobytes() == new[name][:SLOTS].tobytes(), "extended", name, "of old slots")
    told = verified(out)
    check(told["unfinished"] == 2 and told["unwritten"] == COMBINATIONS + 2 and told["not_needed"] > 0, told)
    out = extended(place, path, "wider", STUDY.replace("to: 48", "to: 60"))
    new = columns(out)
    at = numpy.flatnonzero(new["beta"] <= 48)
    check((new["status"] != NOT_NEEDED).all(), "candidates are new, so all may be needed")
    check((new["status"][at] == DONE).tolist() == (old["status"] == DONE).tolist(), "done stays done")
    check(new["success_rate"][at].tobytes() == old["success_rate"].tobytes(), "with its bits")
    check((edges(out)["count"] == -1).all() and len(edges(out)["count"]) == 4 * COMBINATIONS, "edges are not known yet")
    verified(out)
    said = commands.refused("run", place / "grid.yaml", "-o", path, "--extend")
    check("search" in said, said)


# ---- the program itself


def main():
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        path = write(place, "searched")
        test_readers(path)
        test_definition(path, "searched")
        test_show(place, path)
        test_status(place, path)
        test_not_settled(place)
        test_verify(place, path)
        test_merge(place, path)
        test_merge_goes_on(place)
        test_extend(place, path)
    print(f"{commands.checks} checks, {commands.failed} failed")
    return commands.failed > 0


if __name__ == "__main__":
    sys.exit(main())
