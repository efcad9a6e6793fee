"""Tables of a report, and what belongs together in it."""
from __future__ import annotations

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from .foreign import plain

if TYPE_CHECKING:
    from .figures.figure import Figure

#: columns of words, set to the left
WORDS = ("method", "preset", "precision", "mask", "data_kind", "row_norm", "sketch", "smallest state", "fewest operations",
         "kind", "law", "parameter", "attention", "claim", "when", "then", "note", "prediction", "file", "column")


@dataclass
class Table:
    """A table of texts, its caption, and the file with all its numbers."""

    title: str
    note: str
    shown: pd.DataFrame
    file: str  #: name of the CSV
    brief: bool = False  #: a terminal gets the note alone, a page folds the rows
    none: Sequence[bool] = ()  #: rows that say only that there is nothing: a page folds them
    none_words: str = ""  #: "54 of 84 rows: ..."


@dataclass
class Block:
    """A part of a page with a heading and a place in its contents: sentences, figures (and the files that `Figure.save` wrote), tables,
    whose CSV files are in `directory`."""

    title: str
    directory: pathlib.Path
    words: list[str] = field(default_factory=list)
    figures: list[tuple[Figure, dict[str, pathlib.Path]]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def aligned(frame: pd.DataFrame) -> str:
    """A text table: words to the left, everything else to the right."""
    columns = []
    for name in frame:
        cells = [plain(cell) for cell in (name.strip(), *frame[name].astype(str))]
        width = max(map(len, cells))
        left = all(cell[:1].isalpha() for cell in cells[1:] if cell) and name in WORDS
        columns.append([cell.ljust(width) if left else cell.rjust(width) for cell in cells])
    return "\n".join("  " + "  ".join(row).rstrip() for row in zip(*columns))
