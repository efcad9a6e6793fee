/* Decoding over a cache of keys and values, and the table of the kind. */
#include "attend/decode.h"

#include <math.h>

#include "polysweep/sketch.h"

static const psw_sketcher *const sketcher = &PSW_PRECISION_NAME(psw_sketcher);

static bool by_states(const attend_decode *d)
{
    return psw_sketch_has(d->base.p);
}

/* Tokens whose keys are still there; a sketch without exact blocks has their features instead. */
static bool exact_tail(const attend_decode *d)
{
    return !by_states(d) || d->base.p->local > 0;
}

/* ---- memory ---- */

static ptrdiff_t held_from(const psw_point *p)
{
    ptrdiff_t stretch = p->local > 0 ? p->local : p->block;
    return psw_sketch_has(p) ? (p->n - 1) / stretch * stretch : 0;
}

static psw_point kernel_of(const psw_point *p)
{
    psw_point kernel = *p;
    kernel.mask = PSW_CAUSAL;
    if (!psw_sketch_has(p)) return kernel;
    kernel.method = psw_method_of_kernel(psw_method_facts_of(p->method)->kernel);
    kernel.negative = PSW_NEGATIVE_SIGNED;
    return kernel;
}

static psw_status lay(psw_attention *a, const psw_given *given, psw_arena *arena)
{
    attend_decode *d = (attend_decode *)a;
    const psw_point *p = a->p;
    ptrdiff_t width = psw_point_width(p), most = a->leaf + PSW_DECODE_GROUP;
    if (a->route.rank > 0) return PSW_OK;
    d->held = held_from(p);
    d->kernel = kernel_of(p);
    d->method = attend_method_row_of(d->kernel.method);
    d->cache = attend_cache_take(arena, p->cache, p->n - d->held, width, p->v);
    for (int side = 0; side < 3; side++)
        d->rows[side] = psw_arena_take(arena, a->leaf * (side == PSW_VALUE ? p->v : width), sizeof(double));
    d->q = attend_reals(arena, width);
    d->z = attend_reals(arena, most);
    d->w = attend_reals(arena, most);
    d->part = attend_reals(arena, p->v + 1);
    d->sums = attend_sums_take(arena, 1, p->v + 2);
    d->more = attend_sums_take(arena, 1, p->v + 2);
    if (d->method && d->method->keep) {
        d->selected.keep = attend_smaller(d->method->keep(p), p->n);
        d->selected.count = psw_arena_take(arena, 1, sizeof *d->selected.count);
        d->selected.heap = psw_arena_take(arena, d->selected.keep, sizeof *d->selected.heap);
    }
    attend_lay_results(a, arena);
    if (by_states(d)) PSW_TRY(attend_decode_lay_states(d, given, arena));
    return psw_arena_check(arena);
}

static void close(psw_attention *a)
{
    sketcher->destroy(((attend_decode *)a)->sketch);
}

/* ---- what is before the new token ---- */

static psw_status load_cache(attend_decode *d, psw_watch watch)
{
    const psw_point *p = d->base.p;
    ptrdiff_t width = psw_point_width(p);
    for (ptrdiff_t first = d->held; first < p->n; first += d->base.leaf) {
        ptrdiff_t count = attend_smaller(d->base.leaf, p->n - first);
        PSW_TRY(psw_watch_ask(watch));
        psw_data_rows(d->data, 0, PSW_KEY, first, count, d->rows[PSW_KEY]);
        psw_data_rows(d->data, 0, PSW_VALUE, first, count, d->rows[PSW_VALUE]);
        for (ptrdiff_t i = 0; i < count; i++)
            if (!attend_cache_put(&d->cache, first - d->held + i, d->rows[PSW_KEY] + i * width,
                                  d->rows[PSW_VALUE] + i * p->v))
                return PSW_FAIL(PSW_NOT_FINITE, "token %td does not fit into a key-value cache of %s", first + i,
                                psw_word(PSW_WORDS_PRECISION, (int)p->cache));
    }
    return PSW_OK;
}

/* The rows of the new token stay in d->rows. */
static psw_status load(psw_attention *a, const psw_given *given)
{
    attend_decode *d = (attend_decode *)a;
    if (a->route.rank > 0) return PSW_OK;
    d->data = given->data;
    PSW_TRY(load_cache(d, given->watch));
    if (by_states(d)) {
        sketcher->keys(d->sketch, given->data);
        PSW_TRY(sketcher->draw(d->sketch, given->tables.draw, given->watch));
        PSW_TRY(attend_decode_load_states(d, given->watch));
    }
    for (int side = 0; side < 3; side++) psw_data_rows(d->data, 0, (psw_side)side, a->p->n - 1, 1, d->rows[side]);
    attend_round(d->rows[PSW_QUERY], psw_point_width(a->p), d->q);
    return PSW_OK;
}

static psw_status redraw(psw_attention *a, ptrdiff_t draw, psw_watch watch)
{
    attend_decode *d = (attend_decode *)a;
    psw_given again = {.watch = watch, .data = d->data, .tables = {draw, NULL}};
    return by_states(d) && d->data ? load(a, &again) : PSW_OK;
}

/* ---- the new token ---- */

/* Weighs `range` of the tokens from `first` on, whose scores are made: they join the sums. */
static void add_range(attend_decode *d, ptrdiff_t first, psw_tokens range)
{
    ptrdiff_t v = d->base.p->v, at = range.first - first;
    attend_score_row row = {.z = d->z + at, .first = range.first, .count = range.count};
    if (d->method->keep) row.kept = attend_selection_last(&d->selected, 0);
    if (d->method->peak) row.peak = psw_row_peak(d->method->peak(&d->kernel), row.z, row.count);
    attend_log2_all(&row.peak, 1, &row.log2_peak);
    attend_weight_sum sum = d->method->weigh(&d->kernel, &row, d->w);
    for (ptrdiff_t c = 0; c < v; c++) d->part[c] = 0;
    attend_cache_add(&d->cache, d->w, range.first - d->held, range.count, d->part);
    for (ptrdiff_t c = 0; c < v; c++) d->more.at[c] = (double)d->part[c];
    d->more.at[v] = 0, d->more.at[v + 1] = sum.sum, *d->more.exponent = sum.exponent;
    attend_sums_merge(d->sums, d->more);
}

/* Those of the tokens that the query sees. */
static void add_keys(attend_decode *d, psw_tokens keys)
{
    psw_seen seen = psw_attend_seen(&d->kernel, d->base.p->n - 1, keys);
    if (seen.ranges == 0) return;
    if (d->method->peak) attend_cache_scores(&d->cache, d->q, keys.first - d->held, keys.count, d->z);
    for (int i = 0; i < seen.ranges; i++) add_range(d, keys.first, seen.at[i]);
}

/* Scores join the selection of a method that keeps some. */
static void offer_keys(attend_decode *d, psw_tokens keys)
{
    psw_seen seen = psw_attend_seen(&d->kernel, d->base.p->n - 1, keys);
    attend_cache_scores(&d->cache, d->q, keys.first - d->held, keys.count, d->z);
    for (int i = 0; i < seen.ranges; i++)
        attend_selection_offer(&d->selected, 0, d->z + seen.at[i].first - keys.first, seen.at[i]);
}

/* The blocks of the cache that the query sees something of, each once. */
static psw_status each_block(attend_decode *d, psw_watch watch, void (*take)(attend_decode *, psw_tokens))
{
    ptrdiff_t n = d->base.p->n, block = d->base.leaf, next = d->held;
    psw_seen seen = psw_attend_seen(&d->kernel, n - 1, (psw_tokens){d->held, n - d->held});
    for (int i = 0; i < seen.ranges; i++) {
        ptrdiff_t first = d->held + (seen.at[i].first - d->held) / block * block;
        for (next = first > next ? first : next; next < seen.at[i].first + seen.at[i].count; next += block) {
            PSW_TRY(psw_watch_ask(watch));
            take(d, (psw_tokens){next, attend_smaller(block, n - next)});
        }
    }
    return PSW_OK;
}

static psw_status add_cache(attend_decode *d, psw_watch watch)
{
    if (d->method->keep) {
        *d->selected.count = 0;
        PSW_TRY(each_block(d, watch, offer_keys));
    }
    return each_block(d, watch, add_keys);
}

static psw_status pass(psw_attention *a, psw_watch watch, psw_leaf_sink sink, void *context)
{
    attend_decode *d = (attend_decode *)a;
    ptrdiff_t tokens = a->p->n - d->held;
    attend_span one = {0, 1};
    if (a->route.rank > 0) return PSW_OK;
    attend_cache_put(&d->cache, tokens - 1, d->rows[PSW_KEY], d->rows[PSW_VALUE]);
    attend_sums_clear(d->sums);
    if (exact_tail(d)) PSW_TRY(add_cache(d, watch));
    if (by_states(d)) attend_decode_read_states(d);
    PSW_TRY(attend_finish(a, 0, one, one, &d->sums));
    psw_leaf leaf = {0, 1, 0, 1, 1, a->p->v, a->out, NULL, a->log2_den};
    return sink(context, &leaf);
}

/* ---- the table of the kind ---- */

static psw_message_bytes message_bytes(const psw_group *group, int sets)
{
    (void)group, (void)sets;
    return (psw_message_bytes){0};
}

static double done_flops(const psw_group *group, int sets)
{
    (void)sets;
    return psw_attend_decode_work(group->points).flops;
}

const attend_kind attend_decode_kind = {.bytes = sizeof(attend_decode),
                                        .lay = lay,
                                        .load = load,
                                        .redraw = redraw,
                                        .pass = pass,
                                        .close = close,
                                        .message_bytes = message_bytes,
                                        .done_flops = done_flops};
