"""One look for all figures: fonts that come with matplotlib, few colours, thin rules, scales that follow the grid."""
from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from . import backend  # noqa: F401, first: it imports matplotlib

import matplotlib as mpl
import matplotlib.patheffects as effects
import numpy as np
import numpy.typing as npt

from .colour import contrast
from .kinds import Array, Colour, Dashes, Marker
from .ticks import ticks as ticks  # of an axis of any figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import GraphicsContextBase, RendererBase
    from matplotlib.collections import QuadMesh
    from matplotlib.colors import Colormap
    from matplotlib.path import Path
    from matplotlib.transforms import Transform

INK, GREY, PALE = "#1b1b1b", "#6f6f6f", "#e6e6e6"
RED = "#c8102e"  #: predictions, and what went wrong
MAP = "viridis"  #: perceptually uniform, and readable with the common colour deficiencies

#: Okabe and Ito's colours (2008), but for yellow, and two of Tol's (2021): apart by CIEDE2000 > 10 also without a cone of any kind
BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILLION, SKY, WINE, INDIGO = (
    "#000000", "#0072B2", "#009E73", "#E69F00", "#CC79A7", "#D55E00", "#56B4E9", "#882255", "#332288")

#: colours of curves that are no methods
CURVES = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, INDIGO)

#: method: (colour, marker, dashes); no two have a marker or dashes in common, and sketches of one kernel no colour
METHODS: dict[str, tuple[Colour, Marker, Dashes]] = {
    "exact": (BLACK, "s", "-"), "softmax": (GREY, "D", (0, (6, 1.5))), "polysketch": (BLUE, "o", (0, (9, 1))),
    "tree": (GREEN, "p", (0, (4, 1.2))), "tensorsketch": (ORANGE, "^", (0, (7, 1.2, 1, 1.2))), "srht": (PURPLE, "h", (0, (2, 1))),
    "maclaurin": (VERMILLION, "v", (0, (4, 1, 1, 1))), "favor": (WINE, "P", (0, (6, 1, 2, 1))), "monomial": (INDIGO, "X", (0, (1, 1))),
    "taylor": (SKY, "H", (0, (8, 1, 1, 1, 1, 1))), "elu1": (ORANGE, "<", (0, (3, 1, 3, 1, 1, 1))), "relu": (GREEN, ">", (0, (5, 2.5))),
    "linear": (SKY, "*", (0, (3, 2))), "closed_form": (BLACK, "d", (0, (1, 2))), "uniform": (PURPLE, "8", (0, (1, 3))),
    "window": (WINE, (4, 1, 0), (0, (2, 2.5))), "topk": (VERMILLION, (3, 1, 0), (0, (5, 1, 1, 1, 1, 1))),
    "nystrom": (INDIGO, (6, 1, 0), (0, (2, 1, 1, 1))),
}

RC: dict[Any, Any] = {
    "font.family": "STIXGeneral", "mathtext.fontset": "stix", "font.size": 10, "axes.titlesize": 10.5,
    "axes.labelsize": 10.5, "xtick.labelsize": 9, "ytick.labelsize": 9, "legend.fontsize": 9,
    "axes.linewidth": 0.6, "axes.edgecolor": INK, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK,
    "ytick.color": INK, "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 3,
    "ytick.major.size": 3, "xtick.minor.size": 0, "ytick.minor.size": 0, "axes.titlepad": 6, "axes.titlelocation": "left",
    "legend.frameon": False, "hatch.linewidth": 0.5, "savefig.dpi": 200, "figure.dpi": 100, "svg.fonttype": "none",
    "svg.hashsalt": "polysweep", "lines.solid_capstyle": "round",
}


def use() -> AbstractContextManager[None]:
    """Context in which figures are drawn and saved."""
    return mpl.rc_context({**mpl.rcParamsDefault, **RC, "backend": "agg"})


class Casing(effects.AbstractPathEffect):
    """A continuous pale band below a line, so that dashes of any colour stand out on any cell."""

    def __init__(self, extra: float = 2.4, colour: Colour = "white", alpha: float = 0.85) -> None:
        super().__init__()
        self.extra, self.colour, self.alpha = extra, mpl.colors.to_rgb(colour), alpha

    def draw_path(self, renderer: RendererBase, gc: GraphicsContextBase, path: Path, affine: Transform, rgb: Colour | None = None) -> None:
        band = renderer.new_gc()
        band.copy_properties(gc)
        band.set_dashes(0, None)
        band.set_foreground(self.colour)
        band.set_alpha(self.alpha)
        band.set_linewidth(gc.get_linewidth() + self.extra)
        renderer.draw_path(band, path, affine, None)
        band.restore()
        renderer.draw_path(gc, path, affine, rgb)


def scale_of(values: npt.ArrayLike) -> str:
    """"log" where the grid is closer to geometric than to arithmetic, else "linear"."""
    values = np.unique(np.asarray(values, float))
    if len(values) < 3:
        return "log" if len(values) == 2 and values[0] > 0 and values[1] >= 2 * values[0] else "linear"
    if values[0] <= 0:
        return "linear"
    return "log" if _spread(np.log(values)) < _spread(values) else "linear"


def _spread(values: Array) -> float:
    steps = np.diff(values)
    return steps.std() / steps.mean()


def cell_edges(values: npt.ArrayLike, scale: str) -> Array:
    """Borders of cells around sorted grid values: midpoints in the axis's scale, half a step beyond the ends."""
    x = np.log(values) if scale == "log" else np.asarray(values, float)
    if len(x) == 1:
        edges = np.array([x[0] - 0.35, x[0] + 0.35])
    else:
        middle = 0.5 * (x[1:] + x[:-1])
        edges = np.concatenate([[1.5 * x[0] - 0.5 * x[1]], middle, [1.5 * x[-1] - 0.5 * x[-2]]])
    return np.exp(edges) if scale == "log" else edges


def cells(axes: Axes, x: Array, y: Array, value: Array, colours: str | Colormap = MAP, ends: tuple[float, float] = (0, 1)) -> QuadMesh:
    """Values (rates) as coloured cells between borders x, y; thin white rules as long as the cells are wide enough for them."""
    rule = 0.25 if max(value.shape) <= 40 else 0.0
    return axes.pcolormesh(x, y, value, cmap=colours, vmin=ends[0], vmax=ends[1], edgecolors="white" if rule else "none", linewidth=rule,
                           rasterized=value.size > 4000 or max(value.shape) > 256)  # narrower than a dot


def sequence(count: int, lightest: float = 0.86) -> list[Colour]:
    """`count` ordered colours for curves, dark to light but never too light for white paper (0.75: for text too)."""
    return [mpl.colormaps["viridis"](x) for x in np.linspace(0.02, lightest, max(count, 2))][:count]


def method(name: str) -> tuple[Colour, Marker]:
    """(colour, marker) of a method."""
    return METHODS.get(name, (GREY, (5, 1, 0)))[:2]


def dashes(name: str) -> Dashes:
    """The dashes of a method's lines."""
    return METHODS.get(name, ("", "", (0, (3, 1, 1, 1, 1, 1, 1, 1))))[2]


def text_on(colour: Colour) -> str:
    """Black or white, whichever is read better over a colour: contrast 4.5 at least."""
    return max(("#000000", "#ffffff"), key=lambda text: contrast(mpl.colors.to_rgb(text), mpl.colors.to_rgb(colour)))


def order(name: str) -> tuple[int, str]:
    """The position of a method in a legend; those without their own colour come last, by name."""
    return (list(METHODS).index(name), "") if name in METHODS else (len(METHODS), name)


def powers(low: float, high: float) -> Array:
    """Powers of two from low to high, every second one where they are many; both ends where there is none."""
    first, last = np.ceil(np.log2(low) - 1e-9), np.floor(np.log2(high) + 1e-9)
    if last < first:
        return np.unique([low, high])
    return 2.0 ** np.arange(first, last + 1, 1 if last - first < 6 else 2)


def decade(value: float, _: object = None) -> str:
    """"0.01", "0.5", "100", else a power of ten, times what it takes."""
    power = np.floor(np.log10(value) + 1e-9).astype(int)
    if -3 <= power <= 3:
        return f"{value:g}"
    times = f"{value / 10.0 ** power:.3g}"
    return rf"$10^{{{power}}}$" if times == "1" else rf"${times} \cdot 10^{{{power}}}$"


def size_text(size: float, _: object = None) -> str:
    """"12 kB", "1.5 MB": decimal units."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size:.3g} B"
