"""Why points fail: the rates of both data sets, and what is surely not the exact rate."""
import matplotlib.colors
import numpy as np
import pytest
import synthetic

import polysweep
from polysweep import figures, style
from polysweep.figures.why import differing


@pytest.fixture(scope="module")
def ds(tmp_path_factory):
    rows = synthetic.fill(synthetic.points(["W2"], ["exact", "softmax"], [2, 8, 32, 64], [256, 512], [66], 34, 40))
    for row in rows:
        row.update(fire_rate_d1=min(1.0, row["success_rate"] + 0.2), fire_rate_d0=0.2, success_rate=row["theory_success"],
                   success_lo=max(row["theory_success"] - 0.1, 0), success_hi=row["theory_success"] + 0.1)
    rows[1].update(success_rate=rows[1]["theory_success"] - 0.3, success_hi=rows[1]["theory_success"] - 0.2)
    path = tmp_path_factory.mktemp("why") / "why.h5"
    synthetic.write(path, rows)
    return polysweep.open(path)


def meshes(ax):
    return [np.ma.filled(item.get_array().astype(float), np.nan).reshape(2, 4) for item in ax.collections
            if type(item).__name__ == "QuadMesh"]


def test_both_rates_and_what_is_outside_are_drawn(ds):
    figure, = figures.why(ds)
    first, second, third = figure.canvas.axes[:3]
    frame = figure.data[""].sort_values(["n", "beta"])
    assert np.array_equal(meshes(first)[0].ravel(), frame["fire_rate_d1"])
    assert np.array_equal(meshes(second)[0].ravel(), frame["fire_rate_d0"])
    apart, pale = meshes(third)
    assert np.flatnonzero(~np.isnan(apart.ravel())).tolist() == [1] and apart.ravel()[1] == pytest.approx(-0.3)
    assert np.isnan(pale.ravel()).tolist() == [k == 1 for k in range(8)], "what the interval allows is pale"
    colour = third.collections[1].get_cmap()(0.5)
    assert matplotlib.colors.to_hex(colour) == style.PALE
    limits = third.collections[0].get_clim()
    assert limits[0] == -limits[1] == pytest.approx(-0.3), "no difference is white"
    assert "1 of 8 cells are outside" in figure.caption and first.get_shared_x_axes().joined(first, third)


def test_the_finding_counts_both_reasons(ds):
    figure, = figures.why(ds)
    frame = ds.to_dataframe()
    frame = frame[(frame["method"] == "exact") & (frame["success_rate"] < 0.9)]
    silent = int((frame["fire_rate_d1"] < 0.9).sum())
    assert figure.finding == (f"Of {len(frame)} of 8 points below 0.9, D₁ fires in fewer than 0.9 of trials at {silent}, D₀ in more than "
                              f"0.1 at {len(frame)}, both at {silent}.")


def test_cells_say_why(ds, tmp_path, undrawn):
    figure, = figures.why(ds)
    figure.save(tmp_path)
    texts = [mark.text for mark in figure.marks]
    assert len(texts) == 24 and sum("outside its interval" in text for text in texts) == 1
    assert any(text.startswith("β = 8, n = 256: D₀ fires in 0.2") for text in texts)


def test_files_without_the_rates_have_no_such_figure(p1):
    assert not list(figures.why(p1))


def test_a_difference_is_inside_where_the_interval_holds_the_exact_rate():
    import pandas as pd

    frame = pd.DataFrame({"success_rate": [0.5, 0.5, 0.5], "success_lo": 0.4, "success_hi": 0.6, "theory_success": [0.6, 0.61, np.nan]})
    found = differing(frame)
    assert found["inside"].tolist() == [True, False, False] and found["difference"].isna().tolist() == [False, False, True]
