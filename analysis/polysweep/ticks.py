"""Ticks of an axis: 2 to 6 of the round or of the given values, whose labels do not touch."""
from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from . import backend  # noqa: F401, first: it imports matplotlib

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axis import Axis
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

FEWEST, MOST = 2, 6
GAP = 0.55  #: between labels, of their size
DENSE = 27  #: a grid of more values gets round numbers

Array = npt.NDArray[np.float64]


def plain(value: float) -> str:
    """Six digits at most, or a whole number: "0.25", "1048576"."""
    return f"{value:.0f}" if abs(value) < 1e9 and float(value).is_integer() else f"{value:.6g}"


def ticks(axis: Axis, values: npt.ArrayLike | None = None, scale: str = "linear", text: Callable[[float], str] = plain,
          whole: bool = False) -> None:
    """The scale of an axis, and labels (`text` of a value): some of `values`, a grid; without them round numbers, whole ones if asked for.
    How many depends on the room there is when the figure is drawn."""
    axis.axes.set(**{f"{axis.axis_name}scale": scale})  # type: ignore[attr-defined]
    axis.set_major_locator(Readable(values, scale, text, whole))
    axis.set_minor_locator(mpl.ticker.NullLocator())
    axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: text(value)))


class Readable(mpl.ticker.Locator):
    """The first choice of ticks with three labels or more that fit, else with two."""

    def __init__(self, values: npt.ArrayLike | None, scale: str, text: Callable[[float], str], whole: bool) -> None:
        self._values = None if values is None else np.unique(np.asarray(values, float))
        self._scale, self._text, self._whole = scale, text, whole

    def __call__(self) -> Any:
        return self.tick_values(*self.axis.get_view_interval())  # type: ignore[union-attr]

    def tick_values(self, vmin: float, vmax: float) -> Any:
        low, high = min(vmin, vmax), max(vmin, vmax)
        room, seen = 1e-9 * (high - low), []
        for kind in self._choices(low, high):
            choices = [choice[(choice >= low - room) & (choice <= high + room)] for choice in kind]
            fitting = [choice for choice in choices if FEWEST <= len(choice) <= MOST and self._fits(choice, low, high)]
            if fitting:
                return next((choice for choice in fitting if len(choice) > FEWEST), fitting[0])
            seen += [choice[:1] for choice in choices if len(choice)]
        return seen[0] if seen else np.array([])

    def _choices(self, low: float, high: float) -> Iterator[Iterator[Array]]:
        """Kinds of choices, the best first."""
        if self._values is not None and len(self._values) <= DENSE:
            yield chosen(self._values, self._scale)
            if len(self._values) < FEWEST:
                return
        elif self._scale == "log" and low > 0:
            yield decades(low, high)
        yield round_numbers(low, high, self._whole)
        if not self._whole:
            yield ends(low, high)

    def _fits(self, choice: Array, low: float, high: float) -> bool:
        """Whether labels are different, and stand beside (on a vertical axis above) each other."""
        axes, texts = self.axis.axes, [self._text(value) for value in choice]  # type: ignore[union-attr]
        font = self.axis.get_major_ticks(1)[0].label1.get_fontproperties()  # type: ignore[union-attr]
        across, size = self.axis.axis_name == "x", font.get_size_in_points()  # type: ignore[union-attr]
        length = (axes.bbox.width if across else axes.bbox.height) / axes.figure.dpi * 72
        place = self.axis.get_transform().transform(np.r_[low, high, choice])  # type: ignore[union-attr]
        at = np.abs(place[2:] - place[0]) / np.abs(place[1] - place[0]) * length
        extent = np.array([_width(text, font) if across else 1.15 * size for text in texts])
        apart = np.abs(np.diff(at)) - (extent[1:] + extent[:-1]) / 2
        return len(set(texts)) == len(texts) and bool((apart >= GAP * size * (1 if across else 0.4)).all())


@functools.lru_cache(maxsize=4096)
def _width(text: str, font: FontProperties) -> float:
    """In points."""
    return float(TextToPath().get_text_width_height_descent(text, font, ismath="$" in text)[0])


def chosen(values: Array, scale: str) -> Iterator[Array]:
    """Subsets of a grid, from all of it down to a few: powers of two first where it has several, then every k-th, then what is evenly
    spaced on the axis."""
    yield values
    powers = values[(values > 0) & (np.log2(np.maximum(values, 1e-300)) % 1 == 0)]
    sets = [powers, values] if scale == "log" and len(powers) >= 4 else [values]
    for with_end in (True, False):
        for stride in range(1, max(len(values), 2)):
            yield from (each[::stride] for each in sets if _even(each, scale) and ((len(each) - 1) % stride == 0) == with_end)
    for each in sets:
        yield from (each[_kept(each, scale, most)] for most in range(MOST, 1, -1))
    yield values[[0, -1]]


def _even(values: Array, scale: str) -> bool:
    """Whether a grid has steps of about one length."""
    steps = np.diff(np.log(values) if scale == "log" else values)
    return len(steps) > 0 and bool(steps.max() < 1.7 * steps.min())


def _kept(values: Array, scale: str, most: int) -> list[int]:
    """Indices of values at least 1/most of the axis apart, from the first on."""
    place = np.log(values) if scale == "log" else values
    kept = [0]
    for i in range(1, len(values)):
        if place[i] - place[kept[-1]] >= (place[-1] - place[0]) / most * 0.999:
            kept.append(i)
    return kept


def decades(low: float, high: float) -> Iterator[Array]:
    """Powers of ten, every k-th where they are many, else finer ones."""
    first, last = int(np.floor(np.log10(low))) - 1, int(np.ceil(np.log10(high))) + 1
    powers = np.arange(first, last + 1)
    for stride in (1, 2, 3, 4, 5, 6, 10, 20, 50):
        yield 10.0 ** powers[powers % stride == 0]
    for within in ((1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), range(1, 10)):
        yield np.sort(np.outer(within, 10.0 ** powers).ravel())


def ends(low: float, high: float) -> Iterator[Array]:
    """Both ends of a range to few digits: where nothing rounder has room."""
    for digits in (1, 2, 3):
        unit = 10.0 ** (np.floor(np.log10(max(abs(low), abs(high), 1e-300))) + 1 - digits)
        yield np.unique([np.ceil(low / unit - 1e-9) * unit, np.floor(high / unit + 1e-9) * unit])


def round_numbers(low: float, high: float, whole: bool) -> Iterator[Array]:
    """Multiples of 1, 2, 2.5 or 5 times a power of ten, from many to few."""
    steps = [1, 2, 5, 10] if whole else [1, 2, 2.5, 5, 10]
    for bins in range(MOST + 1, 0, -1):
        yield np.asarray(mpl.ticker.MaxNLocator(bins, steps=steps, integer=whole).tick_values(low, high))
