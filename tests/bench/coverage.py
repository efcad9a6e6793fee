"""How often do intervals hold the true rate, edges the true edge, and decisions? Prints six tables; two minutes on one core.

    python tests/bench/coverage.py [runs]            # Python with the analysis package; 2000 runs

intervals   of a rate over draws (polysweep.statistics.over_draws) at 192 trials: worst coverage over two laws of the rates of
            draws (beta, two points), mean width; a column for each correlation of trials that share a draw.
edges       simultaneous statements about both edges (polysweep.critical) at 200 trials: how often nothing said is wrong, median
            widths in steps of the grid, and how often an edge is claimed, by this rule and by "the first degree whose rate is
            at least 0.9". All degrees share their sign vectors, as in the program; in the second table they do not, so that each
            has luck of its own.
draws       the same where trials share draws of what is random: 40 draws of 5 trials each.
trials      that stop when they know on which side of 0.9 a rate is, blocks of 20, 4000 at most (polysweep/sequence.h): mean number,
            share on a wrong side and undecided, share whose interval at the stop has the rate; beside them a truncated SPRT of
            0.88 against 0.92, which is not used.
bets        the same over draws of 20 trials each, 200 at most, by several bets of Waudby-Smith and Ramdas (2024): the grid that is
            used, the predictable plug-in, and approximate GRAPA; for each mean draws, undecided, wrong, at an error of 0.01."""
import sys
from pathlib import Path

import numpy as np
from scipy import special, stats

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


MOST, BLOCK = 4000, 20


def evidence(successes, trials, level):
    """Logarithms of both capitals: I_l(S + 1, F + 1) is the chance of more than S successes among one trial more."""
    own = successes * np.log(level) + (trials - successes) * np.log1p(-level)
    beta = special.betaln(successes + 1, trials - successes + 1)
    return (beta + stats.binom.logcdf(successes, trials + 1, level) - np.log1p(-level) - own,
            beta + stats.binom.logsf(successes, trials + 1, level) - np.log(level) - own)


def mixture(error):
    """For each look the fewest successes that are above, and the most that are below."""
    for trials in range(BLOCK, MOST + 1, BLOCK):
        above, below = evidence(np.arange(trials + 1), trials, LEVEL)
        least, most = np.flatnonzero(above >= np.log(2 / error)), np.flatnonzero(below >= np.log(2 / error))
        yield trials, least[0] if least.size else trials + 1, most[-1] if most.size else -1


def ratio_test(error, apart=0.02):
    """Wald's, of two simple hypotheses, which says at the end what is more likely."""
    up, down = np.log((LEVEL + apart) / (LEVEL - apart)), np.log((1 - LEVEL - apart) / (1 - LEVEL + apart))
    for trials in range(BLOCK, MOST + 1, BLOCK):
        llr = np.arange(trials + 1) * up + (trials - np.arange(trials + 1)) * down
        wanted = np.log(2 / error) if trials < MOST else 0
        yield trials, np.flatnonzero(np.append(llr, np.inf) >= wanted)[0], np.flatnonzero(np.append(-np.inf, llr) <= -wanted)[-1] - 1


def ends(random, rate, rule, runs):
    """Trials and successes at the stop, and the side; 0: undecided."""
    open_, successes = np.ones(runs, bool), np.zeros(runs, int)
    trials, side = np.zeros(runs, int), np.zeros(runs, int)
    for looked, above, below in rule:
        successes[open_] += random.binomial(BLOCK, rate, open_.sum())
        trials[open_] = looked
        side[open_] = np.where(successes[open_] >= above, 1, np.where(successes[open_] <= below, -1, 0))
        open_ &= side == 0
    return trials, successes, side


def has(rate, successes, trials, error):
    with np.errstate(divide="ignore", invalid="ignore"):
        own = special.xlogy(successes, rate) + special.xlog1py(trials - successes, -rate)
    return special.betaln(successes + 1, trials - successes + 1) - own < np.log(1 / error)


def stopped(random, runs):
    print(f"\ntrials that stop at {LEVEL}, {MOST} at most, {runs} runs: mean / undecided % / wrong %, interval has the rate %\n rate  "
          + "  ".join(f"{f'error {error:g}':>32}" for error in (0.01, 2.5e-5)) + f"  {'SPRT 0.01':>24}")
    rules = {error: list(mixture(error)) for error in (0.01, 2.5e-5)}
    for rate in (0, 0.5, 0.8, 0.85, 0.89, 0.9, 0.91, 0.95, 0.99, 1):
        cells = []
        for rule, error in [(rules[0.01], 0.01), (rules[2.5e-5], 2.5e-5), (list(ratio_test(0.01)), None)]:
            trials, successes, side = ends(random, rate, rule, runs)
            wrong = (side != 0) & (side != np.sign(round(rate - LEVEL, 9)))
            cells.append(f"{trials.mean():8.0f} / {100 * np.mean(side == 0):5.1f} / {100 * wrong.mean():5.2f}"
                         + (f", {100 * has(rate, successes, trials, error).mean():5.1f}" if error else ""))
        print(f"{rate:5}  " + "  ".join(f"{cell:>32}" for cell in cells), flush=True)


def grid_bets(x, level):
    """Logarithms of capitals, draw after draw: means over fixed shares at the nodes of Gauss and Chebyshev."""
    share = np.sin(np.pi / 4 * (2 * np.arange(32) + 1) / 32)**2
    total = np.cumsum(np.log1p(share[:, None, None] * (x / level - 1)), axis=2)
    return special.logsumexp(total, axis=0) - np.log(32)


def predictable(x, level, error, greedy):
    """Shares from the draws before: sqrt(2 ln(2/e) / (s2 k ln(1 + k))), or (m - l) / (s2 + (m - l)^2) above 0; three quarters of
    what a capital can lose at most."""
    k = np.arange(1, x.shape[1] + 1)
    mean = (0.5 + np.cumsum(x, axis=1)) / (k + 1)
    spread = (0.25 + np.cumsum((x - mean)**2, axis=1)) / (k + 1)
    mean = np.concatenate([np.full((len(x), 1), 0.5), mean[:, :-1]], axis=1)
    spread = np.concatenate([np.full((len(x), 1), 0.25), spread[:, :-1]], axis=1)
    bet = np.maximum(mean - level, 0) / (spread + (mean - level)**2) if greedy else np.sqrt(2 * np.log(2 / error) / (spread * k * np.log1p(k)))
    return np.cumsum(np.log1p(np.minimum(bet, 0.75 / level) * (x - level)), axis=1)


def bets(random, runs, draws=200, each=20, error=0.01):
    rules = {"grid": grid_bets, "plug-in": lambda x, level: predictable(x, level, error, False),
             "GRAPA": lambda x, level: predictable(x, level, error, True)}
    print(f"\nbets on draws at {LEVEL}, {draws} draws of {each} trials at most, {runs} runs, error {error}: mean draws / undecided % / "
          f"wrong %\n rate   rho  " + "  ".join(f"{name:>24}" for name in rules))
    for rate in (0.001, 0.5, 0.8, 0.85, 0.9, 0.95, 0.99, 0.9999):
        for rho in (0.03, 0.3):
            x = random.binomial(each, simulated.draw_rates(random, "beta", rate, rho, (runs, draws))) / each
            cells = []
            for rule in rules.values():
                above, below = (c >= np.log(2 / error) for c in (rule(x, LEVEL), rule(1 - x, 1 - LEVEL)))
                first = [np.where(c.any(axis=1), c.argmax(axis=1), draws) for c in (above, below)]
                side = np.where(first[0] < first[1], 1, np.where(first[1] < first[0], -1, 0))
                wrong = (side != 0) & (side != np.sign(round(rate - LEVEL, 9)))
                cells.append(f"{np.minimum(np.minimum(*first) + 1, draws).mean():7.1f} / {100 * np.mean(side == 0):5.1f} / {100 * wrong.mean():5.2f}")
            print(f"{rate:6} {rho:5}  " + "  ".join(f"{cell:>24}" for cell in cells), flush=True)


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    random = np.random.default_rng(1)
    intervals(random, runs)
    edges(random, runs)
    apart(random, runs)
    shared(random, runs)
    stopped(random, runs)
    bets(random, min(runs, 500))


if __name__ == "__main__":
    main()
