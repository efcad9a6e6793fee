#include <math.h>
#include <string.h>

#include "data/kind.h"

/* The self-attention data (shape after Song, Xu, Yin 2023, every constant a parameter). With s = sqrt(ln n) and
 * d - 2 classes, token j of class j mod (d-2) is
 *     ( a s [j = j3] | b s at its class, 0 elsewhere | c s ),   a = a_0 in D_0 and a_1 in D_1,
 * plus noise s N(0,1) / sqrt(d) on every entry, the same draw in both data sets. */

static psw_status check_shape(const psw_point *p)
{
    ptrdiff_t n = p->n, d = p->d;
    if (n < 2) return PSW_FAIL(PSW_USAGE, "n = %td: self_attention data needs at least 2 tokens", n);
    if (d < 3) return PSW_FAIL(PSW_USAGE, "d = %td: self_attention data needs d >= 3 (d - 2 classes)", d);
    if (d - 2 > n)
        return PSW_FAIL(PSW_USAGE, "d = %td asks for %td classes but n = %td has fewer tokens; d <= n + 2", d, d - 2,
                        n);
    if (n % (d - 2) != 0)
        return PSW_FAIL(PSW_USAGE,
                        "n = %td is not a multiple of d - 2 = %td: class blocks must be whole; nearest n: %td or %td",
                        n, d - 2, n / (d - 2) * (d - 2), (n / (d - 2) + 1) * (d - 2));
    if (p->v != d && psw_method_computes(p->method)) /* theory makes no rows */
        return PSW_FAIL(PSW_USAGE, "v = %td: the values of self_attention data are as wide as its rows, v = d = %td",
                        p->v, d);
    if (p->j3 < 0 || p->j3 >= n) return PSW_FAIL(PSW_USAGE, "j3 = %td is not a token: 0 <= j3 < n = %td", p->j3, n);
    return PSW_OK;
}

static psw_status check_constants(const psw_point *p)
{
    const double values[] = {p->a_0, p->a_1, p->b, p->c, p->noise, fabs(p->kappa)};
    static const char *const names[] = {"a_0", "a_1", "b", "c", "noise", "kappa"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (!isfinite(values[i]) || values[i] < 0)
            return PSW_FAIL(PSW_USAGE, "%s = %g: constants of the data are finite and not negative", names[i],
                            values[i]);
    return PSW_OK;
}

/* Without c and an offset, tokens of different classes score exactly 0; without b as well, ordinary rows score only 0.
 */
static psw_status check_zero_scores(const psw_point *p)
{
    psw_kernel kernel = psw_method_facts_of(p->method)->kernel;
    bool powers = kernel == PSW_KERNEL_POWER || kernel == PSW_KERNEL_LINEAR;
    bool exact_zeros = p->c == 0 && p->noise == 0 && p->offset == 0 && p->row_norm != PSW_NORM_LAYERNORM;
    if (!powers || !exact_zeros) return PSW_OK;
    if (p->beta == 0)
        return PSW_FAIL(PSW_USAGE, "beta = 0 with c = 0: scores of different classes are 0, and 0^0 is undefined; "
                                   "give c > 0 or beta > 0");
    if (p->b == 0 && p->den_constant == 0)
        return PSW_FAIL(PSW_USAGE, "b = c = 0: ordinary tokens have no score above 0 to be normalised");
    return PSW_OK;
}

/* Without noise: of tokens of different classes where there are two, else of ordinary ones. Of unit rows, with the
 * special token, which is longer and has a neighbour of another class. */
static psw_least_score least_score(const psw_point *p)
{
    double s = psw_data_unit(p), a = fmax(p->a_0, p->a_1), own = p->b * p->b + p->c * p->c;
    double least = p->d > 3 ? p->c * p->c : own, lengths = own * (a * a + own);
    if (p->noise > 0 || p->row_norm == PSW_NORM_LAYERNORM) return (psw_least_score){-INFINITY, false};
    if (p->row_norm == PSW_NORM_UNIT) return (psw_least_score){lengths > 0 ? least / sqrt(lengths) : 0, lengths > 0};
    return (psw_least_score){s * s * least / (p->row_norm == PSW_NORM_SQRT_D ? sqrt((double)p->d) : 1), true};
}

static psw_status check(const psw_point *point, const psw_arrays *arrays)
{
    (void)arrays;
    PSW_TRY(check_shape(point));
    PSW_TRY(check_constants(point));
    PSW_TRY(check_zero_scores(point));
    bool plain = point->noise == 0 && point->row_norm == PSW_NORM_NONE;
    return plain ? data_check_offset(point, least_score(point).least, "c^2 ln n") : PSW_OK;
}

/* Between classes, without the constant feature. */
static bool has_zero_scores(const psw_point *point)
{
    return point->c == 0;
}

/* tau = (c + kappa) s */
static double threshold(const psw_point *point)
{
    return (point->c + point->kappa) * psw_data_unit(point);
}

/* Points that differ in degree, method, mask, precision or block have the same noise. */
static void draw_noise(psw_data *data, ptrdiff_t draw)
{
    const psw_point *p = &data->point;
    uint64_t noise, kind = (uint64_t)p->data_kind, d = (uint64_t)p->d, number = (uint64_t)draw;
    memcpy(&noise, &p->noise, sizeof noise);
    const uint64_t own[] = {kind, (uint64_t)p->n, d, noise, number}, common[] = {kind, d, number};
    data->noise = p->common ? psw_random_key(PSW_STREAM_NOISE, p->seed, common, 3)
                            : psw_random_key(PSW_STREAM_NOISE, p->seed, own, 5);
}

static void add_noise(const psw_data *data, ptrdiff_t row, double *x)
{
    const psw_point *p = &data->point;
    double scale = p->noise * psw_data_unit(p) / sqrt((double)p->d), normals[64];
    for (ptrdiff_t at = 0; at < p->d; at += 64) {
        ptrdiff_t count = p->d - at < 64 ? p->d - at : 64;
        psw_random_normals(data->noise, (uint64_t)row, at, count, normals);
        for (ptrdiff_t i = 0; i < count; i++) x[at + i] += scale * normals[i];
    }
}

static void rows_of(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    const psw_point *p = &data->point;
    double s = psw_data_unit(p);
    first += psw_data_first(p, side);
    memset(rows, 0, (size_t)count * (size_t)p->d * sizeof *rows);
    for (ptrdiff_t i = 0; i < count; i++) {
        double *x = rows + i * p->d;
        if (first + i == p->j3) x[0] = (set ? p->a_1 : p->a_0) * s;
        x[1 + (first + i) % (p->d - 2)] = p->b * s;
        x[p->d - 1] = p->c * s;
        if (p->noise > 0) add_noise(data, first + i, x);
    }
}

static psw_data_work work(const psw_point *point)
{
    return (psw_data_work){.drawn = point->noise > 0, .query_rows = 1};
}

const data_kind data_self_attention = {
    .check = check,
    .draw = draw_noise,
    .same = true,
    .least = least_score,
    .has_zero_scores = has_zero_scores,
    .threshold = threshold,
    .rows = rows_of,
    .work = work,
};
