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


def errors(q, k, v):
    """{words: error against softmax} of one head, causal."""
    z = q @ k.T / np.sqrt(q.shape[1])
    out = {}
    for words, weights in {"softmax": np.exp(z), "z^4": z ** 4, "(1 + z/4)^4": (1 + z / 4) ** 4, "uniform": np.ones(z.shape)}.items():
        w = np.tril(weights)
        out[words] = w / w.sum(1, keepdims=True) @ v
    return {words: np.linalg.norm(o - out["softmax"]) / np.linalg.norm(out["softmax"]) for words, o in out.items()}


def from_a_model_to_a_table():
    """Two texts of different lengths, both layers, all heads: 12 of them."""
    heads = polysweep.capture(tiny_bert.write("model"), [tiny_bert.TEXT, tiny_bert.TEXT[:60]], "heads.safetensors")
    study = {"study": "tiny", "seed": 3, "data": heads.data, "derive": {"scale": "reference_scale"},
             "methods": ["softmax", {"exact": {"match": ["none", "exp"]}}, "uniform", {"polysketch": {"r": np.array([4, 8]), "draws": 2}}],
             "grid": {"mask": "causal", "beta": 4, "block": 16}}
    ds = polysweep.run(study, ranks=2, file="tiny.h5", **LAUNCHED)
    check(ds.sizes["point"] == 12 * 6 and bool(ds["done"].all()), f"{int(ds['done'].sum())} of 72 points")
    check(ds.attrs.get("data_source") == heads.source and "tiny; The river" in heads.source, "the result says which model and text")
    arrays, _ = safetensors.read("heads.safetensors")
    mine = {}
    for layer in heads.layers:
        for batch, n in enumerate(arrays["lengths"]):
            for head in range(heads.heads):
                rows = (arrays[f"layer.{layer}.{letter}"][batch, head, :n].astype(float) for letter in "qkv")
                mine[layer, batch, head] = errors(*rows)
    found = polysweep.heads(ds, level=0.5).set_index("words")
    for words in ("z^4", "(1 + z/4)^4", "uniform"):
        row, each = found.loc[words], {place: errors[words] for place, errors in mine.items()}
        values = np.array(list(each.values()))
        near = dict(rtol=1e-11, atol=0)  # sums of 64 products, of weights that z^4 lets differ by 1e6
        check(np.allclose([row["q25"], row["median"], row["q75"], row["worst"]], [*np.quantile(values, [0.25, 0.5, 0.75]), values.max()], **near),
              f"{words}: {row.to_dict()}, numpy {values}")
        check((row["worst_layer"], row["worst_batch"], row["worst_head"]) == max(each, key=each.get), f"{words}: the worst head")
        check(row["share"] == (values <= 0.5).mean() and row["heads"] == 12, f"{words}: the share of heads")
    check(found.loc["softmax", "worst"] < 1e-13, f"softmax is what the reference is: {found.loc['softmax', 'worst']}")
    check(polysweep.heads(ds, per=["layer"])["heads"].eq(6).all(), "six heads of each layer")
    return study


def again(study):
    before = polysweep.open("tiny.h5")
    ds = polysweep.run(study, ranks=1, file="tiny.h5")
    check(len(polysweep.provenance("tiny.h5")["launches"]) == 2, "a second call is a second launch")
    check(np.array_equal(ds["commit"], before["commit"]) and bool((ds["attempt"] == 1).all()), "which computes nothing again")
    columns = polysweep.run(study, ranks=1, file="tiny.h5", columns=["err_out_ref"])
    check("err_out" not in columns and "err_out_ref" in columns, "columns that are asked for")
    path = Path("tiny.yaml")
    path.write_text(json.dumps({"schema": 1, **study}, default=lambda x: x.tolist() if hasattr(x, "tolist") else str(x)))
    check(polysweep.run(path, ranks=1).equals(polysweep.open("tiny.h5")), "a study file, whose result has its name")


def a_state_against_a_cache():
    """A sketch of 36 features beside 64 exact tokens of width 32 + 32, all in double: 9,504 + 32,768 bytes, of 512 a token."""
    ds = polysweep.run({"study": "token", "data": {"kind": "gaussian"}, "decode": {"cache": "fp64"},
                        "methods": ["softmax", {"polysketch": {"r": 8, "local": 64, "draws": 1}}],
                        "grid": {"mode": "decode", "mask": "causal", "n": [128, 512], "d": 32, "beta": 4, "block": 64}}, ranks=1)
    found = polysweep.decode_table(ds)
    row = found.iloc[0]
    check(len(found) == 1 and row["method"] == "polysketch" and row["state"] == 9504 + 32768 and row["token"] == 512, f"a state: {row.to_dict()}")
    check(row["state_n"] == (9504 + 32768) / 512 and row["seconds_gain"] > 0, f"from {row['state_n']} tokens on it is smaller")


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
            a_state_against_a_cache()
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
