"""Values that tests/unit/sequence.c is held against: python tests/unit/sequence_table.py (Python with scipy).

Evidence of trials: sums of binomial terms in whole numbers, as I_l(S + 1, F + 1) is the chance of more than S successes
among S + F + 1. Intervals: roots of the same by scipy. Bets on draws: integrals by scipy over theta, u = sin(theta)^2."""
from fractions import Fraction
from math import comb, factorial, log, pi

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq


def log_of(x):
    return log(x.numerator) - log(x.denominator)


def evidence(successes, failures, level):
    n, top, bottom = successes + failures + 1, level.numerator, level.denominator
    term = [comb(n, k) * top**k * (bottom - top)**(n - k) for k in range(n + 1)]
    beta = Fraction(factorial(successes) * factorial(failures), factorial(n))
    own = level**successes * (1 - level)**failures * bottom**n
    above, below = sum(term[:successes + 1]), sum(term[successes + 1:])
    return log_of(beta * above / ((1 - level) * own)), log_of(beta * below / (level * own))


def interval(successes, failures, error):
    beta = log_of(Fraction(factorial(successes) * factorial(failures), factorial(successes + failures + 1)))

    def off(odds):  # as odds, so that ends near 0 and 1 are found as well
        return beta + successes * np.logaddexp(0, -odds) + failures * np.logaddexp(0, odds) + log(error)
    middle = log((successes + 1e-9) / (failures + 1e-9))
    lo = brentq(off, middle, -600, xtol=1e-14, rtol=1e-14) if successes else -np.inf
    hi = brentq(off, middle, 600, xtol=1e-14, rtol=1e-14) if failures else np.inf
    return 1 / (1 + np.exp(-lo)), 1 / (1 + np.exp(-hi))


def bet(x, level):
    def capital(theta):
        return np.prod(1 + np.sin(theta)**2 * (x / level - 1))
    return log(quad(capital, 0, pi / 2, epsabs=0, epsrel=1e-12, limit=1000)[0] * 2 / pi)


def bounds(x, error):
    def lowest(x):
        mean = float(np.mean(x))
        return brentq(lambda level: bet(x, level) - log(2 / error), 1e-3, mean, xtol=1e-14) if mean > 0 else 0
    return lowest(x), 1 - lowest(1 - x)


def main():
    for successes, failures, level in ((0, 0, "9/10"), (0, 20, "9/10"), (80, 0, "9/10"), (10, 15, "9/10"), (365, 15, "9/10"),
                                       (360, 40, "9/10"), (7, 7, "1/2"), (3000, 1000, "9/10"), (4000, 0, "1/2"),
                                       (0, 4000, "9/10"), (1, 300, "1/1000"), (1990, 10, "999/1000")):
        above, below = evidence(successes, failures, Fraction(level))
        print(f"    {{{successes}, {failures}, {level.replace('/', '.0 / ')}, {above:.16g}, {below:.16g}}},")
    for successes, failures, error in ((0, 20, 0.01), (10, 10, 0.05), (365, 15, 0.01), (3999, 1, 2.5e-5), (1, 3999, 0.01), (80, 0, 0.01)):
        lo, hi = interval(successes, failures, error)
        print(f"    {{{successes}, {failures}, {error}, {lo:.16g}, {hi:.16g}}},")
    for step, draws in ((0.37, 3), (0.37, 40), (0.0, 60), (0.013, 63)):
        x = np.array([1 - (k * step) % 1 for k in range(draws)])
        for level in (0.5, 0.9):
            print(f"    {{{step}, {draws}, {level}, " + ", ".join(f"{v:.16g}" for v in (bet(x, level), bet(1 - x, 1 - level))) + "},")
        print(f"    bounds {step} {draws} " + ", ".join(f"{v:.16g}" for v in bounds(x, 0.01)))


if __name__ == "__main__":
    main()
