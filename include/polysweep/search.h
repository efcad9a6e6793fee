/* search: which points of a study it takes to find where a column crosses a level along an axis, and where that is.
 * Pure: the same answers, the same questions, on any number of ranks and after any history of interruptions.
 *
 * A combination (polysweep/spec.h) is asked in rounds of at most PSW_SEARCH_WIDTH candidates. First those beside where
 * theory has an edge, a hint of where to look and of nothing else; then a coarse pass, ends included, with at most
 * psw_search_gap candidates from one to the next; then every bracket, two neighbours among the asked on different sides
 * of the level, is divided until it is no wider than `within`, or has no candidate left. No shape is assumed, so a
 * window between two neighbours of one side is not seen: it is narrower than the gap that is reported.
 *
 * A round is asked when all answers of the one before are there, and is a function of what earlier rounds were
 * answered, never of other slots that happen to be done: a search that is resumed replays itself. The rounds of a
 * family are those of its combinations side by side, with what they need as levels. */
#ifndef POLYSWEEP_SEARCH_H
#define POLYSWEEP_SEARCH_H

#include "polysweep/record.h"

enum { PSW_SEARCH_WIDTH = 4, PSW_SEARCH_EDGES = 4 };

typedef struct psw_search psw_search;
/* PSW_USAGE: a column that is no number, or one that differs from run to run while nothing is timed; PSW_NO_MEMORY.
 * `study` must outlive it. */
psw_status psw_search_create(const psw_study *study, psw_search **search);
void psw_search_free(psw_search *search);
const psw_combinations *psw_search_combinations(const psw_search *search);
ptrdiff_t psw_search_family(const psw_search *search, ptrdiff_t slot);
/* Slots of a family, ascending; returns their number. */
ptrdiff_t psw_search_slots(const psw_search *search, ptrdiff_t family, const ptrdiff_t **slots);
ptrdiff_t psw_search_gap(ptrdiff_t candidates); /* of the coarse pass */

/* What is known of a slot. */
typedef struct psw_answer {
    psw_slot_status status; /* done: the rest counts; failed, skipped, timeout: there is no answer; else none yet */
    bool open;              /* a rule that ends trials did not decide on which side of the level it is */
    double value, level;    /* the searched column, and the column that is the level of others; NaN: does not apply */
    double lo, hi;          /* interval of value, of columns that have one; NaN */
    double trials, flops;   /* it took; flops: of the forward passes of one set of rows, and of the head */
} psw_answer;
psw_answer psw_search_answer(const psw_search *search, const psw_record *record);
/* Below, above, or open where a rule that ends trials did not decide; failed, none. `own` and `partner` (NULL: the
 * level is a number) are answers. */
psw_level_side psw_search_side(const psw_search *search, const psw_answer *own, const psw_answer *partner);

typedef psw_answer psw_answers(const void *context, ptrdiff_t slot);
/* The slots of the family's current round that have no answer yet, ascending, in `slots` (room for all of the
 * family's); `number` of the round, from 1. Returns how many; 0: the search of this family has ended. */
ptrdiff_t psw_search_round(const psw_search *search, ptrdiff_t family, psw_answers *answers, const void *context,
                           ptrdiff_t *slots, ptrdiff_t *number);
/* The round in which a search that has come so far asked for each slot of a family, in the order of psw_search_slots;
 * 0: it did not. */
void psw_search_asked(const psw_search *search, ptrdiff_t family, psw_answers *answers, const void *context,
                      ptrdiff_t *asked);

/* ---- what was found ---- */

typedef struct psw_crossing {
    psw_edge_kind kind;
    double position; /* where the line between the two candidates beside it crosses the level */
    double lo, hi;   /* the crossing is in (lo, hi]: neighbouring asked candidates of opposite decided sides */
    double theory;   /* where theory has it; NaN: it says nothing, +inf: nowhere */
    double theory_z; /* position - theory, in standard deviations: of a crossing anywhere in the bracket, which is at
                        most sqrt(3) of them away, and of the values at its ends over the slope */
} psw_crossing;
typedef struct psw_crossings {
    ptrdiff_t first_slot, count; /* of the combination; edges found, of which the first four are kept */
    ptrdiff_t evaluations;       /* candidates asked and answered */
    double trials, flops;        /* they took */
    psw_level_side starts;       /* side of the first asked candidate: count 0 then means all of it */
    ptrdiff_t missed; /* most candidates between asked neighbours of one side: a window of so many is not seen */
    ptrdiff_t open;   /* candidates that were asked and not decided */
    psw_crossing edge[PSW_SEARCH_EDGES];
} psw_crossings;
/* From asked candidates alone. */
void psw_search_crossings(const psw_search *search, ptrdiff_t combination, psw_answers *answers, const void *context,
                          psw_crossings *crossings);

#endif
