"""A plan's prediction for larger teams, drawn next to the measurements."""
from __future__ import annotations

from collections.abc import Sequence

import matplotlib.lines
import matplotlib.patches
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from .. import style
from ..projection import CENTRAL, FEWEST, Band
from ..kinds import Colour

_SEEN = ("The calibration has seen these points: its rates come from the same file, and the band may be narrower than for "
         "points that it has not seen. ")
DASHES = (0, (6, 1.5, 1, 1.5))


def draw(ax: Axes, rows: pd.DataFrame, name: str, colour: Colour) -> None:
    """One series: its prediction and the band, without marks, since nothing was measured there."""
    ax.plot(rows["team"], rows[name], color=colour, linewidth=1.1, linestyle=DASHES, zorder=2.2)
    if rows[name + "_lo"].notna().all():
        ax.fill_between(rows["team"].to_numpy(float), rows[name + "_lo"], rows[name + "_hi"], color=colour, alpha=0.16,
                        linewidth=0, zorder=1.5)


def handles(rows: pd.DataFrame) -> list[Artist]:
    """Legend entries for all series together."""
    found: list[Artist] = [matplotlib.lines.Line2D([], [], color=style.GREY, linewidth=1.1, linestyle=DASHES, label="plan")]
    if rows["time_s_lo"].notna().any():
        found.append(matplotlib.patches.Patch(color=style.GREY, alpha=0.25, linewidth=0, label="its error so far"))
    return found


def caption(rows: pd.DataFrame) -> str:
    """Where the rates come from, what the band is and what it is based on."""
    text = (f"Dash-dotted: predicted by polysweep plan, with the rates of {rows.attrs['rates']}; not measured, and not "
            "scaled to meet the points. ")
    bands = {method: rows.attrs["bands"].get(method) for method in rows["method"].unique()}
    known = [band for band in dict.fromkeys(bands.values()) if band]
    if known:
        seen = rows.attrs["seen"] and any(band.of_plan for band in known)
        words = "; ".join(_band([method for method in bands if bands[method] == band], band) for band in known)
        text += (f"Band: the prediction times measured over predicted seconds of what was measured, the central "
                 f"{100 * CENTRAL:.0f} % of them ({words}). {_SEEN if seen else ''}That it holds on larger teams is not known. ")
    without = [method for method, band in bands.items() if band is None]
    if without:
        text += f"No band for {', '.join(without)}: fewer than {FEWEST} predictions can be held against a measurement. "
    return text


def _band(methods: Sequence[str], band: Band) -> str:
    whose = ("of this plan" if band.of_plan else "of the file itself") + ("" if band.own else ", all methods together")
    return f"{', '.join(methods)}: {band.lo:.2f} to {band.hi:.2f}, {band.count} predictions {whose}"
