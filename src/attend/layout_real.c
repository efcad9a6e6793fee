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
    ptrdiff_t last = p->n - (f->leaves - 1) * f->leaf;
    f->q = reals(arena, p->n * p->d);
    f->k = reals(arena, p->d * ((f->leaves - 1) * psw_stride(f->leaf) + psw_stride(last)));
    f->v = psw_data_shared(p) ? f->q : reals(arena, p->n * p->v);
    f->other.q = reals(arena, p->d);
    f->other.k = reals(arena, p->d);
    f->other.v = reals(arena, p->v);
    f->staged = psw_arena_take(arena, f->leaf * larger(p->d, p->v), sizeof(double));
}

static void lay_tile(psw_fold *f, psw_arena *arena)
{
    ptrdiff_t v = f->p->v, stride = psw_stride(f->leaf);
    f->scores = (psw_rows){reals(arena, f->strip * stride), f->strip, f->leaf, stride};
    f->weights = (psw_rows){reals(arena, f->strip * stride), f->strip, f->leaf, stride};
    f->partial = psw_rows_of(reals(arena, f->strip * v), f->strip, v);
    f->peak = psw_arena_take(arena, f->strip, sizeof *f->peak);
    f->sum = psw_arena_take(arena, f->strip, sizeof *f->sum);
    f->swap = reals(arena, f->p->d + v);
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

psw_fold psw_fold_lay(const psw_group *group, psw_arena *arena)
{
    const psw_point *p = &group->points[0];
    psw_fold f = {.group = group, .p = p, .method = psw_method_row_of(p->method)};
    f.leaf = smaller(p->block, p->n);
    f.leaves = (p->n + f.leaf - 1) / f.leaf;
    f.strip = smaller(f.leaf, PSW_STRIP);
    f.sets = psw_data_sets(p);
    f.special = f.sets > 1 ? psw_data_special(p) : -1;
    lay_inputs(&f, arena);
    lay_tile(&f, arena);
    lay_results(&f, arena);
    return f;
}

/* ---- the data ---- */

static void round_rows(const double *from, ptrdiff_t count, psw_real *to)
{
    for (ptrdiff_t i = 0; i < count; i++) to[i] = (psw_real)from[i];
}

static void round_transposed(const double *from, psw_rows to)
{
    for (ptrdiff_t j = 0; j < to.cols; j++)
        for (ptrdiff_t i = 0; i < to.rows; i++) to.at[i * to.stride + j] = (psw_real)from[j * to.rows + i];
}

static void load_leaf(psw_fold *f, const psw_data *data, psw_span leaf)
{
    const psw_point *p = f->p;
    psw_data_rows(data, 0, PSW_QUERY, leaf.first, leaf.count, f->staged);
    round_rows(f->staged, leaf.count * p->d, f->q + leaf.first * p->d);
    if (!psw_data_shared(p)) psw_data_rows(data, 0, PSW_KEY, leaf.first, leaf.count, f->staged);
    round_transposed(f->staged, psw_key_leaf(f, leaf));
    if (psw_data_shared(p)) return;
    psw_data_rows(data, 0, PSW_VALUE, leaf.first, leaf.count, f->staged);
    round_rows(f->staged, leaf.count * p->v, f->v + leaf.first * p->v);
}

void psw_fold_load(psw_fold *f, const psw_data *data)
{
    for (ptrdiff_t i = 0; i < f->leaves; i++) load_leaf(f, data, psw_leaf_span(f, i));
    if (f->special < 0) return;
    psw_data_rows(data, 1, PSW_QUERY, f->special, 1, f->staged);
    round_rows(f->staged, f->p->d, f->other.q);
    psw_data_rows(data, 1, PSW_KEY, f->special, 1, f->staged);
    round_rows(f->staged, f->p->d, f->other.k);
    psw_data_rows(data, 1, PSW_VALUE, f->special, 1, f->staged);
    round_rows(f->staged, f->p->v, f->other.v);
}
