#include "judge/errors.h"

#include <math.h>

#include "polysweep/stats.h"
#include "polysweep/targets.h"

PSW_TARGETS_DECLARE(psw_assessor, psw_assessor)
static const psw_assessor *const assessors[][2] = PSW_TARGETS_TABLE(psw_assessor, psw_assessor);

const psw_assessor *psw_assessor_of(psw_precision precision)
{
    return assessors[psw_target()][precision != PSW_FP64];
}

ptrdiff_t psw_errors_draws(const psw_point *point)
{
    ptrdiff_t tables = psw_sketch_draws(point), rows = psw_data_draws(point);
    return tables > rows ? tables : rows;
}

/* ---- sums with an exponent ---- */

void judge_errors_add(judge_errors_sum *sum, double value, double log2)
{
    if (value == 0 || log2 == -INFINITY) return;
    double top = fmax(sum->log2, log2);
    sum->value = sum->value * exp2(sum->log2 - top) + value * exp2(log2 - top);
    sum->log2 = top;
}

double judge_errors_ratio(judge_errors_sum a, judge_errors_sum b)
{
    if (a.log2 == -INFINITY || a.value == 0) return b.value == 0 ? NAN : 0;
    if (b.log2 == -INFINITY) return a.value / 0.0;
    return a.value / b.value * exp2(a.log2 - b.log2);
}

/* ---- the sample ---- */

enum { ALL_ROWS = 1024, SAMPLE_ROWS = 256 };

ptrdiff_t psw_errors_rows(const psw_point *point)
{
    if (point->mode == PSW_DECODE) return 1;
    return psw_data_queries(point) <= ALL_ROWS ? psw_data_queries(point) : SAMPLE_ROWS;
}

/* One row, uniform in each stratum [i n / rows, (i + 1) n / rows) of n queries: ascending, and all different. */
void judge_errors_sample(const psw_point *point, ptrdiff_t *row)
{
    if (point->mode == PSW_DECODE) {
        row[0] = point->n - 1; /* the new token */
        return;
    }
    const uint64_t n = (uint64_t)point->n;
    ptrdiff_t rows = psw_errors_rows(point), queries = psw_data_queries(point);
    psw_key key = psw_random_key(PSW_STREAM_ROWS, point->seed, &n, 1);
    for (ptrdiff_t i = 0; i < rows; i++) {
        double uniform;
        ptrdiff_t first = i * queries / rows, next = (i + 1) * queries / rows;
        psw_random_uniforms(key, (uint64_t)i, 0, 1, &uniform);
        row[i] = first + (ptrdiff_t)(uniform * (double)(next - first));
    }
}

double judge_errors_times(const psw_point *point, const ptrdiff_t *row, double *times)
{
    double all = 0;
    for (ptrdiff_t i = 0; i < psw_errors_rows(point); i++) all += times[i] = psw_data_times(point, row[i]);
    return all;
}

static judge_errors_part part_of(ptrdiff_t all, ptrdiff_t each, ptrdiff_t index)
{
    ptrdiff_t first = index * each, left = all - first;
    return (judge_errors_part){first, left < 0 ? 0 : left < each ? left : each, first};
}

static ptrdiff_t clamp(ptrdiff_t x, ptrdiff_t most)
{
    return x < 0 ? 0 : x < most ? x : most;
}

judge_errors_part judge_errors_keys(const psw_errors *e, ptrdiff_t index)
{
    if (index >= e->blocks) return (judge_errors_part){0};
    judge_errors_part keys =
        part_of(psw_data_tokens(&e->point), e->block, psw_route_leaf(&e->route, e->route.rank, index));
    ptrdiff_t missing = clamp(psw_data_first(&e->point, PSW_KEY) - keys.first, keys.count);
    return (judge_errors_part){keys.first + missing, keys.count - missing, index * e->block + missing};
}

ptrdiff_t judge_errors_token(const psw_errors *e, ptrdiff_t i)
{
    return psw_data_first(&e->point, PSW_QUERY) + e->row[i];
}

judge_errors_part judge_errors_strip(const psw_errors *e, ptrdiff_t index)
{
    return part_of(e->rows, ERRORS_STRIP, index);
}

ptrdiff_t judge_errors_seen(const psw_errors *e, ptrdiff_t i, judge_errors_part keys)
{
    return e->point.mask == PSW_CAUSAL ? clamp(judge_errors_token(e, i) + 1 - keys.first, keys.count) : keys.count;
}

ptrdiff_t judge_errors_sketched(const psw_errors *e, ptrdiff_t i, judge_errors_part keys)
{
    ptrdiff_t seen = judge_errors_seen(e, i, keys), local = e->point.local;
    return local > 0 ? clamp(judge_errors_token(e, i) / local * local - keys.first, seen) : seen;
}

/* ---- memory ---- */

static psw_route route_of(const psw_point *p, const psw_route *route)
{
    psw_route alone = {.leaves = (psw_data_tokens(p) + p->block - 1) / p->block, .unit = 1, .size = 1};
    return route ? *route : alone;
}

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

static void lay_numbers(psw_errors *e, psw_arena *arena)
{
    const psw_point *p = &e->point;
    e->row = psw_arena_take(arena, e->rows, sizeof *e->row);
    e->times = psw_arena_take(arena, e->rows, sizeof *e->times);
    e->q = psw_arena_take(arena, e->rows * psw_point_width(p), sizeof *e->q);
    e->k = psw_arena_take(arena, e->keys * psw_point_width(p), sizeof *e->k);
    e->values = psw_arena_take(arena, e->block * larger(psw_point_width(p), p->v), sizeof *e->values);
    e->out = psw_arena_take(arena, e->rows * p->v, sizeof *e->out);
    e->den = psw_arena_take(arena, e->rows, sizeof *e->den);
    e->estimate = psw_arena_take(arena, e->rows, sizeof *e->estimate);
    e->information = psw_arena_take(arena, e->rows, sizeof *e->information);
    e->tile = psw_arena_take(arena, ERRORS_STRIP * e->block, sizeof *e->tile);
    e->base = psw_arena_take(arena, e->block, sizeof *e->base);
    e->sketched = psw_arena_take(arena, e->block, sizeof *e->sketched);
    e->draws = psw_arena_take(arena, e->count, sizeof *e->draws);
    e->quantile = psw_arena_take(arena, e->count, sizeof *e->quantile);
    e->apart = psw_arena_take(arena, e->rows, sizeof *e->apart);
    e->sorted = psw_arena_take(arena, e->rows, sizeof *e->sorted);
    e->query_log2 = psw_arena_take(arena, e->rows, sizeof *e->query_log2);
    e->key_log2 = psw_arena_take(arena, e->block, sizeof *e->key_log2);
    e->key_factor = psw_arena_take(arena, e->block, sizeof *e->key_factor);
    e->own_factor = psw_arena_take(arena, e->block, sizeof *e->own_factor);
    e->merged = psw_arena_take(arena, larger(e->rows + ERRORS_TOTALS, ERRORS_OUTPUTS * e->count), sizeof *e->merged);
}

static void lay_reals(psw_errors *e, psw_arena *arena, size_t real_bytes)
{
    e->rounded = psw_arena_take(arena, e->block * psw_point_width(&e->point), real_bytes);
    e->query = psw_arena_take(arena, e->rows * e->shape.stored, real_bytes);
    e->key = psw_arena_take(arena, e->block * e->shape.stored, real_bytes);
    e->product = psw_arena_take(arena, ERRORS_STRIP * e->block, real_bytes);
}

psw_errors *judge_errors_layout(const psw_point *point, const psw_route *route, size_t real_bytes, psw_arena *arena)
{
    psw_errors e = {.point = *point, .set = psw_data_sets(point) - 1, .rows = psw_errors_rows(point)};
    e.narrow = psw_point_narrow(point);
    psw_errors *kept = psw_arena_take(arena, 1, sizeof e);
    e.block = point->block < psw_data_tokens(point) ? point->block : psw_data_tokens(point);
    e.route = route_of(point, route);
    e.blocks = psw_route_count(&e.route, e.route.rank);
    judge_errors_part last = judge_errors_keys(&e, e.blocks - 1);
    if (e.blocks > 0) e.keys = last.held + last.count;
    e.count = psw_errors_draws(point);
    e.tables = psw_sketch_draws(point) > 0 ? psw_sketch_draws(point) : 1;
    e.shape = psw_sketch_shape_of(point);
    lay_numbers(&e, arena);
    lay_reals(&e, arena, real_bytes);
    if (errors_kernel(point) == PSW_KERNEL_FEATURES) judge_errors_lay_features(&e, arena);
    if (!kept || arena->used > arena->size) return NULL;
    for (ptrdiff_t i = 0; i < e.count; i++) e.draws[i] = (judge_errors_draw){.den_ratio = NAN};
    *kept = e;
    judge_errors_sample(point, kept->row);
    kept->all = judge_errors_times(point, kept->row, kept->times);
    return kept;
}

/* ---- one draw ---- */

void judge_errors_draw_begin(psw_errors *e, ptrdiff_t draw)
{
    const judge_errors_sum zero = {0, -INFINITY};
    e->now = &e->draws[draw];
    e->done++;
    *e->now = (judge_errors_draw){.square = zero, .bias = zero, .den_ratio = INFINITY, .exact = e->exact};
    for (ptrdiff_t i = 0; i < e->rows; i++) e->estimate[i] = zero, e->apart[i] = 0;
}

/* den_constant is in both denominators; a row whose exact one is 0 has no ratio. */
void judge_errors_draw_end(psw_errors *e)
{
    for (ptrdiff_t i = 0; i < e->rows; i++) {
        judge_errors_add(&e->estimate[i], e->point.den_constant, 0);
        if (e->den[i].value != 0)
            e->now->den_ratio = fmin(e->now->den_ratio, judge_errors_ratio(e->estimate[i], e->den[i]));
    }
}

double judge_errors_output_square(const psw_errors *e, ptrdiff_t i)
{
    double sum = 0;
    for (ptrdiff_t c = 0; c < e->point.v; c++) sum += e->out[i * e->point.v + c] * e->out[i * e->point.v + c];
    return sum;
}

/* A row whose exact output is 0 has no relative error. */
void judge_errors_rows_end(psw_errors *e)
{
    ptrdiff_t known = 0;
    for (ptrdiff_t i = 0; i < e->rows; i++)
        if (judge_errors_output_square(e, i) > 0) e->sorted[known++] = (psw_repeated){e->apart[i], e->times[i]};
    e->now->row_q50 = psw_quantile_repeated(e->sorted, known, 0.5);
    e->now->row_q90 = psw_quantile_repeated(e->sorted, known, 0.9);
}

/* ---- the columns ---- */

static double amm(const psw_errors *e, const judge_errors_draw *d)
{
    return errors_of_power(&e->point) ? sqrt(judge_errors_ratio(d->square, d->exact.norm)) : NAN;
}
static double attn(const psw_errors *e, const judge_errors_draw *d)
{
    (void)e;
    return sqrt(judge_errors_ratio(d->square, d->exact.square));
}
static double out(const psw_errors *e, const judge_errors_draw *d)
{
    (void)e;
    return sqrt(d->out_square / d->exact.out_square);
}
static double out_max(const psw_errors *e, const judge_errors_draw *d)
{
    (void)e;
    return d->out_max;
}
static double bias(const psw_errors *e, const judge_errors_draw *d)
{
    (void)e;
    return judge_errors_ratio(d->bias, d->exact.total);
}

static double out_good(const psw_errors *e, const judge_errors_draw *d)
{
    (void)e;
    return d->good_exact > 0 ? sqrt(d->good_square / d->good_exact) : NAN;
}
static double row_q50(const psw_errors *e, const judge_errors_draw *d)
{
    (void)e;
    return d->row_q50;
}
static double row_q90(const psw_errors *e, const judge_errors_draw *d)
{
    (void)e;
    return d->row_q90;
}

/* Of the draws that have a value; NaN if none has. */
static double median(psw_errors *e, double (*of)(const psw_errors *, const judge_errors_draw *))
{
    ptrdiff_t known = 0;
    for (ptrdiff_t i = 0; i < e->done; i++) {
        double x = of(e, &e->draws[i]);
        if (!isnan(x)) e->quantile[known++] = x;
    }
    return psw_quantile(e->quantile, known, 0.5);
}

static void spread(psw_errors *e, double (*of)(const psw_errors *, const judge_errors_draw *), double *median,
                   double *mean, double *q90)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < e->done; i++) sum += e->quantile[i] = of(e, &e->draws[i]);
    *mean = sum / (double)e->done;
    *median = *q90 = NAN;
    if (isnan(*mean)) return;
    *median = psw_quantile(e->quantile, e->done, 0.5);
    *q90 = psw_quantile(e->quantile, e->done, 0.9);
}

psw_sketch_columns psw_sketch_columns_none(void)
{
    return (psw_sketch_columns){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN,
                                NAN, NAN, NAN, NAN, 0,   NAN, NAN, NAN, NAN, NAN, NAN, 0,   0};
}

void judge_errors_end(psw_errors *e, psw_sketch_columns *c)
{
    double negative = 0, ratio = INFINITY;
    *c = psw_sketch_columns_none();
    spread(e, amm, &c->err_amm, &c->err_amm_mean, &c->err_amm_q90);
    spread(e, attn, &c->err_attn, &c->err_attn_mean, &c->err_attn_q90);
    spread(e, out, &c->err_out, &c->err_out_mean, &c->err_out_q90);
    spread(e, out_max, &c->err_out_max, &c->err_out_max_mean, &c->err_out_max_q90);
    spread(e, bias, &c->err_bias, &c->err_bias_mean, &c->err_bias_q90);
    for (ptrdiff_t i = 0; i < e->done; i++) {
        negative += e->draws[i].negative;
        ratio = fmin(ratio, e->draws[i].den_ratio);
    }
    c->neg_frac = negative / ((double)e->done * e->pairs);
    c->min_den_ratio = isfinite(ratio) ? ratio : NAN;
    c->err_rows = e->rows;
    c->entropy = e->entropy / e->all / e->loads;
    c->theory_err_amm = judge_errors_theory(e);
    c->state_bytes = psw_sketch_running_bytes(&e->point);
    c->err_out_good = median(e, out_good);
    c->err_out_row_q50 = median(e, row_q50), c->err_out_row_q90 = median(e, row_q90);
    c->map_features = e->shape.features, c->exact_map = e->shape.exact;
}

/* ---- operations ---- */

static double pairs(const psw_point *p)
{
    double all = (double)psw_errors_rows(p) * (double)psw_data_keys(p);
    if (p->n_k > 0) return all * psw_data_pairs(p) / ((double)p->n * (double)p->n_k);
    return p->mask == PSW_CAUSAL ? all / 2 : all;
}

psw_errors_work psw_errors_begin_work(const psw_point *p)
{
    double all = pairs(p);
    return (psw_errors_work){
        2 * all * (double)(psw_point_width(p) + p->v), 0, 0, all, all, judge_errors_theory_pairs(p)};
}

psw_errors_work psw_errors_draw_work(const psw_point *p)
{
    psw_sketch_shape shape = psw_sketch_shape_of(p);
    double all = pairs(p), rows = (double)(psw_errors_rows(p) + psw_data_keys(p));
    return (psw_errors_work){
        2 * all * (double)psw_point_width(p), 2 * all * (double)shape.stored + shape.flops * rows, rows, all, 0, 0};
}
