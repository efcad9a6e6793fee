"""Generating token by token: from which length on a state is smaller than the key-value cache, and from which it is faster."""
from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from .cases import parts
from .checks import check_name, of_dataset
from .heads import column_of, points, pooled, settings, told, words
from .sketches import crossing

#: what is compared: the columns of a state, and of keys and values
QUANTITIES = {"seconds": "decode_s", "flops": "decode_flops", "bytes": "decode_bytes"}
_NEEDED = ("kv_bytes", "state_total_bytes", *QUANTITIES.values())


@of_dataset
def decode_table(ds: xr.Dataset, against: str | None = None) -> pd.DataFrame:
    """Of points with ``mode: decode``: a row for every way to keep a state, over all lengths; medians where there are several heads.

    Parameters
    ----------
    ds : Dataset
        From `open`.
    against : str, optional
        The method that reads keys and values of all tokens, softmax by default, else exact.

    Returns
    -------
    DataFrame
        What is held, method and parameters, `words`; `state` (bytes, at the largest length), `token` (bytes that a token adds to
        the cache), `state_n`: from as many tokens on the state is smaller, state / token, which is
        F (v + 1) s_state / ((d + v) s_cache) + u for F features and u tokens that are held exactly; for each quantity q (seconds,
        flops, bytes of a token) `q_n` and `q_how`, from which length on it is less than that of `against` (see
        `sketches.crossing`), and `q_gain` at the largest length; `error` of the output there; `n_first`, `n_last`. Empty for files
        without such points.

    Raises
    ------
    ValueError
        For a method that the file does not have.

    Examples
    --------
    >>> len(polysweep.decode_table(polysweep.open(path)))
    0
    """
    if "mode" not in ds or not {"kv_bytes", "state_total_bytes"} <= set(ds.data_vars) or not (ds["mode"].values == "decode").any():
        return pd.DataFrame()
    ds = pooled(ds)
    error = column_of(ds)
    frame = points(ds, error)
    frame = frame.assign(**{name: ds[name].values[frame.index] for name in _NEEDED if name in ds})
    frame = frame[frame["mode"] == "decode"]
    cached = frame["method"].unique()
    if against is None:
        against = next((name for name in ("softmax", "exact") if name in cached), None)
    else:
        check_name(against, cached, "method")
    (how, of) = settings(ds)
    of, rows = [name for name in of if name not in ("n", "mode")], []
    frame["cached"] = frame["state_total_bytes"] == frame["kv_bytes"]
    for key, part in parts(frame[frame["method"] != against], [*of, *how]):
        if part["cached"].all():  # it reads the keys and values of all tokens, as `against` does
            continue
        held = dict(zip([*of, *how], key))
        rows.append({**held, **_row(part.sort_values("n"), _cached(frame, against, held, [*of, "precision"]), error, how)})
    rows = [row for row in rows if row["state"] == row["state"]]
    return told(pd.DataFrame(rows), of, how) if rows else pd.DataFrame()


def _cached(frame: pd.DataFrame, against: str | None, held: dict[str, Any], names: list[str]) -> pd.DataFrame:
    """The points that read keys and values of all tokens, of the same case, by length."""
    found = frame[frame["method"] == against]
    for name in names:
        if name in held and (found[name] == held[name]).any():
            found = found[found[name] == held[name]]
    return found.drop_duplicates("n").set_index("n")


def _row(part: pd.DataFrame, cached: pd.DataFrame, error: str, how: list[str]) -> dict[str, float | str]:
    last, common = part.iloc[-1], part[part["n"].isin(cached.index)]
    token = last["kv_bytes"] / (last["n_k"] if last["n_k"] > 0 else last["n"])
    row = {"words": words(last, how), "state": last["state_total_bytes"], "token": token, "state_n": last["state_total_bytes"] / token}
    for quantity, column in QUANTITIES.items():
        ratio = common[column].to_numpy(float) / cached.loc[common["n"], column].to_numpy(float) if column in common else np.array([])
        row[quantity + "_n"], row[quantity + "_how"] = crossing(common["n"][:len(ratio)], ratio)
        row[quantity + "_gain"] = 1 / ratio[-1] if len(ratio) else np.nan
    return {**row, "error": last[error], "n_first": int(part["n"].iloc[0]), "n_last": int(last["n"])}
