"""Many attention heads as one answer: medians, quartiles, worst heads, and what reaches an error at which size."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from .cases import case_columns, number, parts, table
from .checks import at_least, check_name, names_of, of_dataset
from .hdf import COORDINATES
from .sketches import OWN_KERNELS, SIZE

OVER = ("layer", "batch", "head")  #: coordinates that say which head
#: coordinates that say how its attention is computed, beside the method and those of a sketch
KERNEL = ("beta", "match", "center", "scale", "offset", "negative", "order", "by", "sinks", "keep", "landmarks", "row_norm",
          "den_constant", "precision", "leaves", "complex", "epsilon")
LEVEL = 0.3  #: an error that is called good enough
COLUMNS = ("err_out_ref", "err_out")  #: errors, the first that a file has counts
_NUMBERS = ("state_bytes", "kv_bytes", "map_features")


@of_dataset
def settings(ds: xr.Dataset) -> tuple[list[str], list[str]]:
    """(coordinates that vary and say how attention is computed, those that say of what, but for the head)."""
    varying = [name for name in ("method", "n", "d", "beta", *case_columns(ds)) if name in ds and name not in OVER]
    how = [name for name in varying if name in (*KERNEL, *SIZE, "method")]
    return how, [name for name in varying if name not in how]


@of_dataset
def column_of(ds: xr.Dataset, column: str | None = None) -> str:
    """The error that is asked for; by default the one against the reference where the file has it, else against the own kernel."""
    if column is not None:
        return check_name(column, ds.data_vars, "column")
    return next((name for name in COLUMNS if name in ds and bool(ds[name].notnull().any())), COLUMNS[-1])


@of_dataset
def heads(ds: xr.Dataset, column: str | None = None, level: float = LEVEL, per: list[str] | tuple[Any, ...] = ()) -> pd.DataFrame:
    """Over all heads: a row for every way to compute attention, the best first.

    Parameters
    ----------
    ds : Dataset
        From `open`.
    column : str, optional
        Of the result file; by default err_out_ref, the error of the output against the reference, where the file has it.
    level : float
        What counts as good enough.
    per : iterable of str
        Coordinates to keep apart: ["layer"].

    Returns
    -------
    DataFrame
        What is computed (n, d and what else varies), `method` and its parameters, `words` (all of them as a text), `series`
        (without sizes); `heads` (how many have a number), `median`, `q25`, `q75`, `worst` and `worst_layer`, `worst_batch`,
        `worst_head`, where the file has these; `share` (of heads whose number is at most the level), `of_uniform` (median over that of
        uniform attention), and medians of state_bytes; `cache_bytes`: keys and values of all tokens; `folds` ("rows": a weight for
        every score, "states": features in a state); `kernel`, see `methods.facts`; `compared`: whether it is a
        baseline, without a kernel of its own. ``.attrs["without"]`` counts the points that are done and have no number, of err_out
        those that estimate a kernel.

    Raises
    ------
    ValueError
        For a column that the file does not have.

    Examples
    --------
    >>> found = polysweep.heads(polysweep.open(references), level=0.1)
    >>> bool((found["heads"] == 12).all()), bool(found["median"].is_monotonic_increasing)
    (True, True)
    """
    column, level, per = column_of(ds, column), at_least(level, 0, "the level"), names_of(per, OVER, "coordinate of heads")
    (how, of), frame = settings(ds), points(ds, column)
    rows = [_row(ds, dict(zip([*of, *per, *how], key)), part, column, level)
            for key, part in parts(frame[frame[column].notna()], [*of, *per, *how])]
    if not rows:
        return pd.DataFrame(columns=[*of, *per, *how, *"""words series heads median q25 q75 worst share of_uniform state_bytes
                                     cache_bytes folds kernel compared""".split()])
    found = told(_once(pd.DataFrame(rows), [*of, *per, *how]), of, how)
    for _, part in parts(found.assign(_all=0), [*of, *per] or ["_all"]):
        uniform = part["median"][part["method"] == "uniform"]
        found.loc[part.index, "of_uniform"] = part["median"] / uniform.iloc[0] if len(uniform) else np.nan
    found = found.sort_values([*of, *per, "median"], kind="stable").reset_index(drop=True)
    missing = frame[column].isna() & ((column != "err_out") | (frame["method_folds"] == "states"))
    found.attrs["without"] = int(missing.sum())
    return found


@of_dataset
def points(ds: xr.Dataset, column: str) -> pd.DataFrame:
    """The points of methods that compute, with the columns that are needed here."""
    frame = table(ds)
    for name in (*OVER, *KERNEL, *_NUMBERS, "exact_map", column):
        if name in ds:
            frame[name] = ds[name].values[frame.index]
        elif name not in frame:
            frame[name] = np.nan
    return frame[frame["done"].astype(bool) & (frame["method_folds"] != "none")]


def _row(ds: xr.Dataset, key: dict[str, Any], part: pd.DataFrame, column: str, level: float) -> dict[str, Any]:
    values, worst = part[column].to_numpy(float), part.loc[part[column].idxmax()]
    q25, median, q75 = np.quantile(values, [0.25, 0.5, 0.75])
    unsized = part.iloc[0].drop(list(_ASKED))
    return {**key, "words": words(unsized if part["exact_map"].iloc[0] == 1 else part.iloc[0], key), "series": words(unsized, key),
            "heads": len(values), "median": median, "q25": q25, "q75": q75, "worst": worst[column],
            **{f"worst_{name}": int(worst[name]) for name in OVER if name in ds.coords}, "share": float((values <= level).mean()),
            "of_uniform": np.nan, "state_bytes": part["state_bytes"].median(), "cache_bytes": cache(part.iloc[0]),
            "folds": part["method_folds"].iloc[0], "kernel": part["method_kernel"].iloc[0],
            "compared": part["method_kernel"].iloc[0] == "other" or part["method_folds"].iloc[0] == "landmarks",
            "exact": part["method_folds"].iloc[0] == "states" and part["exact_map"].iloc[0] == 1}


def _once(found: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The rows, those of an exact map once: what was asked for of its size does not change it."""
    same = found.duplicated([*(name for name in names if name not in _ASKED), "exact"])
    return found[~(same & found["exact"])].drop(columns="exact")


def cache(point: pd.Series) -> float:
    """Bytes of the keys and values of all tokens of one head: as the file says, else in the precision of the point."""
    if "kv_bytes" in point and point["kv_bytes"] == point["kv_bytes"]:
        return float(point["kv_bytes"])
    tokens = point["n_k"] if "n_k" in point and point["n_k"] > 0 else point["n"]
    return float(tokens * (point["d"] + point["v"]) * {"fp64": 8, "fp32": 4}.get(point["precision"], 2))


# ---- words -----------------------------------------------------------------------------------------------------------


_ASKED = ("r", "features")  # what is asked for of the size of a sketch


def told(found: pd.DataFrame, of: list[str], how: list[str]) -> pd.DataFrame:
    """Rows of different settings with different words: where `words` are the same, within what is computed (`of`), those of `how`
    that differ are added to the columns `words` and `series`: "elu1, scale 0.5"."""
    free = [name for name in how if name not in ("method", "draws", *_ASKED)]
    for by, names in (("series", free), ("words", [*free, "draws"])):
        for _, part in parts(found, [*of, by]) if by in found else ():
            differ = [name for name in names if name in how and part[name].nunique(dropna=False) > 1]
            more = ["".join(f", {name} {_value(value)}" for name, value in zip(differ, row) if _value(value))
                    for row in part[differ].itertuples(index=False)] if differ else ""
            for column in ("series", "words") if by == "series" else ("words",):
                found.loc[part.index, column] = part[column] + more
    return found


def _value(value: float) -> str:
    """A setting as a text; "" where it does not apply."""
    return ("" if value == "none" else value) if isinstance(value, str) else "" if value != value else number(value)


def words(point: Mapping[str, Any] | pd.Series, varying: Collection[str] = ()) -> str:
    """A method and its parameters as one reads them: "(1 + z/8)^8", "taylor, order 2", "polysketch of (1 + z/8)^8, r = 32". What
    is usual, or the same for all (not in `varying`), goes without saying."""
    kernel, method = _kernel(point), str(point["method"])
    named = [kernel if method == "exact" and kernel else f"{method} of {kernel}" if kernel else method]
    named += [text.format(number(_of(point, name))) for name, text in _SAID.items() if _of(point, name) > 0 and not
              (name == "features" and _of(point, "r") > 0)]
    named += [_USUAL[name][1].format(point[name]) for name in _USUAL if name in varying and str(point[name]) not in (_USUAL[name][0], "")]
    return ", ".join(named)


_SAID = {"order": "order {}", "local": "{} local", "sinks": "{} sinks", "keep": "the {} largest", "landmarks": "{} landmarks",
         "r": "r = {}", "features": "{} features", "weights": "learned"}
_USUAL = {"by": ("rows", "by {}"), "negative": ("refuse", "negative {}"), "precision": ("fp64", "{}"), "row_norm": ("none", "{}"),
          "leaves": ("gaussian", "{} leaves"), "complex": ("false", "complex")}  # what is usual, and how the rest is said


def _of(point: Mapping[str, Any] | pd.Series, name: str) -> float:
    """A number of a point; 0 where the file has none, or it does not apply."""
    value = point.get(name, 0)
    return 0 if isinstance(value, str) or value != value else value


def _kernel(point: Mapping[str, Any] | pd.Series) -> str:
    """The power of a method that has a degree, of z as `Z` says."""
    beta = point.get("beta", np.nan)
    if beta != beta:
        return ""
    scale, offset = _of(point, "scale") or 1.0, _of(point, "offset")
    if not offset:
        return f"z^{number(beta)}"
    slope = scale / offset / _unit(point)  # of z, where the rest is 1
    inner, inverse = (float(f"{x:.4g}") for x in (slope, 1 / slope))
    z = "z" if 1 in np.abs((inner, inverse)) else f"{abs(inner):g} z" if abs(slope) > 1 else f"z/{abs(inverse):g}"
    return f"(1 {'+' if slope > 0 else '-'} {z})^{number(beta)}"


#: what z is in the words of a kernel
Z = ("z is reference_scale times the product of query and key (1/sqrt(d) by default), of rows that row_norm makes unit or layernorm "
     "this product itself.")


def _unit(point: Mapping[str, Any] | pd.Series) -> float:
    """z over the product of query and key as `row_norm` leaves them; match exp sets its scale for this product."""
    norm, sigma = point.get("row_norm", "none"), _of(point, "reference_scale")
    if point.get("match", "none") == "exp" and sigma > 0:
        return sigma
    root = np.sqrt(point["d"])
    return {"none": sigma or 1 / root, "sqrt_d": sigma * root or 1.0}.get(norm, 1.0)


# ---- the answer ------------------------------------------------------------------------------------------------------


def answers(found: pd.DataFrame, column: str, level: float, reference: str = "softmax", most: int = 3, cases: int = 4) -> list[str]:
    """Of `heads`: a sentence for each of what is computed: which kernels and which states reach the level, at which size. Those of
    the first `cases`; then how many are left, and how many points have no number.

    "At error <= 0.3 against softmax (median of 72 heads, n = 512): (1 + z/8)^8 exact (0.205); no sketch or feature map up to 550 kB;
    the key-value cache is 262 kB. To compare: uniform 0.843; window, 64 local 0.606."
    """
    without = found.attrs.get("without", 0)
    said = [f"{without} points that are done have no {column} and are not in this."] if without else []
    if not len(found):
        return said
    of = [name for name in found.columns[:list(found.columns).index("method")] if name == "n" or found[name].nunique(dropna=False) > 1]
    each = [part for _, part in parts(found.assign(_all=0), of or ["_all"])]
    if len(each) > cases:
        said.insert(0, f"{len(each) - cases} further cases are in the table of heads.")
    return [_answer(part, of, column, level, reference, most) for part in each[:cases]] + said


def _answer(part: pd.DataFrame, of: list[str], column: str, level: float, reference: str, most: int) -> str:
    from .style import size_text

    reference = part["reference"].iloc[0] if "reference" in part else reference
    against = {"own": "its own kernel"}.get(reference, reference) if column == "err_out_ref" else "the exact kernel that it estimates"
    case = "".join(f", {name} = {_value(part[name].iloc[0]) or 'none'}" for name in of if name != "reference")
    good, compared = part[part["median"] <= level], part["compared"]
    exact = good[(good["folds"] == "rows") & ~good["compared"] & (good["method"] != reference)]
    said = ["; ".join(f"{row.words} exact ({row.median:.2g})" for row in exact.head(most).itertuples())
             or ("no exact kernel" if (part["folds"] == "rows").sum() > compared.sum() + (part["method"] == reference).sum() else "")]
    states = part[(part["folds"] == "states") & part["state_bytes"].notna()]
    if column != "err_out_ref" or reference == "own":
        states = states[~states["kernel"].isin(OWN_KERNELS)]  # which are what they are compared with, but for rounding
    if len(states):
        reached = states[states["median"] <= level].sort_values("state_bytes", kind="stable")
        said.append("smallest state {}, {} ({:.2g})".format(reached["words"].iloc[0], size_text(reached["state_bytes"].iloc[0]),
                                                            reached["median"].iloc[0])
                    if len(reached) else f"no sketch or feature map up to {size_text(states['state_bytes'].max())} "
                    f"(lowest {states['median'].min():.2g})")
    said.append(f"the key-value cache is {size_text(part['cache_bytes'].iloc[0])}")
    text = f"At error <= {level:g} against {against} (median of {part['heads'].max()} heads{case}): {'; '.join(filter(None, said))}."
    lines = [f"{row.words} {row.median:.2g}" for row in part[compared].itertuples()]
    return text + (f" To compare: {'; '.join(lines)}." if lines else "")


# ---- one point for all heads -------------------------------------------------------------------------------------------


@of_dataset
def several(ds: xr.Dataset) -> bool:
    """Whether the file has the results of several heads."""
    return bool(ds.sizes["point"]) and any(len(np.unique(ds[name].values)) > 1 for name in OVER if name in ds.coords)


@of_dataset
def pooled(ds: xr.Dataset) -> xr.Dataset:
    """The dataset with one point for all heads that were computed alike: numbers are medians over those that are done, rows with a bad
    denominator, and all that were looked at, are counted together; repetitions are medians of each in its order. The coordinate
    `slot` says which head stands first in the file. As it is where there is one head."""
    over = [name for name in OVER if name in ds.coords]
    if not several(ds):
        return ds
    names = [name for name in (*COORDINATES, *ds.attrs.get("own_axes", [])) if name in ds.coords and name not in over]
    group = pd.DataFrame({name: ds[name].values for name in names}).groupby(names, dropna=False, sort=False).ngroup().to_numpy()
    done = ds["done"].values.astype(bool)
    order = np.lexsort((np.arange(len(group)), ~done, group))  # the first of each group: a done one, if there is any
    first = order[np.unique(group[order], return_index=True)[1]]
    out = ds.isel(point=first)
    for name, variable in ds.data_vars.items():
        if variable.dims[:1] == ("point",) and variable.ndim < 3 and variable.dtype.kind == "f":
            values = variable.values.reshape(len(done), -1)
            found = pd.DataFrame(np.where(done[:, None], values, np.nan)).groupby(group).median()
        elif name in ("bad_rows", "den_rows"):
            found = pd.Series(np.where(done, variable.values, 0)).groupby(group).sum()
        else:
            continue
        shape = (len(first), *variable.shape[1:])
        out[name] = (variable.dims, found.to_numpy(variable.dtype).reshape(shape), variable.attrs)
    out = out.assign_coords({name: ("point", np.zeros(len(first), ds[name].dtype), ds[name].attrs) for name in over})
    return out.assign_coords(slot=("point", first))
