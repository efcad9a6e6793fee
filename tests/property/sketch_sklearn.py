"""TensorSketch against scikit-learn's PolynomialCountSketch, given its hash tables."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from sklearn.kernel_approximation import PolynomialCountSketch

PROGRAM = Path(os.environ["POLYSWEEP_BUILD"]) / "tests" / "sketch_import"
TOLERANCE = 1e-12  # relative to the largest feature: the rounding of p + 1 transforms of length r, 74 by FFTW


def features(rows, bucket, sign, r):
    degree, d = bucket.shape
    numbers = [degree, d, r, len(rows), *bucket.ravel(), *sign.ravel(), *(f"{x:.17g}" for x in rows.ravel())]
    answer = subprocess.run([PROGRAM], input=" ".join(map(str, numbers)), capture_output=True, text=True, check=True)
    return np.array(answer.stdout.split(), float).reshape(len(rows), r)


def main():
    failures = 0
    for degree in (1, 2, 3, 4, 8):
        for d, r in ((10, 64), (10, 100), (64, 33), (7, 1), (33, 528), (40, 512), (20, 74)):
            rows = np.random.default_rng(degree).normal(size=(23, d))
            sketch = PolynomialCountSketch(gamma=1, degree=degree, coef0=0, n_components=r, random_state=r)
            want = sketch.fit_transform(rows)
            found = features(rows, sketch.indexHash_, sketch.bitHash_.astype(int), r)
            error = np.abs(found - want).max() / np.abs(want).max()
            if not error <= TOLERANCE:
                failures += 1
                print(f"degree {degree}, d {d}, r {r}: {error:.2g} > {TOLERANCE}")
    print(f"{failures} failures")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
