"""Figures for papers: as wide as a column, in one size of type, as PDF and, where there is a TeX, as PGF."""
from __future__ import annotations

import pathlib
import shutil
from typing import Any

import matplotlib as mpl
import matplotlib.figure
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text

from . import style
from .aside import legend
from .figures.figure import WIDTH, Figure

PANEL = 1.5  #: at least, of a panel
TYPE = 7.0  #: points
FONT = f"STIXGeneral {TYPE:g} pt"
_RC: Any = {"pdf.fonttype": 42, "savefig.dpi": 400, "pgf.texsystem": "pdflatex", "pgf.rcfonts": False, "font.size": TYPE,
       **{f"{name}.labelsize": TYPE for name in ("axes", "xtick", "ytick")}, "axes.titlesize": TYPE, "legend.fontsize": TYPE}


def has_tex() -> bool:
    """Whether PGF can be written: matplotlib asks a TeX how wide texts are."""
    return shutil.which("pdflatex") is not None


def save(figure: Figure, directory: pathlib.Path, width: float = WIDTH) -> list[pathlib.Path]:
    """Writes NAME.pdf, with its font embedded, and NAME.pgf where there is a TeX that knows pgf. The figure's panels are placed anew for
    it: save everything else before."""
    paths = [directory / f"{figure.name}.pdf", directory / f"{figure.name}.pgf"]
    with style.use(), mpl.rc_context(_RC):
        narrow(figure.canvas, width, figure.whole_rows)
        figure.canvas.draw_without_rendering()
        figure.canvas.set_layout_engine(None)
        figure.canvas.savefig(paths[0], metadata=dict.fromkeys(("CreationDate", "Creator", "Producer")))
        return paths if has_tex() and _as_pgf(figure.canvas, paths[1]) else paths[:1]


def _as_pgf(canvas: matplotlib.figure.Figure, path: pathlib.Path) -> bool:
    from matplotlib.backends.backend_pgf import LatexError

    try:
        canvas.savefig(path)
    except (LatexError, OSError):  # a TeX without the packages
        path.unlink(missing_ok=True)
        return False
    return True


def words(drawn: list[list[pathlib.Path]], width: float) -> str:
    """What was written, for a person; drawn: what `save` returned for each figure."""
    pgf = all(len(paths) > 1 for paths in drawn)
    text = f"{len(drawn)} figures as {'PDF and PGF' if pgf else 'PDF'}, {width:g} in wide, {FONT} (Type 42, embedded)"
    return text + ("; PGF takes the font of the document" if pgf else "; no PGF: that takes a TeX with pgf (pdflatex); none is installed")


def narrow(canvas: matplotlib.figure.Figure, width: float, whole_rows: bool = False) -> None:
    """Makes a figure so wide: fewer panels side by side (unless rows stay whole), legends below, one size of type."""
    blocks = _blocks(canvas)
    own = {ax.get_subplotspec().colspan.start for block in blocks for ax in block}  # type: ignore[union-attr]
    across = len(own) if whole_rows else min(len(blocks), max(1, int(width / PANEL)))
    down = -(-len(blocks) // across)
    keys = _legends(canvas)
    _placed(canvas, blocks, across)
    for text in canvas.findobj(Text):
        text.set_fontsize(TYPE)
    for line in canvas.findobj(Line2D):
        line.set_markersize(0.75 * line.get_markersize())
    for ax in canvas.axes:
        ax.tick_params(labelsize=TYPE)
    room = (width - 0.5) / across if whole_rows else width / across - 0.5
    for block in blocks:
        block[0].set_title(broken(block[0].get_title(loc="left"), room * 72 / (0.47 * TYPE)), loc="left", fontsize=TYPE)
    lines = sum(label.count("\n") + 1 for _, label in keys)
    columns = 2 if keys and max(len(label) for _, label in keys) < 24 * width / WIDTH else 1
    tall = 0.85 * room + 0.42 + 0.35 * (len(blocks[0]) > 1)
    canvas.set_size_inches(width, down * tall + 0.3 + 0.135 * -(-lines // columns) + 0.35 * bool(keys))
    canvas.set_layout_engine("constrained")
    if keys:
        handles, labels = zip(*keys)
        legend(canvas, "lower center", handles=list(handles), labels=list(labels), ncols=columns, fontsize=TYPE, handlelength=2.4,
               labelspacing=0.3, columnspacing=1.2, borderaxespad=0.2)


def _blocks(canvas: matplotlib.figure.Figure) -> list[list[Axes]]:
    """Panels in the order in which they are read, each with the strips below it."""
    panels = [ax for ax in canvas.axes if ax.get_subplotspec() is not None and ax.get_label() != "<colorbar>"]
    for ax in [ax for ax in panels if not ax.axison]:
        canvas.delaxes(ax)
    panels = [ax for ax in panels if ax.axison]
    strips = 3 if len(set(_heights(panels[0]))) > 1 else 1
    blocks: dict[tuple[int, int], list[Axes]] = {}
    _labelled(panels)
    for ax in panels:
        spec = ax.get_subplotspec()
        assert spec is not None
        blocks.setdefault((spec.rowspan.start // strips, spec.colspan.start), []).append(ax)
    return [blocks[key] for key in sorted(blocks)]


def _heights(ax: Axes) -> list[float]:
    """Of the rows of the grid that a panel is in."""
    grid: Any = ax.get_subplotspec()
    return list(grid.get_gridspec().get_height_ratios())


def _labelled(panels: list[Axes]) -> None:
    """Gives every panel the labels that stood at the left of its row and below its column."""
    rows: dict[int, str] = {}
    columns: dict[int, str] = {}
    for ax in panels:
        spec = ax.get_subplotspec()
        assert spec is not None
        rows[spec.rowspan.start] = rows.get(spec.rowspan.start) or ax.get_ylabel()
        columns[spec.colspan.start] = ax.get_xlabel() or columns.get(spec.colspan.start, "")
    strips = {ax for ax in panels if _heights(ax)[0] != 1}
    for ax in panels:
        spec = ax.get_subplotspec()
        assert spec is not None
        ax.set_ylabel(ax.get_ylabel() or rows[spec.rowspan.start])
        if ax not in strips:
            ax.set_xlabel(ax.get_xlabel() or columns[spec.colspan.start])


def _placed(canvas: matplotlib.figure.Figure, blocks: list[list[Axes]], across: int) -> None:
    """Blocks in rows; labels and ticks are said once where neighbours have the same."""
    strips, down = len(blocks[0]), -(-len(blocks) // across)
    ratios = [7, 0.9, 0.9] * down if strips > 1 else None
    grid = canvas.add_gridspec(strips * down, across, height_ratios=ratios)
    for k, block in enumerate(blocks):
        row, column = divmod(k, across)
        for i, ax in enumerate(block):
            ax.set_subplotspec(grid[strips * row + i, column])
            left = blocks[k - 1][i] if column else None
            below = blocks[k + across][i] if k + across < len(blocks) else None
            same = left is not None and left.get_ylabel() == ax.get_ylabel() and left.get_shared_y_axes().joined(left, ax)
            ax.tick_params(labelleft=not same)
            if strips == 1:
                ax.tick_params(labelbottom=True)
                _last(ax, below)
    for k in reversed(range(len(blocks))):  # from the right: what is compared still has its label
        if k % across:
            for one, other in zip(blocks[k], blocks[k - 1]):
                one.set_ylabel("" if one.get_ylabel() == other.get_ylabel() else one.get_ylabel())


def _last(ax: Axes, below: Axes | None) -> None:
    if below is not None and below.get_xlabel() == ax.get_xlabel():
        ax.set_xlabel("")


def _legends(canvas: matplotlib.figure.Figure) -> list[tuple[Any, str]]:
    """Handles and labels of all legends, each once; the legends are taken away."""
    found: dict[tuple[str, str], tuple[Any, str]] = {}
    own: list[tuple[Any, Any]] = [(ax, ax.get_legend()) for ax in canvas.axes if ax.get_legend()]
    for where, each in [*((None, one) for one in canvas.legends), *own]:
        title, several = each.get_title().get_text(), where is not None and len(own) > 1
        said = where.get_title(loc="left") if several and where is not None else ""
        for handle, text in zip(getattr(each, "legend_handles", None) or each.legendHandles, each.get_texts()):
            label = text.get_text().replace("\n", ", ")
            label = f"{title} = {label}" if title.startswith("$") else label
            label = f"{said}: {label}" if said else label
            colour = handle.get_color() if hasattr(handle, "get_color") else handle.get_facecolor()
            found.setdefault((label, str(colour)), (handle, broken(label, 62)))
        each.remove()
    return list(found.values())


def broken(text: str, most: float) -> str:
    """A text in lines of about so many letters, broken behind commas."""
    lines = [""]
    for part in text.split(", "):
        longer = f"{lines[-1]}, {part}" if lines[-1] else part
        if lines[-1] and len(longer.replace("$", "").replace("\\", "")) > most:
            lines.append(part)
        else:
            lines[-1] = longer
    return ",\n".join(lines)
