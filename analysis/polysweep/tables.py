"""A table of a report."""
from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass
class Table:
    """A table of texts, its caption, and the file with all its numbers."""

    title: str
    note: str
    shown: pd.DataFrame
    file: str  #: name of the CSV
    brief: bool = False  #: a terminal gets the note alone
