"""Places of a picture that say something: noted while panels are drawn, in data; fractions of the picture once its layout is fixed."""
from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.axes
import matplotlib.figure
import numpy as np
import numpy.typing as npt
import pandas as pd

from ..cases import number

MOST = 5000  #: of a figure; where there would be more there is none
SIDE = 9.0  #: of the square around a point, in points of 1/72 inch

SIGNS = {"beta": "β", "kappa": "κ", "a_0": "a₀", "a_1": "a₁"}


@dataclass(frozen=True)
class Mark:
    """A place of a picture that says something when it is pointed at: a cell, a bar, a point of a curve. left, top, width, height are
    fractions of the saved picture, from its upper left corner."""

    left: float
    top: float
    width: float
    height: float
    text: str  #: "β = 8, n = 1024: 0.93 (0.89 to 0.96), exact 0.941"


@dataclass(frozen=True)
class _Note:
    """Boxes in data: (box, 4) of left, right, low, high; texts are made when it is known that they are few."""

    boxes: np.ndarray
    say: Callable[[], Sequence[str]]


_notes: weakref.WeakKeyDictionary[matplotlib.axes.Axes, list[_Note]] = weakref.WeakKeyDictionary()


def boxes(ax: matplotlib.axes.Axes, left: npt.ArrayLike, right: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike,
          say: Callable[[], Sequence[str]]) -> None:
    """Notes that boxes of data say something; say() has a text for each. A point is a box without extent. Of more than MOST nothing is
    kept."""
    given = np.stack(np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, float)) for x in (left, right, low, high))), axis=1)
    if 0 < len(given) <= MOST:
        _notes.setdefault(ax, []).append(_Note(given, say))


def points(ax: matplotlib.axes.Axes, x: npt.ArrayLike, y: npt.ArrayLike, say: Callable[[], Sequence[str]]) -> None:
    """Notes that points of data say something."""
    boxes(ax, x, x, y, y, say)


def collect(canvas: matplotlib.figure.Figure) -> list[Mark]:
    """What was noted of the axes of a figure whose layout is fixed; nothing where it is more than MOST."""
    noted = [(ax, note) for ax in _axes(canvas) for note in _notes.pop(ax, ())]
    if sum(len(note.boxes) for _, note in noted) > MOST:
        return []
    return [mark for ax, note in noted for mark in _placed(canvas, ax, note)]


def _axes(canvas: matplotlib.figure.Figure) -> Iterator[matplotlib.axes.Axes]:
    for ax in canvas.axes:
        yield ax
        yield from (child for child in ax.child_axes if isinstance(child, matplotlib.axes.Axes) and child not in canvas.axes)


def _placed(canvas: matplotlib.figure.Figure, ax: matplotlib.axes.Axes, note: _Note) -> list[Mark]:
    """Marks of what is seen of a note: clipped to its panel, points with room around them."""
    with np.errstate(all="ignore"):
        first, last = (ax.transData.transform(note.boxes[:, columns]) for columns in ([0, 2], [1, 3]))
    low, high = np.minimum(first, last), np.maximum(first, last)
    (lowest, highest), size = np.asarray(ax.bbox.get_points(), float), np.array([canvas.bbox.width, canvas.bbox.height])
    room = np.maximum(SIDE / 72 * canvas.dpi - (high - low), 0) / 2
    seen = np.isfinite(low).all(1) & np.isfinite(high).all(1) & (high >= lowest - 1).all(1) & (low <= highest + 1).all(1)
    point = (room > 0).all(1, keepdims=True)  # may reach over the rim; an area may not
    low, high = (np.where(point, end + side * room, np.clip(end + side * room, lowest, highest)) for end, side in ((low, -1), (high, 1)))
    low, high = np.clip(low / size, 0, 1), np.clip(high / size, 0, 1)
    texts = note.say()
    corner, extent = np.round(np.stack([low[:, 0], 1 - high[:, 1]], axis=1), 5).tolist(), np.round(high - low, 5).tolist()
    kept = np.flatnonzero(seen & ((high - low) > 1e-4).all(1)).tolist()
    return [Mark(left, top, width, height, texts[i]) for i in kept for left, top in [corner[i]] for width, height in [extent[i]]]


# ---- what marks say ------------------------------------------------------------------------------------------------------


def place(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """ "β = 8, n = 1024" of each row."""
    columns = [(SIGNS.get(name, name), frame[name].to_numpy()) for name in names]
    return [", ".join(_named(sign, values[i]) for sign, values in columns if values[i] == values[i]) for i in range(len(frame))]


def _named(sign: str, value: Any) -> str:
    return value if isinstance(value, str) else f"{sign} = {number(value)}"


def three(value: float) -> str:
    """Three digits: "0.93", "1.2e-05"; of NaN nothing."""
    return f"{value:.3g}" if value == value else ""


def with_interval(value: float, low: float, high: float, unit: str = "") -> str:
    """ "0.93 (0.89 to 0.96)"; without an interval the value alone."""
    unit = f" {unit}" if unit else ""
    return f"{three(value)}{unit}" + (f" ({three(low)} to {three(high)}{unit})" if low == low and high == high else "")


def rates(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """ "β = 8, n = 1024: 0.93 (0.89 to 0.96), exact 0.941" of each row; of a point without a result its status."""
    rows = frame[["success_rate", "success_lo", "success_hi", "theory_success", "status", "done"]].itertuples(index=False)
    return [f"{where}: {_rate(*row)}" for where, row in zip(place(frame, names), rows)]


def _rate(rate: float, low: float, high: float, exact: float, status: str, done: bool) -> str:
    known = f"exact {three(exact)}" if exact == exact else ""
    if not done:
        return ", ".join(filter(None, [str(status).replace("_", " "), known]))
    return ", ".join(filter(None, [with_interval(rate, low, high) if rate == rate else "", known])) or "no rate"
