/* One-sided Jacobi (Hestenes 1958): rotations V turn the rows of A orthogonal to each other. W = V A then has rows s_i
 * u_i with u_i orthonormal, so A = V^T W and A^+ = sum u_i v_i^T / s_i. */
#include "polysweep/pseudo_inverse.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { SWEEPS_MOST = 60, SWEEPS_MOSTLY = 8 };

static double dot(ptrdiff_t m, const double *x, const double *y)
{
    double lane[8] = {0}, rest = 0;
    ptrdiff_t i = 0;
    for (; i + 8 <= m; i += 8)
        for (int k = 0; k < 8; k++) lane[k] += x[i + k] * y[i + k];
    for (; i < m; i++) rest += x[i] * y[i];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7])) + rest;
}

static void rotate(ptrdiff_t m, double c, double s, double *restrict x, double *restrict y)
{
    for (ptrdiff_t i = 0; i < m; i++) {
        double a = x[i], b = y[i];
        x[i] = c * a - s * b;
        y[i] = s * a + c * b;
    }
}

/* Makes rows x and y of W orthogonal, and rotates the same rows of V along; false if they are. */
static bool orthogonalise(ptrdiff_t m, double *w, double *v, ptrdiff_t x, ptrdiff_t y)
{
    double xx = dot(m, w + x * m, w + x * m), yy = dot(m, w + y * m, w + y * m), xy = dot(m, w + x * m, w + y * m);
    if (fabs(xy) <= DBL_EPSILON * sqrt(xx) * sqrt(yy)) return false;
    double zeta = (yy - xx) / (2 * xy), t = copysign(1, zeta) / (fabs(zeta) + hypot(1, zeta)), c = 1 / hypot(1, t);
    rotate(m, c, c * t, w + x * m, w + y * m);
    rotate(m, c, c * t, v + x * m, v + y * m);
    return true;
}

/* Rows of rounding errors alone may turn for ever: there is an end to sweeps. */
static psw_status sweep_all(ptrdiff_t m, double *w, double *v, psw_watch watch)
{
    bool turned = true;
    for (int sweep = 0; sweep < SWEEPS_MOST && turned; sweep++) {
        PSW_TRY(psw_watch_ask(watch));
        turned = false;
        for (ptrdiff_t x = 0; x < m; x++)
            for (ptrdiff_t y = x + 1; y < m; y++) turned |= orthogonalise(m, w, v, x, y);
    }
    return PSW_OK;
}

/* inverse = sum over rows w_i, v_i of w_i^T v_i / s_i^2 */
static void put_together(ptrdiff_t m, const double *w, const double *v, double *inverse)
{
    double largest = 0;
    for (ptrdiff_t i = 0; i < m; i++) largest = fmax(largest, sqrt(dot(m, w + i * m, w + i * m)));
    memset(inverse, 0, (size_t)(m * m) * sizeof *inverse);
    for (ptrdiff_t i = 0; i < m; i++) {
        double s = sqrt(dot(m, w + i * m, w + i * m));
        if (s <= (double)m * DBL_EPSILON * largest) continue;
        for (ptrdiff_t r = 0; r < m; r++) {
            double u = w[i * m + r] / s / s, *restrict to = inverse + r * m;
            for (ptrdiff_t c = 0; c < m; c++) to[c] += u * v[i * m + c];
        }
    }
}

psw_status psw_pseudo_inverse(ptrdiff_t m, const double *a, double *inverse, double *room, psw_watch watch)
{
    double *w = room, *v = room + m * m;
    for (ptrdiff_t i = 0; i < m * m; i++)
        if (!isfinite(a[i]))
            return PSW_FAIL(PSW_NOT_FINITE, "a matrix to be inverted holds %g in row %td, column %td", a[i], i / m,
                            i % m);
    memcpy(w, a, (size_t)(m * m) * sizeof *w);
    memset(v, 0, (size_t)(m * m) * sizeof *v);
    for (ptrdiff_t i = 0; i < m; i++) v[i * m + i] = 1;
    PSW_TRY(sweep_all(m, w, v, watch));
    put_together(m, w, v, inverse);
    return PSW_OK;
}

/* Of each pair three products and two rotations. */
double psw_pseudo_inverse_flops(ptrdiff_t m)
{
    double rows = (double)m;
    return SWEEPS_MOSTLY * rows * rows / 2 * 18 * rows + 2 * rows * rows * rows;
}
