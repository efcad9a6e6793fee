#include <math.h>
#include <stdlib.h>

#include "data/kind.h"

/* K and V as in gaussian; query i has exactly the chosen cosine with key pi(i). */

static psw_status check(const psw_point *point, const psw_arrays *arrays)
{
    PSW_TRY(data_normal_check(point, arrays));
    if (!(fabs(point->cosine) <= 1)) return PSW_FAIL(PSW_USAGE, "cosine = %g: it lies in [-1, 1]", point->cosine);
    if (point->d < 2 && fabs(point->cosine) != 1)
        return PSW_FAIL(PSW_USAGE,
                        "d = 1: the cosine between two numbers is 1 or -1, not %g; aligned data needs d >= 2",
                        point->cosine);
    return PSW_OK;
}

static void draw_aligned(psw_data *data, ptrdiff_t draw)
{
    const uint64_t values[] = {PSW_SIDES, (uint64_t)draw};
    data->pairs = psw_random_key(PSW_STREAM_DATA, data->point.seed, values, draw > 0 ? 2 : 1);
    data_normal_draw(data, draw);
}

static psw_status open_aligned(psw_data *data)
{
    data->scratch = malloc((size_t)data->point.d * sizeof *data->scratch);
    if (!data->scratch) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a row of aligned data");
    return PSW_OK;
}

static double product(ptrdiff_t count, const double *x, const double *y)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < count; i++) sum += x[i] * y[i];
    return sum;
}

/* pi(i), uniform over 0 .. i */
static ptrdiff_t partner(const psw_data *data, ptrdiff_t i)
{
    double uniform;
    psw_random_uniforms(data->pairs, (uint64_t)i, 0, 1, &uniform);
    ptrdiff_t j = (ptrdiff_t)(uniform * (double)(i + 1));
    return j < i ? j : i;
}

/* q = |g| (cos u + sin w),   u the direction of the key, w that of g - <g,u> u, g normal */
static void align(const psw_data *data, ptrdiff_t i, double *g)
{
    ptrdiff_t d = data->point.d;
    double *u = data->scratch, cosine = data->point.cosine;
    psw_random_normals(data->side[PSW_KEY], (uint64_t)partner(data, i), 0, d, u);
    data_row_norm(PSW_NORM_UNIT, 1, d, u);
    double along = product(d, g, u), norm = sqrt(product(d, g, g));
    for (ptrdiff_t k = 0; k < d; k++) g[k] -= along * u[k];
    double rest = sqrt(product(d, g, g)), sine = d > 1 ? sqrt(1 - cosine * cosine) * norm / rest : 0;
    for (ptrdiff_t k = 0; k < d; k++) g[k] = norm * cosine * u[k] + sine * g[k];
}

static void rows_of(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    data_normal_rows(data, set, side, first, count, rows);
    for (ptrdiff_t i = 0; i < count && side == PSW_QUERY; i++) align(data, first + i, rows + i * data->point.d);
}

/* The key of a query is made beside it. */
static psw_data_work work(const psw_point *point)
{
    (void)point;
    return (psw_data_work){.drawn = 1, .query_rows = 2};
}

const data_kind data_aligned = {
    .check = check, .open = open_aligned, .draw = draw_aligned, .rows = rows_of, .work = work};
