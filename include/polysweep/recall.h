/* judge: recall of stored values, for data whose rows are associations (`recalls` of polysweep/data_kinds.def).
 *
 * Query i asks for value i. What it is given is the numerator of its output, sum_j w_j v_j, which a linear memory holds
 * without dividing; up to a positive factor that is the output, with its sign turned where the denominator is negative.
 * It is compared with all n values, also with those that the mask hides from the query, and i is recalled if it is
 * nearer to value i than to any other: <o, v_i> > <o, v_j> for all j /= i. A tie is no recall, so equal values are
 * never told apart, and a row that is 0, as its denominator is, recalls nothing. A den_constant above the sum of |w|
 * makes every denominator positive and changes no recall.
 *
 *     recall         share of the queries that are recalled, over all draws
 *     recall_lo, _hi psw_draws_interval over draws as clusters: those that share rows or tables are one. So with one
 *                    realisation of the rows it is Markov's, [0.025 recall, 1 - 0.025 (1 - recall)]
 *     recall_margin  cos(o, v_i) less the largest cos(o, v_j), j /= i, mean over queries and draws (0 for a row that is
 *                    0; NaN where there is one value)
 *
 * Products of outputs with values are sums of the output's entries with signs, in double whatever the precision, that
 * are looked up (src/judge/lookup.h): their bits depend on the row and the value alone, so ties are exact. Counts are
 * whole numbers, and margins are kept leaf by leaf, so a team merges them without rounding: of row folds all columns
 * have the same bits for every team, of state folds an output near to a tie may fall on either side. Local. */
#ifndef POLYSWEEP_RECALL_H
#define POLYSWEEP_RECALL_H

#include "polysweep/attend.h"

typedef struct psw_recall_columns {
    double recall, lo, hi, margin;
} psw_recall_columns;

typedef struct psw_recall psw_recall; /* lives in the arena of its group */

/* Is recall computed for the point? */
bool psw_recall_computed(const psw_point *point);

size_t psw_recall_bytes(const psw_group *group);
/* begin; then for each draw: draw, and take with every leaf of that draw; merge; end. `watch` is asked between products
 * with all values, and PSW_OK or what it says is returned. */
psw_status psw_recall_begin(const psw_group *group, psw_watch watch, psw_arena *arena, psw_recall **recall);
/* Draw number `draw` of psw_judge_draws, in any order, whose rows `data` have. */
psw_status psw_recall_draw(psw_recall *recall, const psw_data *data, ptrdiff_t draw);
psw_status psw_recall_take(void *recall, const psw_leaf *leaf); /* a psw_leaf_sink; leaves in any order */
/* Parts of ranks that took different leaves: what to merge (psw_comm_merge), exact in any order. Returns the number of
 * entries of `list` in use. */
int psw_recall_merging(psw_recall *recall, psw_merging list[PSW_MERGING_MAX]);
void psw_recall_end(const psw_recall *recall, psw_recall_columns *columns); /* one per point of the group */

/* Of a point without recall. */
psw_recall_columns psw_recall_none(void);

/* Operations over all draws: a multiplication and an addition for each entry of a value; 0 without recall. */
double psw_recall_flops(const psw_point *point);
/* Entries of values that a rank makes, over all draws. */
double psw_recall_values(const psw_point *point);

#endif
