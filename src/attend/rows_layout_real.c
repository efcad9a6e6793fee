#include <string.h>

#include "attend/rows.h"

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

static psw_real *reals(psw_arena *arena, ptrdiff_t count)
{
    return psw_arena_take(arena, count, sizeof(psw_real));
}

/* ---- memory ---- */

static void lay_own(attend_row_pass *f, psw_arena *arena)
{
    const psw_point *p = f->p;
    f->q = reals(arena, f->own * f->leaf * p->d);
    f->keys = reals(arena, f->own * f->leaf_reals);
    f->key_at = psw_arena_take(arena, f->leaves, sizeof *f->key_at);
    f->staged = psw_arena_take(arena, f->leaf * larger(p->d, p->v), sizeof(double));
    f->rounded = reals(arena, f->leaf * larger(p->d, p->v));
    if (f->sets < 2) return;
    f->other.q = reals(arena, p->d);
    f->other.k = reals(arena, psw_panels_count(p->d, 1));
    f->other.values = reals(arena, psw_panels_count(f->leaf, p->v));
}

static void lay_guests(attend_row_pass *f, psw_arena *arena)
{
    const psw_route *r = &f->route;
    ptrdiff_t each = r->pattern == PSW_PASS_Q ? f->leaf * f->p->d : f->leaf_reals;
    f->guest_reals = r->pattern == PSW_STREAM ? each : psw_route_most(r) * each;
    f->guest = reals(arena, psw_route_remote_buffers(r) * f->guest_reals);
}

/* Places of the trees of one strip. Leaves that come in ascending order need few; where they come in steps, what waits
 * from earlier steps and what the leaves of one more make, whole and in part, comes on top. */
static ptrdiff_t tree_places(const attend_row_pass *f)
{
    const psw_route *r = &f->route;
    ptrdiff_t ascending = attend_tree_places(f->leaves), most = 0, waiting = 0;
    if (!f->travels || r->pattern == PSW_ALL_GATHER) return ascending;
    if (r->pattern == PSW_STREAM) return 1; /* attend_rows_lay_team lays those that are used */
    for (int rank = 0; rank < r->size; rank++) most = larger(most, psw_route_nodes(r, rank, f->leaves, NULL));
    for (ptrdiff_t i = 0; i < f->own; i++)
        waiting = larger(waiting, psw_route_waiting(r, psw_route_seen(r, psw_route_leaf(r, r->rank, i))));
    return smaller(waiting + most + 2 * ascending, (f->leaves + 3) / 2 + 1);
}

static void lay_tile(attend_row_pass *f, psw_arena *arena)
{
    ptrdiff_t v = f->p->v, stride = psw_stride(f->leaf), places = tree_places(f);
    f->scores = (psw_rows){reals(arena, f->strip * stride), f->strip, f->leaf, stride};
    f->weights = (psw_rows){reals(arena, f->strip * stride), f->strip, f->leaf, stride};
    f->partial = psw_rows_of(reals(arena, f->strip * v), f->strip, v);
    f->peak = psw_arena_take(arena, f->strip, sizeof *f->peak);
    f->log2_peak = psw_arena_take(arena, f->strip, sizeof *f->log2_peak);
    f->sum = psw_arena_take(arena, f->strip, sizeof *f->sum);
    for (ptrdiff_t i = 0; i < f->group->count; i++)
        for (int s = 0; s < f->sets; s++) f->tree[i][s] = attend_tree_take(arena, f->strip, v + 2, places);
}

static void lay_results(attend_row_pass *f, psw_arena *arena)
{
    ptrdiff_t rows = f->group->count * f->sets * f->leaf;
    f->rows = reals(arena, rows * f->p->v);
    f->mass = psw_arena_take(arena, rows, sizeof *f->mass);
    f->log2_den = psw_arena_take(arena, rows, sizeof *f->log2_den);
}

psw_message_bytes attend_rows_message_bytes(const psw_group *group, int sets)
{
    const psw_point *p = &group->points[0];
    ptrdiff_t leaf = smaller(p->block, p->n), keys = psw_panels_count(p->d, leaf) + psw_panels_count(leaf, p->v);
    size_t numbers = (size_t)p->v + 3; /* of a row's sum: v + 2, and the exponent */
    return (psw_message_bytes){.keys = (size_t)keys * sizeof(psw_real),
                               .queries = (size_t)(leaf * p->d) * sizeof(psw_real),
                               .sums = (size_t)group->count * (size_t)sets * numbers * sizeof(double)};
}

attend_row_pass attend_rows_lay(const psw_group *group, int sets, const psw_route *route, bool travels,
                                psw_arena *arena)
{
    const psw_point *p = &group->points[0];
    attend_row_pass f = {.group = group, .p = p, .method = attend_method_row_of(p->method), .route = *route};
    f.travels = travels && route->size > 1;
    f.leaf = smaller(p->block, p->n);
    f.leaves = (p->n + f.leaf - 1) / f.leaf;
    f.strip = smaller(f.leaf, PSW_STRIP);
    f.own = psw_route_count(route, route->rank);
    f.sets = sets;
    f.travel = attend_rows_message_bytes(group, sets);
    f.leaf_reals = (ptrdiff_t)(f.travel.keys / sizeof(psw_real));
    f.special = psw_data_sets(p) > 1 ? psw_data_special(p) : -1;
    lay_own(&f, arena);
    if (f.travels) lay_guests(&f, arena);
    lay_tile(&f, arena);
    if (f.travels) attend_rows_lay_team(&f, arena);
    lay_results(&f, arena);
    return f;
}

/* ---- the data ---- */

/* Rows of one side, rounded. */
static psw_const_rows rounded(attend_row_pass *f, const psw_data *data, int set, psw_side side, attend_span rows)
{
    ptrdiff_t cols = side == PSW_VALUE ? f->p->v : f->p->d;
    psw_data_rows(data, set, side, rows.first, rows.count, f->staged);
    for (ptrdiff_t i = 0; i < rows.count * cols; i++) f->rounded[i] = (psw_real)f->staged[i];
    return (psw_const_rows){f->rounded, rows.count, cols, cols};
}

static void keep(psw_const_rows rows, psw_real *to)
{
    memcpy(to, rows.at, (size_t)(rows.rows * rows.cols) * sizeof *to);
}

static void load_leaf(attend_row_pass *f, const psw_data *data, ptrdiff_t place)
{
    ptrdiff_t index = psw_route_leaf(&f->route, f->route.rank, place);
    attend_span leaf = attend_leaf_span(f, index);
    bool shared = psw_data_shared(f->p);
    psw_const_rows rows = rounded(f, data, 0, PSW_QUERY, leaf);
    f->key_at[index] = f->keys + place * f->leaf_reals;
    keep(rows, f->q + place * f->leaf * f->p->d);
    if (!shared) rows = rounded(f, data, 0, PSW_KEY, leaf);
    psw_panels_pack_transposed(rows, attend_key_leaf(f, leaf));
    if (!shared) rows = rounded(f, data, 0, PSW_VALUE, leaf);
    psw_panels_pack(rows, attend_value_leaf(f, leaf, 0));
}

/* Row j3 of D_1, which every rank meets, whoever owns it. */
static void load_other(attend_row_pass *f, const psw_data *data)
{
    attend_span special = {f->special, 1}, leaf = attend_leaf_span(f, f->special / f->leaf);
    keep(rounded(f, data, 1, PSW_QUERY, special), f->other.q);
    psw_panels_pack_transposed(rounded(f, data, 1, PSW_KEY, special), (psw_panels){f->other.k, f->p->d, 1});
    psw_panels_pack(rounded(f, data, 1, PSW_VALUE, leaf), (psw_panels){f->other.values, leaf.count, f->p->v});
}

void attend_rows_load(attend_row_pass *f, const psw_data *data)
{
    for (ptrdiff_t i = 0; i < f->leaves; i++) f->key_at[i] = NULL;
    for (ptrdiff_t i = 0; i < f->own; i++) load_leaf(f, data, i);
    if (f->sets > 1) load_other(f, data);
    f->hand = f->q;
}
