/* Means and variances of estimates against sums over every table that can be drawn, of rows so short that there are
 * few: no sampling, so the tolerance is rounding. */
#include "check.h"

#include <complex.h>
#include <math.h>

#include "unit/sketch_run.h"

typedef double complex number;

static const double x[3] = {0.7, -0.4, 1.1}, y[3] = {0.3, 0.9, -0.5};

typedef struct score {
    double norms, product, squares;
} score;

static score score_of(int d)
{
    score s = {0};
    double xx = 0, yy = 0;
    for (int i = 0; i < d; i++) {
        xx += x[i] * x[i], yy += y[i] * y[i], s.product += x[i] * y[i];
        s.squares += x[i] * x[i] * y[i] * y[i];
    }
    s.norms = xx * yy;
    return s;
}

static void agrees(const char *what, psw_point point, double mean, double second)
{
    score s = score_of((int)point.d);
    psw_moments theory = psw_sketch_moments(&point, s.norms, s.product, s.squares);
    /* sums of up to 10^5 terms of either sign */
    CHECK(fabs(theory.mean - mean) < 1e-12, "%s, degree %g, r = %td: mean %.15g, not %.15g", what, point.beta, point.r,
          theory.mean, mean);
    CHECK(fabs(theory.variance - (second - mean * mean)) < 1e-12 * (1 + second),
          "%s, degree %g, r = %td: variance %.15g, not %.15g", what, point.beta, point.r, theory.variance,
          second - mean * mean);
}

static number root(int u)
{
    static const number roots[4] = {1, I, -1, -I};
    return roots[u & 3];
}

/* One column of degree p: every w of each factor. The factors are independent, so their moments multiply. */
static void complex_columns(int p)
{
    enum { D = 3, ALL = 64 };
    number mean = 0, square = 0;
    double size = 0;
    for (int code = 0; code < ALL; code++) {
        number a = 0, b = 0;
        for (int i = 0; i < D; i++) a += root(code >> 2 * i) * x[i], b += root(code >> 2 * i) * y[i];
        number z = a * conj(b);
        mean += z / ALL, square += z * z / ALL, size += creal(z * conj(z)) / ALL;
    }
    psw_point point = sketch_point(PSW_MACLAURIN, p, D, 1);
    point.is_complex = 1;
    agrees("maclaurin", point, creal(cpow(mean, p)), (pow(size, p) + creal(cpow(square, p))) / 2);
}

/* phi(z) of degree 2 with buckets and signs given by the digits of two codes */
static void convolve(int d, int r, const int *bucket, const int *sign, const double *z, number *phi)
{
    for (int b = 0; b < r; b++) phi[b] = 0;
    for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++)
            phi[(bucket[i] + bucket[d + j]) % r] += root(sign[i]) * root(sign[d + j]) * z[i] * z[j];
}

static int digits(int code, int base, int count, int *out)
{
    for (int i = 0; i < count; i++, code /= base) out[i] = code % base;
    return code;
}

static int power_of(int base, int count)
{
    return count == 0 ? 1 : base * power_of(base, count - 1);
}

static void complex_convolution(int r)
{
    enum { D = 2, DIGITS = 2 * D };
    double mean = 0, second = 0;
    int hashes = power_of(r, DIGITS), signs = power_of(4, DIGITS), bucket[DIGITS], sign[DIGITS];
    for (int h = 0; h < hashes; h++)
        for (int s = 0; s < signs; s++) {
            number a[4], b[4], z = 0;
            digits(h, r, DIGITS, bucket), digits(s, 4, DIGITS, sign);
            convolve(D, r, bucket, sign, x, a), convolve(D, r, bucket, sign, y, b);
            for (int i = 0; i < r; i++) z += a[i] * conj(b[i]);
            mean += creal(z) / hashes / signs, second += creal(z) * creal(z) / hashes / signs;
        }
    psw_point point = sketch_point(PSW_TENSORSKETCH, 2, D, r);
    point.is_complex = 1;
    agrees("tensorsketch", point, mean, second);
}

/* Entries of one leaf: signs of three coordinates, two sampled rows of the Hadamard matrix of order 4. */
static void sampled(int code, const double *z, double out[2])
{
    for (int j = 0; j < 2; j++) {
        int row = code >> (3 + 2 * j) & 3;
        out[j] = 0;
        for (int i = 0; i < 3; i++) out[j] += (__builtin_parity((unsigned)(row & i)) ^ (code >> i & 1) ? -1 : 1) * z[i];
    }
}

/* A tree of degree 2 with r = 2: E A_j A_k of one leaf, A = u(x) u(y), over all of them. */
static void sampled_leaves(void)
{
    enum { ALL = 128 };
    double first[2] = {0}, both[2][2] = {{0}}, mean = 0, second = 0;
    for (int code = 0; code < ALL; code++) {
        double a[2], b[2];
        sampled(code, x, a), sampled(code, y, b);
        for (int j = 0; j < 2; j++) {
            first[j] += a[j] * b[j] / ALL;
            for (int k = 0; k < 2; k++) both[j][k] += a[j] * b[j] * a[k] * b[k] / ALL;
        }
    }
    for (int j = 0; j < 2; j++) {
        mean += first[j] * first[j] / 2;
        for (int k = 0; k < 2; k++) second += both[j][k] * both[j][k] / 4;
    }
    psw_point point = sketch_point(PSW_TREE, 2, 3, 2);
    point.leaves = PSW_LEAVES_SRHT;
    agrees("srht leaves", point, mean, second);
}

/* E |C x|^2 |C y|^2 and E <C x, C y>^2 over all count sketches of three coordinates; above them a normal tree, of which
 * the second moment is linear in both. */
static void counted_leaves(int r, int p)
{
    int hashes = power_of(r, 3), bucket[3];
    double norms = 0, squared = 0;
    for (int h = 0; h < hashes; h++)
        for (int s = 0; s < 8; s++) {
            double a[4] = {0}, b[4] = {0};
            digits(h, r, 3, bucket);
            for (int i = 0; i < 3; i++) {
                double one = s >> i & 1 ? -1 : 1;
                a[bucket[i]] += one * x[i], b[bucket[i]] += one * y[i];
            }
            double c = dot_of(a, b, r);
            norms += dot_of(a, a, r) * dot_of(b, b, r) / hashes / 8, squared += c * c / hashes / 8;
        }
    score s = score_of(3);
    psw_point point = sketch_point(PSW_TREE, p, 3, r), plain = point;
    point.leaves = PSW_LEAVES_COUNT;
    double second = psw_sketch_moments(&plain, norms, sqrt(squared), 0).variance + pow(squared, p);
    agrees("count leaves", point, pow(s.product, p), second);
}

int main(void)
{
    for (int p = 1; p <= 6; p++) complex_columns(p);
    for (int r = 1; r <= 4; r++) complex_convolution(r);
    sampled_leaves();
    for (int r = 1; r <= 4; r++)
        for (int p = 2; p <= 5; p++) counted_leaves(r, p);
    return test_end();
}
