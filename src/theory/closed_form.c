#include "theory/closed_form.h"

/* c^2 + omega: the score of two keys of different classes over scale ln n. */
static double least_score(const psw_point *p)
{
    double cc = p->c * p->c;
    return p->offset == 0 ? cc : cc + p->offset / (psw_point_scale(p) * log((double)p->n));
}

/* Powers need scores that are positive (a single class has only those of c^2 + b^2 and more); c = 0 without an offset
 * leaves exact zeros, which have no weight. */
bool theory_kernel_applies(const psw_point *p)
{
    bool shape = p->n >= 2 && p->d >= 3 && p->n % (p->d - 2) == 0 && p->j3 >= 0 && p->j3 < p->n;
    psw_kernel kernel = psw_method_facts_of(p->method)->kernel;
    double least = least_score(p) + (p->d == 3 ? p->b * p->b : 0);
    bool positive = kernel == PSW_KERNEL_EXPONENTIAL || p->offset == 0 || least > 0;
    return shape && positive && psw_kernel_known(kernel) && psw_data_kind_facts_of(p->data_kind)->closed_form &&
           p->den_constant == 0 && p->row_norm == PSW_NORM_NONE && p->noise == 0;
}

/* Sketches have the degrees of the kernel they estimate. d/dx x ln(1 + s / (l + r x)) >= 0 for every x if l >= 0. */
bool theory_has_degrees(const psw_point *p)
{
    if (psw_method_facts_of(p->method)->kernel != PSW_KERNEL_POWER) return false;
    return p->match != PSW_MATCH_EXP || p->center <= p->c * p->c * log((double)p->n);
}

bool psw_theory_covers(const psw_point *p)
{
    return theory_kernel_applies(p);
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

/* c^2 + omega at a degree x, of scale = sigma / x and offset = 1 - sigma mu / x: c^2 + (x / sigma - mu) / ln n. */
static void follow(const psw_point *p, theory_kernel *k)
{
    double log_n = log((double)p->n);
    k->follows = psw_method_facts_of(p->method)->kernel == PSW_KERNEL_POWER && p->match == PSW_MATCH_EXP;
    k->least = p->c * p->c - p->center / log_n;
    k->rate = 1 / (p->reference_scale * log_n);
    if (k->follows) k->others = true;
}

/* Scores over scale ln n, less omega: c^2 (another class), b^2 + c^2 (own class), a^2 + b^2 + c^2 (j3 with itself). */
theory_kernel theory_kernel_of(const psw_point *p, double a)
{
    psw_kernel kernel = psw_method_facts_of(p->method)->kernel;
    bool powers = kernel != PSW_KERNEL_EXPONENTIAL;
    double aa = a * a, bb = p->b * p->b, cc = least_score(p), log_n = psw_point_scale(p) * log((double)p->n);
    theory_kernel k = {.t = (double)(p->n / (p->d - 2)), .classes = (double)(p->d - 3), .others = !powers || cc > 0};
    if (powers) {
        k.degree = kernel == PSW_KERNEL_LINEAR ? 1 : p->beta;
        k.special = aa > 0 ? log1p(aa / (bb + cc)) : 0;
        k.own = bb > 0 && cc > 0 ? log1p(bb / cc) : 0;
    } else
        k.special = aa * log_n, k.own = bb * log_n, k.degree = 1;
    k.aa = aa, k.bb = bb;
    follow(p, &k);
    see(p, &k);
    return k;
}

/* x ln(1 + share / (base + rate x)) and its derivative; at x = +inf its limit. */
static double followed(double share, double base, double rate, double x, double *slope)
{
    double at = base + rate * x, log = share > 0 && x > 0 ? log1p(share / at) : 0;
    *slope = 0;
    if (x == INFINITY) return share / rate;
    if (log > 0) *slope = log - rate * x * (share / (at * (at + share)));
    return x * log;
}

theory_logs theory_logs_at(const theory_kernel *k, double degree)
{
    theory_logs logs = {degree * k->special, degree * k->own, degree * (k->special + k->own), k->special, k->own};
    if (!k->follows) return logs;
    logs.special = followed(k->aa, k->bb + k->least, k->rate, degree, &logs.special_slope);
    logs.own = followed(k->bb, k->least, k->rate, degree, &logs.own_slope);
    logs.both = logs.special + logs.own;
    return logs;
}

static double log_of(theory_logs logs, theory_pair pair)
{
    return pair == THEORY_SPECIAL ? logs.special : pair == THEORY_OWN ? logs.own : logs.both;
}

/* Halves an interval until its ends are neighbours. */
double theory_degree_of(const theory_kernel *k, theory_pair pair, double log)
{
    double lo = 0, hi = 1;
    if (!k->follows) return log / log_of(theory_logs_at(k, 1), pair);
    if (log <= 0) return 0;
    if (log_of(theory_logs_at(k, INFINITY), pair) <= log) return INFINITY;
    while (log_of(theory_logs_at(k, hi), pair) < log && hi < INFINITY) lo = hi, hi *= 2;
    for (double at = lo + (hi - lo) / 2; at > lo && at < hi; at = lo + (hi - lo) / 2) {
        if (log_of(theory_logs_at(k, at), pair) < log)
            lo = at;
        else
            hi = at;
    }
    return hi;
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
    theory_logs at = theory_logs_at(k, degree);
    double e = k->same * exp(-at.special), eh = k->other * exp(-at.both);
    double missing = wf * e + (wf + wk) * eh, there = wf + wk + wk * e;
    double missing_slope = -(at.special_slope * wf * e + (at.special_slope + at.own_slope) * (wf + wk) * eh);
    return (ratio){log(missing / there), missing_slope / missing + at.special_slope * wk * e / there};
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

/* A degree from which on r is at most its target: r <= n exp(-slope degree), n all visible keys, of the slowest of the
 * two terms that are there; match exp: by doubling, +inf where softmax itself does not reach it. */
static double beyond(const theory_kernel *k, double wf, double wk, double target)
{
    double slope = wf > 0 && k->same > 0 ? k->special : k->special + k->own, n = 1 + k->same + k->other, hi = 1;
    if (!k->follows) return (log(n) - target) / slope * (1 + 4 * DBL_EPSILON);
    if (missing_ratio(k, wf, wk, INFINITY).log >= target) return INFINITY;
    while (hi < INFINITY && missing_ratio(k, wf, wk, hi).log > target) hi *= 2;
    return hi;
}

double theory_degree_reaching(const theory_kernel *k, double wf, double wk, double level, double missing)
{
    if (!(missing > 0)) return INFINITY;
    if (level <= 0) return 0;
    double target = log(missing / level);
    if (missing_ratio(k, wf, wk, 0).log <= target) return 0;
    double hi = beyond(k, wf, wk, target);
    return isfinite(hi) ? solve(k, wf, wk, target, hi) : INFINITY;
}
