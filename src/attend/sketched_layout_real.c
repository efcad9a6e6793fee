#include "attend/sketched.h"

static const psw_sketcher *const sketcher = &PSW_PRECISION_NAME(psw_sketcher);

/* Features that are made at a time: they stay in a cache beside the state. */
#define LIFTED ((ptrdiff_t)1 << 20)

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

static psw_mapped mapped(psw_arena *arena, ptrdiff_t rows, ptrdiff_t stored)
{
    psw_mapped m = {.block = -1};
    m.m = psw_rows_of(reals(arena, rows * stored), rows, stored);
    m.log2_scale = psw_arena_take(arena, rows, sizeof *m.log2_scale);
    m.mantissa = psw_arena_take(arena, rows, sizeof *m.mantissa);
    m.exponent = psw_arena_take(arena, rows, sizeof *m.exponent);
    return m;
}

static ptrdiff_t columns(const psw_sketched *f, int side)
{
    return side == PSW_VALUE ? f->p->v : f->p->d;
}

static void lay_rows(psw_sketched *f, psw_arena *arena)
{
    for (int side = 0; side < 3; side++) {
        f->rows[side] = side > 0 && f->shared ? f->rows[0] : reals(arena, f->p->n * columns(f, side));
        for (int set = 0; set < f->sets && f->sets > 1; set++) f->other[set][side] = reals(arena, columns(f, side));
    }
    f->staged = psw_arena_take(arena, f->block * larger(f->p->d, f->p->v), sizeof(double));
}

static void lay_block(psw_sketched *f, psw_arena *arena)
{
    ptrdiff_t stored = f->shape.stored, features = f->shape.features, width = f->p->v + 1, rows = f->block;
    if (!f->shared) f->q = mapped(arena, rows, stored);
    for (int set = 0; set < f->sets; set++) {
        f->k[set] = mapped(arena, rows, stored);
        if (f->special >= 0) f->token[set] = mapped(arena, 1, stored);
    }
    f->values = reals(arena, width * rows);
    f->scaled = reals(arena, width * rows);
    f->top = psw_arena_take(arena, rows + PSW_PANEL, sizeof *f->top);
    f->queries = reals(arena, stored * PSW_PANEL);
    f->weights = reals(arena, rows * PSW_PANEL);
    f->panel = reals(arena, width * PSW_PANEL);
    f->lift_rows = smaller(rows, larger(PSW_PANEL, LIFTED / features / PSW_PANEL * PSW_PANEL));
    f->lifted = reals(arena, f->lift_rows * features);
    f->turned = reals(arena, larger(psw_panels_count(f->lift_rows, features), features * PSW_PANEL));
    f->tile = psw_sums_take(arena, rows, width + 1);
    for (int set = 0; set < f->sets; set++) f->sums[set] = psw_sums_take(arena, rows, width + 1);
}

static void lay_states(psw_sketched *f, psw_arena *arena)
{
    ptrdiff_t features = f->shape.features, width = f->p->v + 1;
    f->product = reals(arena, width * features);
    for (int set = 0; set < f->sets; set++) {
        f->state[set] = psw_state_take(arena, width, features);
        f->reading[set] = reals(arena, width * features);
    }
}

static void lay_results(psw_sketched *f, psw_arena *arena)
{
    ptrdiff_t rows = f->sets * f->block;
    f->out = reals(arena, rows * f->p->v);
    f->mass = psw_arena_take(arena, rows, sizeof *f->mass);
    f->log2_den = psw_arena_take(arena, rows, sizeof *f->log2_den);
}

/* Exact stretches are the row fold's, with the kernel that the sketch estimates. */
static void lay_exact(psw_sketched *f, psw_arena *arena)
{
    f->exact = *f->p;
    f->exact.method = f->p->method == PSW_FAVOR ? PSW_SOFTMAX : PSW_EXACT;
    f->exact.negative = PSW_NEGATIVE_SIGNED;
    f->exact_group = (psw_group){&f->exact, 1};
    psw_fold *kept = psw_arena_take(arena, 1, sizeof *kept), laid = psw_fold_lay(&f->exact_group, f->sets, arena);
    if (kept) *kept = laid;
    f->near = kept;
}

psw_status psw_sketched_lay(psw_sketched *f, const psw_point *point, int sets, psw_arena *arena)
{
    *f = (psw_sketched){.p = point, .shape = psw_sketch_shape_of(point), .sets = sets};
    f->block = smaller(point->block, point->n);
    f->blocks = (point->n + f->block - 1) / f->block;
    f->stretch = point->local > 0 ? point->local / point->block : 1;
    f->special = psw_data_sets(point) > 1 ? psw_data_special(point) : -1;
    f->shared = psw_data_shared(point);
    lay_rows(f, arena);
    lay_block(f, arena);
    lay_states(f, arena);
    lay_results(f, arena);
    if (point->local > 0) lay_exact(f, arena);
    PSW_TRY(sketcher->create(point, f->block, NULL, arena, &f->sketch));
    return psw_arena_check(arena);
}

/* ---- the data ---- */

static void load(psw_sketched *f, const psw_data *data, int set, int side, psw_span span, psw_real *to)
{
    psw_data_rows(data, set, (psw_side)side, span.first, span.count, f->staged);
    for (ptrdiff_t i = 0; i < span.count * columns(f, side); i++) to[i] = (psw_real)f->staged[i];
}

void psw_sketched_load(psw_sketched *f, const psw_data *data)
{
    for (int side = 0; side < (f->shared ? 1 : 3); side++)
        for (ptrdiff_t i = 0; i < f->blocks; i++) {
            psw_span span = psw_block_span(f, i);
            load(f, data, 0, side, span, f->rows[side] + span.first * columns(f, side));
        }
    for (int set = 0; set < f->sets && f->sets > 1; set++)
        for (int side = 0; side < 3; side++) load(f, data, set, side, (psw_span){f->special, 1}, f->other[set][side]);
    if (f->near) psw_fold_load(f->near, data);
}
