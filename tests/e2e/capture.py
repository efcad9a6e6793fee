"""From a model to a table of its heads in Python alone: rows are captured, the program is started, its file is one answer. And
what `polysweep.run` says when something is wrong, and leaves when it is interrupted."""
import contextlib, json, os, signal, subprocess, sys, tempfile, time, warnings
from pathlib import Path

import numpy as np

SOURCE = Path(os.environ["POLYSWEEP_SOURCE"])
os.environ["POLYSWEEP"] = str(Path(os.environ["POLYSWEEP_BUILD"]) / "polysweep")
sys.path[:0] = [str(SOURCE / "analysis"), str(SOURCE / "analysis" / "tests")]

import polysweep  # noqa: E402
import tiny_bert  # noqa: E402
from polysweep import safetensors  # noqa: E402

LAUNCHED = dict(launcher=os.environ.get("POLYSWEEP_MPIEXEC", "mpirun"), options=["--oversubscribe"])
SLOW = {"study": "slow", "data": {"kind": "gaussian"}, "methods": ["exact"], "grid": {"n": 4096, "d": 32, "beta": 4, "seed": list(range(200))}}
INTERRUPTED = """
import json, sys
import polysweep
polysweep.run(json.loads(sys.argv[1]), ranks=1, file=sys.argv[2], progress=True)
"""
failed = []


def check(condition, what):
    if not condition:
        failed.append(what)
        print("failed:", what, file=sys.stderr)


def refused(what, code, text, *arguments, **named):
    try:
        polysweep.run(*arguments, **named)
    except polysweep.RunError as why:
        check(why.code == code and text in str(why) and why.message and f"exit code {code}" in str(why), f"{what}: {why}")
        check("----" not in str(why) and "polysweep-" not in why.message, f"{what}: {why}")
    else:
        check(False, f"{what}: not refused")


def entropy(q, k, weights):
    """Mean over queries, causal, in nats."""
    w = np.tril(weights(q.astype(float) @ k.astype(float).T / np.sqrt(q.shape[1])))
    p = w / w.sum(1, keepdims=True)
    return -(p * np.log(np.where(p > 0, p, 1))).sum(1).mean()


def from_a_model_to_a_table():
    heads = polysweep.capture(tiny_bert.write("model"), tiny_bert.TEXT, "heads.safetensors", layers=[1])
    study = {"study": "tiny", "seed": 3, "data": {"kind": "file", "path": heads.path}, "methods": [{"polysketch": {"r": np.array([4, 8]), "draws": 2}}],
             "grid": {"head": [0, 1, 2], "n": heads.n, "d": heads.d, "v": heads.v, "mask": "causal", "row_norm": "sqrt_d", "beta": 4, "block": 16}}
    ds = polysweep.run(study, ranks=2, file="tiny.h5", **LAUNCHED)
    check(ds.sizes["point"] == 6 and bool(ds["done"].all()), f"{int(ds['done'].sum())} of 6 points")
    arrays, _ = safetensors.read("heads.safetensors")
    mine = np.array([entropy(arrays["layer.1.q"][head], arrays["layer.1.k"][head], lambda z: z ** 4) for head in range(3)])
    found = polysweep.heads(ds, "entropy", level=np.median(mine) + 0.01)
    check(np.allclose(found["median"], np.median(mine), rtol=1e-12, atol=0), f"entropy {found['median'].tolist()}, numpy {mine}")  # sums of 64
    check(np.allclose(found["worst"], mine.max(), rtol=1e-12, atol=0) and (found["worst_head"] == mine.argmax()).all(), "the worst head")
    check((found["share"] == (mine <= np.median(mine) + 0.01).mean()).all(), "the share of heads")
    return study


def again(study):
    before = polysweep.open("tiny.h5")
    ds = polysweep.run(study, ranks=1, file="tiny.h5")
    check(len(polysweep.provenance("tiny.h5")["launches"]) == 2, "a second call is a second launch")
    check(np.array_equal(ds["commit"], before["commit"]) and bool((ds["attempt"] == 1).all()), "which computes nothing again")
    columns = polysweep.run(study, ranks=1, file="tiny.h5", columns=["entropy"])
    check("err_out" not in columns and "entropy" in columns, "columns that are asked for")
    path = Path("tiny.yaml")
    path.write_text(json.dumps({"schema": 1, **study}, default=lambda x: x.tolist() if hasattr(x, "tolist") else str(x)))
    check(polysweep.run(path, ranks=1).equals(polysweep.open("tiny.h5")), "a study file, whose result has its name")


def what_is_wrong_is_said(study):
    refused("an unknown key", 2, "study:1:", {**study, "judgement": {}}, ranks=2, file="x.h5", **LAUNCHED)
    refused("another study", 2, "holds another study", {**study, "seed": 4}, ranks=1, file="tiny.h5")
    refused("no such heads", 3, "none.safetensors", {**study, "data": {"kind": "file", "path": "none.safetensors"}}, ranks=1, file="x.h5")
    for named, kind, text in ((dict(program="none"), FileNotFoundError, "none: no program"), (dict(ranks=0), ValueError, "at least one rank"),
                              (dict(launcher="none"), FileNotFoundError, "none: cannot be started")):
        try:
            polysweep.run(study, file="x.h5", **named)
            check(False, f"{named} is not refused")
        except kind as why:
            check(text in str(why), f"{named}: {why}")
    for value, text in (({1: object()}, "a study has numbers"), (3, "takes a study as a mapping")):
        try:
            polysweep.run(value, ranks=1)
            check(False, f"{value} is not refused")
        except TypeError as why:
            check(text in str(why), str(why))


def what_is_left_is_a_warning():
    few = {**SLOW, "grid": {**SLOW["grid"], "seed": [0, 1]}, "study": "few"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ds = polysweep.run(few, ranks=1, options=["--time-limit", "0.001s"])
    check(not ds["done"].all() and [str(each.message) for each in caught if "few.h5: stopped before the end" in str(each.message)],
          f"a time limit is a warning: {[str(each.message) for each in caught]}")
    check(bool(polysweep.run(few, ranks=1)["done"].all()), "the same call goes on")


def an_interrupt_stops_the_program():
    with open("said", "w") as said:
        process = subprocess.Popen([sys.executable, "-c", INTERRUPTED, json.dumps(SLOW), "slow.h5"], stderr=said,
                                   env={**os.environ, "PYTHONPATH": str(SOURCE / "analysis")})
    done, until = 0, time.monotonic() + 120
    while not done and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
        with contextlib.suppress(OSError, ValueError):
            done = json.loads(Path("slow.h5.status.json").read_text())["done"]
    process.send_signal(signal.SIGINT)
    process.wait(60)
    said = Path("said").read_text()
    check(done > 0 and "KeyboardInterrupt" in said and " of 200 points" in said, f"interrupted with {done} done: {said[-300:]}")
    state = json.loads(Path("slow.h5.status.json").read_text())
    check(state["state"] != "running", f"the program has ended: {state['state']}")
    ds = polysweep.open("slow.h5")
    check(0 < int(ds["done"].sum()) < 200, f"{int(ds['done'].sum())} points of an interrupted run")
    polysweep.run(SLOW, ranks=1, file="slow.h5", options=["--where", "seed == 199"])
    check(bool(polysweep.open("slow.h5")["done"].values[-1]), "nobody holds the file any more")


def main():
    with tempfile.TemporaryDirectory() as place, _in(place):
        study = from_a_model_to_a_table()
        if not failed:
            again(study)
            what_is_wrong_is_said(study)
            what_is_left_is_a_warning()
            an_interrupt_stops_the_program()
    print(f"{len(failed)} failures")
    return 1 if failed else 0


@contextlib.contextmanager
def _in(place):
    before = os.getcwd()
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    sys.exit(main())
