#include <string.h>

#include "attend/rows.h"

/* ---- memory ---- */

static void lay_own(attend_row_pass *f, psw_arena *arena)
{
    const psw_point *p = f->base.p;
    f->q = attend_reals(arena, f->base.own * f->base.leaf * psw_point_width(p));
    f->keys = attend_reals(arena, f->base.own * f->leaf_reals);
    f->resident_keys = psw_arena_take(arena, f->base.leaves, sizeof *f->resident_keys);
    attend_lay_staged(&f->base, arena);
    f->rounded = attend_reals(arena, f->base.leaf * attend_larger(psw_point_width(p), p->v));
    if (f->base.sets < 2) return;
    f->other.q = attend_reals(arena, psw_point_width(p));
    f->other.k = attend_reals(arena, psw_panels_count(psw_point_width(p), 1));
    f->other.values = attend_reals(arena, psw_panels_count(f->base.leaf, p->v));
}

static void lay_remote(attend_row_pass *f, psw_arena *arena)
{
    int buffers = psw_route_remote_buffers(&f->base.route);
    f->remote = psw_arena_take(arena, buffers, sizeof *f->remote);
    for (int i = 0; i < buffers; i++) {
        psw_remote remote = psw_route_remote(&f->base.route, i);
        bool queries = remote.what == PSW_QUERIES;
        psw_real *at =
            attend_reals(arena, remote.leaves * (queries ? f->base.leaf * psw_point_width(f->base.p) : f->leaf_reals));
        if (f->remote) f->remote[i] = at;
    }
}

/* Places of the trees of one strip. Leaves in ascending order need few; where they arrive in steps, there must also be
 * room for the nodes that wait from earlier steps and for those of one more step, whole and partial. */
static ptrdiff_t tree_places(const attend_row_pass *f)
{
    const psw_route *r = &f->base.route;
    ptrdiff_t ascending = attend_tree_places(f->base.leaves), most = 0, waiting = 0;
    if (!f->in_steps || r->pattern == PSW_ALL_GATHER) return ascending;
    if (r->pattern == PSW_STREAM) return 1; /* the trees in use are those of attend_rows_lay_team */
    for (int rank = 0; rank < (r->pattern == PSW_GRID ? r->columns : r->size); rank++)
        most = attend_larger(most, psw_route_nodes(r, rank, f->base.leaves, NULL));
    for (ptrdiff_t i = 0; i < f->base.own; i++)
        waiting = attend_larger(waiting, psw_route_waiting(r, psw_route_seen(r, psw_route_leaf(r, r->rank, i))));
    return attend_smaller(waiting + most + 2 * ascending, (f->base.leaves + 3) / 2 + 1);
}

/* A single point makes logarithms where it uses them. */
static bool shares_logarithms(const attend_row_pass *f)
{
    ptrdiff_t takers = 0;
    for (ptrdiff_t i = 0; f->method->logarithms && i < f->base.group->count; i++)
        takers += f->method->logarithms(&f->base.group->points[i]);
    return takers > 1;
}

static void lay_tile(attend_row_pass *f, psw_arena *arena)
{
    ptrdiff_t v = f->base.p->v, stride = psw_stride(f->base.leaf), places = tree_places(f);
    f->scores = (psw_rows){attend_reals(arena, f->strip * stride), f->strip, f->base.leaf, stride};
    f->weights = (psw_rows){attend_reals(arena, f->strip * stride), f->strip, f->base.leaf, stride};
    f->log2_upper = f->log2_lower = NULL;
    if (shares_logarithms(f)) {
        f->log2_upper = attend_reals(arena, f->strip * stride);
        f->log2_lower = attend_reals(arena, f->strip * stride);
    }
    f->partial = psw_rows_of(attend_reals(arena, f->strip * v), f->strip, v);
    f->peak = psw_arena_take(arena, f->strip, sizeof *f->peak);
    f->log2_peak = psw_arena_take(arena, f->strip, sizeof *f->log2_peak);
    f->sum = psw_arena_take(arena, f->strip, sizeof *f->sum);
    f->seen = psw_arena_take(arena, f->strip, sizeof *f->seen);
    attend_rows_lay_selection(f, arena);
    for (ptrdiff_t i = 0; i < f->base.group->count; i++)
        for (int s = 0; s < f->base.sets; s++) f->tree[i][s] = attend_tree_take(arena, f->strip, v + 2, places);
}

/* More than there are strips would have nothing to do. */
static int threads_of(const attend_row_pass *f)
{
    ptrdiff_t strips = attend_larger(f->base.own, 1) * attend_strips(f);
    int threads = PSW_TILE_ANY_SHAPE ? psw_threads_of(f->base.p->threads) : 1;
    return (int)attend_smaller(threads, strips);
}

/* Whole leaves at once, with all keys that they see. */
static bool finishes_together(const attend_row_pass *f)
{
    return f->base.own > 0 && (!f->in_steps || f->base.route.pattern == PSW_ALL_GATHER);
}

/* All that is shared is laid out. */
static void lay_others(attend_row_pass *f, psw_arena *arena)
{
    f->others = psw_arena_take(arena, f->threads - 1, sizeof *f->others);
    for (int i = 0; i < f->threads - 1; i++) {
        attend_row_pass other = *f;
        lay_tile(&other, arena);
        if (f->in_steps && f->base.route.pattern == PSW_PASS_Q)
            other.nodes = psw_arena_take(arena, f->base.leaves, sizeof *other.nodes);
        if (f->others) f->others[i] = other;
    }
}

psw_message_bytes attend_rows_message_bytes(const psw_group *group, int sets)
{
    const psw_point *p = &group->points[0];
    ptrdiff_t leaf = attend_smaller(p->block, psw_data_tokens(p)),
              keys = psw_panels_count(psw_point_width(p), leaf) + psw_panels_count(leaf, p->v);
    size_t numbers = (size_t)p->v + 3; /* of a row's sum: v + 2, and the exponent */
    return (psw_message_bytes){.keys = (size_t)keys * sizeof(psw_real),
                               .queries = (size_t)(leaf * psw_point_width(p)) * sizeof(psw_real),
                               .sums = (size_t)group->count * (size_t)sets * numbers * sizeof(double)};
}

void attend_rows_lay(attend_row_pass *f, bool in_steps, psw_arena *arena)
{
    f->method = attend_method_row_of(f->base.p->method);
    f->in_steps = in_steps;
    f->strip = attend_smaller(f->base.leaf, PSW_STRIP);
    f->alone = attend_special_alone(f->base.p);
    f->message = attend_rows_message_bytes(f->base.group, f->base.sets);
    f->leaf_reals = (ptrdiff_t)(f->message.keys / sizeof(psw_real));
    lay_own(f, arena);
    if (f->in_steps) lay_remote(f, arena);
    lay_tile(f, arena);
    if (f->in_steps) attend_rows_lay_team(f, arena);
    f->threads = threads_of(f);
    if (finishes_together(f)) f->base.together = attend_smaller(f->threads, f->base.own);
    attend_lay_results(&f->base, arena);
    lay_others(f, arena);
}

/* ---- the data ---- */

/* Rows of one side in the precision of the products; valid until the next call. */
static psw_const_rows rounded(attend_row_pass *f, const psw_data *data, int set, psw_side side, attend_span rows)
{
    ptrdiff_t cols = side == PSW_VALUE ? f->base.p->v : psw_point_width(f->base.p);
    attend_round(attend_stage(&f->base, data, set, side, rows), rows.count * cols, f->rounded);
    return (psw_const_rows){f->rounded, rows.count, cols, cols};
}

static void keep(psw_const_rows rows, psw_real *to)
{
    memcpy(to, rows.at, (size_t)(rows.rows * rows.cols) * sizeof *to);
}

static void load_leaf(attend_row_pass *f, const psw_data *data, ptrdiff_t place)
{
    ptrdiff_t index = psw_route_leaf(&f->base.route, f->base.route.rank, place);
    attend_span queries = attend_query_span(f, index), keys = attend_key_span(f, index);
    bool shared = psw_data_shared(f->base.p);
    ptrdiff_t at = place * f->base.leaf + queries.first - index * f->base.leaf;
    psw_const_rows rows = rounded(f, data, 0, PSW_QUERY, queries);
    f->resident_keys[index] = f->keys + place * f->leaf_reals;
    keep(rows, f->q + at * psw_point_width(f->base.p));
    if (keys.count == 0) return;
    if (!shared) rows = rounded(f, data, 0, PSW_KEY, keys);
    psw_panels_pack_transposed(rows, attend_key_leaf(f, keys));
    if (!shared) rows = rounded(f, data, 0, PSW_VALUE, keys);
    psw_panels_pack(rows, attend_value_leaf(f, keys, 0));
}

/* Row j3 of D_1: every rank computes with it, whoever owns it. */
static void load_other(attend_row_pass *f, const psw_data *data)
{
    attend_span special = {f->base.special, 1}, leaf = attend_key_span(f, f->base.special / f->base.leaf);
    keep(rounded(f, data, 1, PSW_QUERY, special), f->other.q);
    psw_panels_pack_transposed(rounded(f, data, 1, PSW_KEY, special),
                               (psw_panels){f->other.k, psw_point_width(f->base.p), 1});
    psw_panels_pack(rounded(f, data, 1, PSW_VALUE, leaf), (psw_panels){f->other.values, leaf.count, f->base.p->v});
}

psw_status attend_rows_load(attend_row_pass *f, const psw_data *data, psw_watch watch)
{
    f->base.staging = PSW_OK;
    for (ptrdiff_t i = 0; i < f->base.leaves; i++) f->resident_keys[i] = NULL;
    for (ptrdiff_t i = 0; i < f->base.own; i++) {
        PSW_TRY(psw_watch_ask(watch));
        load_leaf(f, data, i);
    }
    if (f->base.sets > 1) load_other(f, data);
    f->current_queries = f->q;
    attend_rows_begin_smallest(f);
    return f->base.staging;
}
