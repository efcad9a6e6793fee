"""Tables of sketches against naive loops, and what the figures of sketches draw against the file."""
import numpy as np
import pandas as pd
import pytest
import sketched
import synthetic
import xarray as xr
from test_report import page

import polysweep
from polysweep import cases, figures, sketches, style
from polysweep.cases import table
from polysweep.figures.errors import EXACT
from polysweep.methods import BEFORE_ATTRIBUTES, references
from polysweep.report import main
from polysweep.sketch_tables import cheapest_table, crossover_table


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """{study: Dataset} of the studies."""
    place, found = tmp_path_factory.mktemp("sketched"), {}
    for name, study in sketched.STUDIES.items():
        rows = study(beta=(2, 4)) if name == "errors" else study()
        synthetic.write(place / f"{name}.h5", rows, own=sketched.OWN.get(name, ()))
        found[name] = polysweep.open(place / f"{name}.h5")
    return found


def test_sizes_are_completed(opened):
    frame = sketches.sketches(opened["errors"])
    assert not (frame["method"] == "exact").any() and (frame["features"] > 0).all()
    whole = frame[frame["method"] == "monomial"]
    assert (whole["features"] == 64 * 65 // 2).all()
    without = opened["errors"].drop_vars("state_bytes")
    plain = (frame["method"] != "polysketch") | (frame["beta"] != 2)  # of degree 2 it is the plain square, whatever r
    assert np.array_equal(sketches.sketches(without)["state_bytes"][plain], frame["state_bytes"][plain])


def test_the_cheapest_is_what_a_naive_loop_finds(opened):
    levels, error = (0.5, 0.1, 0.05, 0.03, 1e-9), "err_amm"
    found = sketches.cheapest(opened["errors"], levels, (error,))
    points = [row for row in sketched.errors_study(beta=(2, 4)) if row["method"] != "exact"]
    assert len(found) == 2 * 2 * len(levels) * 2
    for row in found.itertuples():
        good = [p for p in points if p["data_kind"] == row.data_kind and p["beta"] == row.beta and p[error] <= row.level]
        if not good:
            assert row.method == "" and np.isnan(row.cost) and row.level == 1e-9
            continue
        assert row.cost == min(p[row.by] for p in good) and row.found <= row.level
        assert (row.method, row.cost, row.found) in {(p["method"], p[row.by], p[error]) for p in good}
        assert row.features == sketched.features(row.method, row.r, 64, row.beta)
    exact = next(p for p in sketched.errors_study(beta=(2,)) if p["method"] == "exact")
    some = found[(found["by"] == "flops") & (found["cost"] > 0)].iloc[0]
    assert some["of_exact"] == some["cost"] / exact["flops"]
    state = found[(found["by"] == "state_bytes") & (found["cost"] > 0)].iloc[0]
    assert state["of_exact"] == state["cost"] / (1024 * 128 * 4)


def test_an_unreached_level_is_said_once(opened):
    shown = cheapest_table(sketches.cheapest(opened["errors"]), ["data_kind", "n", "d", "beta"], "err_out").shown
    assert list(shown)[:3] == ["data_kind", "beta", "err_out <="]
    four = shown[(shown["data_kind"] == "gaussian") & (shown["beta"] == "4")]
    assert len(four) == 1 and four["smallest state"].iloc[0].startswith("none (lowest ")
    two = shown[(shown["data_kind"] == "gaussian") & (shown["beta"] == "2")]
    assert two["err_out <="].tolist() == ["0.5..0.01"]  # a map that is exact answers all of them


def test_levels_with_one_answer_make_one_row():
    rows, answers = [], {0.5: "a", 0.2: "a", 0.1: "b", 0.05: "", 0.01: ""}
    for level, method in answers.items():
        for by in ("state_bytes", "flops"):
            rows.append(dict(d=8, beta=4.0, error="err_out", level=level, by=by, method=method, r=4, features=10, local=0,
                             weights=0, cost=1.0, of_exact=0.5, found=0.1, found_q90=0.2, bad_rows=0, lowest=0.07))
    shown = cheapest_table(pd.DataFrame(rows), ["d", "beta"], "err_out").shown
    assert shown["err_out <="].tolist() == ["0.5..0.2", "0.1", "0.05"]
    assert shown["smallest state"].tolist() == ["a r=4", "b r=4", "none (lowest 0.07)"]


def test_a_map_with_a_kernel_of_its_own_is_no_sketch_of_softmax(tmp_path):
    """relu and the features of a Taylor sum have an error of rounding by construction: the answer about softmax is favor's."""
    shape = dict(n=256, d=16, v=16, beta=np.nan, by="rows", exact_map=1, map_features=16, err_out=1e-15, state_bytes=2176.0)
    rows = [dict(shape, method="relu"), dict(shape, method="elu1")]
    rows += [dict(shape, method="taylor", order=2, by=by) for by in ("rows", "features")]
    for features, error in ((32, 0.15), (64, 0.05)):
        rows.append(dict(shape, method="favor", features=features, draws=5, exact_map=0, map_features=features, err_out=error,
                         state_bytes=features * 17 * 8.0))
        rows.append(dict(rows[-1], method="tree", beta=4.0, r=features, err_out=3 * error))
    rows = sorted(rows, key=lambda row: row["method"])
    synthetic.write(tmp_path / "k.h5", rows, own=("order", "by"))
    found = sketches.cheapest(polysweep.open(tmp_path / "k.h5"), levels=(0.2, 0.1), errors=("err_out",)).query("by == 'state_bytes'")
    assert found["method"].tolist() == ["tree", "", "favor", "favor"]
    assert found["kernel"].tolist() == ["power"] * 2 + ["exponential"] * 2
    ds = polysweep.open(tmp_path / "k.h5")
    assert "by" in cases.case_columns(ds) and "by" not in sketches.held(ds)  # the column `by` says what is cheapest
    shown = cheapest_table(sketches.cheapest(ds, (0.2, 0.1)), [*sketches.held(ds), "n", "d", "beta"], "err_out").shown
    assert shown["beta"].tolist() == ["4", "4", "softmax", "softmax"]
    assert shown["smallest state"].tolist() == ["tree r=64", "none (lowest 0.15)", "favor F=32", "favor F=64"]


@pytest.mark.parametrize("ratio, expected, how", [
    ([4, 2, 1 / 2, 1 / 8], np.sqrt(200 * 400), "inside"), ([8, 4, 2, 1.01], np.inf, "above"),
    ([0.9, 0.5, 0.2, 0.1], 100, "below"), ([2, 0.5, 2, 0.5], np.sqrt(400 * 800), "inside"),  # for good, not for once
    ([2, np.nan, 0.5, 0.1], np.sqrt(100 * 400), "inside"), ([np.nan] * 4, np.nan, ""), ([2, np.nan, np.nan, np.nan], np.nan, "")])
def test_crossings(ratio, expected, how):
    at, word = sketches.crossing([100, 200, 400, 800], ratio)
    assert word == how and at == pytest.approx(expected, nan_ok=True)


def test_crossovers_of_known_costs(opened):
    """Exact costs n^2, a sketch 1000 n: they meet at 1000, whatever the grid, because both are powers."""
    ds = opened["costs"].copy(deep=True)
    exact, n = ds["method"].values == "exact", ds["n"].values.astype(float)
    for name in ("flops", "bytes", "time_median_s"):
        ds[name] = ("point", np.where(exact, n * n, 1000 * n))
    found = sketches.crossovers(ds)
    assert len(found) == 6 and set(found["method"]) == {"polysketch", "tensorsketch"}
    for quantity in sketches.COSTS:
        assert np.allclose(found[quantity + "_n"], 1000) and (found[quantity + "_how"] == "inside").all()
        assert np.allclose(found[quantity + "_gain"], 32.768)
    shown = crossover_table(found, ["d", "beta"]).shown
    assert shown["flops: n"].tolist() == ["1000"] * 6 and "polysketch r=32, local 256" in shown["sketch"].tolist()


def with_learned(ds, of, **costs):
    """The dataset, and once more its points with r among `of` (without a window), now of learned weights; `costs`: factors."""
    learned = ds.isel(point=np.flatnonzero(np.isin(ds["r"].values, of) & (ds["local"].values == 0))).copy(deep=True)
    learned = learned.assign({name: learned[name] * factor for name, factor in costs.items()})
    parts = [part.assign_coords(weights=("point", np.full(part.sizes["point"], kind))) for part, kind in ((ds, 0), (learned, 1))]
    return xr.concat(parts, "point", combine_attrs="override")


def test_learned_sketches_are_told_from_random_ones_of_their_size(opened):
    """In every table and figure, and as a curve or panel of their own: four times the operations, half the error."""
    ds = with_learned(opened["costs"], 32, flops=4.0)
    found = sketches.crossovers(ds)
    shown = crossover_table(found, ["d", "beta"]).shown.set_index("sketch")
    assert len(shown) == 7 and {"polysketch r=32", "polysketch r=32, local 256", "polysketch r=32, learned"} <= set(shown.index)
    assert shown.loc["polysketch r=32, learned", "flops: n"] != shown.loc["polysketch r=32", "flops: n"]
    figure, = figures.costs(ds)
    words = [text.get_text() for ax in figure.canvas.axes if ax.get_legend() for text in ax.get_legend().get_texts()]
    assert "$r$ = 32, learned" in words and set(figure.data[""]["weights"]) == {0, 1}

    ds = with_learned(opened["errors"], 32, err_out=0.5, flops=0.5)
    found = sketches.cheapest(ds, levels=(0.5,), errors=("err_out",))
    best = found[found["weights"] == 1]
    assert len(best) and (best["r"] == 32).all() and (found.loc[found["method"] == "", "weights"] == 0).all()
    table = cheapest_table(found, ["data_kind", "n", "d", "beta"], "err_out").shown
    assert table["fewest operations"].str.endswith("r=32, learned").any()

    figure, = figures.separation(with_learned(opened["separation"], np.unique(opened["separation"]["r"])[1:]))
    titles = [ax.get_title() + ax.get_title(loc="left") for ax in figure.canvas.axes]
    assert sum("polysketch, learned, " in title for title in titles) == sum("polysketch, $" in title for title in titles) == 1


def test_times_of_shared_cores_are_never_used(opened):
    ds = opened["costs"].copy(deep=True)
    words = ds["timing"].values.copy().astype(object)
    words[ds["n"].values > 1024] = "oversubscribed"
    ds = ds.assign_coords(timing=("point", words.astype(str)))
    found = sketches.crossovers(ds)
    assert set(found.loc[found["r"] == 64, "seconds_how"]) == {"above"}  # what follows is not known
    figure, = figures.costs(ds)
    seconds = [ax for ax in figure.canvas.axes if ax.get_ylabel() == "seconds"][0]
    drawn = [line for line in seconds.lines if len(line.get_xdata()) > 1]
    assert max(np.max(np.asarray(line.get_xdata())[np.isfinite(line.get_ydata())]) for line in drawn) == 1024
    words[:] = "oversubscribed"
    figure, = figures.costs(ds.assign_coords(timing=("point", words.astype(str))))
    assert not [ax for ax in figure.canvas.axes if ax.get_ylabel() == "seconds"]
    words[:] = "none"
    assert sketches.crossovers(ds.assign_coords(timing=("point", words.astype(str))))["seconds_n"].isna().all()


def test_shared_times_are_hollow(opened):
    ds = opened["costs"].assign_coords(timing=("point", np.full(opened["costs"].sizes["point"], "shared")))
    figure, = figures.costs(ds)
    assert "Hollow" in figure.caption and sketches.crossovers(ds)["shared"].all()
    seconds = [ax for ax in figure.canvas.axes if ax.get_ylabel() == "seconds"][0]
    faces = {line.get_markerfacecolor() for line in seconds.lines if line.get_marker() == "o" and line.get_markersize() < 5
             and len(line.get_xdata())}
    assert faces == {"white"}


def test_favor_is_compared_with_softmax():
    estimated = references(BEFORE_ATTRIBUTES)
    assert estimated["favor"] == "softmax" and estimated["srht"] == "exact" and "softmax" not in estimated


def test_errors_draw_the_files_medians(opened):
    drawn = list(figures.errors(opened["errors"]))
    assert [figure.name for figure in drawn] == ["error-state-1", "error-state-2", "error-r-1", "error-r-2"]
    frame = table(opened["errors"])
    ax = drawn[3].canvas.axes[1]  # gaussian, beta 4, err_amm over r
    assert ax.get_xscale() == ax.get_yscale() == "log" and "4" in ax.get_title(loc="left")
    curves = {tuple(line.get_ydata()) for line in ax.lines}
    for method in ("polysketch", "tensorsketch"):
        part = frame[(frame["method"] == method) & (frame["beta"] == 4) & (frame["data_kind"] == "gaussian")].sort_values("r")
        assert tuple(part["err_amm"]) in curves
    for figure, wanted in ((drawn[3], [-1.0, -0.5]), (drawn[1], [-0.5, -0.5])):  # polysketch squares: r rows are r (r + 1)/2 features
        slopes = [np.polyfit(np.log(line.get_xdata()), np.log(line.get_ydata()), 1)[0] for line in figure.canvas.axes[1].lines
                  if len(line.get_xdata()) == 2 and line.get_color() == style.GREY]
        assert np.allclose(sorted(slopes), wanted, atol=1e-12)
    assert not [line for line in ax.lines if line.get_marker() == EXACT]
    exact = drawn[3].canvas.axes[0]  # beta 2: the self-tensored sketch is the plain square
    assert [(len(line.get_xdata()), line.get_color()) for line in exact.lines if line.get_marker() == EXACT] == [(5, style.method("polysketch")[0])]
    frame = frame[(frame["beta"] == 4) & (frame["data_kind"] == "gaussian")]
    assert ax.get_ylim()[1] >= frame["err_amm_q90"].max(), "bands are seen whole"
    places = [tuple(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) > 2]
    assert len(set(places)) == len(places), "no curve hides another"


def test_theory_of_errors_is_drawn_only_where_the_file_has_it(opened):
    assert "root mean square" not in list(figures.errors(opened["errors"]))[0].caption
    with_theory = opened["errors"].assign(theory_err_amm=opened["errors"]["err_amm"] * 0.99)
    assert "root mean square" in list(figures.errors(with_theory))[0].caption


def test_separation_marks_what_the_kernel_does_not_do(opened):
    figure, = figures.separation(opened["separation"])
    frame = figure.data[""]
    assert len(frame) == 6 * 9
    spurious = frame[frame["spurious"]]
    assert len(spurious) and (spurious["beta"] < spurious["beta_c"]).all() and (spurious["exact_rate"] <= 0.05).all()
    for row in frame.itertuples():
        assert row.spurious == (row.beta < row.beta_c and row.exact_rate <= 0.05 and row.success_lo > row.exact_rate)
    ax = figure.canvas.axes[0]
    crosses = [line for line in ax.lines if line.get_color() == "#c8102e" and line.get_linewidth() < 1]
    assert len(crosses) == 2 * len(spurious)
    exact = polysweep.grid(opened["separation"]).sel({"method": "exact"}).isel(r=0)
    strip = figure.canvas.axes[2].collections[0].get_array().reshape(-1)
    assert np.array_equal(strip, exact["theory_special_mass_d1"])
    rates = figure.canvas.axes[1].collections[0].get_array().reshape(-1)
    assert np.array_equal(rates, exact["theory_success"])


def test_curves_of_sketches_stand_before_the_exact_line(opened):
    figure, = figures.curves(opened["separation"])
    exact, sketch = figure.canvas.axes[:2]
    behind = [line for line in sketch.lines if line.get_color() == "#6f6f6f" and len(line.get_xdata()) > 100]
    assert len(behind) == 1 and tuple(behind[0].get_ydata()) in {tuple(line.get_ydata()) for line in exact.lines}
    legend = [text.get_text() for text in figure.canvas.legends[0].get_texts()]
    assert legend == ["8", "16", "32", "64", "128", "256"]


def test_brackets_of_sketches_rest_on_draws(opened):
    """20 draws behind 60 trials settle what 20 trials do: nothing."""
    few = opened["separation"].copy(deep=True)
    few["success_samples"] = few["success_samples"] // 3
    wide, narrow = (polysweep.critical(ds).query("method == 'polysketch'") for ds in (few, opened["separation"]))
    assert (wide["samples"] == 20).all() and not (wide["verdict"] == "edges").any()
    assert (narrow["samples"] == 60).all() and (narrow["verdict"] == "edges").any()


def test_files_of_sketches_alone_have_no_phase_diagram(opened):
    for name in ("errors", "costs"):
        assert not list(figures.phase(opened[name], "n")) and not list(figures.curves(opened[name]))
        assert not len(polysweep.critical(opened[name])) and not list(figures.separation(opened[name]))


# ---- the window that is exact, maps that are exact, errors over lengths ---------------------------------------------


def local_study():
    """A state of r = 8 with and without an exact window of 64, widths of 32, double precision; the window makes it better."""
    rows = []
    for local, error in ((0, 0.4), (64, 0.1)):
        rows.append(dict(sketched.sketch("polysketch", 8, 4, 1024, 32), local=local, precision="fp64", err_out=error,
                         state_bytes=36.0 * 33 * 8))
    return rows


def test_the_exact_window_is_part_of_the_state(tmp_path):
    """9,504 bytes of sums and 64 keys and values of 32 numbers: 42,272. Files without `map_features` left the window out."""
    synthetic.write(tmp_path / "old.h5", local_study())
    rows = [dict(row, map_features=36, exact_map=0, state_bytes=row["state_bytes"] + row["local"] * 64 * 8) for row in local_study()]
    synthetic.write(tmp_path / "new.h5", rows)
    bare = [{name: value for name, value in row.items() if name != "state_bytes"} for row in local_study()]
    synthetic.write(tmp_path / "bare.h5", bare)
    for name in ("old", "new", "bare"):
        ds = polysweep.open(tmp_path / f"{name}.h5")
        assert sketches.sketches(ds)["state_bytes"].tolist() == [9504, 9504 + 32768], name
        found = sketches.cheapest(ds, levels=(0.5, 0.2), errors=("err_out",)).query("by == 'state_bytes'")
        assert found["local"].tolist() == [0, 64] and found["cost"].tolist() == [9504, 42272], name
        assert found["of_exact"].iloc[1] == 42272 / (1024 * 64 * 8)


def exact_study():
    """Degree 2 of a self-tensored sketch is the plain square whatever r: one map of 2080 features; degree 4 is none."""
    random, rows = np.random.default_rng(6), []
    for n in (256, 1024):
        rows += [sketched.with_costs(sketched.exact(beta, n)) for beta in (2, 4)]
        for beta in (2, 4):
            for r in (16, 40):
                row = sketched.with_errors(sketched.with_costs(sketched.sketch("polysketch", r, beta, n)), random)
                exact = beta == 2
                row.update(exact_map=int(exact), map_features=2080 if exact else r * (r + 1) // 2)
                row["state_bytes"] = row["map_features"] * 65 * 4.0
                rows.append(row)
    return sorted(rows, key=lambda row: row["method"])


def test_an_exact_map_is_printed_once_as_exact(tmp_path):
    synthetic.write(tmp_path / "e.h5", exact_study())
    ds = polysweep.open(tmp_path / "e.h5")
    crossings = sketches.crossovers(ds)
    two = crossings[crossings["beta"] == 2]
    assert len(two) == 1 and two["exact"].all() and two["features"].tolist() == [2080] and two["r"].tolist() == [0]
    assert len(crossings[crossings["beta"] == 4]) == 2 and not crossings.loc[crossings["beta"] == 4, "exact"].any()
    shown = crossover_table(crossings, ["d", "beta"]).shown
    assert shown["sketch"].tolist() == ["polysketch exact, F=2080", "polysketch r=16", "polysketch r=40"]
    cheap = sketches.cheapest(ds, errors=("err_amm",))
    assert set(cheap.loc[cheap["beta"] == 2, "r"]) == {0} and cheap.loc[cheap["beta"] == 2, "exact"].all()
    shown = cheapest_table(cheap, ["n", "d", "beta"], "err_amm").shown
    assert set(shown.loc[shown["beta"] == "2", "smallest state"]) == {"polysketch exact, F=2080"}
    state = next(figure for figure in figures.errors(ds) if figure.name == "error-state-2")
    triangles = [line for line in state.canvas.axes[0].lines if line.get_marker() == EXACT]
    assert [len(line.get_xdata()) for line in triangles] == [1] and len(state.data[""]) == 8  # the CSV has what was asked for
    assert len(sketches.sketches(ds)) == 8


def test_files_without_the_columns_name_no_map_exact(opened):
    assert not sketches.sketches(opened["errors"])["exact"].any() and len(sketches.once(sketches.sketches(opened["errors"]), [])) == \
        len(sketches.sketches(opened["errors"]))


def step_study(quantiles=False):
    """Errors of all rows up to n = 1024, of 256 rows from 1025 on: the norm of a signed sketch falls by half between them."""
    rows = []
    for n in (512, 960, 1024, 1025, 2048):
        row = sketched.with_errors(sketched.sketch("tree", 64, 4, n, 20), np.random.default_rng(n))
        sampled = n > 1024
        row.update(err_rows=256 if sampled else n, err_out=54.0 if sampled else 120.0, err_out_q90=300.0)
        if quantiles:
            row.update(err_out_row_q50=2.0 + n / 1e5, err_out_row_q90=9.0)
        rows.append(row)
    return rows


def test_no_line_joins_norms_of_all_rows_and_of_sampled_ones(tmp_path):
    synthetic.write(tmp_path / "s.h5", step_study())
    figure, = figures.lengths(polysweep.open(tmp_path / "s.h5"))
    for ax in figure.canvas.axes:
        joined = [tuple(line.get_xdata()) for line in ax.lines if line.get_linestyle() != "None" and len(line.get_xdata())]
        assert joined == [(512, 960, 1024), (1025, 2048)]
    hollow = [tuple(line.get_xdata()) for line in figure.canvas.axes[-1].lines if line.get_markerfacecolor() == "white"]
    assert (1025, 2048) in hollow and "Hollow: measured on 256 of the query rows" in figure.caption
    assert figure.canvas.axes[-1].get_ylabel().endswith("(err_out)") and len(figure.data[""]) == 5


def test_quantiles_over_rows_are_drawn_across(tmp_path):
    synthetic.write(tmp_path / "q.h5", step_study(quantiles=True))
    figure, = figures.lengths(polysweep.open(tmp_path / "q.h5"))
    labels = [ax.get_ylabel() for ax in figure.canvas.axes]
    assert not any("(err_out)" in label for label in labels) and "(err_out_row_q50)" in labels[-1]
    line = next(line for line in figure.canvas.axes[-1].lines if line.get_linestyle() != "None")
    assert line.get_xdata().tolist() == [512, 960, 1024, 1025, 2048] and line.get_ydata()[0] == 2.0 + 512 / 1e5


def test_errors_at_one_length_have_no_figure_over_lengths(opened):
    assert not list(figures.lengths(opened["errors"])) and not list(figures.lengths(opened["costs"]))


def test_beside_a_crossover_stands_its_error(tmp_path):
    """That of the output at the largest length; the one against the reference where the file has it."""
    rows = sketched.errors_study(kinds=("gaussian",), beta=(4,), n=(512, 2048))
    for name, more in (("own", {}), ("reference", {"err_out_ref": 0.375})):
        synthetic.write(tmp_path / f"{name}.h5", [row | more for row in rows])
        ds = polysweep.open(tmp_path / f"{name}.h5")
        found = sketches.crossovers(ds)
        mine = {(row["method"], row["features"]): row["err_out"] for row in rows if row["n"] == 2048 and "err_out" in row}
        assert len(found) == 21 and [0.375 if more else mine[row.method, row.features] for row in found.itertuples()] == found["error"].tolist()
        assert crossover_table(found, []).shown["error"].tolist() == [f"{x:.3g}" for x in found["error"]]
        figure, = figures.costs(ds)
        words = [text.get_text() for ax in figure.canvas.axes if ax.get_legend() for text in ax.get_legend().get_texts()]
        drawn = [f"error {x:.2g}" for x in found["error"]]
        assert "Errors are those of the output at the largest length" in figure.caption
        assert all(any(word.endswith(each) for each in drawn) for word in words if word != "exact") and len(words) > 8


# ---- the report ---------------------------------------------------------------------------------------------------


def test_the_report_of_sketches(opened, tmp_path, capsys, undrawn):
    synthetic.write(tmp_path / "errors.h5", sketched.errors_study(kinds=("gaussian",), beta=(4,)))
    files = [str(tmp_path / "errors.h5"), opened["costs"].attrs["path"], opened["separation"].attrs["path"]]
    assert main([*files, "-o", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "The cheapest sketch for an error" in said and "Where sketched attention becomes cheaper" in said
    _, checker = page(tmp_path)
    assert all((tmp_path / link).exists() for link in checker.links)
    assert "Separation through a sketch" in checker.text and "Error against the size of the state" in checker.text
    found = synthetic.read_csv(tmp_path / "errors" / "cheapest.csv")
    assert set(found["error"]) == {"err_out", "err_attn", "err_amm"} and len(found) == 3 * 5 * 2
    assert len(synthetic.read_csv(tmp_path / "costs" / "crossovers.csv")) == 6
    assert not (tmp_path / "separation" / "cheapest.csv").exists()


def test_teams_are_no_cases(tmp_path):
    """Points that differ in their team alone are one result: that of the smallest team which is done."""
    rows = [dict(method="exact", beta=4.0, n=64 * k, d=8, v=8, seed=1, team_asked=team, status=status)
            for k in (1, 2) for team, status in ((1, "failed" if k == 1 else "done"), (2, "done"), (4, "done"))]
    synthetic.write(tmp_path / "t.h5", rows)
    ds = polysweep.open(tmp_path / "t.h5")
    assert len(cases.every(ds)) == 6 and "team_asked" not in cases.case_columns(ds)
    assert cases.table(ds)["team_asked"].tolist() == [2, 1] and cases.table(ds).index.tolist() == [1, 3]
