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
from collections.abc import Sequence
from typing import Any

from . import figures, page
from .cases import ERRORS
from .changes import changes
from .checks import at_least, fraction, remembering
from .figures.figure import WIDTH
from .foreign import FileError, plain, say
from .heads import LEVEL
from .page import MOST_ROWS
from .projection import read_plan
from .read import open as read
from .section import Section, opened
from .tables import Block, aligned


def main(arguments: Sequence[str] | None = None) -> int:
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
    parser.add_argument("--for", choices=("paper",), dest="purpose", help="also write each figure for a paper: NAME.pdf with its font "
                        "embedded, and NAME.pgf where a TeX (pdflatex) is installed, as wide as a column")
    parser.add_argument("--width", type=float, default=WIDTH, metavar="INCHES", help="of figures for a paper (default %(default)s)")
    parser.add_argument("--quiet", action="store_true", help="print no table")
    options = parser.parse_args(arguments)
    try:
        options.level is None or fraction(options.level, "--level")
        options.upto is None or at_least(options.upto, 1, "--upto")
        at_least(options.accept, 0, "--accept")
        at_least(options.width, 1.5, "--width")
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
            together = _compared(sections, directory)
            _write(page.page(sections, together, directory), directory / "index.html")
            if options.purpose == "paper":
                _for_paper([*sections, *together], options.width)
    except OSError as error:
        complain(f"{plain(error.filename or directory)}: cannot be written ({error.strerror or error})")
        return 3
    if sections:
        _tell(sections, together, directory, options.quiet)
    return code if code or not options.project or any(section.projected for section in sections) else 2


class _Parser(argparse.ArgumentParser):
    def _print_message(self, message: str, file: Any = None) -> None:
        say("\n".join(plain(line) for line in message.rstrip("\n").split("\n")), file or sys.stderr)


def complain(text: object) -> None:
    """One line on stderr."""
    say(f"polysweep-report: {plain(text)}", sys.stderr)


def _compared(sections: Sequence[Section], directory: pathlib.Path) -> list[Block]:
    """Of several files: how they differ from the first, its numbers as CSV. A file that has just changed is left to its own section."""
    if len(sections) < 2:
        return []
    try:
        found = changes([(section.directory.name, read(section.path)) for section in sections])
    except FileError as why:
        complain(f"warning: files are not compared: {why}")
        return []
    for file, table in found.data.items():
        table.to_csv(directory / file, index=False)
    drawn = [(figure, figure.save(directory)) for figure in figures.changes(found.times, sections[0].directory.name)]
    return [Block("Comparison", directory, found.sentences, drawn, found.tables)]


def _for_paper(parts: Sequence[Section | Block], width: float) -> None:
    """After everything else: panels are placed anew for it."""
    from . import paper

    drawn = [paper.save(figure, part.directory, width) for part in parts for figure, _ in part.figures]
    complain(paper.words(drawn, width))


def _tell(sections: Sequence[Section], together: Sequence[Block], directory: pathlib.Path, quiet: bool) -> None:
    """Tables to stdout, as long as somebody reads them."""
    quiet or all(say(text) for text in (*(section.said for section in sections), *map(_in_text, together)))
    count = sum(len(section.figures) for section in sections) + sum(len(block.figures) for block in together)
    say(f"{plain(directory / 'index.html')}: {count} figures", sys.stderr)


def _in_text(block: Block) -> str:
    lines = [plain(each) for each in block.words]
    for each in block.tables:
        lines += ["", plain(each.title), plain(each.note), aligned(each.shown.head(MOST_ROWS))]
        lines += [f"  ... and {len(each.shown) - MOST_ROWS} more in {each.file}"] * (len(each.shown) > MOST_ROWS)
    return "\n".join([*lines, ""])


def _write(text: str, path: pathlib.Path) -> None:
    """A page is there as a whole, or as it was."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _section(path: str, directory: pathlib.Path, name: str, options: argparse.Namespace) -> Section:
    """The section of a file; what was warned of while it was made goes to stderr, once. What stops it is the file's: numbers that
    no run of the program writes, say."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        ds = opened(path)
        try:
            with remembering():
                section = Section(path, directory / name, options.level, options.error, options.upto, options.plan, ds, options.accept)
            many = len(options.files)
            section.said, section.html = section.text(), page.part(section, directory, 1 if many == 1 else 2, many)
        except OSError:
            raise
        except Exception as why:
            raise FileError(f"{plain(path)}: cannot be reported ({type(why).__name__}: {plain(why)[:300]}); polysweep verify says whether "
                            "the file is damaged, else please report this as a bug") from why
    for text in dict.fromkeys(str(each.message) for each in caught if each.category is UserWarning):
        complain(f"warning: {text}")
    return section


def _names(paths: Sequence[str]) -> list[str]:
    """A folder name per file, all of them different; equal stems get a number."""
    names = []
    for stem in (pathlib.Path(path).stem for path in paths):
        stem = "file" if stem in ("", ".", "..", "index.html") else stem
        numbered = (stem if k == 1 else f"{stem}-{k}" for k in itertools.count(1))
        names.append(next(name for name in numbered if name not in names))
    return names


if __name__ == "__main__":
    sys.exit(main())
