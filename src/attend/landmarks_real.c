#include "attend/landmarks.h"

#include <math.h>
#include <string.h>

#include "attend/method.h"
#include "attend/state.h"
#include "polysweep/pseudo_inverse.h"

/* ---- memory ---- */

static ptrdiff_t widest(const psw_point *p)
{
    return attend_larger(psw_point_width(p), p->v);
}

static void lay_rows(attend_landmarks *f, psw_arena *arena)
{
    ptrdiff_t own = f->base.own * f->base.leaf, width = psw_point_width(f->base.p);
    f->rows[0] = attend_reals(arena, own * width);
    f->rows[1] = attend_reals(arena, own * width);
    f->values = attend_reals(arena, own * f->base.p->v);
    for (int set = 0; set < f->base.sets; set++)
        for (int side = 0; side < 3; side++)
            if (f->base.special >= 0) f->other[set][side] = attend_reals(arena, widest(f->base.p));
    attend_lay_staged(&f->base, arena);
}

static void lay_landmarks(attend_landmarks *f, psw_arena *arena)
{
    ptrdiff_t m = f->m, width = psw_point_width(f->base.p);
    for (int set = 0; set < f->base.sets; set++)
        for (int side = 0; side < 2; side++) {
            f->mean[set][side] = psw_arena_take(arena, m * width, sizeof(double));
            f->landmark[set][side] = attend_reals(arena, m * width);
        }
    f->middle = psw_arena_take(arena, m * m, sizeof(double));
    f->inverse = psw_arena_take(arena, m * m, sizeof(double));
    f->room = psw_arena_take(arena, 2 * m * m, sizeof(double));
}

static void lay_sums(attend_landmarks *f, psw_arena *arena)
{
    ptrdiff_t m = f->m, leaf = f->base.leaf, v = f->base.p->v;
    f->scores = attend_reals(arena, leaf * m);
    f->weights = attend_reals(arena, leaf * m);
    f->product = attend_reals(arena, attend_larger(leaf, m) * (v + 1));
    for (int set = 0; set < f->base.sets; set++) f->total[set] = attend_sums_take(arena, m, v + 2);
    f->part = attend_sums_take(arena, m, v + 2);
    f->mixed = psw_arena_take(arena, m * (v + 1), sizeof(double));
    for (int set = 0; set < f->base.sets; set++) f->reading[set] = attend_reals(arena, m * (v + 1));
    f->sums = attend_sums_take(arena, leaf, v + 2);
}

static size_t state_bytes(const psw_point *p)
{
    return attend_state_packed(p->v + 2, 1);
}

static void lay_team(attend_landmarks *f, psw_arena *arena)
{
    psw_states *s = &f->states;
    *s = (psw_states){.sets = f->base.sets * f->m};
    s->route = psw_route_of_states(&f->base.route, &s->totals);
    s->rounds = psw_route_rounds(&s->route);
    s->bytes = state_bytes(f->base.p);
    ptrdiff_t count = s->rounds * s->sets, ranks = f->base.route.scan == PSW_STATE_GATHER ? f->base.route.size : 1;
    s->own = psw_arena_take(arena, count, s->bytes);
    s->before = psw_arena_take(arena, count, s->bytes);
    s->total = psw_arena_take(arena, count, s->bytes);
    s->incoming = psw_arena_take(arena, ranks * count, s->bytes);
}

static psw_status lay(psw_attention *a, const psw_given *given, psw_arena *arena)
{
    attend_landmarks *f = (attend_landmarks *)a;
    (void)given;
    f->m = a->p->landmarks;
    lay_rows(f, arena);
    lay_landmarks(f, arena);
    lay_sums(f, arena);
    attend_lay_results(a, arena);
    if (a->route.size > 1) lay_team(f, arena);
    return psw_arena_check(arena);
}

/* ---- the data ---- */

/* Of all queries, or of all keys, by their tokens. */
static attend_span segment_of(const attend_landmarks *f, int side, ptrdiff_t i)
{
    ptrdiff_t before = f->base.first[side], n = f->base.tokens - before, first = i * n / f->m;
    return (attend_span){before + first, (i + 1) * n / f->m - first};
}

/* The mean of a segment's rows of one side. */
static void find_mean(attend_landmarks *f, const psw_data *data, int set, int side, ptrdiff_t i)
{
    attend_span segment = segment_of(f, side, i);
    ptrdiff_t width = psw_point_width(f->base.p);
    double *restrict mean = f->mean[set][side] + i * width;
    memset(mean, 0, (size_t)width * sizeof *mean);
    for (ptrdiff_t at = 0; at < segment.count; at += f->base.leaf) {
        attend_span part = {segment.first + at, attend_smaller(f->base.leaf, segment.count - at)};
        const double *rows = attend_stage(&f->base, data, set, (psw_side)side, part);
        for (ptrdiff_t j = 0; j < part.count; j++)
            for (ptrdiff_t c = 0; c < width; c++) mean[c] += rows[j * width + c];
    }
    for (ptrdiff_t c = 0; c < width; c++) mean[c] /= (double)segment.count;
}

/* Of D_1 only the segment of j3 has another mean. */
static psw_status load_means(attend_landmarks *f, const psw_given *given, int set, int side)
{
    ptrdiff_t all = f->m * psw_point_width(f->base.p);
    if (set > 0) memcpy(f->mean[set][side], f->mean[0][side], (size_t)all * sizeof(double));
    for (ptrdiff_t i = 0; i < f->m; i++) {
        PSW_TRY(psw_watch_ask(given->watch));
        if (set == 0 || attend_span_has(segment_of(f, side, i), f->base.special))
            find_mean(f, given->data, set, side, i);
    }
    attend_round(f->mean[set][side], all, f->landmark[set][side]);
    if (f->base.narrow) psw_narrow_numbers(f->base.narrow, f->landmark[set][side], all);
    return PSW_OK;
}

static ptrdiff_t width_of(const attend_landmarks *f, int side)
{
    return side == PSW_VALUE ? f->base.p->v : psw_point_width(f->base.p);
}

static void load_leaf(attend_landmarks *f, const psw_data *data, ptrdiff_t leaf)
{
    ptrdiff_t at = psw_route_place(&f->base.route, leaf) * f->base.leaf;
    for (int side = 0; side < PSW_SIDES; side++) {
        attend_span part = attend_side_span(&f->base, (psw_side)side, leaf);
        ptrdiff_t width = width_of(f, side);
        psw_real *to = (side == PSW_VALUE ? f->values : f->rows[side]) + at * width;
        attend_round(attend_stage(&f->base, data, 0, (psw_side)side, part), part.count * width, to);
    }
}

static psw_status load(psw_attention *a, const psw_given *given)
{
    attend_landmarks *f = (attend_landmarks *)a;
    attend_span token = {a->special, 1};
    f->placed = 0;
    a->staging = PSW_OK;
    for (ptrdiff_t i = 0; i < a->own; i++) {
        PSW_TRY(psw_watch_ask(given->watch));
        load_leaf(f, given->data, psw_route_leaf(&a->route, a->route.rank, i));
    }
    for (int set = 0; set < a->sets; set++) {
        for (int side = 0; side < 2; side++) PSW_TRY(load_means(f, given, set, side));
        for (int side = 0; side < 3 && a->special >= 0; side++)
            attend_round(attend_stage(a, given->data, set, (psw_side)side, token), width_of(f, side),
                         f->other[set][side]);
    }
    return a->staging;
}

/* Data sets differ in row j3: writes that of `set` to where it is about to be read. */
static void place(attend_landmarks *f, int set, ptrdiff_t leaf)
{
    if (f->placed == set || !attend_span_has(attend_leaf_span(&f->base, leaf), f->base.special)) return;
    ptrdiff_t at = psw_route_place(&f->base.route, leaf) * f->base.leaf + f->base.special % f->base.leaf;
    for (int side = 0; side < 3; side++) {
        ptrdiff_t width = width_of(f, side);
        memcpy((side == PSW_VALUE ? f->values : f->rows[side]) + at * width, f->other[set][side],
               (size_t)width * sizeof(psw_real));
    }
    f->placed = set;
}

/* The rows that one side of an own leaf has, of the set that is in place. */
static psw_const_rows rows_of(const attend_landmarks *f, int side, ptrdiff_t leaf)
{
    ptrdiff_t width = width_of(f, side), first = psw_route_place(&f->base.route, leaf) * f->base.leaf;
    const psw_real *all = side == PSW_VALUE ? f->values : f->rows[side];
    ptrdiff_t count = attend_side_span(&f->base, (psw_side)side, leaf).count;
    return (psw_const_rows){all + first * width, count, width, width};
}

/* ---- softmax(Q~ K^T) [V | 1] over own keys ---- */

static attend_weight_sum weigh(const psw_real *z, ptrdiff_t count, psw_real *w)
{
    attend_score_row row = {.z = z, .count = count, .peak = psw_row_peak(PSW_PEAK_SIGNED, z, count)};
    return attend_exponential_weights(&row, w);
}

static void add_leaf(attend_landmarks *f, int set, ptrdiff_t leaf)
{
    place(f, set, leaf);
    psw_const_rows keys = rows_of(f, PSW_KEY, leaf), values = rows_of(f, PSW_VALUE, leaf);
    if (keys.rows == 0) return;
    ptrdiff_t m = f->m, width = keys.cols, v = values.cols, token = f->base.special - leaf * f->base.leaf;
    psw_rows weights = psw_rows_of(f->weights, m, keys.rows), product = psw_rows_of(f->product, m, v);
    psw_product_nt((psw_const_rows){f->landmark[set][PSW_QUERY], m, width, width}, keys,
                   psw_rows_of(f->scores, m, keys.rows));
    for (ptrdiff_t i = 0; i < m; i++) {
        attend_weight_sum sum = weigh(f->scores + i * keys.rows, keys.rows, weights.at + i * keys.rows);
        double *to = f->part.at + i * f->part.width;
        f->part.exponent[i] = sum.exponent;
        to[v] = f->base.special >= 0 && token >= 0 && token < keys.rows ? (double)weights.at[i * keys.rows + token] : 0;
        to[v + 1] = sum.sum;
    }
    if (f->base.narrow) attend_round_weights(&f->base, weights);
    psw_product_nn(psw_read(weights), values, product);
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t c = 0; c < v; c++) f->part.at[i * f->part.width + c] = (double)product.at[i * v + c];
    attend_sums_merge(f->total[set], f->part);
}

static psw_status add_own(attend_landmarks *f, psw_watch watch)
{
    for (int set = 0; set < f->base.sets; set++) {
        attend_sums_clear(f->total[set]);
        for (ptrdiff_t i = 0; i < f->base.own; i++) {
            PSW_TRY(psw_watch_ask(watch));
            add_leaf(f, set, psw_route_leaf(&f->base.route, f->base.route.rank, i));
        }
    }
    return PSW_OK;
}

/* ---- softmax(Q~ K~^T)^+ times it ---- */

/* middle = softmax(Q~ K~^T) */
static void find_middle(attend_landmarks *f, int set)
{
    ptrdiff_t m = f->m, width = psw_point_width(f->base.p);
    for (ptrdiff_t i = 0; i < m; i++) {
        double *row = f->middle + i * m, peak = -INFINITY, sum = 0;
        for (ptrdiff_t j = 0; j < m; j++) {
            const double *q = f->mean[set][PSW_QUERY] + i * width, *k = f->mean[set][PSW_KEY] + j * width;
            row[j] = 0;
            for (ptrdiff_t c = 0; c < width; c++) row[j] += q[c] * k[c];
            peak = fmax(peak, row[j]);
        }
        for (ptrdiff_t j = 0; j < m; j++) sum += row[j] = exp(row[j] - peak);
        for (ptrdiff_t j = 0; j < m; j++) row[j] /= sum;
    }
}

/* The sums of all keys without their exponents and denominators go through the pseudo-inverse. */
static psw_status mix(attend_landmarks *f, int set, psw_watch watch)
{
    ptrdiff_t m = f->m, v = f->base.p->v;
    find_middle(f, set);
    PSW_TRY(psw_pseudo_inverse(m, f->middle, f->inverse, f->room, watch));
    memset(f->mixed, 0, (size_t)(m * (v + 1)) * sizeof *f->mixed);
    for (ptrdiff_t j = 0; j < m; j++) {
        double *sums = f->total[set].at + j * f->total[set].width;
        for (ptrdiff_t c = 0; c <= v; c++) sums[c] /= sums[v + 1];
    }
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < m; j++) {
            const double *restrict from = f->total[set].at + j * f->total[set].width;
            double by = f->inverse[i * m + j], *restrict to = f->mixed + i * (v + 1);
            for (ptrdiff_t c = 0; c <= v; c++) to[c] += by * from[c];
        }
    attend_round(f->mixed, m * (v + 1), f->reading[set]);
    if (f->base.narrow) psw_narrow_rows(f->base.narrow, psw_rows_of(f->reading[set], m, v + 1));
    return PSW_OK;
}

/* ---- softmax(Q K~^T) times that ---- */

static void read_leaf(attend_landmarks *f, int set, ptrdiff_t leaf)
{
    place(f, set, leaf);
    psw_const_rows queries = rows_of(f, PSW_QUERY, leaf);
    ptrdiff_t m = f->m, width = queries.cols, v = f->base.p->v;
    psw_rows weights = psw_rows_of(f->weights, queries.rows, m), product = psw_rows_of(f->product, queries.rows, v + 1);
    psw_product_nt(queries, (psw_const_rows){f->landmark[set][PSW_KEY], m, width, width},
                   psw_rows_of(f->scores, queries.rows, m));
    f->sums.rows = queries.rows;
    for (ptrdiff_t i = 0; i < queries.rows; i++) {
        attend_weight_sum sum = weigh(f->scores + i * m, m, weights.at + i * m);
        f->sums.exponent[i] = sum.exponent;
        f->sums.at[i * f->sums.width + v + 1] = sum.sum;
    }
    if (f->base.narrow) attend_round_weights(&f->base, weights);
    psw_product_nn(psw_read(weights), (psw_const_rows){f->reading[set], m, v + 1, v + 1}, product);
    for (ptrdiff_t i = 0; i < queries.rows; i++)
        for (ptrdiff_t c = 0; c <= v; c++) f->sums.at[i * f->sums.width + c] = (double)product.at[i * (v + 1) + c];
}

/* Of the states of all keys, in f->total. */
static psw_status emit_own(attend_landmarks *f, psw_watch watch, psw_leaf_sink sink, void *context)
{
    psw_attention *a = &f->base;
    for (int set = 0; set < a->sets; set++) PSW_TRY(mix(f, set, watch));
    for (ptrdiff_t i = 0; i < a->own; i++) {
        ptrdiff_t leaf = psw_route_leaf(&a->route, a->route.rank, i);
        attend_span span = attend_side_span(a, PSW_QUERY, leaf);
        PSW_TRY(psw_watch_ask(watch));
        for (int set = 0; set < a->sets && span.count > 0; set++) {
            read_leaf(f, set, leaf);
            PSW_TRY(attend_finish(a, set, span, span, &f->sums));
        }
        PSW_TRY(attend_emit_leaf(a, leaf, sink, context));
    }
    return PSW_OK;
}

static psw_status pass(psw_attention *a, psw_watch watch, psw_leaf_sink sink, void *context)
{
    attend_landmarks *f = (attend_landmarks *)a;
    PSW_TRY(add_own(f, watch));
    return emit_own(f, watch, sink, context);
}

/* ---- on one rank of a team ---- */

/* A row of sums as a state. */
static attend_state state_of(const attend_landmarks *f, int set, ptrdiff_t i)
{
    const attend_sums *sums = &f->total[set];
    return (attend_state){sums->width, 1, sums->at + i * sums->width, sums->exponent[i]};
}

static void begin(psw_attention *a)
{
    (void)a;
}

static psw_status total(psw_attention *a, psw_watch watch, psw_states **states)
{
    attend_landmarks *f = (attend_landmarks *)a;
    *states = &f->states;
    PSW_TRY(add_own(f, watch));
    for (int set = 0; set < a->sets; set++)
        for (ptrdiff_t i = 0; i < f->m; i++) {
            attend_state state = state_of(f, set, i);
            attend_state_pack(&state, f->states.own + (size_t)(set * f->m + i) * f->states.bytes);
        }
    return PSW_OK;
}

/* Nothing can be read before all states are there. */
static psw_status overlap(psw_attention *a, psw_watch watch, bool *more)
{
    (void)a, (void)watch;
    *more = false;
    return PSW_OK;
}

/* The exponent of a sum goes when it is divided by its denominator. */
static psw_status finish(psw_attention *a, psw_watch watch, psw_leaf_sink sink, void *context)
{
    attend_landmarks *f = (attend_landmarks *)a;
    for (int set = 0; set < a->sets; set++)
        for (ptrdiff_t i = 0; i < f->m; i++) {
            attend_state state = state_of(f, set, i);
            attend_state_clear(&state);
            attend_state_add_packed(&state, f->states.total + (size_t)(set * f->m + i) * f->states.bytes);
        }
    return emit_own(f, watch, sink, context);
}

static const psw_state_fold team = {.begin = begin, .total = total, .overlap = overlap, .finish = finish};

/* ---- the table of the kind ---- */

static psw_message_bytes message_bytes(const psw_group *group, int sets)
{
    const psw_point *p = &group->points[0];
    return (psw_message_bytes){.states = (size_t)(sets * p->landmarks) * state_bytes(p)};
}

static double done_flops(const psw_group *group, int sets)
{
    const psw_point *p = &group->points[0];
    double n = (double)p->n, keys = (double)psw_data_keys(p), m = (double)p->landmarks;
    double width = (double)psw_point_width(p), v = (double)p->v;
    return 2 * m * (n * (width + v + 1) + keys * (width + v)) * sets * (double)group->count;
}

const attend_kind attend_landmarks_kind = {.bytes = sizeof(attend_landmarks),
                                           .lay = lay,
                                           .load = load,
                                           .pass = pass,
                                           .message_bytes = message_bytes,
                                           .done_flops = done_flops,
                                           .states = &team};
