#include "theory/closed_form.h"

#include <float.h>
#include <math.h>

bool theory_kernel_applies(const psw_point *p)
{
    bool shape = p->n >= 2 && p->d >= 3 && p->n % (p->d - 2) == 0;
    bool known = psw_method_facts_of(p->method)->kernel != PSW_KERNEL_OTHER;
    return shape && known && psw_data_kind_facts_of(p->data_kind)->closed_form && p->mask == PSW_FULL &&
           p->den_constant == 0 && p->row_norm == PSW_NORM_NONE && p->noise == 0;
}

bool psw_theory_applies(const psw_point *p)
{
    return psw_method_facts_of(p->method)->folds != PSW_FOLDS_STATES && theory_kernel_applies(p);
}

/* Errors of computed pre-activations against the closed form, worst of all sign vectors, are up to 32 eps (a + b + 2c)
 * in either precision (presets, n <= 2048, beta <= 256, blocks of 512; tests/property/judge_closed.c). fp64 has room
 * for a large factor, fp32 takes four times what was seen. */
double psw_theory_tie(const psw_point *p)
{
    double size = fmax(fabs(p->a_0), fabs(p->a_1)) + fabs(p->b) + 2 * fabs(p->c);
    if (!psw_data_kind_facts_of(p->data_kind)->has_rows)
        size = 1 / sqrt(log((double)p->n)); /* sums of +-f, the threshold is absolute */
    return (p->precision == PSW_FP32 ? 128 * (double)FLT_EPSILON : 2048 * DBL_EPSILON) * size;
}

/* Scores over ln n: c^2 (another class), b^2 + c^2 (own class), a^2 + b^2 + c^2 (j3 with itself). */
theory_kernel theory_kernel_of(const psw_point *p, double a)
{
    ptrdiff_t t = p->n / (p->d - 2);
    theory_kernel k = {.t = (double)t, .classes = (double)(p->d - 3), .per_other = (double)t};
    double aa = a * a, bb = p->b * p->b, cc = p->c * p->c, log_n = log((double)p->n);
    psw_kernel kernel = psw_method_facts_of(p->method)->kernel;
    if (kernel == PSW_KERNEL_EXPONENTIAL) {
        k.special = aa * log_n, k.own = bb * log_n, k.degree = 1;
        return k;
    }
    k.degree = kernel == PSW_KERNEL_LINEAR ? 1 : p->beta;
    k.special = aa > 0 ? log1p(aa / (bb + cc)) : 0;
    k.own = bb > 0 && cc > 0 ? log1p(bb / cc) : 0;
    if (cc == 0) k.per_other = 0;
    return k;
}

/* With x1 = beta ln(z_special/z_own), x2 = beta ln(z_own/z_other), both >= 0, and E = exp(-x1), H = exp(-x2):
 *     row j3:        f = 1 / (1 + (t-1) E + (n-t) E H),  own class (t-1) E f,  another class t E H f
 *     another row:   1 / (t + (n-t) H) on one key of its class, H times that on one key of another */
psw_masses psw_theory_masses(const psw_point *point, int set)
{
    theory_kernel k = theory_kernel_of(point, set ? point->a_1 : point->a_0);
    double e = exp(-k.degree * k.special), h = exp(-k.degree * k.own), others = k.classes * k.per_other;
    double f = 1 / (1 + (k.t - 1) * e + others * e * h), one = 1 / (k.t + others * h);
    double other_key = k.per_other > 0 ? h * one : 0;
    return (psw_masses){.special = f,
                        .special_class = (k.t - 1) * e * f,
                        .special_other = k.per_other * e * h * f,
                        .own_class = k.t * one,
                        .other_class = k.t * other_key,
                        .leak_same = one,
                        .leak_other = other_key};
}

typedef struct ratio {
    double log, slope;
} ratio;

/* What is missing over what is there, r = (limit - y) / y for y = wf f + wk (f + s_k), limit = wf + wk:
 *     r = (wf (t-1) E + (wf + wk) (n-t) E H) / (wf + wk + wk (t-1) E),
 * its logarithm (close to linear in the degree) and the derivative of that. */
static ratio missing_ratio(const theory_kernel *k, double wf, double wk, double degree)
{
    double e = (k->t - 1) * exp(-degree * k->special);
    double eh = k->classes * k->per_other * exp(-degree * (k->special + k->own));
    double missing = wf * e + (wf + wk) * eh, there = wf + wk + wk * e;
    double missing_slope = -(k->special * wf * e + (k->special + k->own) * (wf + wk) * eh);
    return (ratio){log(missing / there), missing_slope / missing + k->special * wk * e / there};
}

/* Newton's method on the logarithm, kept inside a bracket that bisection would also converge on. */
static double solve(const theory_kernel *k, double wf, double wk, double target, double hi)
{
    double lo = 0, at = 0;
    for (int i = 0; i < 200 && lo < hi; i++) {
        ratio r = missing_ratio(k, wf, wk, at);
        double off = r.log - target, next = at - off / r.slope;
        if (off > 0)
            lo = at;
        else
            hi = at;
        if (!(next > lo && next < hi)) next = lo + (hi - lo) / 2;
        if (fabs(next - at) <= 2 * DBL_EPSILON * at) return next;
        at = next;
    }
    return at;
}

double theory_degree_reaching(const theory_kernel *k, double wf, double wk, double level)
{
    double limit = wf + wk, n = k->t * (1 + k->classes);
    if (!(level < limit)) return INFINITY;
    if (level <= 0) return 0;
    double target = log((limit - level) / level);
    if (missing_ratio(k, wf, wk, 0).log <= target) return 0;
    /* r <= n exp(-slope degree): the slowest of the two terms that are there */
    double slope = wf > 0 && k->t > 1 ? k->special : k->special + k->own;
    double hi = (log(n) - target) / slope * (1 + 4 * DBL_EPSILON);
    return isfinite(hi) ? solve(k, wf, wk, target, hi) : INFINITY;
}
