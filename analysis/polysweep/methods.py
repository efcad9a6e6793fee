"""Facts about the program's methods: what they fold, the kernel of their weights, whether results are bit for bit."""
from __future__ import annotations

import pandas as pd
import xarray as xr

from .checks import of_dataset

FACTS = ("folds", "kernel", "degree", "random", "bitwise")

#: the methods of files that are older than these attributes; newer files have the attributes that `facts` reads
BEFORE_ATTRIBUTES = pd.DataFrame.from_dict({
    "exact": ("rows", "power", True, False, True),
    "softmax": ("rows", "exponential", False, False, True),
    "linear": ("rows", "linear", False, False, True),
    "closed_form": ("none", "power", True, False, True),
    "monomial": ("states", "power", True, False, False),
    "polysketch": ("states", "power", True, True, False),
    "tree": ("states", "power", True, True, False),
    "tensorsketch": ("states", "power", True, True, False),
    "srht": ("states", "power", True, True, False),
    "maclaurin": ("states", "power", True, True, False),
    "favor": ("states", "exponential", False, True, False)}, orient="index", columns=FACTS)


@of_dataset
def facts(ds: xr.Dataset) -> pd.DataFrame:
    """A row per method that the file knows, by its word.

    Columns: `folds` ("rows": a weight for every score; "states": features summed into states, a sketch; "either": one of them,
    as the point says with `by`; "landmarks": means of segments stand for rows; "none": theory alone), `kernel` ("power" z^beta,
    "exponential" e^z, "linear" z, "taylor" a partial sum of e^z, "features" their product, "other": what weights are, or what a
    sketch estimates),
    `degree` (beta applies), `random` (its tables are drawn), `bitwise` (the same bits for any number of ranks, within one
    build and BLAS kernel).
    """
    attributes = ds["method_code"].attrs if "method_code" in ds else {}
    if "flag_folds" not in attributes:
        return BEFORE_ATTRIBUTES
    columns = {"folds": attributes["flag_folds"].split(), "kernel": attributes["flag_kernels"].split()}
    columns.update({name: attributes[f"flag_{name}"].astype(bool) for name in FACTS[2:]})
    return pd.DataFrame(columns, index=attributes["flag_meanings"].split())


def references(about: pd.DataFrame) -> dict[str, str]:
    """Of `facts`: for each method that is a sketch the first one that weighs every score with the kernel it estimates."""
    rows = about[about["folds"].isin(["rows", "either"])]
    exact = {kernel: rows.index[rows["kernel"] == kernel][0] for kernel in rows["kernel"].unique()}
    sketches = about["kernel"][about["folds"].isin(["states", "either"])]
    return {method: exact[kernel] for method, kernel in sketches.items() if kernel in exact}
