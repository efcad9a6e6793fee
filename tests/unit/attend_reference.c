/* Row folds against attention written down once more: plain loops, long double, no leaves, no exponents. */
#include "attend_source.h"
#include "check.h"

static long double score(int set, ptrdiff_t i, ptrdiff_t j)
{
    long double z = 0;
    for (ptrdiff_t c = 0; c < source.d; c++)
        z += (long double)source.rows[set][PSW_QUERY][i * source.d + c] * source.rows[set][PSW_KEY][j * source.d + c];
    return z;
}

static long double weight(const psw_point *p, long double z)
{
    if (p->method == PSW_SOFTMAX) return expl(z);
    if (p->method == PSW_LINEAR) return z;
    if (p->beta == 0) return 1;
    if (p->negative == PSW_NEGATIVE_ABS || z >= 0) return powl(fabsl(z), (long double)p->beta);
    return (fmod(p->beta, 2) == 0 ? 1 : -1) * powl(-z, (long double)p->beta);
}

/* Worst |difference| of outputs, special mass and log2_den against the reference; outputs relative to what the sum of
 * |weight x value| over |denominator| can lose (1 for positive weights, more where signed ones cancel). */
static double worst(const psw_point *p, const result *r, ptrdiff_t which, int set)
{
    double off = 0;
    for (ptrdiff_t i = 0; i < p->n; i++) {
        long double den = p->den_constant, size = 0, special = 0, num[64] = {0};
        for (ptrdiff_t j = 0; j < (p->mask == PSW_CAUSAL ? i + 1 : p->n); j++) {
            long double w = weight(p, score(set, i, j));
            den += w;
            size += fabsl(w);
            if (j == source.special) special = w;
            for (ptrdiff_t c = 0; c < p->v; c++) num[c] += w * source.rows[set][PSW_VALUE][j * p->v + c];
        }
        double condition = fmax(1, (double)(size / fabsl(den)));
        ptrdiff_t at = (which * r->sets + set) * p->n + i;
        for (ptrdiff_t c = 0; c < p->v; c++)
            off = fmax(off, fabs(r->rows[at * p->v + c] - (double)(num[c] / den)) / (3 * condition * condition));
        if (source.special >= 0)
            off = fmax(off, fabs(r->special[at] - (double)(special / den)) / (condition * condition));
        if (den > 0) {
            double log2_den = (double)log2l(den);
            off = fmax(off, fabs(r->log2_den[at] - log2_den) / (condition * fmax(1, fabs(log2_den))));
        }
        if (isnan(r->log2_den[at]) != (den < 0)) off = INFINITY;
    }
    return off;
}

static void compare(psw_point p, const char *what)
{
    result r;
    /* one rounding of a score is amplified beta times; 512 eps leaves room for sums over a few hundred keys */
    double eps = p.precision == PSW_FP32 ? 1.2e-7 : 2.3e-16;
    double tolerance = eps * (40 + 2 * (p.method == PSW_EXACT ? p.beta : 1));
    psw_status status = run_group(&p, 1, &r);
    CHECK(status == PSW_OK, "%s: %s", what, psw_message());
    for (int s = 0; s < r.sets && status == PSW_OK; s++) {
        double off = worst(&p, &r, 0, s);
        CHECK(off <= tolerance, "%s: method %d beta %g mask %d precision %d block %td n %td set %d: off %g, may %g",
              what, (int)p.method, p.beta, (int)p.mask, (int)p.precision, p.block, p.n, s, off, tolerance);
    }
    result_free(&r);
}

static void compare_masks(psw_method method, double beta, ptrdiff_t block, const char *what)
{
    for (int mask = 0; mask < 2; mask++)
        for (int precision = 0; precision < 2; precision++)
            compare(point_of(method, beta, (psw_mask)mask, (psw_precision)precision, block), what);
}

int main(void)
{
    static const double degrees[] = {0, 1, 2, 3, 4, 7, 16, 64, 0.5, 3.5, 10.25};
    static const ptrdiff_t blocks[] = {1, 7, 64, 512};
    static const ptrdiff_t lengths[] = {1, 5, 64, 130};

    for (size_t n = 0; n < sizeof lengths / sizeof lengths[0]; n++)
        for (size_t b = 0; b < sizeof blocks / sizeof blocks[0]; b++) {
            source_make(1, lengths[n], 6, 5, lengths[n] / 2, false, false);
            for (size_t i = 0; i < sizeof degrees / sizeof degrees[0]; i++)
                compare_masks(PSW_EXACT, degrees[i], blocks[b], "positive scores");
            compare_masks(PSW_SOFTMAX, NAN, blocks[b], "softmax");
            compare_masks(PSW_LINEAR, NAN, blocks[b], "linear");
        }

    source_make(2, 700, 9, 9, 699, true, false); /* strips and leaves of default size, shared rows */
    compare_masks(PSW_EXACT, 4, 512, "shared rows");
    compare_masks(PSW_SOFTMAX, NAN, 512, "shared rows");
    source_make(3, 700, 4, 3, 513, false, false);
    compare_masks(PSW_EXACT, 5, 300, "several strips");
    source_make(4, 90, 6, 4, -1, false, false); /* one data set */
    compare_masks(PSW_EXACT, 6, 32, "one data set");

    static const double small[] = {0.9, 0.1, 0.002, 1e-5};
    for (int scale = -1; scale < 2; scale += 2)
        for (size_t i = 0; i < sizeof small / sizeof small[0]; i++) {
            source_make(6, 90, 6, 4, 30, false, false);
            for (int set = 0; set < 2; set++)
                for (ptrdiff_t c = 0; c < 90 * 6; c++) source.rows[set][PSW_QUERY][c] *= ldexp(1, 20 * scale);
            compare_masks(PSW_EXACT, small[i], 32, "degrees near 0");
        }

    source_make(5, 100, 8, 4, 3, false, true);
    static const double even[] = {2, 4, 8};
    for (size_t i = 0; i < sizeof even / sizeof even[0]; i++) compare_masks(PSW_EXACT, even[i], 32, "signed scores");
    compare_masks(PSW_SOFTMAX, NAN, 32, "signed scores");
    psw_point p = point_of(PSW_EXACT, 3, PSW_FULL, PSW_FP64, 32);
    compare(p, "odd degree keeps the sign");
    p.beta = 2.5;
    compare(p, "fractional degree keeps the sign");
    p.negative = PSW_NEGATIVE_ABS;
    compare(p, "fractional degree of |z|");
    p.beta = 3;
    compare(p, "odd degree of |z|");
    p.beta = 4, p.den_constant = 1;
    compare(p, "a constant in the denominator");
    p.mask = PSW_CAUSAL;
    compare(p, "a constant in the denominator");
    source_free();
    return test_end();
}
