"""How often do intervals hold the true rate, and edges the true edge? Prints four tables; a minute on one core.

    python tests/bench/coverage.py [runs]            # Python with the analysis package; 2000 runs

intervals   of a rate over draws (polysweep.statistics.over_draws) at 192 trials: worst coverage over two laws of the rates of
            draws (beta, two points), mean width; a column for each correlation of trials that share a draw.
edges       simultaneous statements about both edges (polysweep.critical) at 200 trials: how often nothing said is wrong, median
            widths in steps of the grid, and how often an edge is claimed, by this rule and by "the first degree whose rate is
            at least 0.9". All degrees share their sign vectors, as in the program; in the second table they do not, so that each
            has luck of its own.
draws       the same where trials share draws of what is random: 40 draws of 5 trials each."""
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "analysis" / "tests"))
import simulated  # noqa: E402
import synthetic  # noqa: E402

from polysweep import oracle  # noqa: E402
from polysweep.statistics import over_draws  # noqa: E402

LEVEL, TRIALS = 0.9, 200
COARSE = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 40, 48, 56, 64)
OWN = dict(a_0=0.5, a_1=1.5, b=0.3, c=1.0, kappa=0.1)
CASES = [  # words, constants, n, d, m, degrees
    ("P1", synthetic.PRESETS["P1"], 1024, 34, 56, range(1, 17)), ("P3", synthetic.PRESETS["P3"], 1024, 34, 56, range(1, 17)),
    ("W2", synthetic.PRESETS["W2"], 1024, 130, 56, COARSE), ("W2", synthetic.PRESETS["W2"], 1024, 258, 56, COARSE),
    ("W2", synthetic.PRESETS["W2"], 1024, 130, 56, range(1, 64)), ("W2", synthetic.PRESETS["W2"], 256, 66, 45, COARSE),
    ("own", OWN, 512, 66, 50, range(1, 17)), ("own", OWN, 256, 66, 45, range(1, 17)),
    ("W2", synthetic.PRESETS["W2"], 4096, 66, 67, COARSE), ("W2", synthetic.PRESETS["W2"], 1024, 66, 56, COARSE)]


def intervals(random, runs):
    print(f"intervals: worst coverage % / mean width, {simulated.TRIALS} trials")
    print("draws  rate  " + "  ".join(f"correlation {rho:<4}" for rho in simulated.CORRELATIONS) + "  width / ideal")
    for draws in simulated.DRAWS:
        for rate in simulated.RATES:
            cells = [simulated.interval_coverage(random, draws, rate, rho, runs) for rho in simulated.CORRELATIONS]
            ideal = [width / simulated.ideal_width(draws, rate, rho) for (_, width), rho in zip(cells, simulated.CORRELATIONS)]
            print(f"{draws:5}  {rate:4}  " + "  ".join(f"{100 * held:9.1f} / {width:4.2f}" for held, width in cells)
                  + "  " + " ".join(f"{x:.2f}" for x in ideal), flush=True)


def heading(words):
    print(f"\n{words}\n{'case':22} {'best rate':>9}  {'claimed':>8} {'first':>8} {'none':>7}   "
          f"{'lower':>7} {'upper':>7} {'both':>7}   widths")


def tell(name, probability, row):
    share = {key: f"{100 * row[key]:.1f} %" if key in row else "" for key in ("claimed", "first", "none", "lower", "upper", "both")}
    widths = f"{row['lower_width']:g}, {row['upper_width']:g}" if "both" in row else "no edge"
    print(f"{name:22} {max(probability):9.3f}  {share['claimed']:>8} {share['first']:>8} {share['none']:>7}   "
          f"{share['lower']:>7} {share['upper']:>7} {share['both']:>7}   {widths}", flush=True)


def edges(random, runs):
    heading(f"edges at {LEVEL}: {TRIALS} trials, {runs} runs")
    for words, constants, n, d, m, beta in CASES:
        beta, point = np.array(list(beta), float), dict(constants, n=n, d=d)
        rates = simulated.curves(random, beta, m, TRIALS, runs, **point)
        probability = oracle.success(beta, m, **point)
        tell(f"{words}, {n}, {d}, {len(beta)} degrees", probability,
             simulated.edge_coverage(beta, probability, rates, TRIALS, LEVEL))


def apart(random, runs):
    heading(f"edges at {LEVEL}, independent trials at each degree: {TRIALS} trials, {runs} runs")
    for words, constants, n, d, m, beta in CASES:
        beta = np.array(list(beta), float)
        probability = oracle.success(beta, m, **constants, n=n, d=d)
        rates = random.binomial(TRIALS, probability, (runs, len(beta))) / TRIALS
        tell(f"{words}, {n}, {d}, {len(beta)} degrees", probability,
             simulated.edge_coverage(beta, probability, rates, TRIALS, LEVEL))


def shared(random, runs, draws=40, each=5):
    heading(f"edges at {LEVEL} over draws: {draws} draws of {each} trials, {runs} runs; correlation after the case")
    for words, constants, n, d, m, beta in CASES[2:4] + CASES[-2:]:
        beta, point = np.array(list(beta), float), dict(constants, n=n, d=d)
        probability = oracle.success(beta, m, **point)
        for rho in (0.03, 0.3):
            inside = np.clip(probability, 1e-9, 1 - 1e-9)
            of_draws = np.stack([simulated.draw_rates(random, "beta", p, rho, (runs, draws)) for p in inside], axis=1)
            rates, _, _, samples = over_draws(random.binomial(each, of_draws) / each, each)
            tell(f"{words}, {n}, {d}, rho {rho}", probability,
                 simulated.edge_coverage(beta, probability, rates, np.floor(samples), LEVEL))


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    random = np.random.default_rng(1)
    intervals(random, runs)
    edges(random, runs)
    apart(random, runs)
    shared(random, runs)


if __name__ == "__main__":
    main()
