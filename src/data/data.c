#include <math.h>
#include <stdlib.h>

#include "data/kind.h"

static const data_kind *const kinds[] = {
#define PSW_DATA_KIND(word, ...) &data_##word,
#include "polysweep/data_kinds.def"
};

static const data_kind *kind_of(const psw_point *point)
{
    return (size_t)point->data_kind < PSW_DATA_KINDS ? kinds[point->data_kind] : NULL;
}

psw_status data_check_widths(const psw_point *p)
{
    if (p->n < 1 || p->d < 1 || p->v < 1)
        return PSW_FAIL(PSW_USAGE, "n = %td, d = %td, v = %td: each must be at least 1", p->n, p->d, p->v);
    if (p->d == 1 && p->row_norm == PSW_NORM_LAYERNORM)
        return PSW_FAIL(PSW_USAGE, "d = 1 with row_norm layernorm: a single number less its mean is 0; d >= 2");
    return PSW_OK;
}

psw_status psw_data_check(const psw_point *point, const psw_arrays *arrays)
{
    const data_kind *kind = kind_of(point);
    if (!kind) return PSW_FAIL(PSW_USAGE, "unknown data kind number %d", (int)point->data_kind);
    PSW_TRY(kind->check(point, arrays));
    if (!psw_data_distinct(point) || psw_data_repeats(point)) return PSW_OK;
    return PSW_FAIL(PSW_USAGE, "queries: distinct, but no two queries are equal: that takes tokens in classes without "
                               "noise, and mask full; take queries: all");
}

psw_status psw_data_open(const psw_point *point, const psw_arrays *arrays, psw_data **data)
{
    PSW_TRY(psw_data_check(point, arrays));
    psw_data *made = malloc(sizeof *made);
    if (!made) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the data of a point");
    *made = (psw_data){.point = *point, .arrays = arrays};
    psw_data_draw(made, 0);
    psw_status status = kind_of(point)->open ? kind_of(point)->open(made) : PSW_OK;
    if (status == PSW_OK)
        *data = made;
    else
        psw_data_close(made);
    return status;
}

void psw_data_draw(psw_data *data, ptrdiff_t draw)
{
    if (kind_of(&data->point)->draw) kind_of(&data->point)->draw(data, draw);
}

ptrdiff_t psw_data_draws(const psw_point *point)
{
    return point->data_draws > 1 ? point->data_draws : 1;
}

ptrdiff_t psw_data_random_version(const psw_point *point)
{
    bool noisy = psw_data_kind_facts_of(point->data_kind)->drawn == PSW_DRAWN_NOISE && point->noise > 0;
    return noisy && psw_method_computes(point->method) ? 2 : 0;
}

void psw_data_close(psw_data *data)
{
    if (data) free(data->scratch);
    free(data);
}

ptrdiff_t psw_data_first_query(const psw_point *point)
{
    return point->mode == PSW_DECODE ? point->n - 1 : 0;
}

int psw_data_sets(const psw_point *point)
{
    return psw_data_kind_facts_of(point->data_kind)->sets;
}

bool psw_data_shared(const psw_point *point)
{
    const data_kind *kind = kind_of(point);
    bool plain = point->row_norm == PSW_NORM_NONE && psw_point_scale(point) == 1 && point->offset == 0;
    return kind && kind->same && plain && !psw_data_distinct(point);
}

ptrdiff_t psw_data_special(const psw_point *point)
{
    return psw_data_sets(point) > 1 ? point->j3 : -1;
}

double psw_data_unit(const psw_point *point)
{
    return sqrt(log((double)point->n));
}

double psw_data_threshold(const psw_point *point)
{
    const data_kind *kind = kind_of(point);
    return kind && kind->threshold ? kind->threshold(point) : NAN;
}

/* Cauchy and Schwarz: |<q, k>| <= |q| |k|, with room for rows that are rounded to 8 bits. */
static double least_of_norm(const psw_point *point)
{
    double room = 1 + 0x1p-7;
    if (point->row_norm == PSW_NORM_UNIT) return -room;
    return point->row_norm == PSW_NORM_LAYERNORM ? -room * (double)point->d : -INFINITY;
}

psw_least_score psw_data_least(const psw_point *point)
{
    const data_kind *kind = kind_of(point);
    psw_least_score of = kind && kind->least ? kind->least(point) : (psw_least_score){-INFINITY, false};
    double least = fmax(of.least, least_of_norm(point));
    return (psw_least_score){point->offset + psw_point_scale(point) * least, of.reached};
}

bool psw_data_signed(const psw_point *point)
{
    return psw_data_least(point).least < 0;
}

bool psw_data_zeros(const psw_point *point)
{
    const data_kind *kind = kind_of(point);
    return point->offset == 0 && kind && kind->has_zero_scores && kind->has_zero_scores(point);
}

psw_status data_check_offset(const psw_point *point, double least, const char *what)
{
    psw_kernel kernel = psw_method_facts_of(point->method)->kernel;
    double scale = psw_point_scale(point), score = point->offset + scale * least;
    if (kernel != PSW_KERNEL_POWER && kernel != PSW_KERNEL_LINEAR) return PSW_OK;
    if (point->offset == 0 || score > 0) return PSW_OK;
    return PSW_FAIL(PSW_USAGE,
                    "offset = %g: the smallest score, offset + scale %s, is %g, and scores of this data are to be "
                    "positive; take an offset above %.17g%s",
                    point->offset, what, score, -scale * least,
                    point->match == PSW_MATCH_EXP ? ", that is a larger beta or a smaller center" : "");
}

psw_data_work psw_data_work_of(const psw_point *point)
{
    const data_kind *kind = kind_of(point);
    return kind && kind->work ? kind->work(point) : (psw_data_work){.query_rows = 1};
}

void psw_data_raw_rows(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    kind_of(&data->point)->rows(data, set, side, first, count, rows);
}

void psw_data_rows(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    const psw_point *point = &data->point;
    psw_data_raw_rows(data, set, side, first, count, rows);
    if (side == PSW_VALUE) return;
    data_row_norm(point->row_norm, count, point->d, rows);
    if (psw_data_kind_facts_of(point->data_kind)->has_rows) data_affine(point, side, count, rows);
}
