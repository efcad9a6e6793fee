"""Command polysweep-report: figures, their data, and one page that holds everything.

    polysweep-report FILE... -o DIR
"""
from __future__ import annotations

import argparse
import itertools
import os
import pathlib
import sys
import warnings

import numpy as np
import pandas as pd

from . import figures, page
from .cases import ERRORS, case_columns, every
from .checks import at_least, fraction, remembering
from .claims import claims, lines as claim_lines
from .conjecture_tables import conjecture_tables
from .critical import BOUNDS, EXACT, critical, level_of
from .decode import decode_table
from .edge_fit import edge_fits, fit_table as edge_fit_table
from .edge_tables import asked_for, edge_frame, edge_table, said_table, statement
from .edges import edges
from .figures.scaling import APART
from .foreign import FileError, plain, say
from .head_tables import decode_table_of, heads_table, layers_table
from .heads import LEVEL, answers, column_of, heads, pooled, several
from .projection import Unmatched, project, read_plan
from .read import failures, open as read, provenance
from .scaling import apart, fits, oversubscribed, strong, weak
from .scaling_tables import curve_table, fit_table, projection_table
from .sketch_tables import cheapest_table, crossover_table
from .sketches import SIZE, cheapest, crossovers, held
from .statistics import consistency
from .study import resolved_of, search_of


MOST_ROWS = 200  #: of a table on the terminal or the page; critical.csv has all


def main(arguments=None) -> int:
    """Exit code: 0; 3 when a file cannot be read (the others are still reported) or nothing can be written; 2 for what is asked
    in a wrong way, also a plan that is none or continues none of the files. The page is complete before anything is printed."""
    parser = _Parser(prog="polysweep-report", description="Figures, their data as CSV, and one page that "
                                     "holds everything, from result files of polysweep run.",
                                     epilog="A file that a run is still writing can be reported at any time.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="result file of polysweep run")
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="where figures, CSV and index.html go")
    parser.add_argument("--level", "--target", type=float, metavar="RATE",
                        help="rate of success that makes a degree critical (default: judge.level of the study, 0.9 where it has none)")
    parser.add_argument("--error", choices=ERRORS, default="err_out", help="the error that the table of the cheapest sketch is "
                        "about (default %(default)s; cheapest.csv has all)")
    parser.add_argument("--accept", type=float, default=LEVEL, metavar="ERROR", help="error of the output that is good enough, for files "
                        "of attention heads (default %(default)s)")
    parser.add_argument("--upto", type=float, metavar="RANKS", help="draw fitted laws of scaling to this many ranks; beyond four "
                        "times the largest measured team the figure says that it is a guess (default: the largest team)")
    parser.add_argument("--project", metavar="PLAN.json", help="draw curves of scaling on to larger teams, as predicted by "
                        "polysweep plan STUDY.yaml --points --json, with a band: how far predictions were off; a file that the plan "
                        "does not continue is drawn without it, with a warning")
    parser.add_argument("--quiet", action="store_true", help="print no table")
    options = parser.parse_args(arguments)
    try:
        options.level is None or fraction(options.level, "--level")
        options.upto is None or at_least(options.upto, 1, "--upto")
        at_least(options.accept, 0, "--accept")
    except ValueError as error:
        parser.error(str(error))

    directory = pathlib.Path(options.output)
    try:
        options.plan = read_plan(options.project) if options.project else None
    except FileError as error:
        complain(error)
        return 2
    sections, code = [], 0
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, path in zip(_names(options.files), options.files):
            try:
                sections.append(_section(path, directory, name if len(options.files) > 1 else ".", options))
            except FileError as error:
                complain(error)
                code = 3
        if sections:
            _write(page.page(sections), directory / "index.html")
    except OSError as error:
        complain(f"{plain(error.filename or directory)}: cannot be written ({error.strerror or error})")
        return 3
    if sections:
        _tell(sections, directory, options.quiet)
    return code if code or not options.project or any(section.projected for section in sections) else 2


class _Parser(argparse.ArgumentParser):
    def _print_message(self, message, file=None):
        say("\n".join(plain(line) for line in message.rstrip("\n").split("\n")), file or sys.stderr)


def complain(text):
    """One line on stderr."""
    say(f"polysweep-report: {plain(text)}", sys.stderr)


def _tell(sections, directory, quiet):
    """Tables to stdout, as long as somebody reads them."""
    quiet or all(say(section.said) for section in sections)
    count = sum(len(section.figures) for section in sections)
    say(f"{plain(directory / 'index.html')}: {count} figures", sys.stderr)


def _write(text, path):
    """A page is there as a whole, or as it was."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _section(path, directory, name, options):
    """The section of a file; what was warned of while it was made goes to stderr, once. What stops it is the file's: numbers that
    no run of the program writes, say."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        ds = _opened(path)
        try:
            with remembering():
                section = Section(path, directory / name, options.level, options.error, options.upto, options.plan, ds, options.accept)
            section.said, section.html = section.text(), page.part(section, directory, 1 if len(options.files) == 1 else 2)
        except OSError:
            raise
        except Exception as why:
            raise FileError(f"{plain(path)}: cannot be reported ({type(why).__name__}: {plain(why)[:300]}); polysweep verify says whether "
                            "the file is damaged, else please report this as a bug") from why
    for text in dict.fromkeys(str(each.message) for each in caught if each.category is UserWarning):
        complain(f"warning: {text}")
    return section


#: columns that no section shows; a study names them where it predicts, or searches
_SPARED = """margin_d1 margin_d0 active_d1 active_d0 value_d1 value_d0 leak_mass_d1 leak_mass_d0 theory_fire_d1 theory_fire_d0
    theory_special_mass_d0 success_z beta_large head_pruned head_s io_s wait_s predicted_bytes launch_checksum""".split()


def _opened(path):
    """The points of a file, without the columns that are not needed: of a million points they take memory."""
    ds = read(path)
    named = {"predict", "search"} & set(resolved_of(ds))
    return ds if named else ds.drop_vars(_SPARED, errors="ignore")


def _names(paths):
    """A folder name per file, all of them different; equal stems get a number."""
    names = []
    for stem in (pathlib.Path(path).stem for path in paths):
        stem = "file" if stem in ("", ".", "..", "index.html") else stem
        numbered = (stem if k == 1 else f"{stem}-{k}" for k in itertools.count(1))
        names.append(next(name for name in numbered if name not in names))
    return names


class Section:
    """The report on one file, with figures and CSV files; completed by the constructor."""

    def __init__(self, path, directory, level=None, error="err_out", upto=None, plan=None, ds=None, accept=LEVEL):
        ds = _opened(path) if ds is None else ds
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
        ahead = None if plan is None else self._ahead(ds, plan)
        self.projected = ahead is not None
        self.answer, found = [], edges(ds, level=level) if search_of(ds) else None
        of_heads = self._heads(ds, accept)
        self.answer += self._claims(ds)
        self.leading = [*of_heads, *self._edges(ds, found)]  # stand before all other figures
        teams = one if ahead is None else ds  # a plan names the heads
        self.tables = [*self._conjectures(ds, found), *self._sketches(one, error), *self._scaling(teams, ahead)]
        self.figures = [(figure, figure.save(self.directory)) for figure in
                        (*figures.heads(ds, accept), *([] if found is None else figures.edges(ds, found)), *figures.phase(one, "n"),
                         *figures.phase(one, "d"), *figures.curves(one, self.level),
                         *(figures.degrees(one, self.level, self.critical) if found is None else ()), *figures.separation(one),
                         *figures.errors(one), *figures.lengths(one), *figures.costs(one), *figures.strong(teams, upto, ahead),
                         *figures.weak(teams, upto, ahead), *figures.decomposition(teams), *figures.roofline(teams),
                         *figures.prediction(ds), *figures.timeline(ds))]

    def _heads(self, ds, accept):
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
            tables.append(decode_table_of(decoded))
        return [each for each in tables if each]

    def _edges(self, ds, found):
        """What a search was for, its edges, and what is said of all judged points at once; their numbers as CSV."""
        tables, (sentence, said) = [], statement(ds)
        if found is not None:
            frame = edge_frame(ds, found)
            self.answer += [" ".join(asked_for(ds, found))]
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

    def _conjectures(self, ds, found):
        """What the study predicts, against its results; their numbers as CSV."""
        tables = conjecture_tables(ds, found, self.level)
        for each, numbers in tables:
            numbers.to_csv(self.directory / each.file, index=False)
        return [each for each, _ in tables]

    def _claims(self, ds):
        """Verdict lines on a published statement, of a study that is one; as CSV too."""
        found = claims(ds)
        if len(found):
            found.to_csv(self.directory / "claims.csv", index=False)
        return claim_lines(found)

    def _sketches(self, ds, error):
        """Tables that only files with sketches have; their numbers as CSV."""
        found, names = {"cheapest.csv": cheapest(ds), "crossovers.csv": crossovers(ds)}, held(ds)
        tables = (cheapest_table(found["cheapest.csv"], [*names, "n", "d", "beta"], error),
                  crossover_table(found["crossovers.csv"], [*names, "d", "beta"]))
        for each in filter(None, tables):
            found[each.file].to_csv(self.directory / each.file, index=False)
        return [each for each in tables if each]

    def _ahead(self, ds, plan):
        """The plan's prediction for larger teams, also as CSV. None, with a warning, if it continues no series of the file."""
        try:
            found = project(ds, plan)
        except Unmatched as why:
            warnings.warn(f"{why}; drawn without the plan")
            return None
        found.to_csv(self.directory / "projection.csv", index=False)
        return found

    def _scaling(self, ds, ahead):
        """Tables that only files with teams have. Those of the curves are the CSV of their figures."""
        fitted = fits(ds)
        if len(fitted):
            fitted.to_csv(self.directory / "scaling-fits.csv", index=False)
        tables = (curve_table(strong(ds), "strong"), curve_table(weak(ds), "weak"), fit_table(fitted),
                  projection_table(ahead))
        return [each for each in tables if each]

    @property
    def name(self):
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

    def table(self) -> pd.DataFrame:
        """The critical degrees as a reader sees them: words and short numbers, one column per idea."""
        return readable(self.critical, self.cases)

    def text(self) -> str:
        """What the command prints."""
        lines = [plain(f"{self.name} ({self.path}): {self.progress()}")]
        lines += [plain(each) for each in self.answer]
        lines += [untimed] if (untimed := self.untimed()) else []
        if len(self.critical):
            shown = self.table()
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


def _reference(ds):
    """What outputs are compared with, by its word."""
    words = np.unique(ds["reference"].values) if "reference" in ds.coords else []
    return str(words[0]) if len(words) == 1 else "own" if not len(words) else "the reference"


#: columns of words, set to the left
WORDS = ("method", "preset", "precision", "mask", "data_kind", "row_norm", "sketch", "smallest state", "fewest operations",
         "kind", "law", "parameter", "attention", "claim", "when", "then", "note", "prediction")
HEADINGS = {  # column -> (text, HTML)
    "lower": ("lower edge", "lower edge"), "upper": ("upper edge", "upper edge"),
    "theory": ("theory, grid", "exact theory,<br>on the grid"), "edge_lo": ("exact, lower", "exact edge,<br>lower"),
    "edge_hi": ("upper", "upper"),
    "beta_fail": ("beta_fail", "&beta;<sub>fail</sub>"), "beta_c": ("beta_c", "&beta;<sub>c</sub>"),
    "beta_ok": ("beta_ok", "&beta;<sub>ok</sub>"), "beta_up": ("beta_up", "&beta;<sub>up</sub>"),
    "beta_up_class_3s": ("beta_up_3s", "&beta;<sub>up,3&sigma;</sub>"), "softmax": ("softmax", "softmax"),
    "linear": ("linear", "linear"), "points": ("points", "points"),
}


def readable(critical: pd.DataFrame, cases) -> pd.DataFrame:
    """Texts for a person. Columns that say nothing in this file are left out, and so are rows of closed_form where the
    same case, d and n were measured (their row holds the exact theory too)."""
    if not len(critical):
        return pd.DataFrame()
    again = critical.duplicated([*cases, "d", "n"]) & (critical["method"] == "closed_form")
    critical = critical[~again].reset_index(drop=True)
    out = pd.DataFrame(index=critical.index)
    for name in (*cases, "method", "d", "n", "m"):
        if name in cases or critical[name].nunique() > 1 or name in ("d", "n"):
            out[name] = [_number(x) if x or name not in SIZE else "" for x in critical[name]]
    if (critical["trials"] > 0).any():
        out["lower"] = [words + "*" * bool(gap) for words, gap in zip(critical["lower"], critical["gap"])]
        out["upper"] = critical["upper"].where(critical["verdict"] == "edges", "")  # else the same words again
    out["theory"] = [_theory(a, b) if k else "" for a, b, k in
                     zip(critical["theory_first"], critical["theory_last"], critical["theory_points"])]
    for name in (*EXACT, *BOUNDS):
        known = critical[EXACT[0] if name in EXACT else name].notna().any()
        if known and (name in EXACT or np.isfinite(critical[name][critical[name] > 0]).any()):
            out[name] = critical[name].map(_two)
    if "edge_lo" in out:
        never = critical["edge_lo"] == np.inf
        out["edge_lo"] = out["edge_lo"].where(~never, "none")
        out["edge_hi"] = out["edge_hi"].where(~never, "")
    for name in ("softmax", "linear"):
        if critical[name].notna().any():
            out[name] = critical[name].map(_two)
    if (critical["points"] < critical["of"]).any():
        out["points"] = [f"{a}/{b}" for a, b in zip(critical["points"], critical["of"])]
    return out


def settling(critical: pd.DataFrame, level: float) -> str:
    """What it takes to settle edges where a row has fewer trials; empty where none has."""
    measured = critical[critical["trials"] > 0] if len(critical) else critical
    few = measured[measured["samples"] < measured["needed"]] if len(measured) else measured
    if not len(few):
        return ""
    grid = few.loc[few["needed"].idxmax()]
    shared = (few["samples"] < few["trials"]).any()
    return (f"To settle edges at {level:g} on a grid of {int(grid['of'])} degrees takes at least {int(grid['needed'])} "
            f"{'effective ' if shared else ''}trials of a point: {len(few)} of {len(measured)} rows have fewer "
            f"(from {few['samples'].min():.0f})" + (", since trials that share a draw are not independent" if shared else ""))


def _number(x):
    return f"{x:.6g}" if isinstance(x, float) else str(x)


def _two(x):
    return "" if x != x else "inf" if x == float("inf") else f"{x:.2f}"


def _theory(first, last):
    if first != first:
        return "none"
    return f"{_number(first)}.." + ("" if last == float("inf") else _number(last))


def aligned(frame: pd.DataFrame) -> str:
    """A text table: words to the left, everything else to the right."""
    columns = []
    for name in frame:
        cells = [plain(cell) for cell in (HEADINGS.get(name, (name,))[0].strip(), *frame[name].astype(str))]
        width = max(map(len, cells))
        left = all(cell[:1].isalpha() for cell in cells[1:] if cell) and name in WORDS
        columns.append([cell.ljust(width) if left else cell.rjust(width) for cell in cells])
    return "\n".join("  " + "  ".join(row).rstrip() for row in zip(*columns))


if __name__ == "__main__":
    sys.exit(main())
