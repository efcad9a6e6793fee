/* data: rows of queries, keys and values for any range of tokens.
 *
 * A row is a function of the point's values and its index alone, so every process that produces it produces the
 * same bits. Rows are made in double; the engines round them to their precision. */
#ifndef POLYSWEEP_DATA_H
#define POLYSWEEP_DATA_H

#include "polysweep/arrays.h"
#include "polysweep/spec.h"

/* The kinds:
 *   self_attention  Q = K = V, tokens of d - 2 classes and one special token, two data sets
 *   gaussian        N(0,1) in every entry of Q, K and V, independent
 *   sphere          queries and keys uniform on the unit sphere (the directions of gaussian), V as in gaussian
 *   aligned         K and V as in gaussian; query i has exactly the chosen cosine, before row_norm, with key pi(i),
 *                   pi(i) uniform over 0 .. i, so that it is visible under any mask
 *   memory          n associations: keys uniform on the unit sphere, values of v random signs over sqrt(v); query i is
 *                   key i, with noise the direction of k_i + noise N(0,1) / sqrt(d), and asks for value i
 *   scores          one query, keys with scores in [ln n, ln 1.4 n]; in D_1 key j3 has 4 ln n. No rows of width d
 *   file            one attention head of arrays: the first n_k keys, and the queries beside the last of them
 *
 * Rows of gaussian, sphere and aligned depend on (seed, side, width, draw, row, column) alone, so a longer
 * sequence begins with a shorter one; so do the noise of self_attention and memories where the point says `common`. */

typedef struct psw_data psw_data;

/* Checks the point's shape against the data (PSW_USAGE with what does not fit); open also opens the data. `arrays`
 * belong to kind file and must outlive the data; NULL for the other kinds, and to check before reading. */
psw_status psw_data_check(const psw_point *point, const psw_arrays *arrays);
psw_status psw_data_open(const psw_point *point, const psw_arrays *arrays, psw_data **data);
void psw_data_close(psw_data *data);

/* Rows of a random kind are drawn point.data_draws times. Opened data are draw 0; `draw` switches to another, from 0.
 * Keys of the noise of self_attention are (seed, kind, n, d, noise, draw), without n and noise where the point says
 * `common`; so are those of memory, with a side and its width; of the other kinds (seed, side, width), and the draw
 * from 1 on. */
ptrdiff_t psw_data_draws(const psw_point *point);
void psw_data_draw(psw_data *data, ptrdiff_t draw);
/* Version of these keys: 2 with noise (1: schema 1's first files, one draw for all trials), 0 without. */
ptrdiff_t psw_data_random_version(const psw_point *point);

/* Of a file with padding: the point without the tokens that are not there, which keeps its queries beside its keys; it
 * must have passed psw_data_check. PSW_USAGE: no query is there. `arrays` may be NULL. */
psw_status psw_data_whole(const psw_arrays *arrays, psw_point *point);

/* Rows of queries: n; 1 for scores and for decoding; of `queries: distinct` those that differ. The token of a decoded
 * one, 0 of others. */
ptrdiff_t psw_data_queries(const psw_point *point);
ptrdiff_t psw_data_first_query(const psw_point *point);
/* Keys: n_k, or n. Queries and keys stand in one sequence of tokens and end together, but for distinct queries: query i
 * is token psw_data_first(PSW_QUERY) + i, key j likewise, and the causal mask is that of tokens. Where their numbers
 * differ, some tokens have no query, or no key. */
ptrdiff_t psw_data_keys(const psw_point *point);
ptrdiff_t psw_data_tokens(const psw_point *point);               /* the larger of n and psw_data_keys */
ptrdiff_t psw_data_first(const psw_point *point, psw_side side); /* tokens before the first query, or key */
ptrdiff_t psw_data_end(const psw_point *point, psw_side side);   /* tokens up to the last one, with it */
/* Queries and keys that see each other. */
double psw_data_pairs(const psw_point *point);
/* Queries that are equal as rows: those of a class of self_attention data without noise, all but j3. Where every query
 * sees all keys they have the same output bit for bit, and a point with `queries: distinct` has one of them alone: its
 * queries are the d - 1 neighbouring tokens that end with j3, or begin with it where there are not so many before. They
 * hold each class once, and the class of j3 once more beside j3 (which is a row of its own, so that D_0 and D_1 differ
 * in it alone). Sequences of one token a class have no equal ones: all n are queries.
 * times: the tokens whose row query number `query` is, 1 of any other point. */
bool psw_data_repeats(const psw_point *point);
static inline bool psw_data_distinct(const psw_point *point)
{
    return point->queries == PSW_QUERIES_DISTINCT;
}
double psw_data_times(const psw_point *point, ptrdiff_t query);
/* Number of data sets: 2 (D_0 and D_1) or 1. */
int psw_data_sets(const psw_point *point);
/* True where queries, keys and values are the same rows. */
bool psw_data_shared(const psw_point *point);
/* The token in which D_1 differs from D_0, -1 if there is one data set. */
ptrdiff_t psw_data_special(const psw_point *point);
/* tau, in the units of the rows (n >= 2; NaN where the threshold head does not apply); and the unit sqrt(ln n) that
 * margins are given in. */
double psw_data_threshold(const psw_point *point);
double psw_data_unit(const psw_point *point);
/* No score offset + scale <q, k> is below `least`, -inf where nothing is known; reached: one that every mask shows has
 * this value. */
typedef struct psw_least_score {
    double least;
    bool reached;
} psw_least_score;
psw_least_score psw_data_least(const psw_point *point);
/* True if scores can be negative (then odd and fractional beta need `negative`). */
bool psw_data_signed(const psw_point *point);

/* True if scores of tokens can be exactly 0 (0^0 has no value), but for an offset that happens to cancel one. */
bool psw_data_zeros(const psw_point *point);

/* The work of making rows. For scores it is always one random number a key. */
typedef struct psw_data_work {
    double drawn;      /* random numbers per element */
    double query_rows; /* rows made per row of queries */
} psw_data_work;
psw_data_work psw_data_work_of(const psw_point *point);

/* Rows first .. first+count of one side of data set `set`, count x (psw_point_width or v), contiguous. To queries and
 * keys row_norm is applied, then sqrt(scale), then the coordinate sqrt |offset| at the end, in keys with the sign of
 * the offset: so <q, k> of these rows is offset + scale <q, k> of those before. For scores: keys are the scores (width
 * 1, neither scaled nor shifted), the one query is 1, values are rows of the identity. */
void psw_data_rows(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows);
/* The same before row_norm, scale and offset: count x (d or v). */
void psw_data_raw_rows(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows);

#endif
