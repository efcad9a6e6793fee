"""One look for all figures: fonts that come with matplotlib, few colours, thin rules, scales that follow the grid."""
from __future__ import annotations

import matplotlib as mpl
import matplotlib.patheffects as effects
import numpy as np

from . import backend  # noqa: F401, first: it imports matplotlib

INK, GREY, PALE = "#1b1b1b", "#6f6f6f", "#e6e6e6"
RED = "#c8102e"  #: predictions, and what went wrong
MAP = "viridis"  #: perceptually uniform, and readable with the common colour deficiencies

#: method: (colour, marker); hues that stay apart with the common colour deficiencies, none of them the red of predictions
METHODS = {"exact": (INK, "s"), "softmax": (INK, "D"), "polysketch": ("#0b5fa5", "o"), "tree": ("#2f8f6b", "s"),
           "tensorsketch": ("#d9780f", "^"), "srht": ("#8a5fb0", "D"), "maclaurin": ("#b83a7a", "v"), "favor": ("#7a5a2f", "P"),
           "monomial": (INK, "X"), "taylor": ("#3f8fb0", "h"), "elu1": ("#a06a00", "<"), "relu": ("#6b8e23", ">")}

RC = {
    "font.family": "STIXGeneral", "mathtext.fontset": "stix", "font.size": 10, "axes.titlesize": 10.5,
    "axes.labelsize": 10.5, "xtick.labelsize": 9, "ytick.labelsize": 9, "legend.fontsize": 9,
    "axes.linewidth": 0.6, "axes.edgecolor": INK, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK,
    "ytick.color": INK, "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 3,
    "ytick.major.size": 3, "xtick.minor.size": 0, "ytick.minor.size": 0, "axes.titlepad": 6, "axes.titlelocation": "left",
    "legend.frameon": False, "hatch.linewidth": 0.5, "savefig.dpi": 200, "figure.dpi": 100, "svg.fonttype": "none",
    "svg.hashsalt": "polysweep", "lines.solid_capstyle": "round",
}


def use():
    """Context in which figures are drawn and saved."""
    return mpl.rc_context({**mpl.rcParamsDefault, **RC, "backend": "agg"})


class Casing(effects.AbstractPathEffect):
    """A continuous pale band below a line, so that dashes of any colour stand out on any cell."""

    def __init__(self, extra=2.4, colour="white", alpha=0.85):
        super().__init__()
        self.extra, self.colour, self.alpha = extra, mpl.colors.to_rgb(colour), alpha

    def draw_path(self, renderer, gc, path, affine, rgb=None):
        band = renderer.new_gc()
        band.copy_properties(gc)
        band.set_dashes(0, None)
        band.set_foreground(self.colour)
        band.set_alpha(self.alpha)
        band.set_linewidth(gc.get_linewidth() + self.extra)
        renderer.draw_path(band, path, affine, None)
        band.restore()
        renderer.draw_path(gc, path, affine, rgb)


def scale_of(values) -> str:
    """"log" where the grid is closer to geometric than to arithmetic, else "linear"."""
    values = np.unique(np.asarray(values, float))
    if len(values) < 3:
        return "log" if len(values) == 2 and values[0] > 0 and values[1] >= 2 * values[0] else "linear"
    if values[0] <= 0:
        return "linear"
    return "log" if _spread(np.log(values)) < _spread(values) else "linear"


def _spread(values):
    steps = np.diff(values)
    return steps.std() / steps.mean()


def cell_edges(values, scale):
    """Borders of cells around sorted grid values: midpoints in the axis's scale, half a step beyond the ends."""
    x = np.log(values) if scale == "log" else np.asarray(values, float)
    if len(x) == 1:
        edges = np.array([x[0] - 0.35, x[0] + 0.35])
    else:
        middle = 0.5 * (x[1:] + x[:-1])
        edges = np.concatenate([[1.5 * x[0] - 0.5 * x[1]], middle, [1.5 * x[-1] - 0.5 * x[-2]]])
    return np.exp(edges) if scale == "log" else edges


def cells(axes, x, y, value):
    """Rates as coloured cells between borders x, y; thin white rules as long as the cells are wide enough for them."""
    rule = 0.25 if max(value.shape) <= 40 else 0.0
    return axes.pcolormesh(x, y, value, cmap=MAP, vmin=0, vmax=1, edgecolors="white" if rule else "none", linewidth=rule,
                           rasterized=value.size > 4000 or max(value.shape) > 256)  # narrower than a dot


def grid_axis(axis, values, scale, most=9):
    """Scale and ticks of an axis at grid values; thinned where they would touch. A dense grid gets round numbers."""
    axis.axes.set(**{f"{axis.axis_name}scale": scale})
    dense = len(np.unique(values)) > 3 * most
    if not dense:
        axis.set_major_locator(mpl.ticker.FixedLocator(thinned(values, scale, most)))
    elif scale == "linear":
        axis.set_major_locator(mpl.ticker.MaxNLocator(most, steps=[1, 2, 5, 10]))
    axis.set_minor_locator(mpl.ticker.NullLocator())
    axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:.6g}"))


def thinned(values, scale, most=9):
    """At most about `most` of the values, at least 1/most of the axis apart; powers of two where there are enough."""
    values = np.unique(np.asarray(values, float))
    if scale == "log" and len(values) > most:
        powers = values[np.log2(values) % 1 == 0]
        values = powers if 4 <= len(powers) <= most else values
    place = np.log(values) if scale == "log" else values
    gap = (place[-1] - place[0]) / most if len(values) > 1 else 0.0
    kept = [0]
    for i in range(1, len(values)):
        if place[i] - place[kept[-1]] >= gap * 0.999:
            kept.append(i)
    return values[kept]


def sequence(count, lightest=0.86):
    """`count` ordered colours for curves, dark to light but never too light for white paper (0.75: for text too)."""
    return [mpl.colormaps["viridis"](x) for x in np.linspace(0.02, lightest, max(count, 2))][:count]


def method(name):
    """(colour, marker) of a method."""
    return METHODS.get(name, (GREY, "o"))


def order(name):
    """The position of a method in a legend; those without their own colour come last, by name."""
    return (list(METHODS).index(name), "") if name in METHODS else (len(METHODS), name)


def log_axis(axis, fine=()):
    """Logarithmic with a tick per decade (fine: at these multiples, (1, 2, 5)), plain near 1, else powers of ten."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_locator(mpl.ticker.LogLocator(10, subs=fine or (1,), numticks=12 if fine else 7))
    axis.set_minor_locator(mpl.ticker.NullLocator())
    axis.set_major_formatter(mpl.ticker.FuncFormatter(decade))


def powers(low, high):
    """Powers of two from low to high, every second one where they are many; both ends where there is none."""
    first, last = np.ceil(np.log2(low) - 1e-9), np.floor(np.log2(high) + 1e-9)
    if last < first:
        return np.unique([low, high])
    return 2.0 ** np.arange(first, last + 1, 1 if last - first < 6 else 2)


def decade(value, _=None):
    """"0.01", "0.5", "100", else a power of ten, times what it takes."""
    power = np.floor(np.log10(value) + 1e-9).astype(int)
    if -3 <= power <= 3:
        return f"{value:g}"
    times = f"{value / 10.0 ** power:.3g}"
    return rf"$10^{{{power}}}$" if times == "1" else rf"${times} \cdot 10^{{{power}}}$"


def size_text(size, _=None):
    """"12 kB", "1.5 MB": decimal units."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size:.3g} B"
