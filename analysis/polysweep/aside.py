"""Legends beside the panels of a figure, also where matplotlib (3.6) does not know how to keep room for them."""
from __future__ import annotations

from typing import Any

from . import backend  # noqa: F401, first: it imports matplotlib

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend

_KNOWN = tuple(int(part) for part in mpl.__version__.split(".")[:2]) >= (3, 7)  # loc="outside ..."
_INSIDE = {"right upper": "upper right", "lower left": "lower left", "lower center": "lower center"}


def legend(canvas: Figure, place: str, **how: Any) -> Legend:
    """A legend of the figure outside of its panels; place: "right upper", "lower left" or "lower center"."""
    how["loc"] = f"outside {place}" if _KNOWN else _INSIDE[place]
    made = canvas.legend(**how)
    if not _KNOWN:
        made.set_in_layout(False)
        canvas.set_layout_engine(_Aside(made, place))
    return made


class _Aside(ConstrainedLayoutEngine):
    """Lays panels out in the figure less its legend, in inches, so that texts keep the room they need."""

    def __init__(self, legend: Legend, place: str) -> None:
        super().__init__()
        self._legend, self._right = legend, place.startswith("right")

    def execute(self, fig: Figure) -> None:
        if self._legend.axes is not None or self._legend not in fig.legends:  # drawn without it
            super().execute(fig)
            return
        width, height = fig.get_size_inches()
        extent = self._legend.get_window_extent(fig._get_renderer())
        across = 1 - extent.width / fig.dpi / width if self._right else 1.0
        up = 1.0 if self._right else 1 - extent.height / fig.dpi / height
        across, up = max(across, 0.3), max(up, 0.3)
        fig.set_size_inches(width * across, height * up)
        try:
            super().execute(fig)
        finally:
            fig.set_size_inches(width, height)
        for panel in fig.axes:
            box = panel.get_position(original=True)
            panel._set_position([box.x0 * across, 1 - up + box.y0 * up, box.width * across, box.height * up])
