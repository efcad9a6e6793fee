#include "attend/states.h"

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

attend_mapped attend_mapped_take(psw_arena *arena, ptrdiff_t rows, ptrdiff_t stored)
{
    attend_mapped m = {.block = -1};
    m.m = psw_rows_of(reals(arena, rows * stored), rows, stored);
    m.log2_scale = psw_arena_take(arena, rows, sizeof *m.log2_scale);
    m.mantissa = psw_arena_take(arena, rows, sizeof *m.mantissa);
    m.exponent = psw_arena_take(arena, rows, sizeof *m.exponent);
    return m;
}

static void lay_rows(attend_state_pass *f, psw_arena *arena)
{
    const psw_point *p = f->p;
    f->rows[0] = reals(arena, f->own * f->block * p->d);
    f->rows[1] = f->shared ? f->rows[0] : reals(arena, f->own * f->block * p->d);
    f->values = reals(arena, f->own * f->block * (p->v + 1));
    for (int set = 0; set < f->sets && f->special >= 0; set++)
        for (int side = 0; side < 3; side++) f->other[set][side] = reals(arena, larger(p->d, p->v));
    f->staged = psw_arena_take(arena, f->block * larger(p->d, p->v), sizeof(double));
}

static void lay_block(attend_state_pass *f, psw_arena *arena)
{
    ptrdiff_t stored = f->shape.stored, features = f->shape.features, width = f->p->v + 1, rows = f->block;
    if (!f->shared) f->q = attend_mapped_take(arena, rows, stored);
    for (int set = 0; set < f->sets; set++) {
        f->k[set] = attend_mapped_take(arena, rows, stored);
        if (f->special >= 0) f->token[set] = attend_mapped_take(arena, 1, stored);
        f->sums[set] = attend_sums_take(arena, rows, width + 1);
    }
    f->scaled = reals(arena, width * rows);
    f->queries = reals(arena, stored * PSW_PANEL);
    f->top = psw_arena_take(arena, rows + PSW_PANEL, sizeof *f->top);
    f->weights = reals(arena, rows * PSW_PANEL);
    f->near_sum = reals(arena, width * PSW_PANEL);
    f->far_sum = reals(arena, width * PSW_PANEL);
    f->lift_rows = smaller(rows, larger(PSW_PANEL, LIFTED / features / PSW_PANEL * PSW_PANEL));
    f->lifted = reals(arena, smaller(rows, PSW_LIFT_STEP) * features);
    f->turned = reals(arena, larger(psw_panels_count(f->lift_rows, features), features * PSW_PANEL));
}

static void lay_states(attend_state_pass *f, psw_arena *arena)
{
    ptrdiff_t features = f->shape.features, width = f->p->v + 1;
    f->product = reals(arena, width * features);
    for (int set = 0; set < f->sets; set++) {
        f->state[set] = attend_state_take(arena, width, features);
        f->reading[set] = reals(arena, width * features);
    }
}

static void lay_results(attend_state_pass *f, psw_arena *arena)
{
    ptrdiff_t rows = f->sets * f->block;
    f->out = reals(arena, rows * f->p->v);
    f->mass = psw_arena_take(arena, rows, sizeof *f->mass);
    f->log2_den = psw_arena_take(arena, rows, sizeof *f->log2_den);
}

/* Exact stretches are the row fold's, with the kernel that the sketch estimates. */
static void lay_exact(attend_state_pass *f, psw_arena *arena)
{
    f->exact = *f->p;
    f->exact.method = psw_method_of_kernel(psw_method_facts_of(f->p->method)->kernel);
    f->exact.negative = PSW_NEGATIVE_SIGNED;
    f->exact_group = (psw_group){&f->exact, 1};
    attend_row_pass *kept = psw_arena_take(arena, 1, sizeof *kept);
    attend_row_pass laid = attend_rows_lay(&f->exact_group, f->sets, &f->route, false, arena);
    if (kept) *kept = laid;
    f->near = kept;
}

psw_status attend_states_lay(attend_state_pass *f, const psw_point *point, const psw_given *given, psw_arena *arena)
{
    *f = (attend_state_pass){.p = point, .shape = psw_sketch_shape_of(point), .sets = given->sets};
    f->block = smaller(point->block, point->n);
    f->blocks = (point->n + f->block - 1) / f->block;
    f->stretch = point->local > 0 ? point->local / point->block : 1;
    f->route = given->route ? *given->route : psw_attend_route(point, PSW_CHOICE_AUTO, 1, 0);
    f->own = psw_route_count(&f->route, f->route.rank);
    f->special = psw_data_sets(point) > 1 ? psw_data_special(point) : -1;
    f->shared = psw_data_shared(point);
    lay_rows(f, arena);
    lay_block(f, arena);
    lay_states(f, arena);
    lay_results(f, arena);
    if (f->route.size > 1) attend_states_lay_team(f, arena);
    if (point->local > 0) lay_exact(f, arena);
    PSW_TRY(sketcher->create(point, f->block, given->tables.weights, arena, &f->sketch));
    return psw_arena_check(arena);
}

void attend_states_close(attend_state_pass *f)
{
    sketcher->destroy(f->sketch);
}

/* ---- the data ---- */

static const double *stage(attend_state_pass *f, const psw_data *data, int set, psw_side side, attend_span span)
{
    psw_data_rows(data, set, side, span.first, span.count, f->staged);
    return f->staged;
}

static void round_rows(const double *rows, ptrdiff_t count, psw_real *to)
{
    for (ptrdiff_t i = 0; i < count; i++) to[i] = (psw_real)rows[i];
}

/* The values of a block, turned, above a row of ones. */
static void turn_values(attend_state_pass *f, const double *rows, ptrdiff_t block, ptrdiff_t count)
{
    ptrdiff_t v = f->p->v;
    psw_real *to = f->values + psw_route_place(&f->route, block) * f->block * (v + 1);
    for (ptrdiff_t c = 0; c < v; c++)
        for (ptrdiff_t i = 0; i < count; i++) to[c * f->block + i] = (psw_real)rows[i * v + c];
    for (ptrdiff_t i = 0; i < count; i++) to[v * f->block + i] = 1;
}

static void load_block(attend_state_pass *f, const psw_data *data, ptrdiff_t block)
{
    attend_span span = attend_block_span(f, block);
    ptrdiff_t d = f->p->d, at = psw_route_place(&f->route, block) * f->block * d;
    const double *rows = stage(f, data, 0, PSW_QUERY, span);
    round_rows(rows, span.count * d, f->rows[0] + at);
    if (!f->shared) round_rows(stage(f, data, 0, PSW_KEY, span), span.count * d, f->rows[1] + at);
    turn_values(f, f->shared ? rows : stage(f, data, 0, PSW_VALUE, span), block, span.count);
}

void attend_states_redraw(attend_state_pass *f, ptrdiff_t draw)
{
    sketcher->draw(f->sketch, draw);
}

void attend_states_load(attend_state_pass *f, const psw_given *given)
{
    const psw_data *data = given->data;
    attend_span token = {f->special, 1};
    attend_states_redraw(f, given->tables.draw);
    f->placed = 0;
    for (ptrdiff_t i = 0; i < f->own; i++) load_block(f, data, psw_route_leaf(&f->route, f->route.rank, i));
    for (int set = 0; set < f->sets && f->special >= 0; set++)
        for (int side = 0; side < 3; side++)
            round_rows(stage(f, data, set, (psw_side)side, token), side == PSW_VALUE ? f->p->v : f->p->d,
                       f->other[set][side]);
    if (f->near) attend_rows_load(f->near, data);
}
