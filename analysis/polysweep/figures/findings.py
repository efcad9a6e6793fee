"""What a figure shows, in a sentence of numbers: for those who do not see it."""
from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..cases import number, rate
from ..style import size_text
from .marks import SIGNS, three

MOST = 3  #: panels, or curves, of which a sentence speaks


def listed(sentences: list[str], what: str) -> str:
    """The first few, and how many more there are."""
    more = len(sentences) - MOST
    return " ".join([*sentences[:MOST], *([f"{more} more {what}."] if more > 0 else [])])


def separation(panels: list[tuple[str, pd.DataFrame]], over: str, level: float) -> str:
    """Where panels (title, points) separate: those first that do, then how many do nowhere."""
    found = [(plain_title(title), reached(part, over, level)) for title, part in panels]
    somewhere = [f"{title}: {words}." for title, words in found if " from " in words]
    nowhere = [(title, words) for title, words in found if " from " not in words]
    kinds = {words.split(" (")[0] for _, words in nowhere}
    if len(nowhere) > 1 and len(kinds) == 1:
        return f"{listed(somewhere, 'panels')} In {f'{len(nowhere)} of {len(found)}' if somewhere else 'all'} panels {kinds.pop()}.".strip()
    return listed([*somewhere, *(f"{title}: {words}." for title, words in nowhere)], "panels")


def plain_title(title: str) -> str:
    """A title of a panel without the marks of formulas."""
    for name, sign in SIGNS.items():
        title = title.replace(rf"$\{name}$", sign).replace(f"${name}$", sign)
    return title.replace("$", "")


def reached(part: pd.DataFrame, over: str, level: float) -> str:
    """From which degree the rate of success of one panel is at the level: at the first and the last length that have one, and how many
    have none. "from β = 4 (n = 256) to 6 (n = 4096); at 1 of 5 n never"."""
    rates = rate(part)
    known = part[part["done"].astype(bool) & rates.notna()]
    if not len(known):
        return "nothing is measured yet"
    first = known[rates[known.index] >= level].groupby(over)["beta"].min()
    lengths = known[over].nunique()
    if not len(first):
        best = rates[known.index].max()
        return f"the rate reaches {level:g} nowhere (at most {three(best)})"
    (low, high), (at, last) = first.index[[0, -1]], first.iloc[[0, -1]]
    sign = SIGNS.get(over, over)
    words = f"the rate reaches {level:g} from β = {number(at)} at {sign} = {number(low)}"
    words += f" to β = {number(last)} at {sign} = {number(high)}" if len(first) > 1 else ""
    return words + (f", and never at {lengths - len(first)} of {lengths} values of {sign}" if len(first) < lengths else "")


def fitted_slope(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """d log y / d log x by least squares; NaN of fewer than two places."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    fine = (x > 0) & (y > 0) & np.isfinite(x) & np.isfinite(y)
    if len(np.unique(x[fine])) < 2:
        return float("nan")
    return float(np.polyfit(np.log(x[fine]), np.log(y[fine]), 1)[0])


def falls(curve: pd.DataFrame, x: str, name: str) -> str:
    """ "from 1.2 at r = 16 to 0.31 at r = 256, as r^-0.49": how a curve goes from end to end."""
    curve = curve.dropna(subset=[name]).sort_values(x)
    if not len(curve):
        return "is not known"
    first, last = curve.iloc[0], curve.iloc[-1]
    sign, size = ("state", size_text) if x == "state_bytes" else (x, number)
    words = f"{three(first[name])} at {sign} = {size(first[x])}"
    if first[x] == last[x]:
        return words
    slope = fitted_slope(curve[x], curve[name])
    return f"from {words} to {three(last[name])} at {sign} = {size(last[x])}" + (f", as {sign}^{slope:.2f}" if slope == slope else "")
