"""Expressions of studies in Python: the meaning that the program gives them."""
import math

import numpy as np
import pytest
import xarray as xr

from polysweep.expression import Expression

RNG = np.random.default_rng(11)
N = 50
COLUMNS = {"beta": RNG.uniform(0.1, 30, N), "n": RNG.integers(2, 5000, N).astype(float), "a_1": RNG.normal(size=N),
           "rate": RNG.uniform(0, 1, N), "lambda": RNG.uniform(1, 2, N), "gap": np.where(np.arange(N) % 3 == 0, np.nan, 0.25)}
METHODS = np.array(["exact", "softmax", "abs"])[np.arange(N) % 3]


def dataset():
    return xr.Dataset({name: ("point", values) for name, values in COLUMNS.items()},
                      {"method": ("point", METHODS), "team_asked": ("point", np.arange(N) % 2), "mask": ("point", np.roll(METHODS, 1))})


def values(text):
    return Expression(text, dataset()).value(dataset())


def test_arithmetic_is_python_s():
    """Each point by Python itself, where both languages mean the same."""
    texts = ("beta + n * a_1 - rate / 2", "-beta ** 2", "2 ** -rate ** 2", "n % 7 + -n % 7", "a_1 % 0.3 - a_1 % -0.3", "(beta - 3) * (rate + 1)",
             "min(beta, n, 3 * rate) + max(a_1, rate)", "ceil(beta) - floor(a_1) + abs(a_1)", "sqrt(beta) + exp(a_1) + log(n) + log2(n)",
             "1e3 * rate + .5 + 2.", "beta < 10 and rate > 0.5", "beta < 10 or not rate > 0.5", "not beta < 10", "(n > 100) + (n > 1000) * 2",
             "beta - 4 <= 2 * 3", "beta >= 10", "n != 7 and n == n")
    names = {**{name: getattr(math, name) for name in ("ceil", "floor", "sqrt", "exp", "log", "log2")}, "min": min, "max": max, "abs": abs}
    for text in texts:
        found = values(text)
        for i in range(N):
            wanted = float(eval(text, {**names, **{name: float(column[i]) for name, column in COLUMNS.items() if name != "lambda"}}))
            assert found[i] == pytest.approx(wanted, rel=1e-14), text  # a power or a logarithm of another library: last bits


def test_signs_words_and_names():
    assert (values("beta < 10 && rate > 0.5 || ! (n > 99)") == values("beta < 10 and rate > 0.5 or not (n > 99)")).all()
    assert (values("method == exact") == (METHODS == "exact")).all() and (values("exact != method") == (METHODS != "exact")).all()
    assert (values("method == abs") == (METHODS == "abs")).all()  # a word that is also a function
    assert (values("method == mask") == (METHODS == np.roll(METHODS, 1))).all()
    assert (values("team == auto and team_asked == 0") == (np.arange(N) % 2 == 0)).all()
    assert (values("lambda > 1.5") == (COLUMNS["lambda"] > 1.5)).all()  # a keyword of Python
    assert Expression("method == exact and team == auto or rate < gap", dataset()).names == ["gap", "method", "rate", "team_asked"]


def test_what_the_program_reads_is_read():
    """Signs in front of all else, blanks and line ends around it, numbers with zeros in front."""
    for text, same in (("!beta == 3 && n > 99", "not beta == 3 and n > 99"), ("!rate", "not rate"), ("!!rate", "not not rate"),
                       (" \n\tbeta < 10\n", "beta < 10"), ("n > 007 and rate > 00.5", "n > 7 and rate > 0.5"),
                       ("n * 010 - 1e-02 + 0.05 + 100", "n * 10 - 0.01 + 0.05 + 100"), ("beta!=00", "beta != 0")):
        assert (values(text) == values(same)).all(), text


def test_halves_and_what_is_no_number():
    halves = xr.Dataset({"x": ("point", [0.5, 1.5, -0.5, -2.5, 2.4])})
    assert Expression("round(x)", halves).value(halves).tolist() == [1, 2, -1, -3, 2]
    nothing = np.isnan(COLUMNS["gap"])
    for text in ("gap < 1", "gap >= 0", "gap == gap", "0 / 0 or gap", "not not gap"):
        assert (values(text) == ~nothing).all(), text
    assert (values("gap != gap") == nothing).all() and np.isnan(values("n % 0")).all() and np.isnan(values("max(gap, 1)")[nothing]).all()


@pytest.mark.parametrize("text", ["", "rate <", "rat < 1", "1 < rate < 2", "rate == exact", "method", "method < 3", "sin(rate)", "min(rate)",
                                  "log(rate, 2)", "rate.real", "rate[0]", "lambda: 1", "'a'", "True", "1j", "rate // 2", "rate & 1", "[1]",
                                  "rate if n else 1", "(rate := 1)", "__import__('os')", "rate is n", "max(*n)", "f(x=1)", "9" * 5000,
                                  "(" * 300 + "1" + ")" * 300, "~rate", "rate in n"])
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(ValueError):
        values(text)
