"""Panels for one's own axes are those of the report: the same functions draw both."""
import doctest

import matplotlib.figure
import numpy as np
import pytest
import scaled
import sketched
import synthetic

import polysweep
from polysweep import figures, plot

NAMES = plot.__all__


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plot")
    synthetic.write(folder / "phase.h5", synthetic.fill(synthetic.points(["P1"], ["exact", "softmax"], [2, 4, 6], [64, 128], [10], 8, 200)))
    synthetic.write(folder / "sketch.h5", sketched.errors_study(kinds=("gaussian",), beta=(4,), n=(512,)))
    scaled.write(folder / "teams.h5", scaled.strong_rows(np.random.default_rng(1), lengths=(8192,)), None)
    return {"path": folder / "phase.h5", "sketch": folder / "sketch.h5", "teams": folder / "teams.h5"}


@pytest.fixture
def ax():
    return matplotlib.figure.Figure().subplots()


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_true_and_docstrings_are_numpydoc(name, files):
    function, said = getattr(plot, name), []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for each in doctest.DocTestFinder(recurse=False).find(function, name, globs={"polysweep": polysweep, **files}):
        assert each.examples
        runner.run(each, out=said.append)
    assert not runner.failures, "".join(said)
    import matplotlib.pyplot as plt

    plt.close("all")
    validate = pytest.importorskip("numpydoc.validate").validate
    assert [error for error in validate(f"polysweep.plot.{name}")["errors"] if error[0] not in {"ES01", "SA01", "GL01", "RT02", "SS05"}] == []


def drawn(ax):
    """What stands in axes: curves and cells."""
    lines = [tuple(np.asarray(line.get_xydata(), float).ravel()) for line in ax.lines]
    cells = [np.ma.filled(item.get_array(), np.nan).tolist() for item in ax.collections if item.get_array() is not None]
    return lines, cells


def test_a_phase_diagram_is_that_of_the_report(w2, ax):
    figure, = figures.phase(w2, "d")
    assert plot.phase(w2, ax, method="exact") is ax
    np.testing.assert_equal(drawn(ax), drawn(figure.canvas.axes[0]))
    assert ax.get_title() == "W2, $n$ = 4096" and ax.get_legend() is not None and ax.get_xlim() == figure.canvas.axes[0].get_xlim()


def test_curves_are_those_of_the_report(p1, ax):
    figure, = figures.curves(p1)
    assert plot.success(p1, ax, preset="P2") is ax
    assert drawn(ax) == drawn(figure.canvas.axes[1]) and ax.get_title() == "P2, $d$ = 34"


def test_errors_are_those_of_the_report(files, ax):
    ds = polysweep.open(files["sketch"])
    report = next(figure for figure in figures.errors(ds) if figure.name == "error-r")
    plot.errors(ds, ax, error="err_amm", over="r")
    assert drawn(ax) == drawn(report.canvas.axes[0]) and ax.get_yscale() == "log" and "4" in ax.get_title()


def test_scaling_is_that_of_the_report(files, ax):
    ds = polysweep.open(files["teams"])
    figure, = figures.strong(ds)
    plot.scaling(ds, ax, column="time_s", method="exact")
    row = next(k for k, each in enumerate(figure.canvas.axes) if each.get_title(loc="left").startswith("exact"))
    assert drawn(ax) == drawn(figure.canvas.axes[row])


def test_what_is_not_there_is_said(p1, w2, files, ax):
    with pytest.raises(ValueError, match="no point is left with d = 7; there are: 34"):
        plot.phase(p1, ax, d=7)
    with pytest.raises(ValueError, match="there is no coordinate 'widht'"):
        plot.success(p1, ax, widht=34)
    with pytest.raises(ValueError, match="no point is chosen that has several degrees"):
        plot.phase(p1, ax, n=64)
    with pytest.raises(ValueError, match="no strong scaling"):
        plot.scaling(p1, ax)
    with pytest.raises(ValueError, match="no point is one of a sketch"):
        plot.errors(p1, ax)
    with pytest.raises(TypeError, match="phase takes a Dataset, not a path"):
        plot.phase("x.h5")


def test_of_several_panels_the_one_that_differs_most_is_drawn(p1, ax):
    frame = p1.to_dataframe()
    frame = frame[frame["method"] == "exact"]
    spreads = frame.groupby("preset")["success_rate"].std(ddof=0)
    plot.success(p1, ax)
    assert spreads["P1"] != spreads["P2"] and ax.get_title() == f"{spreads.idxmax()}, $d$ = 34"
