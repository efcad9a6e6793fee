"""numpy's BLAS: the product of two 1024 x 1024 matrices, which rates of attention are held against."""
import ctypes

import numpy as np

from . import precision

SIDE = 1024


def kernel():
    """The kernel that an OpenBLAS has chosen for this processor, and its version; nothing of another BLAS."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        paths = {line.split()[-1] for line in maps if "openblas" in line.rsplit("/", 1)[-1]}
    for path in sorted(paths):
        library = ctypes.CDLL(path)
        for prefix, suffix in (("", ""), ("scipy_", "64_"), ("scipy_", ""), ("", "64_")):
            try:
                functions = [getattr(library, f"{prefix}openblas_get_{what}{suffix}") for what in ("corename", "config")]
            except AttributeError:
                continue
            for function in functions:
                function.restype = ctypes.c_char_p
            core, config = (function().decode() for function in functions)
            return {"kernel": core, "blas": " ".join(config.split()[:2])}
    return {}


def about():
    np.ones((8, 8)) @ np.ones((8, 8))
    try:
        return {"version": np.__version__, **kernel()}
    except OSError:
        return {"version": np.__version__}


def product(precision_name):
    random = np.random.default_rng(1)
    a, b = (random.standard_normal((SIDE, SIDE)).astype(precision(precision_name)) for _ in range(2))
    c = np.empty_like(a)
    return lambda: np.matmul(a, b, out=c) is None


JOBS = {"product": product}
