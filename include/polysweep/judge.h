/* judge: the threshold head over random signs, trials, verdict.
 *
 * What is random about a point (noise of its rows, tables of a sketch) is drawn K times, K the larger of the two
 * numbers of draws; trial t uses draw t mod K. Where rows are drawn, trials are rounded up to a multiple of K, so that
 * all draws have equally many. Trials that share a draw are not independent. Draws that share rows, or tables, are one
 * cluster: there are as many clusters as the smaller of the two numbers that are not 0. The interval of success_rate
 * is psw_draws_interval over clusters of drawn rows, Wilson's where each trial has a draw to itself or nothing is
 * drawn, and where tables alone are drawn Wilson's with the draws as samples, which is valid as the variance of a
 * draw's rate is at most p (1 - p). One draw of the rows says nothing about others: Markov's interval, and Wilson's
 * given the rows beside it.
 *
 * F = sum over rows j and sign vectors w of max(<c_j, w> - tau, 0), w in {-1,+1}^v, m vectors a trial; a trial
 * succeeds if F(D_1) > 0 and F(D_0) = 0 with the same w. The signs are keyed by (seed, n, d, trial, vector): the
 * same for both data sets, every degree and every method.
 *
 * A pre-activation g is computed with an error of at most E (psw_judge_bound). g > E fires, g < -E does not. Between,
 * in single precision, that row of attention and g are recomputed in double if nothing else fires in the trial; g
 * within the bound of that computation does not fire, and the trial is a tie. So verdicts of single precision equal
 * those of double, while F and the number of positive pre-activations count g > E. Sketches are not recomputed: in
 * double, g between the bounds does not fire; in single precision the row is judged as computed: it fires if g, summed
 * in double, exceeds the rounding error of that row (8 u S). Either is a tie. Neither is any method recomputed whose
 * operands are rounded to bf16 or fp16: the verdict is that of the rounded computation. There a tie is also what g
 * within E + 2 u S decides, u the format's, S the sum of magnitudes below: under another kernel a weight may be rounded
 * otherwise.
 *
 * Of `queries: distinct` a row counts in F, in the positive pre-activations and in bad_rows and den_rows as often as
 * there are queries that equal it (psw_data_times); what fires, ties and margins need it once.
 *
 * Trials that end by a rule (judge.trials.until: decided, on which side of judge.level the rate is, or a width of its
 * interval) are looked at at fixed numbers, by rules that hold at whatever look they end (polysweep/sequence.h):
 * - where nothing is drawn, after each block of 20 trials, the last of which may be shorter. Attention is computed
 * once; the head keeps its rows, and computes block after block;
 * - where rows or tables are drawn, after each draw up to the 128th, then 32 times before draws have doubled (after
 *   every 4th from there on, every 8th from the 256th, ...), and after the last, by the means of as many trials each
 *   (trials / draws, rounded up). Draws are never used twice: data_draws and draws are the same number. With a trial a
 *   draw, trials are independent, and looked at after 20 draws.
 * A point that is over leaves the group: everything it has is over its trials and draws up to there, to the bit what it
 * has alone, and, where nothing is drawn, what as many trials that are given have. success_lo and success_hi are then
 * the interval of the sequence at 1 - until_error.
 *
 * A verdict is a fold over query leaves: counts add, margins take the maximum, values are kept leaf by leaf and add
 * along the fixed tree, so leaves may come in any order. Without trials, or with one data set, there is no verdict:
 * counts are 0, the rest is NaN (but with two data sets the masses and the gap are given). Rows of all data
 * sets are always counted.
 * Rows that can change no column are left out before any product (src/judge/head_real.c says which and why), and
 * products are sums that are looked up (src/judge/lookup.h): their bits depend on the row and its signs alone.
 * Compiled per precision and target, as attend is. Local. */
#ifndef POLYSWEEP_JUDGE_H
#define POLYSWEEP_JUDGE_H

#include "polysweep/attend.h"
#include "polysweep/stats.h"

typedef struct psw_verdict {
    ptrdiff_t successes;                         /* of trials */
    ptrdiff_t trials_done;                       /* denominator of rates and means */
    psw_trials_stop trials_stop;                 /* and what ended them */
    double trials_error;                         /* of a rule that ends them, until_error of the point; else NaN */
    double success_rate, success_lo, success_hi; /* interval at 95 %, or at 1 - trials_error */
    double success_cond_lo, success_cond_hi;     /* Wilson's, given the rows, where they were drawn once; else NaN */
    ptrdiff_t success_samples;                   /* effective number of independent samples, rounded down */
    double success_between, success_within;      /* variance of success_rate: of draws, of trials within draws */
    ptrdiff_t fires_d1, fires_d0;                /* trials with F > 0 */
    double fire_rate_d1, fire_rate_d0;
    double margin_d1, margin_d0; /* largest pre-activation, in units of sqrt(ln n) */
    double active_d1, active_d0; /* mean over trials of the number of positive (row, sign vector) pairs */
    double value_d1, value_d0;   /* mean over trials of F */
    ptrdiff_t tie;               /* trials where only pre-activations between -E and E may have fired */
    double special_mass_d1, special_mass_d0, leak_mass_d1; /* medians over draws */
    double gap; /* a_1 f(D_1) - a_0 f(D_0): what a read-out along the special feature sees */
    double special_mass_d1_q10, special_mass_d1_q90, special_mass_d0_q10,
        special_mass_d0_q90; /* NaN of a single draw */
    double leak_mass_d1_q10, leak_mass_d1_q90, gap_q10, gap_q90;
    double head_pruned; /* share of the products of a row with a sign vector that were left out: they change nothing */
    ptrdiff_t bad_rows, den_rows; /* rows without a positive denominator, and all rows: queries x sets x draws */
} psw_verdict;

typedef struct psw_head psw_head; /* lives in the arena of its group */

typedef struct psw_judge {
    /* `route` of the calling rank in a team, NULL: alone. */
    size_t (*bytes)(const psw_group *group, const psw_route *route);
    /* `watch` is asked between products with batches of sign vectors. */
    psw_status (*begin)(const psw_group *group, const psw_route *route, psw_watch watch, psw_arena *arena,
                        psw_head **head);
    psw_status (*take)(void *head, const psw_leaf *leaf); /* a psw_leaf_sink; leaves in any order; the watch's status */
    void (*end)(psw_head *head, psw_verdict *verdicts);   /* one per point of the group */
    /* The following leaves are of draw number `draw` of psw_judge_draws, in any order of draws; initially 0.
     * Masses and the gap are medians over draws, being ratios whose denominators may be near 0. */
    void (*draw)(psw_head *head, ptrdiff_t draw);
    /* Rows that change no column of the verdict but head_pruned are left out, unless told otherwise before the first
     * leaf: to measure products, and to hold one against the other. */
    void (*prune)(psw_head *head, bool prunes);
    /* After the last leaf of each draw, with its data, before heads are merged: decides what single precision left
     * open. PSW_OK, or the watch's status. If it is not called, open cases do not fire and are ties. */
    psw_status (*settle)(psw_head *head, const psw_data *data, psw_watch watch);
    /* Merges heads of ranks that took different leaves: what to merge (psw_comm_merge) before end, on every rank.
     * Exact in any order. Returns the number of entries of `list` in use. */
    int (*merging)(psw_head *head, psw_merging list[PSW_MERGING_MAX]);
    /* Of points that psw_judge_in_blocks: after the last leaf the next block of trials of the points that are not over.
     * The watch's status. */
    psw_status (*block)(psw_head *head);
    /* Of points whose trials end by a rule: after a block, or the last leaf of a draw, both settled, what ranks merge,
     * and then, on every rank, a look: is any point not over? Draws are taken in their order, and blocks or draws
     * follow until none is. */
    int (*looking)(psw_head *head, psw_merging list[PSW_MERGING_MAX]);
    bool (*look)(psw_head *head);
} psw_judge;
const psw_judge *psw_judge_of(psw_precision precision);

/* The verdict of a point that has none: counts 0, the rest NaN. */
psw_verdict psw_verdict_none(void);

/* E / sqrt(ln n): u S (terms of a sum + v + 8 + 2 beta (products of a score + 4)), u half the precision's epsilon,
 * S = a + b + 2c + kappa and noise; src/judge/bound.c derives it. */
double psw_judge_bound(const psw_point *point);

ptrdiff_t psw_judge_draws(const psw_point *point);  /* K */
ptrdiff_t psw_judge_trials(const psw_point *point); /* computed trials, at most */

/* Do a point's trials end by a rule? And do they come in blocks, after one pass? */
bool psw_judge_ends(const psw_point *point);
bool psw_judge_in_blocks(const psw_point *point);
/* What a rule is expected to take, for predictions: a point whose rate is 0 or 1, whichever takes longer, or of a width
 * one whose rate is the level. Without a rule, and of points near the level, it is psw_judge_trials. */
typedef struct psw_judge_expectation {
    double trials, draws, row_draws; /* row_draws: of psw_data_draws */
} psw_judge_expectation;
psw_judge_expectation psw_judge_expected(const psw_point *point);

/* Points of a study whose trials or draws are too few for `until: decided` to say "above" (of a level below 1/2:
 * "below"), even if all succeed (fail). `point` is one that lacks most, by ratio. */
typedef struct psw_judge_shortage {
    ptrdiff_t points, of;
    double come, wanted; /* of `point`: trials, or draws of several trials each */
    psw_point point;
} psw_judge_shortage;
psw_judge_shortage psw_judge_shortage_of(const psw_study *study);
/* In a sentence, with what to write; of one that has points. */
enum { PSW_SHORTAGE_TEXT = 512 };
void psw_judge_shortage_text(const psw_judge_shortage *shortage, char text[PSW_SHORTAGE_TEXT]);

/* Operations of the head for one data set, were nothing left out. */
double psw_judge_flops(const psw_point *point);
/* Rows of one data set whose products are made: of equal ones of a leaf one, where it is known before that they are
 * equal; an upper bound, as what rows cannot reach is not known before. */
double psw_judge_rows(const psw_point *point);
/* Threads of a rank that find blocks of such rows in a leaf. */
double psw_judge_threads(const psw_point *point);
double psw_judge_signs(const psw_point *point); /* random signs that one rank draws for all its products */

#endif
