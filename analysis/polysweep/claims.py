"""Published statements as studies (jobs/claims/): what their points say of each, in four words.

    identity                    it follows from the definitions, and no point is against it: the program was checked
    consistent in the range     nothing that was computed is against it
    contradicted in the range   some points are surely against it, an identity then too
    not testable here           the file has too little to say so, or its points cannot be against it

A file is about the claim that its study is named after: `study: claim-NAME`, NAME one of `CLAIMS`. Its constants, lengths and draws may
be any. Statements are those of `polysweep.claim_rules`; what was taken from a source, of which only the abstract was read, and what is
our own reading stands at the top of the study file.
"""
from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import xarray as xr

from . import claim_rules as rules
from .checks import of_dataset
from .study import level_of
from .verdicts import Verdict, untested

PREFIX = "claim-"
COLUMNS = ("claim", "source", "statement", "verdict", "numbers", "slots")


@dataclass(frozen=True)
class Claim:
    """source: where the statement is from. needed: columns without which nothing can be said. rules: of its statements."""

    source: str
    needed: tuple[str, ...]
    rules: tuple[Any, ...]


def _signal(method: str, law: str) -> Any:
    return functools.partial(rules.signal, method, law)


_CONSTANTS = ("method", "mask", "noise", "n", "a_1", "b", "c")
CLAIMS = {
    "degree": Claim("Kim, ICML 2026", (*_CONSTANTS, "beta", "kappa", "special_mass_d1", "success_rate", "success_hi"), (
        rules.degree_half, rules.degree_worst, rules.degree_needs, rules.degree_success)),
    "dispersion": Claim("arXiv:2410.01104, arXiv:2508.17821", (
        *_CONSTANTS, "d", "beta", "j3", "special_mass_d1", "data_draws", "scale", "offset", "seed"),
        (rules.dispersion_exact, rules.dispersion_noisy)),
    "signal": Claim("arXiv:2509.25153", ("method", "n", "a_1", "success_rate"), (
        _signal("exact", "log"), _signal("softmax", "log"), _signal("uniform", "root"), _signal("linear", "root"))),
    "temperature": Claim("arXiv:2605.12697", (*_CONSTANTS, "d", "scale", "special_mass_d1"), (rules.temperature,)),
    "memory": Claim("arXiv:2605.05189", ("method", "beta", "n", "d", "recall"), (rules.memory,)),
    "kernels": Claim("arXiv:2505.19488", ("method", "beta", "n", "d", "recall_lo", "recall_hi"), (rules.kernels,)),
    "sketches": Claim("arXiv:1909.01410, Pham and Pagh 2013", (
        "method", "data_kind", "cosine", "row_norm", "draws", "mask", "n", "features", "beta", "err_amm", "exact_map"), (
        functools.partial(rules.sketch_size, "tree"), functools.partial(rules.sketch_size, "tensorsketch"), rules.sketch_crossing)),
    "entries": Claim("arXiv:2302.13214", ("method", "order", "entries", "grows", "n", "d", "seed", "err_out_ref"),
                     (rules.entries_grow, rules.entries_bounded)),
}


@of_dataset
def claims(ds: xr.Dataset) -> pd.DataFrame:
    """A row for each statement of the claim that the study is named after; no rows of other studies.

    Points that are not done count as none.

    Parameters
    ----------
    ds : Dataset
        From `open`.

    Returns
    -------
    DataFrame
        Columns claim, source, statement, verdict (one of `verdicts.WORDS`), numbers (what it is based on: intervals, fits, counts),
        slots (counterexamples, a tuple).

    Raises
    ------
    TypeError
        For a path, and everything else that is no Dataset.

    Examples
    --------
    >>> len(polysweep.claims(polysweep.open(path)))  # the study is about no claim
    0
    """
    name = _name(ds).removeprefix(PREFIX)
    if not _name(ds).startswith(PREFIX) or name not in CLAIMS:
        return pd.DataFrame(columns=COLUMNS)
    claim, level = CLAIMS[name], level_of(ds)
    lacks = [column for column in (*claim.needed, "precision") if column not in ds.variables]
    if lacks:
        found = [untested("any", f"the file has no column {lacks[0]}")]
    else:
        found = [verdict for rule in claim.rules for verdict in _verdicts(rule, _points(ds), level)]
    rows = [(name, claim.source, each.statement, each.word, each.numbers, each.slots) for each in found]
    return pd.DataFrame(rows, columns=COLUMNS)


def lines(found: pd.DataFrame) -> list[str]:
    """The verdicts as lines of a report."""
    return [f"{row.statement} ({row.source}): {row.verdict}. {row.numbers}." for row in found.itertuples()]


def _verdicts(rule: Callable[..., Any], points: pd.DataFrame, level: float) -> list[Verdict]:
    said = rule(points, level)
    return said if isinstance(said, list) else [said]


def _name(ds: xr.Dataset) -> str:
    """The name of the study, as the file has it."""
    try:
        return str(json.loads(ds.attrs["provenance_resolved"])["study"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return ""


def _points(ds: xr.Dataset) -> pd.DataFrame:
    """Done points, every column that is a number or a word a point; the index is the slot."""
    frame = pd.DataFrame({name: variable.values for name, variable in ds.variables.items() if variable.dims == ("point",)})
    return frame[frame["done"].astype(bool)]
