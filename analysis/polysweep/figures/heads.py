"""Errors of sketches on attention heads from a file, beside how spread out each head's attention is."""
from __future__ import annotations

import matplotlib.figure
import matplotlib.lines
import numpy as np

from .. import style
from ..aside import legend
from ..cases import case_label
from ..checks import of_dataset
from ..sketches import SERIES, held, label, sketches
from .figure import Figure, kernel_text, kernels, spaced

ERRORS = {"err_out": "error of the output\n(err_out)", "err_attn": "error of the attention weights\n(err_attn)"}
MOST_DEGREES, MOST_SERIES, MOST_CASES = 3, 8, 2


@of_dataset
def heads(ds):
    """Yields, for every case, the figure of the errors of each head over the entropy of its exact attention (over the
    number of the head where the file has no entropy); nothing unless heads of a file were sketched."""
    frame = sketches(ds)
    frame = frame[frame["done"] & (frame["data_kind"] == "file")] if len(frame) else frame
    if len(frame):  # maps that are exact have no error to show
        frame = frame[frame[list(ERRORS)].gt(frame["rounding"], axis=0).any(axis=1)]
    if not len(frame) or frame["head"].nunique() < 2 or not frame[list(ERRORS)].notna().any(axis=None):
        return
    names = [name for name in held(ds) if name != "head"]
    cases = dict(iter(frame.groupby([*names, "n", "d"], dropna=False)))
    chosen = spaced(cases, MOST_CASES)
    for k, key in enumerate(chosen):
        with style.use():
            canvas = _canvas(cases[key])
        case = ", ".join(filter(None, [case_label(names, key[:-2]), f"n = {key[-2]}, d = {key[-1]}"]))
        yield Figure(f"heads{f'-{k + 1}' if len(chosen) > 1 else ''}", f"Error of each head: {case}",
                     _caption(frame, len(cases) - len(chosen)), canvas,
                     {"": frame[[*names, "method", "n", "d", "beta", "head", "r", "features", "local", "draws", "entropy",
                                 *(name + kind for name in ERRORS for kind in ("", "_mean", "_q90"))]]})


def _caption(frame, left_out):
    text = "Points: median over draws of the sketch, one per head; bars reach up to the 90 % quantile. "
    if frame["entropy"].notna().any():
        text += ("Entropy: mean over queries of the entropy of the exact attention weights of that degree, in nats; its "
                 "exponential is the number of keys a query attends to. Grey numbers: heads. ")
    if left_out:
        text += f"{left_out} further cases are in the data only. "
    return text.strip()


def _canvas(part):
    degrees = spaced(kernels(part).unique(), MOST_DEGREES)
    series = spaced({tuple(key) for key in part[[*SERIES, "r", "features"]].drop_duplicates().itertuples(index=False)},
                    MOST_SERIES)
    series.sort(key=lambda key: (style.order(key[0]), key[-1], key[1:]))
    colours = dict(zip(series, style.sequence(len(series))))
    canvas = matplotlib.figure.Figure(figsize=(2.4 + 2.9 * len(degrees), 5.2), layout="constrained")
    grid = canvas.subplots(2, len(degrees), squeeze=False, sharey="row", sharex="col")
    x = "entropy" if part["entropy"].notna().any() else "head"
    for column, beta in zip(grid.T, degrees):
        points = part[kernels(part) == beta]
        for ax, name in zip(column, ERRORS):
            _panel(ax, points, series, colours, x, name)
        lines = _numbers(column[0], points, x)
        column[0].set_title(kernel_text(beta), pad=5 + 8 * lines)
        column[-1].set_xlabel("entropy of attention (nats)" if x == "entropy" else "head")
    for ax, (name, words) in zip(grid[:, 0], ERRORS.items()):
        ax.set_ylabel(words, linespacing=1.25)
        _limits(ax, part[kernels(part).isin(degrees)], name)
    handles = [matplotlib.lines.Line2D([], [], color=colours[key], marker=style.method(key[0])[1], linestyle="", markersize=5,
                                       markeredgewidth=0, label=_words(key)) for key in series]
    legend(canvas, "right upper", handles=handles, labelspacing=0.7)
    return canvas


def _words(key):
    method, local, weights, r, features = key
    size = f"$r$ = {int(r)}" if r else f"{int(features)} features"
    return f"{label(method, local, weights)}, {size}"


def _panel(ax, points, series, colours, x, name):
    shown = points[points[name] > points["rounding"]]
    for key in series:
        part = shown[(shown[[*SERIES, "r", "features"]] == list(key)).all(axis=1)]
        colour = colours[key]
        ax.vlines(part[x], part[name], part[name + "_q90"], color=colour, linewidth=0.8, alpha=0.6)
        ax.plot(part[x], part[name], style.method(key[0])[1], color=colour, markersize=4.6, markeredgecolor="white",
                markeredgewidth=0.5)
    ax.axhline(1, color=style.PALE, linewidth=0.8, zorder=0)
    ax.spines[["top", "right"]].set_visible(False)
    if x == "head":
        ax.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(10, integer=True))


def _limits(ax, part, name):
    """Of a row of panels, which share them."""
    shown = part[part[name] > part["rounding"]]
    low, high = shown[name].min(), shown[name].max()
    ax.set_ylim(low / 1.6, max(1.6 * high, min(1.2 * shown[name + "_q90"].max(), 20 * high)))
    style.log_axis(ax.yaxis, fine=(1, 2, 5) if high < 20 * low else ())


def _numbers(ax, points, x):
    """The number of each head above its points, higher where neighbours would touch. How many lines that takes."""
    if x != "entropy":
        return 0
    places = points.groupby("head")["entropy"].first().dropna().sort_values()
    if len(places) > 32 or not len(places):
        return 0
    gap, ends = 0.05 * max(np.ptp(places), 1e-9), [-np.inf] * 3  # ends: where each line is free again
    for head, at in places.items():
        line = next((i for i, end in enumerate(ends) if at >= end), int(np.argmin(ends)))
        ends[line] = at + gap
        ax.annotate(str(int(head)), (at, 1), xycoords=("data", "axes fraction"), xytext=(0, 2 + 7 * line), ha="center",
                    textcoords="offset points", fontsize=7, color=style.GREY)
    return int(np.isfinite(ends).sum())
