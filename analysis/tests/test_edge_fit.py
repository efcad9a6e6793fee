"""Laws of edges: the likelihood against scipy, and how often intervals hold the truth."""
import numpy as np
import pytest
import searched
import synthetic
from scipy.optimize import linprog, minimize
from scipy.stats import norm, t

import polysweep
from polysweep.edge_fit import Brackets, curved, fit, fit_table
from polysweep.edges import narrowed


def design(n, d):
    n, d = (each.ravel() for each in np.meshgrid(n, d))
    return np.column_stack([np.ones(len(n)), np.log(n), np.log(d)])


def grouped(random, edges, widest=1):
    """Brackets of edges between whole numbers, one to `widest` apart."""
    width = random.integers(1, widest + 1, len(edges))
    lo = np.ceil(edges) - 1 - np.floor(random.uniform(0, width))
    return lo, lo + width


def test_the_maximum_is_that_of_a_direct_search():
    random = np.random.default_rng(5)
    for s in (0.4, 0.9, 2.5):
        x = design([64, 200, 512, 1024], [16, 40, 64])
        lo, hi = grouped(random, x @ [-1, 1.2, 0.3] + s * random.normal(size=len(x)), 2)
        lo[0], hi[5] = -np.inf, np.inf

        def loss(at):
            line = x @ at[:3]
            return -np.log(np.maximum(norm.cdf((hi - line) / np.exp(at[3])) - norm.cdf((lo - line) / np.exp(at[3])), 1e-300)).sum()

        value, theta, deviation = Brackets(lo, hi, x).best()
        direct = minimize(loss, np.r_[theta + 0.1, np.log(1.2 * deviation)], method="Nelder-Mead",
                          options=dict(maxiter=20000, maxfev=20000, xatol=1e-9, fatol=1e-12))
        assert value == pytest.approx(-direct.fun, abs=1e-9)  # of the search's stop
        np.testing.assert_allclose(np.r_[theta, deviation], np.r_[direct.x[:3], np.exp(direct.x[3])], atol=2e-5)


def test_edges_known_to_a_point_give_least_squares():
    random = np.random.default_rng(6)
    x = design([64, 128, 256, 512, 1024], [16, 64, 256])
    y = x @ [2, 1.4, -0.2] + 0.7 * random.normal(size=len(x))
    theta, intervals, s = fit(y - 5e-4, y + 5e-4, x)
    wanted, rest = np.linalg.lstsq(x, y, rcond=None)[:2]
    free = len(y) - 3
    half = t.ppf(0.975, free) * np.sqrt(rest[0] / free * np.diag(np.linalg.inv(x.T @ x)))
    np.testing.assert_allclose(theta, wanted, atol=1e-4)  # of brackets 1e-3 wide
    np.testing.assert_allclose(intervals, np.column_stack([wanted - half, wanted + half]), rtol=2e-3)
    assert s == pytest.approx(np.sqrt(rest[0] / len(y)), rel=1e-3)


def test_an_interval_holds_every_law_that_goes_through_all_brackets():
    x = design([64, 128, 256, 512, 1024, 2048], [18, 34, 66])
    lo, hi = grouped(np.random.default_rng(1), x @ [-2.4, 1.44, 0.0])
    theta, intervals, s = fit(lo, hi, x)  # beta grows by 0.998 for each doubling: brackets of all n end together, the worst case
    assert ((lo < x @ theta) & (x @ theta <= hi)).all() and s < 0.2  # no larger than brackets allow
    for j, (low, high) in enumerate(intervals):
        ends = [linprog(sign * np.eye(3)[j], np.vstack([x, -x]), np.r_[hi, -lo], bounds=(None, None)).x[j] for sign in (1, -1)]
        margin = 0.01 * (ends[1] - ends[0])  # at the end itself half of each bracket that ends there is lost, at 5 of its deviations none
        assert low <= ends[0] + margin < ends[1] - margin <= high
        assert high - low < 6 * (ends[1] - ends[0])  # and not everything else


@pytest.mark.parametrize("theta, s, widest, n, d", [
    ((0.5, 0.3, 0.2), 0.3, 1, (64, 256, 1024, 4096), (16, 32, 64)), ((0.5, 0.3, 0.2), 0.6, 4, (64, 256, 1024, 4096), (16, 32, 64)),
    ((-2.4, 1.44, 0.1), 0.5, 1, (64, 256, 1024), (16, 64)), ((-2.4, 1.44, 0.1), 0.8, 3, (64, 128, 256, 512, 1024), (16, 32, 64, 128))])
def test_intervals_hold_the_truth(theta, s, widest, n, d):
    random, x, runs = np.random.default_rng(11), design(n, d), 250
    held = np.zeros(2)
    for _ in range(runs):
        true = np.array(theta) + [random.uniform(), 0, 0]  # wherever the law stands on the grid of candidates
        brackets = Brackets(*grouped(random, x @ true + s * random.normal(size=len(x)), widest), x)
        best, *rest = brackets.best()
        cut = brackets.cut(brackets.share(*rest))
        held += [brackets.loss(j, true[j], best) <= cut for j in (1, 2)]  # that is, the interval of a unimodal loss holds it
    assert (held / runs >= 0.93).all()


def test_a_curve_is_not_straight_and_a_line_is_rarely_called_curved():
    random, x = np.random.default_rng(8), design(2.0 ** np.arange(6, 14), [16, 32, 64])
    bent = [curved(*grouped(random, 0.2 * x[:, 1] ** 2 + 0.3 * random.normal(size=len(x))), x, (1, 2)) for _ in range(20)]
    straight = [curved(*grouped(random, 1.4 * x[:, 1] + 0.6 * random.normal(size=len(x))), x, (1, 2)) for _ in range(200)]
    assert max(bent) < 0.01
    assert np.mean(np.array(straight) < 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)  # three deviations of a share of 200
    assert np.isnan(curved([0, 1, 2], [1, 2, 3], design([2, 4, 8], [3])[:, :2], (1,)))


def test_fits_of_a_searched_file(tmp_path):
    searched.write(tmp_path / "p.h5", synthetic.points(["P1", "P2"], ["exact", "softmax"], range(1, 31), [64, 128, 256, 512, 1024],
                                                       [18, 34], 80, 4000))
    ds = polysweep.open(tmp_path / "p.h5")
    found = polysweep.edge_fits(ds)
    assert found["preset"].tolist() == ["P1"] * 3 + ["P2"] * 3 and set(found["kind"]) == {"rise"} and (found["edges"] == 10).all()
    assert found["law"][0] == "beta = a + b ln n + c ln d" and (found["largest"] == 0).all()
    for preset, part in found.groupby("preset"):
        of = ds.isel(point=(ds.preset.values == preset) & np.isfinite(ds.edge_lo.values))
        curve = {(int(n), int(d)): float(lo) for n, d, lo in zip(of.n.values, of.d.values, of.edge_lo.values)}
        x = design([64, 128, 256, 512, 1024], [18, 34])
        exact = np.linalg.lstsq(x, [curve[n, d] for d in (18, 34) for n in (64, 128, 256, 512, 1024)], rcond=None)[0]
        assert ((part["lo"] <= exact) & (exact <= part["hi"])).all()
    table = fit_table(found)
    assert len(table.shown) == 2 and table.shown["b"][0].startswith(f"{found['value'][1]:.3g} [")
    few = polysweep.edge_fits(ds.isel(point=(ds.n.values < 200) & (ds.d.values < 20)))
    assert "edges for" in few["why"][0] and fit_table(few) is None


def test_fits_of_a_grid_take_candidates_whose_interval_decides(p1):
    found = polysweep.edge_fits(p1)
    assert (found["edges"] == 4).all() and found["law"][0] == "beta = a + b ln n"
    sure = narrowed(p1, polysweep.edges(p1))
    for row in sure[sure["kind"] == "rise"].itertuples():
        curve = p1.isel(point=(p1.n.values == row.n) & (p1.preset.values == row.preset) & (p1.method.values == "exact"))
        assert row.hi == curve.beta.values[curve.success_lo.values >= 0.9].min()
        below = curve.beta.values[curve.success_hi.values < 0.9]
        assert row.lo == (below[below < row.hi].max() if len(below) else -np.inf)
