"""A figure, its words and its numbers, kept together."""
from __future__ import annotations

import pathlib
from dataclasses import dataclass, field

import matplotlib.figure
import numpy as np
import pandas as pd

from .. import style


@dataclass
class Figure:
    """One picture. `data` maps a suffix ("" for the main table) to the numbers that were drawn."""

    name: str
    title: str
    caption: str
    canvas: matplotlib.figure.Figure
    data: dict[str, pd.DataFrame] = field(default_factory=dict)

    def save(self, directory) -> dict[str, pathlib.Path]:
        """Writes NAME.png, NAME.svg and NAME[-SUFFIX].csv; returns {"png": path, "svg": path, "csv...": path}."""
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        paths = {kind: directory / f"{self.name}.{kind}" for kind in ("png", "svg")}
        with style.use():
            self.canvas.savefig(paths["png"])
            self.canvas.savefig(paths["svg"], metadata={"Date": None, "Creator": None})
        for suffix, table in self.data.items():
            path = directory / f"{self.name}{'-' + suffix if suffix else ''}.csv"
            table.to_csv(path, index=False)
            paths["csv" + suffix] = path
        return paths


def spaced(values, most):
    """At most `most` of the sorted values, the ends included, evenly by rank."""
    values = sorted(values)
    if len(values) <= most:
        return values
    return [values[i] for i in np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))]
