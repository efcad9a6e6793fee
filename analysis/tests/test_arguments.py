"""What is not what a function takes is said by name, with the nearest that is; nothing passes in silence."""
import inspect
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import polysweep
from polysweep import cases, conjecture_tables, conjectures, figures, methods, models, oracle, plot, predictions, projection, samples, scaling, sketches, statistics
from polysweep.checks import check_dataset
from polysweep.critical import decided_at
from polysweep.curve import combinations, is_parameter, partners
from polysweep.edge_tables import asked_for, edge_frame, names_of, shares
from polysweep.edges import answers, coordinates as edge_coordinates, narrowed, sure_answers, sure_sides
from polysweep.figures.edges import numbers_of
from polysweep.figures.roofline import bandwidth, rates
from polysweep.figures.separation import beside
from polysweep.figures.timeline import turns_of
from polysweep.grid import applies, distinguishing
from polysweep.heads import column_of, points, pooled, settings, several
from polysweep.read import column
from polysweep.report import main
from polysweep.residuals import predicted_degrees, predicted_edges
from polysweep.study import level_of, resolved_of, rule_of, search_of

OF_DATASETS = [
    polysweep.grid, polysweep.axes, polysweep.critical, polysweep.claims, scaling.timed, scaling.held, scaling.strong, scaling.weak,
    scaling.fits,
    scaling.about_time, scaling.apart, scaling.slots, cases.every, cases.table, cases.case_columns, sketches.held, sketches.sketches,
    sketches.cheapest, sketches.against, sketches.crossovers, predictions.predictions, figures.costs, figures.curves, figures.decomposition,
    figures.degrees, figures.errors, figures.heads, figures.lengths, figures.prediction, figures.roofline, figures.separation,
    figures.strong, figures.timeline, figures.weak, rates, bandwidth, beside, turns_of, methods.facts, polysweep.heads,
    polysweep.decode_table, settings, several, column_of, pooled, polysweep.edges, polysweep.statement, polysweep.edge_fits, figures.edges,
    edge_frame, distinguishing, scaling.oversubscribed]
OF_DATASETS += [polysweep.residuals, conjectures.predictions_of, predicted_edges, conjecture_tables.claims_frame,
                conjecture_tables.conjecture_tables, figures.why, *(getattr(plot, name) for name in plot.__all__)]
OF_MORE = {  # with arguments that they cannot do without
    figures.phase: ("n",), projection.project: (None,), projection.bands: (None,), applies: ("beta",), points: ("err_out",),
    scaling.samples: ([],), scaling.series_fits: (pd.DataFrame(), ["usl"]), combinations: ("beta",), is_parameter: ("beta",),
    partners: ("n == 64",), narrowed: (None,), sure_answers: (None,), sure_sides: (None, "success_rate"),
    answers: ("beta", "success_rate", 0.9), edge_coordinates: (None, None, "beta"),
    numbers_of: (None,), names_of: (None,), shares: (None,), asked_for: (None,),
    polysweep.counterexamples: ("c",), conjectures.rate_pvalues: ("success_rate", 0.5), predicted_degrees: (["n"],)}
OF_ANYTHING = {column, level_of, check_dataset, resolved_of, search_of, rule_of, decided_at}


@pytest.mark.parametrize("function", OF_DATASETS, ids=lambda function: f"{function.__module__}.{function.__name__}")
def test_a_path_is_no_dataset(function, p1_file):
    for path in (p1_file, str(p1_file)):
        with pytest.raises(TypeError, match=rf"^{function.__name__} takes a Dataset, not a path: .* polysweep.open\('.*p1.h5'\)"):
            function(path)
    with pytest.raises(TypeError, match=f"^{function.__name__} takes a Dataset from polysweep.open, not a DataFrame"):
        function(pd.DataFrame())
    with pytest.raises(ValueError, match="no dimension `point` but n"):
        function(xr.Dataset({"x": ("n", [1.0])}))


def test_no_function_of_a_dataset_is_forgotten():
    """Every public function of the package whose first argument is called ds."""
    modules = [module for name, module in sys.modules.items() if name.split(".")[0] == "polysweep"]
    found = {function for module in modules for name, function in vars(module).items() if inspect.isfunction(function)
             and not name.startswith("_") and list(inspect.signature(function).parameters)[:1] == ["ds"]}
    assert found - set(OF_MORE) - set(OF_DATASETS) == OF_ANYTHING


def test_more_functions_of_datasets(p1_file, p1):
    for function, more in OF_MORE.items():
        with pytest.raises(TypeError, match="takes a Dataset, not a path"):
            function(p1_file, *more)
    for plan in ("plan.json", None, pd.DataFrame({"n": [1]})):
        with pytest.raises(TypeError, match="a table from polysweep.projection.read_plan"):
            projection.project(p1, plan)


@pytest.mark.parametrize("function", [polysweep.open, polysweep.provenance, polysweep.failures, lambda x: polysweep.rows(x, 0)])
def test_a_dataset_is_no_path(function, p1):
    for other in (p1, None, 3):
        with pytest.raises(TypeError, match="takes the path of a result file, not"):
            function(other)


def test_compare_takes_either(p1, p1_file):
    assert polysweep.compare(p1, p1_file)["agrees"].all()
    for other in (None, pd.DataFrame(), xr.Dataset({"x": ("n", [1.0])})):
        with pytest.raises((TypeError, ValueError), match="compare takes"):
            polysweep.compare(p1, other)


def test_columns_that_are_not_there(p1_file):
    with pytest.raises(ValueError, match="no column 'succes_rate'; near it: success_rate"):
        polysweep.open(p1_file, columns=["succes_rate"])
    with pytest.raises(ValueError, match="no column 'err_out'"):
        polysweep.open(p1_file, columns=["gap", "err_out"])  # not in this file
    with pytest.raises(TypeError, match=r"list of names: \['success_rate'\]"):
        polysweep.open(p1_file, columns="success_rate")
    ds = polysweep.open(p1_file, columns=["timing_code", "error_code", "done", "gap"])
    assert {"timing", "timing_code", "error_code", "done", "gap"} <= set(ds.variables) and "success_rate" not in ds
    assert "gap" not in polysweep.open(p1_file, columns=[])


@pytest.mark.parametrize("level", [1.5, 0, 1, -0.1, np.nan])
def test_levels_out_of_range(level, p1, tmp_path, p1_file, capsys):
    for call in (lambda: polysweep.critical(p1, level), lambda: polysweep.critical(p1, target=level),
                 lambda: polysweep.critical(p1, error=level), lambda: list(figures.degrees(p1, level)),
                 lambda: list(figures.curves(p1, level)), lambda: statistics.consistency(cases.table(p1), level),
                 lambda: statistics.clopper_pearson(1, 2, level), lambda: statistics.over_draws([0.5, 0.7], 3, level),
                 lambda: samples.fewest(level), lambda: samples.median_interval([], level),
                 lambda: models.fit("usl", [1], [[1]], level), lambda: models.fit_intervals("usl", [1], [1], [1], [1], level)):
        with pytest.raises(ValueError, match="lies between 0 and 1, not at"):
            call()
    with pytest.raises(SystemExit):
        main([str(p1_file), "-o", str(tmp_path), "--level", str(level)])
    assert "--level lies between 0 and 1" in capsys.readouterr().err


def test_levels_of_another_type(p1):
    for level in ("0.9", True, [0.9]):
        with pytest.raises(TypeError, match="level is a number"):
            polysweep.critical(p1, level)
    with pytest.raises(TypeError, match="two names"):
        polysweep.critical(p1, 0.9, target=0.9)


def test_critical_wants_rates(p1_file):
    with pytest.raises(ValueError, match="needs the column success_rate"):
        polysweep.critical(polysweep.open(p1_file, columns=["gap"]))


def test_names_that_are_not_known(p1):
    for call, words in ((lambda: figures.phase(p1, "N"), "no length 'N'; there are: d, n"),
                        (lambda: oracle.success(4, 8, n=64, d=10, a_0=0, a_1=1, b=0, c=1, kappa=0.1, method="sofmax"), "near it: softmax"),
                        (lambda: applies(p1, "bete"), "no coordinate 'bete'; near it: beta"), (lambda: oracle.attend(np.ones((2, 2)), 2, "favor"), "no method 'favor'"),
                        (lambda: sketches.cheapest(p1, errors=("err_oot",)), "no error 'err_oot'; near it: err_out"),
                        (lambda: sketches.reference(cases.every(p1), "exac"), "no method 'exac'; near it: exact"),
                        (lambda: sketches.cost(pd.DataFrame(), "flop"), "no cost 'flop'; near it: flops"),
                        (lambda: scaling.series_fits(p1, scaling.strong(p1), ["ush"]), "no law 'ush'; near it: usl"),
                        (lambda: models.fit("amdal", [1], [[1]]), "near it: amdahl"),
                        (lambda: samples.mean([1.0], "s", "aritmetic"), "near it: arithmetic")):
        with pytest.raises(ValueError, match=words):
            list(call())
    with pytest.raises(TypeError, match="errors are given as a list"):
        sketches.cheapest(p1, errors="err_out")


def test_numbers_out_of_range(p1, p1_file, tmp_path):
    for call in (lambda: scaling.weak(p1, bound=-1), lambda: list(figures.strong(p1, upto=0)), lambda: sketches.cheapest(p1, levels=[-1]),
                 lambda: list(figures.weak(p1, upto=np.nan)), lambda: models.fit("usl", [1], [[1]], resamples=0)):
        with pytest.raises(ValueError, match="is at least"):
            call()
    with pytest.raises(TypeError, match="point is a whole number"):
        polysweep.rows(p1_file, 1.5)
    with pytest.raises(SystemExit):
        main([str(p1_file), "-o", str(tmp_path), "--upto", "0"])
