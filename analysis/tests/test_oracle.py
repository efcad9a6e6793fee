"""The closed form against brute force, and against published-by-hand numbers that anyone can recompute."""
import numpy as np
import pytest
import synthetic

from polysweep import oracle

P1, P2, P3, W1, W2 = (synthetic.PRESETS[name] for name in ("P1", "P2", "P3", "W1", "W2"))


@pytest.mark.parametrize("preset", [P1, P3, W2], ids=["P1", "P3", "W2"])
@pytest.mark.parametrize("n, d, j3", [(64, 10, 0), (512, 34, 511), (30, 32, 7)])  # the last: one token per class
@pytest.mark.parametrize("method, beta", [("exact", 1), ("exact", 4), ("exact", 16.5), ("exact", 64), ("softmax", 1),
                                          ("linear", 1)])
def test_masses_equal_brute_force(preset, n, d, j3, method, beta):
    a, b, c = preset["a_1"], preset["b"], preset["c"]
    rows = oracle.tokens(n, d, a, b, c, j3)
    out, diagonal = oracle.attend(rows, beta, method, block=100)
    x = oracle.masses(beta, n, d, a, b, c, method)
    s, k = np.sqrt(np.log(n)), j3 % (d - 2)
    same, other = (j3 + d - 2) % n, (j3 + 1) % n
    expected = {(j3, 0): a * x["f"], (j3, 1 + k): b * (x["f"] + x["s_k"]), (j3, 1 + (k + 1) % (d - 2)): b * x["q"],
                (other, 0): a * x["other"], (other, 1 + other % (d - 2)): b * x["rho"], (other, d - 1): c}
    if n > d - 2:
        expected[same, 0] = a * x["same"]
    for (row, column), value in expected.items():
        # a relative 1e-12: sums of n terms of one sign, and beta times the rounding of a logarithm
        assert out[row, column] / s == pytest.approx(float(value), rel=1e-12), (row, column)
    assert diagonal[j3] == pytest.approx(float(x["f"]), rel=1e-12)


@pytest.mark.parametrize("preset, n, d, beta, method", [
    (P1, 256, 10, 5.3, "exact"), (W2, 512, 18, 6, "exact"), (W2, 512, 18, 30, "exact"), (W2, 512, 34, 12, "exact"),
    (W1, 256, 10, 25, "exact"), (P1, 64, 10, 1, "softmax"), (P2, 64, 10, 1, "linear"), (W2, 16, 18, 3, "exact")])
def test_firing_equals_every_sign_vector(preset, n, d, beta, method):
    """All 2^d sign vectors for d = 10; a sample of them for wider data, within 5 standard deviations."""
    if d == 10:
        bits = (np.arange(2 ** d)[None, :] >> np.arange(d)[:, None]) & 1
    else:
        bits = np.random.default_rng(7).integers(0, 2, (d, 4000))
    fired = [oracle.fires(oracle.attend(oracle.tokens(n, d, preset[a], preset["b"], preset["c"], 3), beta, method)[0],
                          2.0 * bits - 1, preset["c"], preset["kappa"]) for a in ("a_0", "a_1")]
    counted = [event.mean() for event in (fired[0], fired[1], fired[0] | fired[1])]
    exact = oracle.firing(beta, n, d, **preset, method=method)
    for measured, p in zip(counted, exact):
        allowed = 1e-12 if d == 10 else 5 * np.sqrt(p * (1 - p) / bits.shape[1]) + 1e-12
        assert abs(measured - p) <= allowed


AFFINE = [dict(offset=0.8), dict(scale=0.3, offset=-0.2), dict(scale=2.5), dict(match=(1.3, 0.0)), dict(match=(0.7, 0.5))]


@pytest.mark.parametrize("scores", AFFINE)
@pytest.mark.parametrize("method, beta", [("exact", 1.5), ("exact", 16), ("softmax", 1), ("linear", 1)])
def test_affine_scores_equal_brute_force(scores, method, beta):
    """Outputs of the special row and of another, and the chance over all 2^10 sign vectors. 1e-12 as above: an offset below 0 is
    at most a third of the least score."""
    n, d, j3, a, b, c = 96, 10, 5, W1["a_1"], W1["b"], W1["c"]
    out, diagonal = oracle.attend(oracle.tokens(n, d, a, b, c, j3), beta, method, **scores)
    x, s = oracle.masses(beta, n, d, a, b, c, method, **scores), np.sqrt(np.log(n))
    assert diagonal[j3] == pytest.approx(float(x["f"]), rel=1e-12)
    expected = {(j3, 6): b * (x["f"] + x["s_k"]), (j3, 7): b * x["q"], (6, 0): a * x["other"], (6, 7): b * x["rho"]}
    for at, value in expected.items():
        assert out[at] / s == pytest.approx(float(value), rel=1e-12), at
    signs = 2.0 * ((np.arange(2 ** d)[None, :] >> np.arange(d)[:, None]) & 1) - 1
    fired = [oracle.fires(oracle.attend(oracle.tokens(n, d, W1[each], b, c, j3), beta, method, **scores)[0], signs, c, W1["kappa"])
             for each in ("a_0", "a_1")]
    exact = oracle.firing(beta, n, d, **W1, method=method, **scores)
    for measured, p in zip((*fired, fired[0] | fired[1]), exact):
        assert measured.mean() == pytest.approx(float(p), abs=1e-12)


def test_affine_scores_have_their_limits():
    """Match exp tends to softmax at its scale, (s z)^2 / 2 beta of a logarithm away; an offset cancels in exponentials."""
    point = dict(n=256, d=10, a=0.7, b=0.05, c=0.7)
    near, soft = oracle.masses(1e8, **point, match=(1.4, 0.3)), oracle.masses(1.0, **point, method="softmax", scale=1.4)
    assert near["f"] == pytest.approx(float(soft["f"]), rel=1e-6)
    with pytest.raises(ValueError, match="not positive"):
        oracle.masses(2.0, **point, offset=-0.49 * np.log(256))
    beta = np.array([2.0, 5.0])
    together = oracle.success(beta, 40, n=256, d=10, **P2, match=(1.4, 0.3))
    assert np.array_equal(together, [oracle.success(each, 40, n=256, d=10, **P2, match=(1.4, 0.3)) for each in beta])


def test_known_values():
    """P1, n = 1024, d = 34: the chance of one sign vector below and above the transition; success over m vectors."""
    point = dict(n=1024, d=34, **P1)
    assert oracle.firing(7, **point)[1] == pytest.approx(0.00443, abs=5e-6)
    assert oracle.firing(8, **point)[1] == pytest.approx(0.25, abs=1e-5)
    assert oracle.firing(6, **point)[1] == 0
    assert oracle.success(7, 56, **point) == pytest.approx(1 - (1 - 0.00443) ** 56, abs=1e-3)


def test_success_of_an_array_is_that_of_its_entries():
    beta = np.linspace(1, 90, 37)
    together = oracle.success(beta, 67, n=4096, d=66, **W2)
    assert np.array_equal(together, [oracle.success(b, 67, n=4096, d=66, **W2) for b in beta])


def test_firing_never_on_d0_where_the_threshold_forbids_it():
    """a_0 + b <= kappa: D_0 is silent at every degree."""
    assert not oracle.firing(np.linspace(0, 500, 200), n=1024, d=34, **P1)[0].any()


def test_huge_n():
    assert oracle.success(60.0, 166, n=10 ** 9 * 32, d=34, **P1) == pytest.approx(1.0, abs=1e-6)
