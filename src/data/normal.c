#include <math.h>
#include <stdlib.h>

#include "data/kind.h"

/* Rows made of standard normals. A key holds side, width and draw, never n or the kind: longer sequences begin with
 * shorter ones, and rows of a sphere are the directions of a gaussian's. Draw 0 is the key without a draw. */

static void draw_normals(psw_data *data, ptrdiff_t draw)
{
    const psw_point *p = &data->point;
    for (uint64_t side = 0; side < PSW_SIDES; side++) {
        const uint64_t values[] = {side, (uint64_t)(side == PSW_VALUE ? p->v : p->d), (uint64_t)draw};
        data->side[side] = psw_random_key(PSW_STREAM_DATA, p->seed, values, draw > 0 ? 3 : 2);
    }
}

static psw_status check(const psw_point *point, const psw_arrays *arrays)
{
    (void)arrays;
    return data_check_widths(point);
}

static void gaussian_rows(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    ptrdiff_t width = side == PSW_VALUE ? data->point.v : data->point.d;
    (void)set;
    for (ptrdiff_t i = 0; i < count; i++)
        psw_random_normals(data->side[side], (uint64_t)(first + i), 0, width, rows + i * width);
}

const data_kind data_gaussian = {.check = check, .draw = draw_normals, .sets = 1, .rows = gaussian_rows};

static void sphere_rows(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    gaussian_rows(data, set, side, first, count, rows);
    if (side != PSW_VALUE) data_row_norm(PSW_NORM_UNIT, count, data->point.d, rows);
}

const data_kind data_sphere = {.check = check, .draw = draw_normals, .sets = 1, .rows = sphere_rows};

/* ---- aligned ---- */

static psw_status check_aligned(const psw_point *point, const psw_arrays *arrays)
{
    PSW_TRY(check(point, arrays));
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
    draw_normals(data, draw);
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

static void aligned_rows(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    gaussian_rows(data, set, side, first, count, rows);
    for (ptrdiff_t i = 0; i < count && side == PSW_QUERY; i++) align(data, first + i, rows + i * data->point.d);
}

const data_kind data_aligned = {
    .check = check_aligned, .open = open_aligned, .draw = draw_aligned, .sets = 1, .rows = aligned_rows};
