import numpy as np
import pytest
import synthetic

import polysweep
from polysweep.critical import Window, crossing, theory_window, window
from polysweep.report import readable


def same(a, b):
    return all((x != x and y != y) or x == y for x, y in zip(vars(a).values(), vars(b).values()))


def test_sharp_step():
    found = window(np.arange(1, 7), [0, 0, 30, 200, 200, 200], np.full(6, 200))
    assert same(found, Window(4, 4, 4, np.inf, np.nan, np.nan, False, 3))


def test_bracket_of_a_slow_rise():
    """90 of 100 reaches 0.9, but 95 %-surely only 96 does; 80 is surely below, 87 is not."""
    found = window([2, 4, 6, 8, 10, 12], [0, 80, 87, 90, 92, 97], np.full(6, 100))
    assert (found.below, found.first_lo, found.first, found.first_hi) == (4, 6, 8, 12)


def test_window_has_two_edges():
    found = window([2, 4, 8, 16, 32, 64], [0, 60, 60, 60, 50, 0], np.full(6, 60))
    assert (found.first, found.first_lo, found.first_hi) == (4, 4, 4)
    assert (found.last, found.last_lo, found.last_hi) == (16, 16, 32)  # 50 of 60 is not surely below 0.9
    assert not found.hole


def test_unsettled_ends():
    """10 of 10 is not surely at or above 0.9: the upper end of the bracket is open."""
    found = window([1, 2, 3], [0, 10, 10], np.full(3, 10))
    assert (found.first, found.first_lo) == (2, 2) and np.isnan(found.first_hi) and found.last == np.inf


def test_never_and_always():
    assert np.isnan(window([1, 2], [0, 10], [100, 100]).first)
    found = window([1, 2], [100, 100], [100, 100])
    assert (found.first, found.first_lo, found.first_hi, found.last) == (1, 1, 1, np.inf)


def test_hole_in_a_window_and_order_of_points():
    found = window([4, 1, 3, 2, 5], [100, 0, 10, 100, 0], np.full(5, 100))
    assert found.hole and (found.first, found.last) == (2, 4)


def test_theory_window():
    assert theory_window([1, 2, 3, 4], [0, 0.95, 1, 0.2]) == (2, 3)
    assert theory_window([1, 2], [0, 1]) == (2, np.inf)
    assert np.isnan(theory_window([1, 2], [0, 0.5])[0])


@pytest.mark.parametrize("preset, expected", [
    ("P1", [3.25, 4.24, 5.24, 6.19, 7.19, 8.18, 9.18, 10.18]), ("P2", [1.23, 1.74, 2.23, 2.72, 3.23, 3.73, 4.23, 4.72]),
    ("P3", [3.39, 4.80, 6.17, 7.54, 8.94, 10.34, 11.71, 13.07])])
def test_exact_crossings(preset, expected):
    """d = 34, m = ceil(8 ln n), n = 64 ... 8192; the expected values were rounded up to a hundredth."""
    for n, value in zip(2 ** np.arange(6, 14), expected):
        point = dict(n=int(n), d=34, **synthetic.PRESETS[preset])
        assert crossing(point, int(np.ceil(8 * np.log(n))), 0.0, 20.0) == pytest.approx(value, abs=0.0101)


def test_table_of_p1(p1):
    found = polysweep.critical(p1)
    assert list(found.loc[found.preset == "P1", "beta_crit"]) == [4, 5, 6, 7]
    assert list(found.loc[found.preset == "P2", "beta_crit"]) == [2, 2, 3, 3]
    assert (found["theory_first"] == found["beta_crit"]).all()
    assert (np.ceil(found["beta_exact"]) == found["theory_first"]).all()
    assert (found.loc[found.preset == "P2", "softmax"] == 1).all()
    assert found.loc[found.preset == "P1", "beta_c"].round(2).tolist() == [3.25, 4.26, 5.26, 6.25]


def test_table_of_a_window(w2):
    found = polysweep.critical(w2).set_index("d")
    assert found.loc[258, "beta_crit"] <= 8 and found.loc[258, "beta_last"] in (32, 48)
    assert np.isnan(found.loc[18, "beta_crit"]) and found.loc[18, "theory_first"] != found.loc[18, "theory_first"]
    assert found["points"].tolist() == [8, 7, 9, 9] and (found["of"] == 9).all()
    text = readable(polysweep.critical(w2), [])
    assert "upper" in text and text["points"].tolist() == ["8/9", "7/9", "9/9", "9/9"]


def test_table_where_nothing_is_done(tmp_path):
    listed = synthetic.points(["P1"], ["exact"], range(1, 5), [64], [10], 8, 20)
    synthetic.write(tmp_path / "a.h5", synthetic.fill(listed, unfinished={k: "empty" for k in range(4)}))
    found = polysweep.critical(polysweep.open(tmp_path / "a.h5"))
    assert found["points"].tolist() == [0] and np.isnan(found["beta_crit"]).all()


def test_closed_form_adds_rows_only_where_nothing_was_measured(tmp_path):
    listed = synthetic.points(["P1"], ["closed_form"], range(1, 9), [64, 128, 256], [34], 34, 200)
    listed += synthetic.points(["P1"], ["exact"], range(1, 9), [64, 128], [34], 34, 200)
    synthetic.write(tmp_path / "both.h5", synthetic.fill(listed))
    found = polysweep.critical(polysweep.open(tmp_path / "both.h5"))
    assert found["method"].tolist() == ["exact"] * 2 + ["closed_form"] * 3
    shown = readable(found, [])
    assert shown["method"].tolist() == ["exact", "exact", "closed_form"] and shown["measured"].tolist() == ["4", "5", ""]
    assert shown["theory"].tolist() == ["4", "5", "6"]
