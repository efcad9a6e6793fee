/* attend/attention: what the kinds of attention share: rows (rows.h), states (states.h), landmarks (landmarks.h),
 * scores (scores.h) and decoding (decode.h). In shapes, width is psw_point_width: the numbers of a query or a key as
 * products see them, d, or d + 1 with an offset. Compiled per precision and target. */
#ifndef POLYSWEEP_ATTEND_ATTENTION_H
#define POLYSWEEP_ATTEND_ATTENTION_H

#include "attend/sums.h"
#include "polysweep/attend.h"
#include "polysweep/narrow_rows.h"
#include "polysweep/real.h"

/* What the engine calls; one table per kind. The struct of a kind begins with a psw_attention. */
typedef struct attend_kind {
    size_t bytes; /* of that struct */
    /* Takes all memory, with a counting arena only counts it. To be closed whatever it returns. */
    psw_status (*lay)(psw_attention *attention, const psw_given *given, psw_arena *arena);
    psw_status (*load)(psw_attention *attention, const psw_given *given);
    psw_status (*redraw)(psw_attention *attention, ptrdiff_t draw, psw_watch watch); /* NULL: no tables */
    psw_status (*pass)(psw_attention *attention, psw_watch watch, psw_leaf_sink sink, void *context);
    void (*close)(psw_attention *attention); /* NULL: nothing outside the arena */
    psw_message_bytes (*message_bytes)(const psw_group *group, int sets);
    double (*done_flops)(const psw_group *group, int sets);
    const psw_state_fold *states; /* what a team does with it; NULL: it shares no states */
} attend_kind;

struct psw_attention {
    const attend_kind *kind;
    psw_arena *arena;
    size_t used; /* bytes of the arena before this attention */

    const psw_group *group;
    const psw_point *p;       /* the first point of the group */
    const psw_narrow *narrow; /* what operands of products are rounded to; NULL: their type */
    psw_route route;
    int sets;
    ptrdiff_t leaf, leaves;     /* tokens of a whole leaf, number of leaves */
    ptrdiff_t tokens;           /* of the sequence */
    ptrdiff_t first[PSW_SIDES]; /* tokens before the first query, key, value */
    ptrdiff_t end[PSW_SIDES];   /* tokens up to the last one */
    ptrdiff_t own;              /* leaves of the calling rank */
    ptrdiff_t special;          /* j3, -1 without a second data set */
    double *staged;             /* leaf x max(width, v): rows as the data generates them, rounded to the format */
    psw_status staging;         /* PSW_NOT_FINITE once a row has overflowed the format */

    ptrdiff_t together;      /* leaves there is room for results of */
    ptrdiff_t place;         /* of these, the one that is finished or emitted */
    psw_real *out;           /* results of each leaf: [points][sets][count][v] */
    double *mass, *log2_den; /* [points][sets][count] */
};

static inline ptrdiff_t attend_larger(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

static inline ptrdiff_t attend_smaller(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

/* Absolute first token and number of tokens. */
typedef struct attend_span {
    ptrdiff_t first, count;
} attend_span;

static inline bool attend_span_has(attend_span span, ptrdiff_t token)
{
    return token >= span.first && token < span.first + span.count;
}

static inline attend_span attend_leaf_span(const psw_attention *a, ptrdiff_t index)
{
    ptrdiff_t first = index * a->leaf, left = a->tokens - first;
    return (attend_span){first, left < a->leaf ? left : a->leaf};
}

/* The tokens of a leaf that have a query, or a key; count 0: none. */
static inline attend_span attend_side_span(const psw_attention *a, psw_side side, ptrdiff_t index)
{
    attend_span leaf = attend_leaf_span(a, index);
    ptrdiff_t end = leaf.first + leaf.count, first = attend_smaller(attend_larger(leaf.first, a->first[side]), end);
    end = attend_smaller(end, a->end[side]);
    return (attend_span){first, attend_larger(end - first, 0)};
}

static inline psw_real *attend_reals(psw_arena *arena, ptrdiff_t count)
{
    return psw_arena_take(arena, count, sizeof(psw_real));
}

#define attend_set_head PSW_PRECISION_NAME(attend_set_head)
#define attend_lay_staged PSW_PRECISION_NAME(attend_lay_staged)
#define attend_lay_results PSW_PRECISION_NAME(attend_lay_results)
#define attend_stage PSW_PRECISION_NAME(attend_stage)
#define attend_round PSW_PRECISION_NAME(attend_round)
#define attend_round_weights PSW_PRECISION_NAME(attend_round_weights)
#define attend_finish PSW_PRECISION_NAME(attend_finish)
#define attend_emit_leaf PSW_PRECISION_NAME(attend_emit_leaf)

/* All of the head but its memory. */
void attend_set_head(psw_attention *a, const psw_group *group, const psw_given *given);
void attend_lay_staged(psw_attention *a, psw_arena *arena);
void attend_lay_results(psw_attention *a, psw_arena *arena); /* of a->together leaves, one unless set since */

/* Rows of one side of a data set, by their tokens, in a->staged: valid until the next call. What loads rows sets
 * a->staging to PSW_OK and, at its end, returns it: the first row that the format cannot hold, by its name. */
const double *attend_stage(psw_attention *a, const psw_data *data, int set, psw_side side, attend_span rows);
void attend_round(const double *rows, ptrdiff_t count, psw_real *to);
/* Weights to the format, as the product with the values takes them. */
void attend_round_weights(const psw_attention *a, psw_rows weights);

/* Results of `rows`, a part of the leaf `leaf` in a->place, for one pair of point and set. PSW_NOT_FINITE names the
 * row; PSW_BUG if there are no sums. */
psw_status attend_finish(psw_attention *a, ptrdiff_t pair, attend_span leaf, attend_span rows, const attend_sums *sums);
/* The leaf in a->place. */
psw_status attend_emit_leaf(const psw_attention *a, ptrdiff_t index, psw_leaf_sink sink, void *context);

#endif
