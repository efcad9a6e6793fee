"""What stands at a crossing of costs, what legends name, and that axes take intervals in."""
import matplotlib.figure
import numpy as np
import pandas as pd
import scaled
import synthetic

import polysweep
from polysweep import figures
from polysweep.figures.costs import _crossed, _handles
from polysweep.sketches import cost, crossing


def timed(seconds, low, high):
    return pd.DataFrame({"n": [1000, 4000], "time_median_s": seconds, "time_lo_s": low, "time_hi_s": high, "timing": "alone", "flops": seconds,
                         "method": "exact"})


def test_a_crossing_of_seconds_has_an_interval_or_a_tilde():
    exact = timed([1.0, 4.0], [0.9, 3.6], [1.1, 4.4])
    sketch = timed([2.0, 2.0], [1.9, 1.9], [2.1, 2.1])
    at, how = crossing(sketch["n"], (cost(sketch, "seconds") / cost(exact, "seconds")).to_numpy())
    assert how == "inside" and round(at) == 2000
    low, high = (1000 * 4 ** (np.log(ratio) / np.log(4)) for ratio in (1.9 / 1.1, 2.1 / 0.9))
    assert _crossed(sketch, exact, "seconds", at) == f"{float(f'{low:.2g}'):.0f} to {float(f'{high:.2g}'):.0f}" == "1700 to 2300"
    assert _crossed(sketch, exact.assign(time_lo_s=np.nan, time_hi_s=np.nan), "seconds", at) == "~2000"
    assert _crossed(sketch, exact, "flops", at) == "2000", "counts of a model are exact"


def test_legends_of_costs_name_what_a_panel_has():
    one = timed([1.0, 4.0], np.nan, np.nan).assign(err_out=0.1, err_out_ref=np.nan)
    labels = [handle.get_label() for handle in _handles({(0, 8, 0, 0): "k", (0, 16, 0, 0): "b"}, {(0, 8, 0, 0): (one, one)})]
    assert labels == ["exact", "$r$ = 8, error 0.1"]


def test_axes_of_efficiency_hold_the_intervals(tmp_path):
    rows = scaled.strong_rows(np.random.default_rng(1), lengths=(8192,), teams=(1, 2))
    for row in rows:
        if row["team"] == 2:
            row.update(time_lo_s=row["time_median_s"] / 8)
    scaled.write(tmp_path / "s.h5", rows, None)
    figure, = figures.strong(polysweep.open(tmp_path / "s.h5"))
    high = figure.data[""]["efficiency_hi"].max()
    assert high > 2.1 and figure.canvas.axes[2].get_ylim()[1] > high


def test_legends_of_degrees_name_no_prediction_that_is_not_there(p1):
    with_one, without = (next(figures.degrees(ds)) for ds in (p1, p1.assign(beta_c=p1["beta_c"] * np.nan)))
    said = [[text.get_text() for text in figure.canvas.legends[0].get_texts()] for figure in (with_one, without)]
    assert any("predicted (derived)" in text for text in said[0]) and not any("predicted (derived)" in text for text in said[1])


def test_curves_of_theory_alone_have_no_marker_in_the_legend(tmp_path):
    listed = synthetic.points(["W2"], ["exact"], [2, 8], [256, 512], [34], 34, 40)
    synthetic.write(tmp_path / "e.h5", [dict(row, status="empty", attempt=0, theory_success=np.nan) for row in listed])
    figure, = figures.curves(polysweep.open(tmp_path / "e.h5"))
    assert isinstance(figure.canvas, matplotlib.figure.Figure)
    assert {line.get_marker() for line in figure.canvas.legends[0].get_lines()} <= {"", "None"}
