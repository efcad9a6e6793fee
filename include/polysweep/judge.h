/* judge: the threshold head over random signs, trials, verdict.
 *
 * F = sum over rows j and sign vectors w of max(<c_j, w> - tau, 0), w in {-1,+1}^v, m vectors a trial; a trial
 * succeeds if F(D_1) > 0 and F(D_0) = 0 with the same w. The signs are keyed by (seed, n, d, trial, vector): the
 * same for both data sets, every degree and every method. A pre-activation counts as positive above the tie
 * tolerance of the precision.
 *
 * A verdict is a fold over query leaves: counts add, margins take the maximum, values are kept leaf by leaf and add
 * along the fixed tree, so leaves may come in any order. Without trials, or with one data set, there is no verdict:
 * counts are 0, the rest is NaN (with two data sets the masses and the gap are there all the same). Rows of all data
 * sets are counted in any case.
 * Compiled twice, as attend is. Local. */
#ifndef POLYSWEEP_JUDGE_H
#define POLYSWEEP_JUDGE_H

#include "polysweep/attend.h"
#include "polysweep/stats.h"

typedef struct psw_verdict {
    ptrdiff_t successes; /* of trials */
    ptrdiff_t trials_done;                       /* what rates and means are over */
    double success_rate, success_lo, success_hi; /* Wilson 95 % over `success_samples` */
    ptrdiff_t success_samples; /* independent samples: the trials, or the draws of a sketch where they are fewer */
    ptrdiff_t fires_d1, fires_d0;                /* trials with F > 0 */
    double fire_rate_d1, fire_rate_d0;
    double margin_d1, margin_d0; /* largest pre-activation, in units of sqrt(ln n) */
    double active_d1, active_d0; /* mean over trials of the number of positive (row, sign vector) pairs */
    double value_d1, value_d0;   /* mean over trials of F */
    ptrdiff_t tie;               /* trials with a pre-activation inside the tie band (10 tolerances) */
    double special_mass_d1, special_mass_d0, leak_mass_d1;
    double gap; /* a_1 f(D_1) - a_0 f(D_0): what a read-out along the special feature sees */
    ptrdiff_t bad_rows, den_rows; /* rows whose denominator is not positive, of how many: all queries, sets, draws */
} psw_verdict;

typedef struct psw_head psw_head; /* lives in the arena of its group */

typedef struct psw_judge {
    size_t (*bytes)(const psw_group *group);
    psw_status (*begin)(const psw_group *group, psw_arena *arena, psw_head **head);
    psw_status (*take)(void *head, const psw_leaf *leaf); /* a psw_leaf_sink; leaves in any order */
    void (*end)(psw_head *head, psw_verdict *verdicts);   /* one per point of the group */
    /* Sketches: the leaves that follow are of draw number `draw` of point.draws; trial t belongs to draw t mod draws.
     * Masses of a sketch are means over draws (the leak a maximum). Not called: one draw for all trials. */
    void (*draw)(psw_head *head, ptrdiff_t draw);
    /* Heads of ranks that took different leaves become one: what to merge (psw_comm_merge) before end, on every rank.
     * Exact, whatever the order. Returns how many of `list` are used. */
    int (*merging)(psw_head *head, psw_merging list[PSW_MERGING_MAX]);
} psw_judge;
const psw_judge *psw_judge_of(psw_precision precision);

/* The verdict of a point that has none: counts 0, the rest NaN. */
psw_verdict psw_verdict_none(void);

/* |pre-activation| below this, in units of sqrt(ln n), is rounding, not a sign: psw_theory_tie. */
double psw_judge_tolerance(const psw_point *point);

/* Operations of the head for one data set. */
double psw_judge_flops(const psw_point *point);

#endif
