"""How a table of points falls into cases (what is held fixed in a panel) and curves (success over beta)."""
from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from . import oracle
from .checks import of_dataset, remembered
from .foreign import plain
from .grid import axes
from .hdf import COORDINATES
from .kinds import Array, Key
from .methods import facts, references
from .read import LARGE, column

WANTED = """method beta n d data_kind preset a_0 a_1 b c kappa noise precision mask row_norm den_constant negative r
    features local draws head block j3 v m trials cosine seed weights team_asked status done committed successes
    success_rate success_lo success_hi fire_rate_d1 fire_rate_d0 theory_success beta_fail beta_c beta_ok beta_up beta_up_special
    beta_up_class
    beta_up_class_3s edge_lo edge_hi gap special_mass_d1 special_mass_d0 theory_special_mass_d1 attempt deaths launch success_samples
    state_bytes bad_rows err_rows flops bytes timing time_median_s time_lo_s time_hi_s theory_err_amm
    entropy map_features exact_map err_out_row_q50 err_out_row_q90 trials_done order by sinks keep landmarks leaves complex epsilon
    layer batch n_k mode cache reference reference_scale reference_beta err_out_ref err_out_ref_good err_out_ref_max
    err_out_ref_row_q50 err_out_ref_row_q90 cos_ref skill_ref tv_ref neg_scores entropy_ref asked trials_stop trials_error""".split()
ERRORS = ("err_amm", "err_attn", "err_out")
WANTED += [name + kind for name in ERRORS for kind in ("", "_mean", "_q90")]
WANTED = list(dict.fromkeys((*WANTED, "scale", "offset", "match", "center", "reference_scale")))  # what scores are
CONSTANTS = ("a_0", "a_1", "b", "c", "kappa")
BASELINES = ("softmax", "linear")  #: methods without a degree
_SKETCH_WORDS = ("by", "leaves", "complex", "epsilon")  # what else than a size is a sketch's own


@remembered
@of_dataset
def every(ds: xr.Dataset) -> pd.DataFrame:
    """The points as a DataFrame; its index is the slot. Columns that the file lacks are NaN, and so is a beta_up_class_3s of 0,
    which is no degree: sign noise alone makes D_0 fire at all of them. `trials_done` is `trials` where the file does not say.
    Beside them `method_folds` and `method_kernel`, see `methods.facts` ("rows" or "states" of a point, where its method has both),
    and `method_reference`, the method without a sketch that one estimates ("" of others). Columns are those of `ds`, not copies: of
    many points take the columns that are needed before choosing rows."""
    count = ds.sizes["point"]
    columns = {name: column(ds, name) if name in ds else np.broadcast_to(np.nan, count) for name in
               dict.fromkeys((*WANTED, *ds.attrs.get("own_axes", []))) if name in ds or name in _WANTED}
    columns.update(_about_methods(columns, facts(ds)))
    done, bound = columns["trials_done"], columns["beta_up_class_3s"]
    columns["trials_done"] = done if (done > 0).all() else np.where(done > 0, done, columns["trials"])
    columns["beta_up_class_3s"] = np.where(bound != 0, bound, np.nan) if (bound == 0).any() else bound
    matched = _is(columns["match"], "exp")  # scale and offset are another one at each degree of a curve
    cancels = _is(columns["method_kernel"], "exponential") & (columns["den_constant"] == 0)
    for name, without in (("center", ~matched), ("scale", matched), ("offset", matched | cancels)):
        columns[name] = np.where(without, np.nan, columns[name]) if without.any() else columns[name]
    frame = pd.DataFrame({name: _series(values) for name, values in columns.items()}, copy=False)
    frame = frame if count >= LARGE else frame.copy()  # columns in blocks: faster, where memory does not matter
    there = frame["n"] > 0
    return frame if there.all() else frame[there]


_WANTED = frozenset(WANTED)


def _series(values: Array) -> pd.Series:
    return pd.Series(values, dtype=object if values.dtype == object else None, copy=False)


def _is(values: Array, word: str) -> Array:
    """(point,) bool; of a column of numbers, which the file lacks, nowhere."""
    return values == word if values.dtype == object else np.zeros(values.shape, dtype=bool)


def _about_methods(columns: dict[str, Array], about: pd.DataFrame) -> dict[str, Array]:
    """What `every` adds of methods: each is looked up once."""
    method, by = columns["method"], columns["by"]
    estimated = references(about)

    def of(known: Callable[..., Any]) -> Array:
        if method.size and method.strides == (0,):
            return np.broadcast_to(np.array([known(method[0])], dtype=object), method.shape)
        codes, words = pd.factorize(method)
        return np.array([known(word) for word in words], dtype=object)[codes] if len(words) else method

    folds, kernel = (of(lambda word, name=name: about[name].get(word, np.nan)) for name in ("folds", "kernel"))
    either = _is(folds, "either")
    if either.any():
        folds = np.where(either, np.where(_is(by, "features"), "states", "rows"), folds).astype(object)
    return {"method_folds": folds, "method_kernel": kernel, "method_reference": of(lambda word: estimated.get(word, ""))}


@remembered
@of_dataset
def table(ds: xr.Dataset) -> pd.DataFrame:
    """The points as `every` has them, except that of points that differ only in their team there is one: results do not
    depend on who computes them. It is a done one, if there is any, on the smallest team."""
    frame = every(ds)
    if "team_asked" not in axes(ds):
        return frame
    rest = [name for name in (*COORDINATES, *ds.attrs.get("own_axes", [])) if name in frame and name != "team_asked"]
    order = frame.assign(_late=frame["done"] != 1).sort_values(["_late", "team_asked"], kind="stable")
    return frame.loc[order.drop_duplicates(rest).index.sort_values()]


@of_dataset
def case_columns(ds: xr.Dataset) -> list[str]:
    """Coordinates that vary besides method, n, d and beta: one combination of them is a case."""
    return [name for name in axes(ds) if name not in ("method", "n", "d", "beta", "team_asked")]


def judged(frame: pd.DataFrame) -> pd.DataFrame:
    """The points about the separation of two data sets: those with trials, and those of theory only."""
    about = (frame["trials"] > 0) | (frame["method_folds"] == "none")
    return frame if about.all() else frame[about]


def parts(frame: pd.DataFrame, keys: list[str]) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    """(key, rows) for every combination of `keys`; the key is a tuple, also of a single one (pandas before 2.0 has it bare)."""
    for key, part in frame.groupby(keys[0] if len(keys) == 1 else keys, sort=True, dropna=False):
        yield key if isinstance(key, tuple) else (key,), part


def rows_of(frame: pd.DataFrame, keys: list[str]) -> dict[Key, Array]:
    """{key: positions of its rows} for every combination of `keys`, as `parts` has them, without a copy of the rows."""
    if not len(frame):
        return {}
    number = frame.groupby(keys, sort=True, dropna=False).ngroup().to_numpy()
    order = np.argsort(number, kind="stable")
    starts = np.flatnonzero(np.diff(number[order], prepend=-1))
    firsts = frame[keys].iloc[order[starts]].itertuples(index=False, name=None)
    return dict(zip(firsts, np.split(order, starts[1:])))


def curves(frame: pd.DataFrame, keys: list[str]) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    """(key, points sorted by beta) for every combination of `keys` whose method has a degree."""
    for key, curve in parts(frame[frame["beta"].notna()], keys):
        yield key, curve.sort_values("beta")


def rate(frame: pd.DataFrame) -> pd.Series:
    """Measured rate of success; of theory alone, which measures nothing, the exact probability."""
    return frame["success_rate"].where(frame["method_folds"] != "none", frame["theory_success"])


def baseline(frame: pd.DataFrame, names: list[str], values: list[str] | tuple[Any, ...], method: str) -> pd.DataFrame:
    """Points of `method` that belong to the case names = values, over all n and d.

    Coordinates that the method ignores (NaN, or 0 in all its points) are not compared.
    """
    points = frame[frame["method"] == method]
    for name, value in zip(names, values):
        if name not in _SKETCH_WORDS and not ignored(points[name]):
            points = points[points[name] == value]
    return points


def ignored(column: pd.Series) -> bool:
    """Whether no point of a method has this coordinate: NaN, 0 or the word none in all of them."""
    return bool(column.isna().all() or (column.dtype.kind in "iu" and (column == 0).all()) or (column == "none").all())


def closed_form(curve: dict[str, Array] | pd.DataFrame) -> dict[str, Any] | None:
    """Arguments of `oracle.success` for a curve (points that differ in beta only: a DataFrame or arrays by name), or None.

    None where the closed form does not apply, or does not reproduce the file's theory_success to 1e-9: then only what
    the file says is shown.
    """
    theory, m = (np.asarray(curve[name]) for name in ("theory_success", "m"))
    known = np.flatnonzero(~np.isnan(theory))
    if not len(known) or (m[known] != m[known[0]]).any() or not curve_value(curve, "c", known[0]) > 0:
        return None
    point: dict[str, Any] = {name: float(curve_value(curve, name, known[0])) for name in CONSTANTS}
    method = curve_value(curve, "method", known[0])
    point.update(n=int(curve_value(curve, "n", known[0])), d=int(curve_value(curve, "d", known[0])),
                 method=method if method in BASELINES else "exact", **_scores(curve, known[0]))
    probe = known[np.unique(np.linspace(0, len(known) - 1, 5).astype(int))]
    beta = np.asarray(curve["beta"], float)[probe]
    mine = _probed(tuple(np.where(np.isnan(beta), 1.0, beta)), int(m[known[0]]), tuple(point.items()))
    return point if np.allclose(mine, theory[probe], rtol=0, atol=1e-9) else None


def _scores(curve: dict[str, Array] | pd.DataFrame, i: int) -> dict[str, Any]:
    """Arguments of `oracle.affine` for entry i; files of earlier programs have plain scores."""
    scale, offset, match, center, sigma = (curve_value(curve, name, i) if name in curve else np.nan
                                           for name in ("scale", "offset", "match", "center", "reference_scale"))
    if match == "exp":
        return dict(match=(float(sigma), float(center)))
    return dict(scale=float(scale) if scale > 0 else 1.0, offset=0.0 if np.isnan(offset) else float(offset))


def curve_value(curve: dict[str, Array] | pd.DataFrame, name: str, i: int) -> Any:
    """Entry i of a column, by position."""
    return np.asarray(curve[name])[i]


@functools.lru_cache(maxsize=4096)
def _probed(beta: tuple[Any, ...], m: int, point: tuple[Any, ...]) -> Array:
    return oracle.success(np.array(beta), m, **dict(point))


def case_label(names: list[str], values: list[str] | tuple[Any, ...], part: pd.DataFrame | None = None) -> str:
    """"P1, fp32, m = 8": words stand alone, numbers with their name. The preset of `part` (points) leads in any case."""
    preset = part["preset"].iloc[0] if part is not None and "preset" not in names else "custom"
    parts = [] if preset == "custom" else [str(preset)]
    parts += [str(value) if isinstance(value, str) else f"{SYMBOLS.get(name, name)} = {number(value)}"
             for name, value in zip(names, values) if not _says_nothing(name, value)]
    return plain(", ".join(parts))


def _says_nothing(name: str, value: int | str) -> bool:
    """What does not apply: order 0 of a power, scores that match nothing."""
    return name in _OWN_PARAMETERS and (value in (0, "none") or value != value)


_OWN_PARAMETERS = ("order", "sinks", "keep", "landmarks", "match", "center", "scale", "offset", "epsilon")
SYMBOLS = {"n": "$n$", "d": "$d$", "m": "$m$", "beta": r"$\beta$", "kappa": r"$\kappa$", "a_0": "$a_0$", "a_1": "$a_1$",
           "b": "$b$", "c": "$c$", "r": "$r$"}


def number(value: float) -> str:
    """Short text of a number: integers whole, others with up to six significant digits."""
    return f"{int(value)}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.6g}"
