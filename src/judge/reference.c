#include "judge/reference.h"

#include <math.h>
#include <string.h>

#include "polysweep/judge.h"
#include "polysweep/stats.h"

/* ---- what is compared ---- */

/* The formats that are rounded to before single precision. */
static bool is_narrow(const psw_point *p)
{
    return p->precision != PSW_FP64 && p->precision != PSW_FP32;
}

static bool is_own(const psw_point *p)
{
    return p->reference == PSW_REFERENCE_OWN;
}

/* The map whose features make the kernel, where it is no function of scores. */
static bool is_mapped(const psw_point *p)
{
    return psw_sketch_has(p) && psw_method_facts_of(p->method)->kernel == PSW_KERNEL_FEATURES;
}

bool psw_reference_computed(const psw_point *p)
{
    if (!psw_method_computes(p->method) || !psw_data_kind_facts_of(p->data_kind)->has_rows) return false;
    return !is_own(p) || (is_narrow(p) && !psw_sketch_has(p) && psw_weights_known(p));
}

/* The point's kernel as a fold over rows in double; of features it is their product. */
static psw_point kernel_of(const psw_point *p)
{
    psw_point kernel = *p;
    kernel.precision = PSW_FP64;
    kernel.by = PSW_BY_ROWS;
    if (!is_mapped(p)) return kernel;
    kernel.method = psw_method_of_kernel(PSW_KERNEL_LINEAR);
    kernel.negative = PSW_NEGATIVE_SIGNED;
    return kernel;
}

static psw_point target_of(const psw_point *p)
{
    psw_point target = kernel_of(p);
    if (is_own(p)) return target;
    bool softmax = p->reference == PSW_REFERENCE_SOFTMAX;
    target.method = psw_method_of_kernel(softmax ? PSW_KERNEL_EXPONENTIAL : PSW_KERNEL_POWER);
    target.beta = isnan(p->reference_beta) ? p->beta : p->reference_beta;
    target.negative = PSW_NEGATIVE_SIGNED;
    return target;
}

/* A method that sees all that the mask shows. */
static psw_point shown_of(const psw_point *p)
{
    psw_point shown = *p;
    shown.method = psw_method_of_kernel(PSW_KERNEL_LINEAR);
    return shown;
}

/* ---- memory ---- */

static double *numbers(psw_arena *arena, ptrdiff_t count)
{
    return psw_arena_take(arena, count, sizeof(double));
}

static judge_reference_side side_of(const psw_comparison *c, bool used, ptrdiff_t width, psw_arena *arena)
{
    judge_reference_side side = {.width = width};
    if (!used) return side;
    side.query = numbers(arena, c->rows * width);
    side.key = numbers(arena, c->block * width);
    side.tile = numbers(arena, REFERENCE_STRIP * c->block);
    return side;
}

/* Both exponents, then all that is added over keys. */
static void lay_sums(psw_comparison *c, psw_arena *arena)
{
    ptrdiff_t rows = c->rows, outputs = rows * c->point.v;
    c->of_target.log2 = numbers(arena, 2 * rows);
    c->sum_count = 4 * rows + 2 * outputs + 2;
    c->sums = numbers(arena, c->sum_count);
    if (!c->sums) return;
    c->of_kernel.log2 = c->of_target.log2 + rows;
    c->of_target.den = c->sums;
    c->of_target.information = c->of_target.den + rows;
    c->of_kernel.den = c->of_target.information + rows;
    c->of_kernel.information = c->of_kernel.den + rows;
    c->out = c->of_kernel.information + rows;
    c->mean = c->out + outputs;
    c->seen = c->mean + outputs;
    c->negative = c->seen + 1;
}

static void lay_kept(psw_comparison *c, psw_arena *arena)
{
    ptrdiff_t keep = psw_weights_keep(&c->kernel);
    if (keep == 0) return;
    c->most = keep < c->keys ? keep : c->keys;
    c->heap = psw_arena_take(arena, c->rows * c->most, sizeof *c->heap);
    c->kept = psw_arena_take(arena, c->rows, sizeof *c->kept);
    c->held = psw_arena_take(arena, c->rows, sizeof *c->held);
}

static void lay_taken(psw_comparison *c, psw_arena *arena)
{
    c->taken = numbers(arena, 4 * c->rows);
    c->exact = numbers(arena, c->rows);
    c->sorted = numbers(arena, c->count);
    c->draws = numbers(arena, DRAW_NUMBERS * c->count);
    if (!c->taken) return;
    c->square = c->taken;
    c->dot = c->square + c->rows;
    c->norm = c->dot + c->rows;
    c->bad = c->norm + c->rows;
}

static ptrdiff_t block_of(const psw_point *p)
{
    return p->block < psw_data_keys(p) ? p->block : psw_data_keys(p);
}

static psw_comparison made(const psw_point *point)
{
    return (psw_comparison){.point = *point,
                            .kernel = kernel_of(point),
                            .target = target_of(point),
                            .shown = shown_of(point),
                            .own = is_own(point),
                            .known = psw_weights_known(point) || is_mapped(point),
                            .set = psw_data_sets(point) - 1,
                            .size = 1,
                            .rows = psw_errors_rows(point),
                            .keys = psw_data_keys(point),
                            .block = block_of(point),
                            .count = psw_judge_draws(point)};
}

static psw_comparison *layout(const psw_point *point, psw_arena *arena)
{
    psw_comparison c = made(point), *kept = psw_arena_take(arena, 1, sizeof c);
    c.row = psw_arena_take(arena, c.rows, sizeof *c.row);
    c.times = numbers(arena, c.rows);
    c.sorted_rows = psw_arena_take(arena, c.rows, sizeof *c.sorted_rows);
    c.raw = side_of(&c, !c.own, point->d, arena);
    c.plain = side_of(&c, true, psw_point_width(point), arena);
    c.features = side_of(&c, is_mapped(point), is_mapped(point) ? psw_sketch_shape_of(point).stored : 0, arena);
    c.values = numbers(arena, c.block * point->v);
    c.raised = numbers(arena, c.block);
    c.weights = numbers(arena, REFERENCE_STRIP * c.block);
    c.other = numbers(arena, c.block);
    lay_sums(&c, arena);
    c.apart = numbers(arena, c.rows);
    lay_kept(&c, arena);
    lay_taken(&c, arena);
    if (!kept || arena->used > arena->size) return NULL;
    *kept = c;
    judge_errors_sample(point, kept->row);
    kept->all = judge_errors_times(point, kept->row, kept->times);
    return kept;
}

static psw_point mapped(const psw_point *point)
{
    psw_point p = *point;
    p.precision = PSW_FP64;
    return p;
}

size_t psw_reference_bytes(const psw_point *point)
{
    if (!psw_reference_computed(point)) return 0;
    psw_arena counting = psw_arena_counting();
    psw_point p = mapped(point);
    layout(point, &counting);
    return counting.high + (is_mapped(point) ? psw_sketcher_in_double()->bytes(&p, block_of(point)) : 0);
}

/* ---- a realisation of the rows ---- */

static psw_status open_map(psw_comparison *c, psw_arena *arena)
{
    psw_point p = mapped(&c->point);
    if (!is_mapped(&p)) return PSW_OK;
    PSW_TRY(psw_sketcher_in_double()->create(&p, c->block, NULL, arena, &c->map));
    return psw_sketcher_in_double()->draw(c->map, 0, c->watch);
}

static psw_status load(psw_comparison *c)
{
    judge_reference_queries(c);
    PSW_TRY(judge_reference_keep(c));
    return judge_reference_load(c);
}

psw_status psw_reference_begin(const psw_point *point, const psw_given *given, psw_watch watch, psw_arena *arena,
                               psw_comparison **comparison)
{
    PSW_TRY(psw_fault("judge.reference"));
    psw_comparison *c = layout(point, arena);
    PSW_TRY(psw_arena_check(arena));
    if (!c) return PSW_FAIL(PSW_BUG, "a reference was given no memory");
    c->watch = watch;
    c->data = given->data;
    if (given->route) c->rank = given->route->rank, c->size = given->route->size;
    PSW_TRY(open_map(c, arena));
    *comparison = c;
    return load(c);
}

psw_status psw_reference_reload(psw_comparison *c, const psw_data *data)
{
    c->data = data;
    return load(c);
}

psw_status psw_reference_measure(psw_comparison *c)
{
    return judge_reference_measure(c);
}

/* ---- merging ---- */

/* 2^(own - agreed) is 1 for the rank with the largest exponent, so a single rank keeps its bits. */
static int merge_begun(psw_comparison *c, int phase, psw_merging *list)
{
    if (phase == 0) {
        memcpy(c->taken, c->of_target.log2, (size_t)(2 * c->rows) * sizeof *c->taken);
        list[0] = (psw_merging){PSW_LARGEST, c->taken, 2 * c->rows};
        return 1;
    }
    if (phase == 2) judge_reference_finish(c);
    if (phase == 2) return 0;
    for (ptrdiff_t i = 0; i < c->rows; i++) {
        judge_reference_under(c, true, i, c->taken[i]);
        judge_reference_under(c, false, i, c->taken[c->rows + i]);
    }
    list[0] = (psw_merging){PSW_ADD, c->sums, c->sum_count};
    return 1;
}

static void add_distance(psw_comparison *c)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < c->rows; i++) sum += c->times[i] * c->apart[i];
    c->tv += sum / c->all;
}

int psw_reference_merging(psw_comparison *c, psw_reference_stage stage, int phase, psw_merging list[PSW_MERGING_MAX])
{
    if (stage == PSW_REFERENCE_BEGUN) return merge_begun(c, phase, list);
    if (phase > 0) {
        (stage == PSW_REFERENCE_MEASURED ? add_distance : judge_reference_draw_end)(c);
        return 0;
    }
    if (stage == PSW_REFERENCE_MEASURED) {
        list[0] = (psw_merging){PSW_ADD, c->apart, c->rows};
        return 1;
    }
    list[0] = (psw_merging){PSW_ADD, c->taken, 4 * c->rows};
    list[1] = (psw_merging){PSW_LARGEST, &c->largest, 1};
    return 2;
}

/* ---- outputs of a draw ---- */

void psw_reference_draw(psw_comparison *c, ptrdiff_t draw)
{
    memset(c->taken, 0, (size_t)(4 * c->rows) * sizeof *c->taken);
    c->largest = 0;
    c->now = draw;
    c->done++;
}

static double at(const psw_point *p, const void *rows, ptrdiff_t i)
{
    return psw_point_single(p) ? (double)((const float *)rows)[i] : ((const double *)rows)[i];
}

static void take_row(psw_comparison *c, ptrdiff_t i, const void *rows, ptrdiff_t first, double log2_den)
{
    const double *exact = c->out + i * c->point.v;
    for (ptrdiff_t v = 0; v < c->point.v; v++) {
        double out = at(&c->point, rows, first + v), off = out - exact[v];
        c->square[i] += off * off;
        c->dot[i] += out * exact[v];
        c->norm[i] += out * out;
        c->largest = fmax(c->largest, fabs(off));
    }
    c->bad[i] = !(log2_den > -INFINITY);
}

psw_status psw_reference_take(void *comparison, const psw_leaf *leaf)
{
    psw_comparison *c = comparison;
    if (leaf->points != 1 || leaf->sets <= c->set || leaf->width != c->point.v)
        return PSW_FAIL(PSW_BUG, "a leaf of %td points and %d sets for the reference of one", leaf->points, leaf->sets);
    for (ptrdiff_t i = 0; i < c->rows; i++) {
        ptrdiff_t at = c->row[i] - psw_data_first_query(&c->point) - leaf->first, place = c->set * leaf->count + at;
        if (at >= 0 && at < leaf->count) take_row(c, i, leaf->rows, place * leaf->width, leaf->log2_den[place]);
    }
    return PSW_OK;
}

static double sum_of(const psw_comparison *c, const double *x, const double *left_out)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < c->rows; i++) sum += left_out && left_out[i] > 0 ? 0 : c->times[i] * x[i];
    return sum;
}

/* Zero rows have no direction. */
static double cosine(psw_comparison *c)
{
    double sum = 0, known = 0;
    for (ptrdiff_t i = 0; i < c->rows; i++) {
        if (c->norm[i] == 0 || c->exact[i] == 0) continue;
        sum += c->times[i] * (c->dot[i] / sqrt(c->norm[i]) / sqrt(c->exact[i]));
        known += c->times[i];
    }
    c->zeros += c->all - known;
    return known > 0 ? sum / known : NAN;
}

static void put_draw(psw_comparison *c, int which, double value)
{
    c->draws[which * c->count + c->now] = value;
}

static void put_rows(psw_comparison *c)
{
    ptrdiff_t known = 0;
    for (ptrdiff_t i = 0; i < c->rows; i++)
        if (c->exact[i] > 0) c->sorted_rows[known++] = (psw_repeated){sqrt(c->square[i] / c->exact[i]), c->times[i]};
    put_draw(c, DRAW_ROW_Q50, psw_quantile_repeated(c->sorted_rows, known, 0.5));
    put_draw(c, DRAW_ROW_Q90, psw_quantile_repeated(c->sorted_rows, known, 0.9));
}

void judge_reference_draw_end(psw_comparison *c)
{
    double square = sum_of(c, c->square, NULL), exact = sum_of(c, c->exact, NULL);
    double good_square = sum_of(c, c->square, c->bad), good = sum_of(c, c->exact, c->bad);
    put_draw(c, DRAW_ERROR, sqrt(square / exact));
    put_draw(c, DRAW_GOOD, good > 0 ? sqrt(good_square / good) : NAN);
    put_draw(c, DRAW_LARGEST, c->largest);
    put_rows(c);
    put_draw(c, DRAW_COSINE, cosine(c));
    put_draw(c, DRAW_SKILL, 1 - square / c->mean_square);
}

/* ---- the columns ---- */

/* Quantile over the draws that have a value. */
static double quantile(psw_comparison *c, int which, double q)
{
    ptrdiff_t known = 0;
    for (ptrdiff_t i = 0; i < c->done; i++) {
        double x = c->draws[which * c->count + i];
        if (!isnan(x)) c->sorted[known++] = x;
    }
    return psw_quantile(c->sorted, known, q);
}

static double median(psw_comparison *c, int which)
{
    return quantile(c, which, 0.5);
}

static double mean_error(const psw_comparison *c)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < c->done; i++) sum += c->draws[DRAW_ERROR * c->count + i];
    return sum / (double)c->done;
}

static bool has_scores(const psw_point *point)
{
    return psw_method_facts_of(point->method)->affine != PSW_AFFINE_NONE;
}

void psw_reference_end(psw_comparison *c, psw_reference_columns *columns)
{
    double mean = mean_error(c);
    bool all = !isnan(mean);
    *columns = (psw_reference_columns){.err_out_ref = all ? median(c, DRAW_ERROR) : NAN,
                                       .err_out_ref_mean = mean,
                                       .err_out_ref_q90 = all ? quantile(c, DRAW_ERROR, 0.9) : NAN,
                                       .err_out_ref_good = median(c, DRAW_GOOD),
                                       .err_out_ref_max = median(c, DRAW_LARGEST),
                                       .err_out_ref_row_q50 = median(c, DRAW_ROW_Q50),
                                       .err_out_ref_row_q90 = median(c, DRAW_ROW_Q90),
                                       .cos_ref = median(c, DRAW_COSINE),
                                       .skill_ref = median(c, DRAW_SKILL),
                                       .tv_ref = c->tv / c->loads,
                                       .neg_scores = has_scores(&c->point) ? c->below / c->loads : NAN,
                                       .entropy_ref = c->target_entropy / c->loads,
                                       .entropy = c->kernel_entropy / c->loads,
                                       .cos_ref_zeros = (ptrdiff_t)c->zeros,
                                       .rows = c->rows};
}

void psw_reference_close(psw_comparison *c)
{
    if (c && c->map) psw_sketcher_in_double()->destroy(c->map);
}

psw_reference_columns psw_reference_none(void)
{
    return (psw_reference_columns){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0, 0};
}

psw_reference_columns psw_reference_of_sketch(const psw_sketch_columns *s)
{
    psw_reference_columns c = psw_reference_none();
    c.err_out_ref = s->err_out, c.err_out_ref_mean = s->err_out_mean, c.err_out_ref_q90 = s->err_out_q90;
    c.err_out_ref_good = s->err_out_good, c.err_out_ref_max = s->err_out_max;
    c.err_out_ref_row_q50 = s->err_out_row_q50, c.err_out_ref_row_q90 = s->err_out_row_q90;
    return c;
}

/* ---- operations ---- */

/* Each pass makes every product of rows; the first one those with values, too. Scores are compared before where some
 * are kept. */
psw_errors_work psw_reference_work(const psw_point *p)
{
    if (!psw_reference_computed(p)) return (psw_errors_work){0};
    bool decodes = p->mode == PSW_DECODE;
    double pairs = decodes ? (double)psw_data_keys(p)
                           : (double)psw_errors_rows(p) * psw_data_pairs(p) / (double)psw_data_queries(p);
    double widths = (double)(p->d + psw_point_width(p));
    bool twice = !is_own(p) && !(psw_sketch_has(p) && !psw_sketch_shape_of(p).exact);
    double kept = psw_weights_keep(p) > 0 ? (double)psw_point_width(p) : 0;
    return (psw_errors_work){.exact_flops = 2 * pairs * ((twice ? 2 : 1) * widths + kept + 2 * (double)p->v),
                             .entries = (twice ? 2 : 1) * 2 * pairs,
                             .logarithms = (twice ? 4 : 3) * pairs};
}
