/* attend/decode: one new token against what the tokens before it left (mode decode). The output is the last row of
 * causal attention over all n tokens; a pass is the work of that token alone. Compiled per precision and target.
 *
 *     kernels of rows   the key and the values of the new token join the cache; its query meets every key of it
 *     maps              the token that leaves the tail joins the state; the query meets the state of all stretches
 *                       before its own, then the keys of its own (states.h): the tail, at most local or block tokens,
 *                       by their stored features, or by the exact kernel where the point says `local`
 *
 * The cache has the format that the point says (cache.h), the state the precision of the products. What is before the
 * new token is made when the attention is loaded. On one rank. */
#ifndef POLYSWEEP_ATTEND_DECODE_H
#define POLYSWEEP_ATTEND_DECODE_H

#include "attend/cache.h"
#include "attend/method.h"
#include "attend/states.h"

typedef struct attend_decode {
    psw_attention base;
    const psw_data *data;
    psw_point kernel; /* of keys in the cache: the point, or the exact kernel that a sketch estimates */
    const attend_method_row *method;
    attend_cache cache; /* tokens held .. n - 1, places from 0 */
    ptrdiff_t held;
    attend_selection selected; /* of a method that keeps some scores */

    double *rows[3];        /* leaf x width, by side: as data makes them */
    psw_real *q;            /* of the new token */
    psw_real *z, *w;        /* leaf, rounded up to whole groups */
    psw_real *part;         /* v + 1 */
    attend_sums sums, more; /* one row */

    /* maps only */
    psw_sketch *sketch;
    psw_sketch_shape shape;
    attend_mapped mapped, tail;          /* a block of keys; tail: those of the tail */
    psw_real *rounded;                   /* leaf x width: rows as maps take them */
    psw_real *lifted, *scaled, *product; /* lift_rows x features, lift_rows x (v + 1), features x (v + 1) */
    ptrdiff_t lift_rows;
    double *total;          /* features x (v + 1), while it is summed */
    psw_real *state, *next; /* features x (v + 1): as it is read; with the token that leaves the tail */
    int exponent;           /* of state */
} attend_decode;

#define attend_decode_kind PSW_PRECISION_NAME(attend_decode_kind)
#define attend_decode_lay_states PSW_PRECISION_NAME(attend_decode_lay_states)
#define attend_decode_load_states PSW_PRECISION_NAME(attend_decode_load_states)
#define attend_decode_read_states PSW_PRECISION_NAME(attend_decode_read_states)
extern const attend_kind attend_decode_kind;

/* The part of maps. load: the state of the tokens before d->held, with tables that are drawn. read: maps the new token,
 * moves the state on, and adds what it gives the query to d->sums. */
psw_status attend_decode_lay_states(attend_decode *d, const psw_given *given, psw_arena *arena);
psw_status attend_decode_load_states(attend_decode *d, psw_watch watch);
void attend_decode_read_states(attend_decode *d);

#endif
