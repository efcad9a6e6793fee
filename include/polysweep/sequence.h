/* base: rates that are looked at again and again: tests and intervals whose error is what it says at whatever look
 * trials end.
 *
 * A capital that starts at 1, is never below 0 and does not grow on average as long as a statement is true reaches 1/e
 * at any time with a chance of at most e (Ville 1939). So with capitals against "the rate is at most l" and against "at
 * least l", and 2/e for each, one that is there says on which side of l the rate is, and is wrong at most with chance e
 * however often it is looked at. The interval is all levels that no capital has spoken against so far. */
#ifndef POLYSWEEP_SEQUENCE_H
#define POLYSWEEP_SEQUENCE_H

#include <stdbool.h>

#include "polysweep/stats.h"

/* Natural logarithms of the capital against "at most the level", which grows where the rate is above it, and of that
 * against "at least the level". */
typedef struct psw_evidence {
    double above, below;
} psw_evidence;

/* Of independent trials, S successes and F failures: the likelihood of all rates on the other side of the level l,
 * evenly weighed, over that of l itself (Robbins 1970),
 *     above = ln (1 / (1 - l) integral_l^1 (p / l)^S ((1 - p) / (1 - l))^F dp), below the same from 0 to l, over l.
 * 0 < level < 1. */
psw_evidence psw_trials_evidence(double successes, double failures, double level);
/* {p: integral_0^1 q^S (1 - q)^F dq < p^S (1 - p)^F / error}, which contains the rate at every look with a chance of at
 * least 1 - error (Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon 2021). */
psw_interval psw_trials_interval(double successes, double failures, double error);

/* Of means x[k] in [0, 1] of independent draws, each with whatever law, the same for all: bets on the next draw that
 * take fixed shares u of what a capital can lose,
 *     above = ln mean_u prod_k (1 + u (x_k / l - 1)), below the same of 1 - x_k and 1 - l
 * (Waudby-Smith and Ramdas 2024, hedged, on a grid). Shares are at the nodes of Gauss and Chebyshev, close to each
 * other near 0 and 1. The first falls with l, the second rises: levels that neither speaks against are an interval, and
 * a side of a level is decided when the interval has left it. */
psw_evidence psw_draws_evidence(const double *x, ptrdiff_t draws, double level);
psw_interval psw_draws_bounds(const double *x, ptrdiff_t draws, double error);
/* Is that interval no wider? Most often known after a few steps towards its bounds. */
bool psw_draws_narrow(const double *x, ptrdiff_t draws, double error, double width);

/* Draws of mean 1 that decide that the mean is above the level; `most` where these do not. */
double psw_draws_wanted(double level, double error, double most);

/* Has one of the two capitals reached 2 / error? 1: above, -1: below, 0: neither. */
int psw_evidence_side(psw_evidence evidence, double error);

#endif
