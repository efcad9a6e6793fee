"""Tables, figure and report of a file that searched."""
import numpy as np
import pandas as pd
import pytest
import searched
import synthetic
from test_figures import meshes
from test_report import page

import polysweep
from polysweep import figures, oracle, report
from polysweep.edge_tables import asked_for, edge_frame, edge_table, ranges, shares
from polysweep.edges import answers


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    path = tmp_path_factory.mktemp("window") / "w2.h5"
    searched.write(path, synthetic.points(["W2"], ["exact", "softmax"], range(1, 61), [256, 1024], [34, 130, 258], 67, 2000), seed=3)
    return path


@pytest.fixture(scope="module")
def ds(window):
    return polysweep.open(window)


def changed(ds, **columns):
    return ds.assign({name: ("point", values) for name, values in columns.items()})


def test_a_row_for_each_edge(ds):
    found = polysweep.edges(ds)
    frame = edge_frame(ds, found)
    assert frame.columns[:4].tolist() == ["method", "n", "d", "combination"]
    assert (frame[frame["edge"] >= 0].groupby("combination").size() == found["count"].to_series()[found["count"].values > 0]).all()
    for row in frame[frame["edge"] >= 0].itertuples():
        one = found.isel(combination=row.combination)
        assert (row.lo, row.hi, row.position) == (one.lo.values[row.edge], one.hi.values[row.edge], one.position.values[row.edge])
        assert row.outside == (not row.lo < row.theory <= row.hi) and (row.sure_lo, row.sure_hi) == (row.lo, row.hi)  # trials decided
    without = frame[frame["kind"] == "none"]
    assert set(without["combination"]) == set(np.flatnonzero(found["count"].values == 0)) and not without["outside"].any()


def test_theory_that_was_not_found_is_told(ds):
    exact = np.where(ds.d.values == 34, 20.5, ds.edge_lo.values), np.where(ds.d.values == 34, 29.0, ds.edge_hi.values)
    frame = edge_frame(changed(ds, edge_lo=exact[0], edge_hi=exact[1]))
    missing = frame[(frame["d"] == 34) & (frame["method"] == "exact")]
    assert missing["kind"].tolist() == ["rise", "fall"] * 2 and missing["outside"].all() and missing["lo"].isna().all()
    assert missing["theory"].tolist() == [20.5, 29.0] * 2
    narrow = changed(ds, edge_lo=exact[0], edge_hi=np.where(ds.d.values == 34, 20.9, ds.edge_hi.values))  # no candidate is in it
    assert (edge_frame(narrow).query("d == 34")["kind"] == "none").all()


@pytest.fixture(scope="module")
def fixed(tmp_path_factory):
    """A grid of 40 trials a point, and a function that draws them anew."""
    path = tmp_path_factory.mktemp("fixed") / "fixed.h5"
    rows = searched.with_theory(synthetic.fill(synthetic.points(["W2"], ["exact"], range(1, 61), [64, 256], [130, 258], 67, 40)), range(1, 61))
    synthetic.write(path, rows)
    ds = polysweep.open(path)

    def drawn(seed):
        rate = np.random.default_rng(seed).binomial(40, ds["theory_success"].values) / 40
        middle, half = (rate + 1.96 ** 2 / 80) / (1 + 1.96 ** 2 / 40), np.sqrt(rate * (1 - rate) / 40 + 1.96 ** 2 / 6400) / (1 + 1.96 ** 2 / 40)
        return changed(ds, success_rate=rate, success_lo=middle - 1.96 * half, success_hi=middle + 1.96 * half)

    return ds, drawn


def test_theory_is_outside_where_trials_of_a_fixed_number_are_sure(fixed):
    """Rates are drawn from theory itself: by the sides of rates it is outside every tenth interval or more, surely so in at most 5 %; and
    surely where theory is moved by twelve degrees."""
    ds, drawn = fixed
    frames = [edge_frame(drawn(seed)) for seed in range(12)]
    frame = pd.concat(frames)
    frame = frame[(frame["edge"] >= 0) & frame["theory"].notna()]
    by_rate = ~((frame["lo"] < frame["theory"]) & (frame["theory"] <= frame["hi"]))
    assert len(frame) > 60 and by_rate.mean() > 0.1 and frame["outside"].mean() <= 0.05
    moved = edge_frame(changed(drawn(1), edge_lo=ds.edge_lo.values + 12, edge_hi=ds.edge_hi.values - 12))
    told = moved[(moved["edge"] >= 0) & moved["theory"].notna()]
    assert len(told) and told["outside"].all()


def test_an_edge_that_was_not_found_is_outside_where_it_surely_is_elsewhere(fixed):
    ds, _ = fixed
    ds = ds.isel(point=(ds.n.values == 256) & (ds.d.values == 258))
    beta, theory = ds.beta.values, {"edge_lo": np.full(60, 20.5), "edge_hi": np.full(60, 29.0)}

    def frame(**rates):
        return edge_frame(changed(ds, **theory, **{name: np.full(60, value) for name, value in rates.items()}))[["kind", "outside"]].values.tolist()

    assert frame(success_rate=0.85, success_lo=0.7, success_hi=0.93) == [["rise", False], ["fall", False]]
    assert frame(success_rate=0.7, success_lo=0.6, success_hi=0.8) == [["rise", True], ["fall", True]]
    assert frame(success_rate=1.0, success_lo=0.95, success_hi=1.0)[0] == ["rise", True]  # from the first candidate on
    assert frame(success_rate=0.95, success_lo=0.85, success_hi=1.0)[0] == ["rise", False] and beta[0] < 20.5


def test_the_table_reads_each_combination(ds):
    found = polysweep.edges(ds)
    frame = edge_frame(ds, found)
    shown = edge_table(frame, found).shown
    assert len(shown) == found.sizes["combination"] and (shown["rise"][shown["method"] == "exact"][:1] == "none seen").all()
    assert set(shown["rise"][shown["method"] == "softmax"]) <= {"above", "below", "not decided"}
    for k, row in enumerate(shown.itertuples()):
        one = found.isel(combination=k)
        assert row.asked == f"{int(one.evaluations)}/{int(one.candidates)}"
        if int(one["count"]) == 2:
            assert [row.rise, row.fall] == [f"({lo:g}, {hi:g}]" for lo, hi in zip(one.lo.values[:2], one.hi.values[:2])]


def unsettled(ds, d, status, **chosen):
    """ds, with candidates of width d (of those that were asked, the chosen) failed, or ended undecided."""
    at = ds.done.values & (ds.method.values == "exact") & (ds.d.values == d)
    for name, pick in chosen.items():
        at &= pick(ds[name].values)
    if status == "open":
        return changed(ds, trials_stop=np.where(at, "most", ds.trials_stop.values))
    return changed(ds, done=ds.done.values & ~at, status=np.where(at, status, ds.status.values))


@pytest.mark.parametrize("status", ["open", "failed"])
@pytest.mark.parametrize("pick", [lambda beta: beta == beta, lambda beta: beta == 1, lambda beta: beta == 60, lambda beta: abs(beta - 30) < 10])
def test_no_edge_is_denied_where_something_is_not_known(ds, status, pick):
    whole = edge_frame(ds)
    assert whole[whole["count"].eq(0) & whole["method"].eq("exact")]["settled"].all()
    part = unsettled(ds, 34, status, beta=pick)
    found = polysweep.edges(part)
    frame = edge_frame(part, found)
    shown, mine = edge_table(frame, found).shown, frame[(frame["method"] == "exact") & (frame["d"] == 34)]
    rows = shown[(shown["method"] == "exact") & (shown["d"] == "34")]
    assert len(mine) == 2 and not mine["settled"].any() and (rows["rise"] == "not decided").all() and (rows["fall"] == "").all()
    figure, = figures.edges(part)
    marks = {marker: sum(len(line.get_xdata()) for line in figure.canvas.axes[0].lines if line.get_marker() == marker) for marker in "x_"}
    assert marks == {"x": 0, "_": 2}
    others = frame[(frame["d"] != 34) | (frame["method"] != "exact")]
    assert others.equals(whole[(whole["d"] != 34) | (whole["method"] != "exact")])


def test_a_fall_is_beyond_the_last_only_where_that_is_above(ds):
    """Exact has both edges at d = 130: without candidates behind the fall nothing is known of it."""
    fall = edge_frame(ds).query("method == 'exact' and d == 130 and n == 256 and kind == 'fall'")["hi"].iloc[0]
    part = unsettled(ds, 130, "failed", beta=lambda beta: beta >= fall)
    found = polysweep.edges(part)
    shown = edge_table(edge_frame(part, found), found).shown
    assert (shown["fall"][(shown["method"] == "exact") & (shown["d"] == "130") & (shown["n"] == "256")] == "not decided").all()
    first = unsettled(ds, 258, "failed", beta=lambda beta: beta < 10)
    points, shown = answers(first, "beta", "success_rate", 0.9)[0], edge_table(edge_frame(first), polysweep.edges(first)).shown
    for c in np.flatnonzero(shown["rise"].str.startswith("<=")):  # not before the first of which something is known
        known = points[(points["combination"] == c) & points["side"].isin(["above", "below"])]
        assert shown["rise"][c] == f"<= {known['value'].iloc[0]:g}"
    assert shown["rise"].str.startswith("<=").sum() == 2


def test_nothing_is_said_of_edges_that_were_not_asked_for(ds):
    found = polysweep.edges(ds)
    frame = edge_frame(ds, found)
    rises = frame[(frame["kind"] != "fall")].assign(count=frame["count"].clip(upper=1))
    shown = edge_table(rises, found).shown
    assert (shown["fall"][(shown["method"] == "exact") & (shown["d"] != "34")] == "> 60").all()
    assert "fall" not in edge_table(rises, found.assign_attrs(edges="first")).shown


def test_what_it_cost_is_what_the_points_say(ds):
    found, done = polysweep.edges(ds), ds.done.values
    assert not np.isnan(ds.flops.values[done]).any()
    whole = 2 * 4.0 * ds.n.values ** 2 * ds.d.values  # both data sets, of every point of the grid
    flops, trials = shares(ds, found)
    assert flops == pytest.approx(whole[done].sum() / whole.sum(), rel=1e-12)  # sums in another order
    assert trials == pytest.approx(ds.trials_done.values[done].sum() / (2000 * len(done)), rel=1e-12)
    text = " ".join(asked_for(ds, found))
    assert f"{done.sum()} of {len(done)} candidates were asked" in text and f"narrower than {int(found.missed.max()) + 1} candidates" in text
    assert "all edges of 12 combinations" in text


def test_shares_count_the_head_at_the_most_trials(ds):
    head = np.where(ds.done.values, 1e9 * ds.trials_done.values, np.nan)
    flops, trials = shares(changed(ds, head_flops=head, flops=np.where(ds.done.values, 0.0, np.nan)), polysweep.edges(ds))
    assert flops == pytest.approx(trials, rel=1e-12)


def test_ranges():
    curve = pd.DataFrame({"value": [0.5, 1, 1.5, 2, 4, 8]})
    assert ranges(curve, [1, 1, 0, 1, 1, 1]) == "0.5, 1, 2..8"
    assert ranges(curve, [0] * 6) == "" and ranges(curve, [0, 0, 1, 0, 0, 0]) == "1.5"


def test_the_statement_is_about_every_point(ds):
    text, said = polysweep.statement(ds)
    assert text.startswith("With probability at least 0.99 every point that was judged")  # 0.01/points, for all points
    points = answers(ds, "beta", "success_rate", 0.9)[0]
    judged = points[points["asked"]]
    for word in ("above", "below"):
        assert f"{(judged['side'] == word).sum()} {word}" in text
    assert f"{(~points['asked']).sum()} were not visited" in text and len(said) == 12
    for k, row in enumerate(said.to_dict("records")):
        curve, listed = points[points["combination"] == k], []
        for word in ("below", "above", "undecided", "not visited"):
            for each in filter(None, row[word].split(", ")):
                ends = [float(end) if end != "all" else np.nan for end in each.split("..")]
                listed += [(x, word) for x in curve["value"] if ends[0] <= x <= ends[-1] or len(curve) == 1]
        assert len(listed) == len(curve)
        for value, word in listed:
            at = curve if len(curve) == 1 else curve[curve["value"] == value]
            assert {"open": "undecided", "none": "not visited"}.get(at["side"].iloc[0], at["side"].iloc[0]) == word


def test_the_statement_adds_up_errors_of_all_that_could_be_asked(ds):
    text, _ = polysweep.statement(changed(ds, trials_error=np.where(ds.done.values, 1e-4, np.nan)))
    assert f"at least {1 - 1e-4 * ds.sizes['point']:.4g} " in text
    fixed = changed(ds, trials_error=np.full(ds.sizes["point"], np.nan))
    assert polysweep.statement(fixed)[0] == "" and not len(polysweep.statement(fixed)[1])


def test_judged_sides_are_right_together():
    """Of many searches at most the stated share has a point on the wrong side."""
    listed = synthetic.points(["W2"], ["exact"], range(1, 61, 2), [256], [34, 66], 67, 400)
    truth = {(p["d"], p["beta"]): float(oracle.success(p["beta"], 67, n=256, d=p["d"], **synthetic.PRESETS["W2"])) for p in listed}
    wrong = 0
    for seed in range(60):
        rows = [row for row in searched.search(listed, error=0.2, seed=seed, most=400) if row.get("trials_stop") == "decided"]
        wrong += any((row["success_rate"] >= 0.9) != (truth[row["d"], row["beta"]] >= 0.9) for row in rows)
    assert wrong / 60 <= 0.2


def test_the_figure_shows_brackets_theory_and_what_is_outside(ds, tmp_path):
    lo = np.where((ds.d.values == 258) & (ds.n.values == 256), 10.5, ds.edge_lo.values)
    moved = changed(ds, edge_lo=lo)
    found = polysweep.edges(moved)
    frame = edge_frame(moved, found)
    figure, = figures.edges(moved)
    assert figure.name == "edges" and "Circled" in figure.caption and "d = 258, n = 256: rise" in figure.caption
    ax = figure.canvas.axes[0]
    bars = {(round(lo, 9), round(hi, 9)) for item in ax.collections for (_, lo), (_, hi) in item.get_segments()}
    exact = frame[frame["method"] == "exact"]
    assert bars == {(lo, hi) for lo, hi in zip(exact["lo"], exact["hi"]) if lo == lo}
    marks = {marker: sorted(y for line in ax.lines if line.get_marker() == marker for y in line.get_ydata()) for marker in "^vox"}
    for marker, kind in (("^", "rise"), ("v", "fall")):
        assert marks[marker] == sorted(exact["position"][exact["kind"] == kind])
    assert marks["o"] == sorted(exact["position"][exact["outside"]]) and len(marks["x"]) == (exact["kind"] == "none").sum() == 2
    lines = {tuple(line.get_ydata()) for line in ax.lines if line.get_marker() == "None"}
    for n, part in exact[exact["kind"] == "rise"].groupby("n"):
        assert tuple(part.sort_values("d")["theory"]) in lines
    figure.save(tmp_path)
    assert len(synthetic.read_csv(tmp_path / "edges.csv")) == len(frame[frame["candidates"] > 1])


def test_lines_of_theory_and_of_predictions_are_told_apart(tmp_path):
    """Dashes of one length look alike unless one is twice the other."""
    names = ("predict_one", "predict_two", "predict_three")
    rows = searched.with_theory(searched.search(synthetic.points(["W2"], ["exact"], range(1, 61), [64, 256], [258], 67, 4000)), range(1, 61))
    for row in rows:
        row.update(zip(names, (2 * np.log(row["n"]), 60 - 4 * np.log(row["n"]), 25 + np.log(row["n"]))))
    study = {**searched.STUDY, "predict": {"one": "2 * log(n)", "two": "60 - 4 * log(n)", "three": "25 + log(n)"}}
    synthetic.write(tmp_path / "a.h5", rows, predict=names, study=study)
    figure, = figures.edges(polysweep.open(tmp_path / "a.h5"))
    words = [text.get_text() for text in figure.canvas.legends[0].get_texts()]
    chosen = [line for line, word in zip(figure.canvas.legends[0].get_lines(), words) if "theory," in word or "predicted" in word]
    assert len(chosen) == 5
    dashes = sorted(line._unscaled_dash_pattern[1] or (np.inf,) for line in chosen)
    for shorter, longer in zip(dashes, dashes[1:]):
        assert len(shorter) != len(longer) or longer[0] >= 2 * shorter[0], dashes


def test_an_edge_before_the_first_candidate_is_marked_at_the_rim(ds):
    later = ds.isel(point=~(ds.beta.values < 9))
    found = polysweep.edges(later)
    assert (found.starts.values == "above").sum() >= 4
    figure, = figures.edges(later)
    opened = [line for line in figure.canvas.axes[0].lines if line.get_marker() == "v" and line.get_markerfacecolor() == "white"]
    assert sum(len(line.get_ydata()) for line in opened) == 4


def test_a_diagram_tells_not_needed_from_missing(ds):
    figure, = figures.phase(ds, "d")
    ax = figure.canvas.axes[0]
    rates, spared = meshes(ax)
    cells = spared.get_array().reshape(3, 60)
    here = (ds.method.values == "exact") & (ds.n.values == 256)
    left = (ds.status.values[here] == "not_needed").reshape(3, 60)
    assert np.array_equal(~np.ma.getmaskarray(cells), left) and not [patch for patch in ax.patches if patch.get_hatch()]
    assert any("not needed" in text.get_text() for text in figure.canvas.legends[0].get_texts())


def test_the_report_of_a_search(window, tmp_path, capsys):
    assert report.main([str(window), "-o", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "not needed" in out and "Searched over beta" in out and "\nEdges\n" in out and "With probability at least 0.99" in out
    assert "critical degrees" not in out and "not visited" in out
    text, checker = page(tmp_path)
    for link in checker.links:
        assert (tmp_path / link).exists(), link
    assert (tmp_path / "edges.png").stat().st_size > 1000 and (tmp_path / "judged.csv").exists() and "may be missed" in checker.text
    assert text.index("Edges over") < text.index("Success over degree")
