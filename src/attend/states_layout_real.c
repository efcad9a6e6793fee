#include <math.h>

#include "attend/states.h"

static const psw_sketcher *const sketcher = &PSW_PRECISION_NAME(psw_sketcher);

/* Features that are made at a time: they stay in a cache beside the state. */
#define LIFTED ((ptrdiff_t)1 << 20)

attend_mapped attend_mapped_take(psw_arena *arena, ptrdiff_t rows, ptrdiff_t stored)
{
    attend_mapped m = {.block = -1};
    m.m = psw_rows_of(attend_reals(arena, rows * stored), rows, stored);
    m.log2_scale = psw_arena_take(arena, rows, sizeof *m.log2_scale);
    m.mantissa = psw_arena_take(arena, rows, sizeof *m.mantissa);
    m.exponent = psw_arena_take(arena, rows, sizeof *m.exponent);
    return m;
}

static void lay_rows(attend_state_pass *f, psw_arena *arena)
{
    const psw_point *p = f->base.p;
    f->rows[0] = attend_reals(arena, f->base.own * f->base.leaf * psw_point_width(p));
    f->rows[1] = f->shared ? f->rows[0] : attend_reals(arena, f->base.own * f->base.leaf * psw_point_width(p));
    f->values = attend_reals(arena, f->base.own * f->base.leaf * (p->v + 1));
    for (int set = 0; set < f->base.sets && f->base.special >= 0; set++)
        for (int side = 0; side < 3; side++)
            f->other[set][side] = attend_reals(arena, attend_larger(psw_point_width(p), p->v));
    attend_lay_staged(&f->base, arena);
}

static void lay_block(attend_state_pass *f, psw_arena *arena)
{
    ptrdiff_t stored = f->shape.stored, features = f->shape.features, width = f->base.p->v + 1, rows = f->base.leaf;
    if (!f->shared) f->q = attend_mapped_take(arena, rows, stored);
    for (int set = 0; set < f->base.sets; set++) {
        f->k[set] = attend_mapped_take(arena, rows, stored);
        if (f->base.special >= 0) f->token[set] = attend_mapped_take(arena, 1, stored);
        f->sums[set] = attend_sums_take(arena, rows, width + 1);
    }
    f->scaled = attend_reals(arena, width * rows);
    f->queries = attend_reals(arena, stored * PSW_PANEL);
    f->top = psw_arena_take(arena, rows + PSW_PANEL, sizeof *f->top);
    f->weights = attend_reals(arena, rows * PSW_PANEL);
    f->near_sum = attend_reals(arena, width * PSW_PANEL);
    f->far_sum = attend_reals(arena, width * PSW_PANEL);
    f->lift_rows = attend_smaller(rows, attend_larger(PSW_PANEL, LIFTED / features / PSW_PANEL * PSW_PANEL));
    f->lifted = attend_reals(arena, attend_smaller(rows, PSW_LIFT_STEP) * features);
    f->transposed = attend_reals(arena, attend_larger(psw_panels_count(f->lift_rows, features), features * PSW_PANEL));
}

static void lay_states(attend_state_pass *f, psw_arena *arena)
{
    ptrdiff_t features = f->shape.features, width = f->base.p->v + 1;
    f->product = attend_reals(arena, width * features);
    for (int set = 0; set < f->base.sets; set++) {
        f->state[set] = attend_state_take(arena, width, features);
        f->reading[set] = attend_reals(arena, width * features);
    }
}

/* Exact stretches are those of a row pass, with the kernel that the sketch estimates. */
static void lay_exact(attend_state_pass *f, psw_arena *arena)
{
    psw_given given = {.sets = f->base.sets, .route = &f->base.route};
    attend_row_pass counted = {0}, *near = f->near = psw_arena_take(arena, 1, sizeof *near);
    f->exact = *f->base.p;
    f->exact.method = psw_method_of_kernel(psw_method_facts_of(f->base.p->method)->kernel);
    f->exact.negative = PSW_NEGATIVE_SIGNED;
    f->exact_group = (psw_group){&f->exact, 1};
    if (near)
        *near = counted;
    else
        near = &counted; /* the arena only counts, or is full */
    attend_set_head(&near->base, &f->exact_group, &given);
    attend_rows_lay(near, false, arena);
}

static psw_status lay(psw_attention *a, const psw_given *given, psw_arena *arena)
{
    attend_state_pass *f = (attend_state_pass *)a;
    const psw_point *p = a->p;
    f->shape = psw_sketch_shape_of(p);
    f->stretch = p->local > 0 ? p->local / p->block : 1;
    f->shared = psw_data_shared(p);
    lay_rows(f, arena);
    lay_block(f, arena);
    lay_states(f, arena);
    attend_lay_results(&f->base, arena);
    if (f->base.route.size > 1) attend_states_lay_team(f, arena);
    if (p->local > 0) lay_exact(f, arena);
    PSW_TRY(sketcher->create(p, f->base.leaf, given->tables.weights, arena, &f->sketch));
    return psw_arena_check(arena);
}

static void close(psw_attention *a)
{
    sketcher->destroy(((attend_state_pass *)a)->sketch);
}

/* ---- the data ---- */

/* The values of a block, transposed, above a row of ones; `before` tokens have none. */
static void transpose_values(attend_state_pass *f, const double *rows, ptrdiff_t block, ptrdiff_t before)
{
    ptrdiff_t v = f->base.p->v, count = attend_block_span(f, block).count;
    psw_real *to = f->values + psw_route_place(&f->base.route, block) * f->base.leaf * (v + 1);
    for (ptrdiff_t c = 0; c < v; c++) {
        for (ptrdiff_t i = 0; i < before; i++) to[c * f->base.leaf + i] = 0;
        for (ptrdiff_t i = before; i < count; i++) to[c * f->base.leaf + i] = (psw_real)rows[(i - before) * v + c];
    }
    for (ptrdiff_t i = 0; i < count; i++) to[v * f->base.leaf + i] = 1;
}

/* Of a partial sum, 1 and the highest power must both be numbers beside each other. */
static psw_status check_range(const attend_state_pass *f, const double *rows, attend_span span)
{
    ptrdiff_t d = psw_point_width(f->base.p), order = f->base.p->order;
    if (f->shape.weigh != PSW_WEIGH_PARTIAL_SUM) return PSW_OK;
    for (ptrdiff_t i = 0; i < span.count * d; i++)
        if ((double)order * log2(fabs(rows[i])) > -PSW_LOWEST_EXPONENT)
            return PSW_FAIL(
                PSW_NOT_FINITE,
                "row %td has an entry of %.3g, whose power %td is too large beside 1 for %s; take a smaller "
                "scale or order%s",
                span.first + i / d, rows[i], order, sizeof(psw_real) == 4 ? "single precision" : "fp64",
                sizeof(psw_real) == 4 ? ", or fp64" : "");
    return PSW_OK;
}

/* One side of a block, zeros where tokens have no such row. */
static psw_status load_side(attend_state_pass *f, const psw_data *data, psw_side side, ptrdiff_t block)
{
    attend_span span = attend_block_span(f, block), part = attend_block_part(f, side, block);
    ptrdiff_t d = psw_point_width(f->base.p), zeros = (part.first - span.first) * d, end = zeros + part.count * d;
    psw_real *to = f->rows[side] + psw_route_place(&f->base.route, block) * f->base.leaf * d;
    const double *rows = attend_stage(&f->base, data, 0, side, part);
    PSW_TRY(check_range(f, rows, part));
    for (ptrdiff_t i = 0; i < zeros; i++) to[i] = 0;
    attend_round(rows, part.count * d, to + zeros);
    for (ptrdiff_t i = end; i < span.count * d; i++) to[i] = 0;
    return PSW_OK;
}

static psw_status load_block(attend_state_pass *f, const psw_data *data, ptrdiff_t block)
{
    attend_span span = attend_block_span(f, block), values = attend_block_part(f, PSW_VALUE, block);
    PSW_TRY(load_side(f, data, PSW_QUERY, block));
    if (!f->shared) PSW_TRY(load_side(f, data, PSW_KEY, block));
    transpose_values(f, f->shared ? f->base.staged : attend_stage(&f->base, data, 0, PSW_VALUE, values), block,
                     values.first - span.first);
    return PSW_OK;
}

/* Row j3 of every set and side. */
static psw_status load_token(attend_state_pass *f, const psw_data *data)
{
    attend_span token = {f->base.special, 1};
    for (int set = 0; set < f->base.sets && f->base.special >= 0; set++)
        for (int side = 0; side < 3; side++) {
            const double *row = attend_stage(&f->base, data, set, (psw_side)side, token);
            if (side != PSW_VALUE) PSW_TRY(check_range(f, row, token));
            attend_round(row, side == PSW_VALUE ? f->base.p->v : psw_point_width(f->base.p), f->other[set][side]);
        }
    return PSW_OK;
}

static psw_status redraw(psw_attention *a, ptrdiff_t draw, psw_watch watch)
{
    return sketcher->draw(((attend_state_pass *)a)->sketch, draw, watch);
}

static psw_status load(psw_attention *a, const psw_given *given)
{
    attend_state_pass *f = (attend_state_pass *)a;
    const psw_data *data = given->data;
    sketcher->keys(f->sketch, data);
    PSW_TRY(redraw(a, given->tables.draw, given->watch));
    f->base.staging = PSW_OK;
    f->placed = 0;
    for (ptrdiff_t i = 0; i < f->base.own; i++) {
        PSW_TRY(psw_watch_ask(given->watch));
        PSW_TRY(load_block(f, data, psw_route_leaf(&f->base.route, f->base.route.rank, i)));
    }
    PSW_TRY(load_token(f, data));
    PSW_TRY(f->base.staging);
    return f->near ? attend_rows_load(f->near, data, given->watch) : PSW_OK;
}

const attend_kind attend_states_kind = {.bytes = sizeof(attend_state_pass),
                                        .lay = lay,
                                        .load = load,
                                        .redraw = redraw,
                                        .pass = attend_states_pass,
                                        .close = close,
                                        .message_bytes = attend_states_message_bytes,
                                        .done_flops = attend_states_flops,
                                        .states = &attend_states_team};
