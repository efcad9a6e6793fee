"""Critical degree against the sequence length: the logarithmic law, measured and predicted."""
from __future__ import annotations

import matplotlib.figure
import matplotlib.lines
import matplotlib.patches
import numpy as np

from .. import style
from ..cases import case_columns, case_label, number, table
from ..critical import TARGET, critical
from .figure import Figure, facts, spaced

MOST_WIDTHS, MOST_CASES = 3, 6
COLOURS = ("#0b4f8a", "#c8102e", "#2f7d4f", "#b8730b", "#6a3d9a", "#4d4d4d")


def degrees(ds, target=TARGET, found=None):
    """Yields the figure of the measured critical degree over n, a panel per width and a colour per case; nothing with
    fewer than three lengths. found: the table of `critical`, if it is there already."""
    names, frame = case_columns(ds), table(ds)
    found = critical(ds, target) if found is None else found
    if not len(found):
        return
    groups = {(key[-1], *key[:-1]): part.sort_values("n") for key, part in
              found[found["trials"] > 0].groupby([*names, "method", "d"])
              if part["n"].nunique() > 2 and part["beta_crit"].notna().sum() > 2}
    if not groups:
        return
    widths, cases = spaced({key[0] for key in groups}, MOST_WIDTHS), spaced({key[1:] for key in groups}, MOST_CASES)
    with style.use():
        canvas = _canvas({key: groups[key] for key in groups if key[0] in widths and key[1:] in cases}, names, frame, target)
    caption = (f"First degree of the grid whose rate of success is at least {target:g} (points), against the "
               "sequence length. Bars: from the last degree that is below it to the first that reaches it, by 95 % Wilson "
               "intervals. Lines: predicted critical degree. "
               "Bands, where there is one: from the derived bound up to which D\u2081 cannot fire to the one "
               "from which it can.")
    left_out = len(groups) - sum(key[0] in widths and key[1:] in cases for key in groups)
    if left_out:
        caption += f" {left_out} further curves are in the data only."
    yield Figure("critical-degrees", "Critical degree against sequence length", f"{caption} {facts(frame)}", canvas,
                 {"": found})


def _canvas(groups, names, frame, target):
    widths, cases = sorted({key[0] for key in groups}), sorted({key[1:] for key in groups}, key=str)
    colours = dict(zip(cases, COLOURS))
    lengths = np.array(sorted({n for part in groups.values() for n in part["n"]}), float)
    canvas = matplotlib.figure.Figure(figsize=(2.6 + (3.6 if len(widths) == 1 else 2.6 * len(widths)), 3.3),
                                      layout="constrained")
    row = canvas.subplots(1, len(widths), squeeze=False, sharey=True)[0]
    scale = style.scale_of(lengths)
    for ax, width in zip(row, widths):
        for key, part in groups.items():
            if key[0] == width:
                _curve(ax, part, colours[key[1:]])
        style.grid_axis(ax.xaxis, lengths, scale, most=10 if len(widths) == 1 else 6)
        ax.set(xlim=style.cell_edges(lengths, scale)[[0, -1]], ylim=(0, None), xlabel="sequence length $n$")
        ax.set_title(f"$d$ = {number(width)}", pad=5)
        ax.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(8, integer=True))
        ax.spines[["top", "right"]].set_visible(False)
    row[0].set_ylabel(rf"first $\beta$ with rate $\geq$ {target:g}")
    bounds = any((part["beta_fail"] > 0).any() for part in groups.values())
    handles = _handles(colours, names, frame)
    canvas.legend(handles=handles if bounds else handles[:-1], loc="outside right upper", handlelength=1.8)
    return canvas


def _curve(ax, part, colour):
    low, high = part["beta_fail"].where(part["beta_fail"] > 0), part["beta_ok"].where(np.isfinite(part["beta_ok"]))
    ax.fill_between(part["n"], low, high, color=colour, alpha=0.12, linewidth=0)
    ax.plot(part["n"], part["beta_c"], color=colour, linewidth=1.2)
    low, high = part["crit_below"].fillna(part["crit_lo"]), part["crit_hi"].fillna(part["beta_crit"])
    ax.vlines(part["n"], low, high, color=colour, linewidth=1.1)
    ax.plot(part["n"], part["beta_crit"], "o", color=colour, markersize=4.6, markeredgecolor="white", markeredgewidth=0.6)


def _handles(colours, names, frame):
    handles = []
    for key, colour in colours.items():
        points = frame
        for name, value in zip([*names, "method"], key):
            points = points[points[name] == value]
        label = ", ".join(filter(None, [case_label(names, key[:-1], points), "" if key[-1] == "exact" else key[-1]]))
        handles.append(matplotlib.lines.Line2D([], [], color=colour, marker="o", markersize=4.6, linewidth=1.2,
                                               markeredgecolor="white", markeredgewidth=0.6, label=label or key[-1]))
    handles.append(matplotlib.lines.Line2D([], [], color=style.GREY, linewidth=1.2, label=r"$\beta_c$: predicted (derived)"))
    handles.append(matplotlib.patches.Patch(color=style.GREY, alpha=0.2, linewidth=0,
                                            label=r"$\beta_{\mathrm{fail}}$ to $\beta_{\mathrm{ok}}$ (derived bounds)"))
    return handles
