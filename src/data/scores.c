#include <math.h>
#include <string.h>

#include "data/kind.h"

/* One query and n keys, given by their scores (shape after Deng, Song, Zhou et al. 2023): z_i uniform in [ln n, ln 1.4
 * n], and in D_1 z_j3 = 4 ln n. Values are the identity, so the output of attention is the row of weights itself. */

/* Those that make a weight of a score alone. */
static bool takes_scores(const psw_method_facts *method)
{
    return method->folds == PSW_FOLDS_ROWS && psw_kernel_known(method->kernel);
}

static psw_least_score least_score(const psw_point *point)
{
    return (psw_least_score){log((double)point->n), false};
}

static psw_status check(const psw_point *p, const psw_arrays *arrays)
{
    (void)arrays;
    if (p->n < 2) return PSW_FAIL(PSW_USAGE, "n = %td: scores data needs at least 2 keys", p->n);
    if (p->v != p->n)
        return PSW_FAIL(PSW_USAGE, "v = %td: the values of scores data are the identity, v = n = %td", p->v, p->n);
    if (p->j3 < 0 || p->j3 >= p->n) return PSW_FAIL(PSW_USAGE, "j3 = %td is not a key: 0 <= j3 < n = %td", p->j3, p->n);
    if (!takes_scores(psw_method_facts_of(p->method)))
        return PSW_FAIL(PSW_USAGE, "scores data is the scores of one query, without rows: use method %s",
                        psw_methods_where(takes_scores).text);
    if (p->row_norm != PSW_NORM_NONE || p->mask != PSW_FULL)
        return PSW_FAIL(PSW_USAGE, "scores data has one query and no rows: row_norm none and mask full");
    return p->negative == PSW_NEGATIVE_REFUSE ? data_check_offset(p, least_score(p).least, "ln n") : PSW_OK;
}

static psw_status open_scores(psw_data *data)
{
    const uint64_t n = (uint64_t)data->point.n;
    data->side[PSW_KEY] = psw_random_key(PSW_STREAM_DATA, data->point.seed, &n, 1);
    return PSW_OK;
}

static double quarter(const psw_point *point)
{
    (void)point;
    return 0.25;
}

static void score_rows(const psw_data *data, int set, ptrdiff_t first, ptrdiff_t count, double *z)
{
    double least = log((double)data->point.n);
    ptrdiff_t special = data->point.j3 - first;
    psw_random_uniforms(data->side[PSW_KEY], 0, first, count, z);
    for (ptrdiff_t i = 0; i < count; i++) z[i] = least + z[i] * log(1.4);
    if (set == 1 && special >= 0 && special < count) z[special] = 4 * least;
}

static void rows_of(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    ptrdiff_t n = data->point.n;
    if (side == PSW_KEY) score_rows(data, set, first, count, rows);
    if (side == PSW_QUERY) rows[0] = 1;
    if (side != PSW_VALUE) return;
    memset(rows, 0, (size_t)count * (size_t)n * sizeof *rows);
    for (ptrdiff_t i = 0; i < count; i++) rows[i * n + first + i] = 1;
}

const data_kind data_scores = {
    .check = check, .open = open_scores, .least = least_score, .threshold = quarter, .rows = rows_of};
