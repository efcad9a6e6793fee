#include <string.h>

#include "attend/fold.h"

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

static void lay_inputs(psw_fold *f, psw_arena *arena)
{
    const psw_point *p = f->p;
    ptrdiff_t whole = f->leaves - 1, last = p->n - whole * f->leaf;
    f->q = reals(arena, p->n * p->d);
    f->k = reals(arena, whole * psw_panels_count(p->d, f->leaf) + psw_panels_count(p->d, last));
    f->v = reals(arena, whole * psw_panels_count(f->leaf, p->v) + psw_panels_count(last, p->v));
    f->staged = psw_arena_take(arena, f->leaf * larger(p->d, p->v), sizeof(double));
    f->rounded = reals(arena, f->leaf * larger(p->d, p->v));
    if (f->sets < 2) return;
    f->other.q = reals(arena, p->d);
    f->other.k = reals(arena, psw_panels_count(p->d, 1));
    f->other.v = reals(arena, p->v);
    f->other.v_0 = reals(arena, p->v);
}

static void lay_tile(psw_fold *f, psw_arena *arena)
{
    ptrdiff_t v = f->p->v, stride = psw_stride(f->leaf);
    f->scores = (psw_rows){reals(arena, f->strip * stride), f->strip, f->leaf, stride};
    f->weights = (psw_rows){reals(arena, f->strip * stride), f->strip, f->leaf, stride};
    f->partial = psw_rows_of(reals(arena, f->strip * v), f->strip, v);
    f->peak = psw_arena_take(arena, f->strip, sizeof *f->peak);
    f->sum = psw_arena_take(arena, f->strip, sizeof *f->sum);
    for (ptrdiff_t i = 0; i < f->group->count; i++)
        for (int s = 0; s < f->sets; s++)
            f->tree[i][s] = psw_tree_take(arena, f->strip, v + 2, psw_tree_places(f->leaves));
}

static void lay_results(psw_fold *f, psw_arena *arena)
{
    ptrdiff_t rows = f->group->count * f->sets * f->leaf;
    f->rows = reals(arena, rows * f->p->v);
    f->mass = psw_arena_take(arena, rows, sizeof *f->mass);
    f->log2_den = psw_arena_take(arena, rows, sizeof *f->log2_den);
}

psw_fold psw_fold_lay(const psw_group *group, int sets, psw_arena *arena)
{
    const psw_point *p = &group->points[0];
    psw_fold f = {.group = group, .p = p, .method = psw_method_row_of(p->method)};
    f.leaf = smaller(p->block, p->n);
    f.leaves = (p->n + f.leaf - 1) / f.leaf;
    f.strip = smaller(f.leaf, PSW_STRIP);
    f.sets = sets;
    f.special = psw_data_sets(p) > 1 ? psw_data_special(p) : -1;
    lay_inputs(&f, arena);
    lay_tile(&f, arena);
    lay_results(&f, arena);
    return f;
}

/* ---- the data ---- */

/* Rows of one side, rounded. */
static psw_const_rows rounded(psw_fold *f, const psw_data *data, int set, psw_side side, psw_span rows)
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

static void load_leaf(psw_fold *f, const psw_data *data, psw_span leaf)
{
    bool shared = psw_data_shared(f->p);
    psw_const_rows rows = rounded(f, data, 0, PSW_QUERY, leaf);
    keep(rows, f->q + leaf.first * f->p->d);
    if (!shared) rows = rounded(f, data, 0, PSW_KEY, leaf);
    psw_panels_pack_transposed(rows, psw_key_leaf(f, leaf));
    if (!shared) rows = rounded(f, data, 0, PSW_VALUE, leaf);
    psw_panels_pack(rows, psw_value_leaf(f, leaf));
}

void psw_fold_load(psw_fold *f, const psw_data *data)
{
    psw_span special = {f->special, 1};
    for (ptrdiff_t i = 0; i < f->leaves; i++) load_leaf(f, data, psw_leaf_span(f, i));
    if (f->sets < 2) return;
    keep(rounded(f, data, 1, PSW_QUERY, special), f->other.q);
    psw_panels_pack_transposed(rounded(f, data, 1, PSW_KEY, special), (psw_panels){f->other.k, f->p->d, 1});
    keep(rounded(f, data, 1, PSW_VALUE, special), f->other.v);
    keep(rounded(f, data, 0, PSW_VALUE, special), f->other.v_0);
}
