#include "theory/closed_form.h"

bool theory_kernel_applies(const psw_point *p)
{
    bool shape = p->n >= 2 && p->d >= 3 && p->n % (p->d - 2) == 0 && p->j3 >= 0 && p->j3 < p->n;
    bool known = psw_kernel_known(psw_method_facts_of(p->method)->kernel);
    return shape && known && psw_data_kind_facts_of(p->data_kind)->closed_form && p->den_constant == 0 &&
           p->row_norm == PSW_NORM_NONE && p->noise == 0;
}

/* Sketches have the degrees of the kernel they estimate. */
bool theory_has_degrees(const psw_point *p)
{
    return psw_method_facts_of(p->method)->kernel == PSW_KERNEL_POWER;
}

bool psw_theory_applies(const psw_point *p)
{
    return psw_point_folds(p) != PSW_FOLDS_STATES && theory_kernel_applies(p);
}

theory_place theory_place_of(const psw_point *p)
{
    ptrdiff_t classes = p->d - 2;
    return (theory_place){(double)(p->j3 / classes), (double)(p->j3 % classes)};
}

/* Row j3 sees all keys, or under a causal mask those before it: j3 / (d-2) whole rounds of the classes and a part. */
static void see(const psw_point *p, theory_kernel *k)
{
    theory_place at = theory_place_of(p);
    bool causal = p->mask == PSW_CAUSAL;
    k->same = causal ? at.round : k->t - 1;
    k->other = causal ? at.round * k->classes + at.class : k->t * k->classes;
    if (!k->others) k->other = 0;
}

/* Scores over ln n: c^2 (another class), b^2 + c^2 (own class), a^2 + b^2 + c^2 (j3 with itself). */
theory_kernel theory_kernel_of(const psw_point *p, double a)
{
    psw_kernel kernel = psw_method_facts_of(p->method)->kernel;
    bool powers = kernel != PSW_KERNEL_EXPONENTIAL;
    double aa = a * a, bb = p->b * p->b, cc = p->c * p->c, log_n = log((double)p->n);
    theory_kernel k = {.t = (double)(p->n / (p->d - 2)), .classes = (double)(p->d - 3), .others = !powers || cc > 0};
    if (powers) {
        k.degree = kernel == PSW_KERNEL_LINEAR ? 1 : p->beta;
        k.special = aa > 0 ? log1p(aa / (bb + cc)) : 0;
        k.own = bb > 0 && cc > 0 ? log1p(bb / cc) : 0;
    } else
        k.special = aa * log_n, k.own = bb * log_n, k.degree = 1;
    see(p, &k);
    return k;
}

/* f = 1 / (1 + same E + other E H) */
double theory_special_mass(const psw_point *p, int set)
{
    theory_kernel k = theory_kernel_of(p, set ? p->a_1 : p->a_0);
    double e = exp(-k.degree * k.special), h = exp(-k.degree * k.own);
    return 1 / (1 + k.same * e + k.other * e * h);
}

typedef struct ratio {
    double log, slope;
} ratio;

/* What is missing over what is there, r = (limit - y) / y for y = wf f + wk (f + s_k), limit = wf + wk:
 *     r = (wf same E + (wf + wk) other E H) / (wf + wk + wk same E),
 * its logarithm (close to linear in the degree) and the derivative of that. */
static ratio missing_ratio(const theory_kernel *k, double wf, double wk, double degree)
{
    double e = k->same * exp(-degree * k->special), eh = k->other * exp(-degree * (k->special + k->own));
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

double theory_degree_reaching(const theory_kernel *k, double wf, double wk, double level, double missing)
{
    if (!(missing > 0)) return INFINITY;
    if (level <= 0) return 0;
    double target = log(missing / level);
    if (missing_ratio(k, wf, wk, 0).log <= target) return 0;
    /* r <= n exp(-slope degree), n all visible keys: the slowest of the two terms that are there */
    double slope = wf > 0 && k->same > 0 ? k->special : k->special + k->own, n = 1 + k->same + k->other;
    double hi = (log(n) - target) / slope * (1 + 4 * DBL_EPSILON);
    return isfinite(hi) ? solve(k, wf, wk, target, hi) : INFINITY;
}
