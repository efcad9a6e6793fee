"""What theory says of a file in which nothing is measured yet."""
from __future__ import annotations

import numpy as np
import pandas as pd

from .. import oracle
from ..cases import BASELINES, CONSTANTS, rows_of

MOST = 20_000  #: points of a file of which the exact probability is computed
_SAME = ["method", "n", "d", "m", *CONSTANTS]


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """The points; where none of them is done, as points of theory: of full attention without noise the exact probability is known."""
    if frame["done"].any() or not 0 < len(frame) <= MOST:
        return frame
    theory = probability(frame)
    known = theory.notna()
    return frame.assign(theory_success=theory, done=known, method_folds=frame["method_folds"].where(~known, "none")) if known.any() else frame


def of_theory(part: pd.DataFrame) -> bool:
    """Whether points that would be measured are shown by theory."""
    return bool(((part["method_folds"] == "none") & (part["method"] != "closed_form") & part["done"]).any())


def probability(frame: pd.DataFrame) -> pd.Series:
    """The exact probability of success of each point: the file's, else by this package's closed form where that applies; else NaN."""
    theory = frame["theory_success"].astype(float).copy()
    plain = (theory.isna() & frame["data_kind"].isin(["self_attention", "scores"]) & (frame["mask"] == "full") & ~(frame["noise"] > 0)
             & frame["method"].isin(["exact", "closed_form", *BASELINES]) & (frame["c"] > 0) & (frame["row_norm"] == "none")
             & ~(frame["den_constant"] > 0) & ~(frame["offset"] != 0).where(frame["offset"].notna(), False)
             & frame["scale"].fillna(1).isin([0, 1]) & ~frame["match"].isin(["exp"])).to_numpy(bool)
    at = np.flatnonzero(plain)
    values = theory.to_numpy(float, copy=True)
    for key, rows in rows_of(frame[_SAME].iloc[at], _SAME).items():
        point = dict(zip(_SAME, key))
        method, m = point.pop("method"), int(point.pop("m"))
        beta = frame["beta"].iloc[at[rows]].fillna(1.0).to_numpy(float)
        values[at[rows]] = oracle.success(beta, m, method=method if method in BASELINES else "exact", **point)
    return pd.Series(values, frame.index)
