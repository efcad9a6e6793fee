#include "polysweep/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool psw_same_build(const psw_launch *a, const psw_launch *b)
{
    return strcmp(a->version, b->version) == 0 && strcmp(a->blas, b->blas) == 0 &&
           strcmp(a->blas_kernel, b->blas_kernel) == 0;
}

static bool same_bits(double x, double y)
{
    return x == y || (isnan(x) && isnan(y));
}

/* Relative; below `least` absolute. */
static bool near(double x, double y, double tolerance, double least)
{
    return same_bits(x, y) || isinf(tolerance) || fabs(x - y) <= tolerance * fmax(fmax(fabs(x), fabs(y)), least);
}

/* Of draws these were means, of the leak the largest, before they became medians with quantiles beside them. */
static bool redefined(const psw_column *column, const psw_record *record)
{
    const size_t offsets[] = {offsetof(psw_record, verdict.special_mass_d1),
                              offsetof(psw_record, verdict.special_mass_d0), offsetof(psw_record, verdict.leak_mass_d1),
                              offsetof(psw_record, verdict.gap)};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
        if (column->offset == offsets[i])
            return record->verdict.trials_stop == PSW_TRIALS_FIXED && psw_judge_draws(&record->point) > 1 &&
                   isnan(record->verdict.special_mass_d1_q10);
    return false;
}

/* Once filled of sketches alone. */
static bool of_weights(const psw_column *column)
{
    return column->offset == offsetof(psw_record, sketch.entropy) ||
           column->offset == offsetof(psw_record, sketch.err_rows);
}

/* Once, rows were counted of sketches and D_1 alone, and a state without the window beside it: a slot from then lacks
 * the columns that count rows and describe the map; one from before references lacks those. */
static bool means_the_same(const psw_column *column, const psw_record *a, const psw_record *b)
{
    if (column->offset == offsetof(psw_record, verdict.bad_rows))
        return a->verdict.den_rows > 0 && b->verdict.den_rows > 0;
    if (column->offset == offsetof(psw_record, sketch.state_bytes))
        return a->sketch.map_features > 0 && b->sketch.map_features > 0;
    if (of_weights(column))
        return psw_sketch_has(&a->point) || isnan(a->reference.neg_scores) == isnan(b->reference.neg_scores);
    return true;
}

/* ---- records of earlier programs ---- */

/* One of the two is from a program without edges and without trials_done. */
static bool of_different_age(const psw_record *a, const psw_record *b)
{
    return isnan(a->theory.edge_lo) != isnan(b->theory.edge_lo) ||
           (a->verdict.trials_done == 0) != (b->verdict.trials_done == 0);
}

static bool is_theory(const psw_column *column)
{
    const size_t first = offsetof(psw_record, theory), end = first + sizeof(psw_theory);
    return (column->offset >= first && column->offset < end) || column->offset == offsetof(psw_record, success_z);
}

/* Of theory less was known: nothing of causal masks, and 0 where beta_up_class_3s predicts nothing. */
static bool not_known_then(const psw_column *column, const psw_record *a, const psw_record *b)
{
    double x = psw_column_value(column, a), y = psw_column_value(column, b);
    bool no_prediction = column->offset == offsetof(psw_record, theory.beta_up_class_3s) && (x == 0 || y == 0);
    if (column->younger) return psw_column_blank(column, a) || psw_column_blank(column, b);
    bool one = isnan(x) != isnan(y);
    return one && is_theory(column) && (no_prediction || of_different_age(a, b));
}

/* Ties of single precision were what lay within a fixed band, in the verdict and in theory. */
static bool tied_otherwise(const psw_column *column, const psw_record *a, const psw_record *b)
{
    const size_t first = offsetof(psw_record, verdict), end = offsetof(psw_record, verdict.special_mass_d1);
    bool depends = (column->offset >= first && column->offset < end) || is_theory(column);
    bool ties = a->point.precision == PSW_FP32 && (a->verdict.tie > 0 || b->verdict.tie > 0);
    return depends && ties && of_different_age(a, b);
}

/* What a column promises a point. Under bf16 and fp16 the last bits in which fp32 differs decide how a weight is
 * rounded, which then moves by 2 u of the format relative to it: that much of a sum over keys, ten times of what sums
 * leave when they are subtracted, as their cancelled digits are counted in fp32; and no more for errors and for values
 * above a threshold, since few weights are so near the middle between two numbers. */
static double tolerance_of(const psw_column *column, const psw_point *point)
{
    const double sum_over_keys = 5e-6; /* the promise of fp32, columns.def */
    const psw_narrow *format = psw_point_narrow(point);
    double tolerance = column->other[psw_point_single(point)];
    if (!format || isinf(tolerance) || tolerance <= column->other[0]) return tolerance; /* not computed in fp32 */
    return tolerance + 2 * psw_narrow_unit(format) * fmin(tolerance / sum_over_keys, 10);
}

/* Operations and bytes are counted as a version computes, which may leave out more than another. */
static bool counts_work(const psw_column *column)
{
    const size_t work[] = {offsetof(psw_record, cost.flops), offsetof(psw_record, cost.head_flops),
                           offsetof(psw_record, cost.bytes)};
    bool found = false;
    for (size_t i = 0; i < sizeof work / sizeof *work; i++) found = found || column->offset == work[i];
    return found;
}

/* No result depends on the team that was asked for, and a resume may ask for another. Counts follow from signs of
 * pre-activations: where one is a tie, rounding decides it, and nothing is promised. */
bool psw_column_agrees(const psw_column *column, const psw_record *a, const psw_record *b, bool exactly)
{
    double x = psw_column_value(column, a), y = psw_column_value(column, b);
    double tolerance = tolerance_of(column, &a->point);
    if (not_known_then(column, a, b) || tied_otherwise(column, a, b)) return true;
    if (redefined(column, a) != redefined(column, b) || !means_the_same(column, a, b)) return true;
    if (isinf(tolerance) || same_bits(x, y) || column->offset == offsetof(psw_record, point.team)) return true;
    if (exactly && column->bitwise && !(is_theory(column) && of_different_age(a, b))) return false;
    if (counts_work(column)) return true;
    if (tolerance == 0) return a->verdict.tie > 0 || b->verdict.tie > 0;
    return near(x, y, tolerance, 0.01);
}

/* ---- kept rows ---- */

static const double *line_of(const psw_kept_rows *rows, ptrdiff_t line)
{
    return line == 0 ? rows->special_mass : line == 1 ? rows->log2_den : rows->output;
}

/* What rounding does to a row's values is in proportion to the largest of them. */
static double scale_of(const double *row, ptrdiff_t width)
{
    double largest = 0.01;
    for (ptrdiff_t i = 0; i < width; i++) largest = fmax(largest, fabs(row[i]));
    return largest;
}

psw_row_difference psw_rows_compare(const psw_point *point, ptrdiff_t rows, psw_kept_rows a, psw_kept_rows b,
                                    bool exactly)
{
    ptrdiff_t lines;
    const psw_column *columns = psw_row_columns(&lines);
    for (ptrdiff_t k = 0; k < lines; k++) {
        ptrdiff_t width = k == lines - 1 ? point->v : 1;
        const double *x = line_of(&a, k), *y = line_of(&b, k);
        for (ptrdiff_t i = 0; i < rows * width; i++) {
            if (same_bits(x[i], y[i])) continue;
            double least = scale_of(x + i / width * width, width);
            if (exactly || !near(x[i], y[i], tolerance_of(&columns[k], point), least))
                return (psw_row_difference){(int)k, i / width, x[i], y[i]};
        }
    }
    return (psw_row_difference){.line = -1};
}

psw_status psw_rows_room_make(const psw_study *study, psw_rows_room *room)
{
    ptrdiff_t slots = psw_study_slots(study);
    *room = (psw_rows_room){.values = 1 << 16};
    for (ptrdiff_t slot = 0; slot < slots; slot++) {
        ptrdiff_t width = psw_study_point(study, slot).v;
        if (width > room->values) room->values = width;
    }
    size_t bytes = (size_t)room->values * sizeof(double);
    room->rows = (psw_kept_rows){malloc(bytes), malloc(bytes), malloc(bytes)};
    if (room->rows.special_mass && room->rows.log2_den && room->rows.output) return PSW_OK;
    return PSW_FAIL(PSW_NO_MEMORY, "no memory to compare rows of %td values", room->values);
}

void psw_rows_room_free(psw_rows_room *room)
{
    free(room->rows.special_mass);
    free(room->rows.log2_den);
    free(room->rows.output);
    *room = (psw_rows_room){0};
}

ptrdiff_t psw_rows_that_fit(const psw_rows_room *room, const psw_point *point)
{
    return room->values / (point->v > 0 ? point->v : 1);
}
