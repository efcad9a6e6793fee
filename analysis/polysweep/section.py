"""The report on one file: what is said, drawn and listed of it."""
from __future__ import annotations

import itertools
import pathlib
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr

from . import answers as said_of, figures, page
from .cases import case_columns, every
from .claims import claims, lines as claim_lines
from .conjecture_tables import conjecture_tables
from .critical import critical
from .critical_tables import critical_table, settling
from .decode import decode_table
from .edge_fit import edge_fits, fit_table as edge_fit_table
from .edge_tables import asked_for, edge_frame, edge_table, said_table, statement
from .edges import edges
from .figures.scaling import APART, seconds_text
from .foreign import plain
from .grid import axes
from .head_tables import decode_table_of, heads_table, layers_table
from .heads import LEVEL, answers, column_of, heads, pooled, several
from .kinds import Array
from .projection import Unmatched, project
from .read import Path, failures, open_without, provenance
from .scaling import about_time, apart, fits, oversubscribed, strong, timed, weak
from .scaling_tables import curve_table, fit_table, projection_table
from .sketch_tables import cheapest_table, crossover_table, sketch_words
from .sketches import cheapest, crossovers, held
from .statistics import consistency
from .study import level_of, resolved_of, search_of
from .tables import Block, Table, aligned

MOST_ROWS = 200  #: of a table on the terminal; its CSV has all


#: columns that no section shows; a study names them where it predicts, or searches
_SPARED = """margin_d1 margin_d0 active_d1 active_d0 value_d1 value_d0 leak_mass_d1 leak_mass_d0 theory_fire_d1 theory_fire_d0
    theory_special_mass_d0 success_z beta_large head_pruned head_s io_s wait_s predicted_bytes launch_checksum commit fires_d1 fires_d0
    tie den_rows memory_bytes""".split()


def opened(path: Path) -> xr.Dataset:
    """The points of a file, without the columns that are not needed: of a million points they take memory."""
    return open_without(path, lambda about: () if any(resolved_of(about).get(name) for name in ("predict", "search")) else _SPARED)


class Section:
    """The report on one file, with figures and CSV files; completed by the constructor."""

    said: str  #: what the command prints; set with `html` when both are made
    html: str  #: the part of a page

    def __init__(self, path: Path, directory: Path, level: float | None = None, error: str = "err_out", upto: float | None = None,
                 plan: pd.DataFrame | None = None, ds: xr.Dataset | None = None, accept: float = LEVEL) -> None:
        ds = opened(path) if ds is None else ds
        self.path, self.directory = pathlib.Path(path), pathlib.Path(directory)
        self.level = level_of(ds) if level is None else level
        self.attributes = dict(ds.attrs)
        self.cases, points = case_columns(ds), every(ds)
        self.counts = points["status"].where(points["committed"] | points["status"].isin(["empty", "running"]),
                                             "interrupted").value_counts().to_dict()
        self.points = len(points)
        self.provenance, self.failures = provenance(path), failures(path)
        self.consistency = consistency(points)
        one = pooled(ds)  # of many heads one figure, not a figure a head
        self.critical = pd.DataFrame() if search_of(ds) else critical(one, self.level)
        self.oversubscribed, self.apart = oversubscribed(ds), apart(ds)
        self.directory.mkdir(parents=True, exist_ok=True)
        if len(self.critical):
            self.critical.to_csv(self.directory / "critical.csv", index=False)
        self.listed = critical_table(self.critical, self.cases, self.level)
        ahead = None if plan is None else self._ahead(ds, plan)
        self.projected = ahead is not None
        self.answer, found = [], edges(ds, level=level) if search_of(ds) else None
        of_heads = self._heads(ds, accept)
        self.answer += self._claims(ds)
        self.answer += self._degrees(one, points)
        self.leading = [*of_heads, *self._edges(ds, found)]  # stand before all other figures
        teams = one if ahead is None else ds  # a plan names the heads
        self.tables = self._conjectures(ds, found)
        self.of_teams = "team_asked" in axes(ds)  # what a study varies comes first
        parts: list[Callable[[], list[Table]]] = [lambda: self._sketches(one, error), lambda: self._scaling(teams, ahead)]
        self.tables += [table for part in parts[::-1 if self.of_teams else 1] for table in part()]
        drawn = itertools.chain(  # each is saved before the next is drawn: until then it holds the points that it shows
            figures.heads(ds, accept), () if found is None else figures.edges(ds, found), figures.phase(one, "n"), figures.phase(one, "d"),
            figures.curves(one, self.level), figures.why(one), figures.degrees(one, self.level, self.critical) if found is None else (),
            figures.separation(one), figures.errors(one), figures.lengths(one), figures.costs(one), figures.strong(teams, upto, ahead),
            figures.weak(teams, upto, ahead), figures.decomposition(teams), figures.roofline(teams), figures.prediction(ds),
            figures.timeline(ds))
        self.figures = [(figure, figure.save(self.directory)) for figure in drawn]

    def _heads(self, ds: xr.Dataset, accept: float) -> list[Table]:
        """The answer, and tables that only files of heads, and of decoding, have."""
        tables, decoded = [], decode_table(ds)
        if several(ds):
            column, found = column_of(ds), {"heads.csv": heads(ds, level=accept)}
            self.answer = answers(found["heads.csv"], column, accept, _reference(ds))
            tables.append(heads_table(found["heads.csv"], column, accept))
            if "layer" in ds.coords:
                found["layers.csv"] = heads(ds, level=accept, per=["layer"])
                tables.append(layers_table(found["layers.csv"], column))
            for each in filter(None, tables):
                found[each.file].to_csv(self.directory / each.file, index=False)
        if len(decoded):
            decoded.to_csv(self.directory / "decode.csv", index=False)
            self.answer = self.answer + said_of.decoded(decoded)
            tables.append(decode_table_of(decoded))
        return [each for each in tables if each]

    def _edges(self, ds: xr.Dataset, found: xr.Dataset | None) -> list[Table]:
        """What a search was for, its edges, and what is said of all judged points at once; their numbers as CSV."""
        tables, (sentence, said) = [], statement(ds)
        if found is not None:
            frame = edge_frame(ds, found)
            over, column, level = (found.attrs[name] for name in ("over", "column", "level"))
            self.answer += [*said_of.searched(frame, over, column, level), " ".join(asked_for(ds, found))]
            tables.append(edge_table(frame, found))
            frame.to_csv(self.directory / "edges.csv", index=False)
            laws = edge_fits(ds, found)
            tables.append(edge_fit_table(laws))
            if tables[-1]:
                laws.to_csv(self.directory / "edge-fits.csv", index=False)
        if len(said):
            tables.append(said_table(sentence, said))
            said.to_csv(self.directory / "judged.csv", index=False)
        return [each for each in tables if each]

    def _conjectures(self, ds: xr.Dataset, found: xr.Dataset | None) -> list[Table]:
        """What the study predicts, against its results; their numbers as CSV."""
        tables = conjecture_tables(ds, found, self.level)
        for each, numbers in tables:
            numbers.to_csv(self.directory / each.file, index=False)
        of = {each.file: numbers for each, numbers in tables}
        self.answer += said_of.predicted(*(of.get(name, pd.DataFrame()) for name in ("predicted-claims.csv", "residuals.csv")))
        return [each for each, _ in tables]

    def _degrees(self, ds: xr.Dataset, points: pd.DataFrame) -> list[str]:
        """From which degree on the data sets are told apart; of a file without results, what is planned and what theory says."""
        if said := said_of.planned(points, ds, self.level):
            return said
        names = [*(name for name in self.cases if name in self.critical), "d", "n"]
        return said_of.degrees(self.critical, self.level, self.cases, said_of.baselines(every(ds), self.level, names))

    def _claims(self, ds: xr.Dataset) -> list[str]:
        """Verdict lines on a published statement, of a study that is one; as CSV too."""
        found = claims(ds)
        if len(found):
            found.to_csv(self.directory / "claims.csv", index=False)
        return claim_lines(found)

    def _sketches(self, ds: xr.Dataset, error: str) -> list[Table]:
        """Tables that only files with sketches have; their numbers as CSV."""
        found, names = {"cheapest.csv": cheapest(ds), "crossovers.csv": crossovers(ds)}, held(ds)
        self.answer += said_of.sketches(found["cheapest.csv"], error, sketch_words)
        tables = (cheapest_table(found["cheapest.csv"], [*names, "n", "d", "beta"], error),
                  crossover_table(found["crossovers.csv"], [*names, "d", "beta"]))
        for each in filter(None, tables):
            found[each.file].to_csv(self.directory / each.file, index=False)
        return [each for each in tables if each]

    def _ahead(self, ds: xr.Dataset, plan: pd.DataFrame) -> pd.DataFrame | None:
        """The plan's prediction for larger teams, also as CSV. None, with a warning, if it continues no series of the file."""
        try:
            found = project(ds, plan)
        except Unmatched as why:
            warnings.warn(f"{why}; drawn without the plan", stacklevel=2)
            return None
        found.to_csv(self.directory / "projection.csv", index=False)
        return found

    def _scaling(self, ds: xr.Dataset, ahead: pd.DataFrame | None) -> list[Table]:
        """Tables that only files with teams have. Those of the curves are the CSV of their figures."""
        fitted = fits(ds)
        if len(fitted):
            fitted.to_csv(self.directory / "scaling-fits.csv", index=False)
        self.answer += said_of.scaling(strong(ds), weak(ds))
        if about_time(ds) and not len(strong(ds)) and not len(weak(ds)):
            self.answer += said_of.seconds(timed(ds), seconds_text)
        tables = (curve_table(strong(ds), "strong"), curve_table(weak(ds), "weak"), fit_table(fitted),
                  projection_table(ahead))
        return [each for each in tables if each]

    @property
    def anchor(self) -> str:
        """The place of the section in a page of several."""
        return f"file-{page.slug(self.directory.name)}"

    @property
    def name(self) -> str:
        """The study's name where the file has it, else the file's."""
        resolved = self.provenance.get("resolved")
        name = resolved.get("study") if isinstance(resolved, dict) else None
        return str(name or self.attributes.get("study") or self.path.stem)

    def progress(self) -> str:
        """"432 of 448 points done, 2 failed, 14 empty"."""
        parts = [f"{self.counts.get('done', 0)} of {self.points} points done"]
        parts += [f"{count} {status.replace('_', ' ')}" for status, count in self.counts.items() if status != "done"]
        return ", ".join(parts)

    def untimed(self) -> str:
        """How many points have times that are drawn nowhere, and why; empty if none."""
        said = [(self.oversubscribed, "timed while ranks shared cores: no times are drawn of them"),
                (self.apart, f"on no curve of scaling: {APART}")]
        return "; ".join(f"{count} {'point was' if count == 1 else 'points were'} {words}" for count, words in said if count)

    def blocks(self) -> list[Block]:
        """Figures and tables by what they are about, in the order of a page; what is about nothing else comes last."""
        tables = [*self.leading, *([self.listed] if self.listed else []), *self.tables]
        found = []
        for title, about, files in sorted(_BLOCKS, key=lambda block: block[0] != "Teams") if self.of_teams else _BLOCKS:
            drawn = [each for each in self.figures if each[0].name.startswith(about)]
            listed = [each for each in tables if each.file in files]
            if drawn or listed:
                found.append(Block(title, self.directory, figures=drawn, tables=listed))
        placed = {id(each) for block in found for each in (*block.figures, *block.tables)}
        drawn = [each for each in self.figures if id(each) not in placed]
        listed = [each for each in tables if id(each) not in placed]
        return [*found, Block("More", self.directory, figures=drawn, tables=listed)] if drawn or listed else found

    def text(self) -> str:
        """What the command prints."""
        lines = [plain(f"{self.name} ({self.path}): {self.progress()}")]
        lines += [plain(each) for each in self.answer]
        lines += [untimed] if (untimed := self.untimed()) else []
        if self.listed:
            shown = self.listed.shown
            lines += ["", f"critical degrees (rate of success >= {self.level:g}; both edges of a row hold together with 95 % confidence)",
                      aligned(shown.head(MOST_ROWS))]
            if len(shown) > MOST_ROWS:
                lines.append(f"  ... and {len(shown) - MOST_ROWS} more in critical.csv")
            lines += [few] if (few := settling(self.critical, self.level)) else []
        for each in (*self.leading, *self.tables):
            lines += ["", plain(each.title), plain(each.note) if each.brief else aligned(each.shown.head(MOST_ROWS))]
            if len(each.shown) > MOST_ROWS and not each.brief:
                lines.append(f"  ... and {len(each.shown) - MOST_ROWS} more in {each.file}")
        if self.consistency.cells:
            lines += ["", f"against the exact probability: {self.consistency}"]
        lines.append("")
        return "\n".join(lines)


#: parts of a page: heading, how the names of its figures begin, the files of its tables
_BLOCKS = (
    ("Heads", ("heads",), ("heads.csv", "layers.csv")),
    ("Decoding", ("decode",), ("decode.csv",)),
    ("Edges", ("edges",), ("edges.csv", "edge-fits.csv", "judged.csv")),
    ("Predictions", ("residual",), ("predicted-claims.csv", "counterexamples.csv", "residuals.csv")),
    ("Degree, length and width", ("phase", "success", "critical", "why", "separation"), ("critical.csv",)),
    ("Sketches", ("error", "cost"), ("cheapest.csv", "crossovers.csv")),
    ("Teams", ("strong", "weak"), ("strong-scaling.csv", "weak-scaling.csv", "scaling-fits.csv", "projection.csv")),
    ("Times", ("roofline", "prediction", "timeline"), ()),
)


def _reference(ds: xr.Dataset) -> str:
    """What outputs are compared with, by its word."""
    words: Array | list[str] = np.unique(ds["reference"].values) if "reference" in ds.coords else []
    return str(words[0]) if len(words) == 1 else "own" if not len(words) else "the reference"
