#include <math.h>

#include "theory/closed_form.h"

/* Degrees derived from the definitions. theta = f(j3,j3) on D_1 grows with beta and no other row has more of j3; a
 * row's pre-activation over sqrt(ln n), for w_d = +1, is at most a theta + b - kappa. Row j3 sees what its mask lets it
 * see; the rest is the same under either. Ties are decided on the decimals of the constants. */

/* theta >= 1/2 from here on:  max( ln(2N) / ln((a^2+b^2+C)/C),  ln(2t) / ln((a^2+b^2+C)/(b^2+C)) ),  C = c^2 + omega,
 * N keys visible to row j3, t of them of its class */
double theory_beta_large(const psw_point *p)
{
    theory_kernel k = theory_kernel_of(p, p->a_1);
    double all = 1 + k.same + k.other;
    double beyond_others = k.other > 0 ? theory_degree_of(&k, THEORY_BOTH, log(2 * all)) : 0;
    return fmax(beyond_others, theory_degree_of(&k, THEORY_SPECIAL, log(2 * (1 + k.same))));
}

/* a_1 theta = level */
static double theta_reaches(const psw_point *p, double level, double missing)
{
    theory_kernel k = theory_kernel_of(p, p->a_1);
    return theory_degree_reaching(&k, p->a_1, 0, level, missing);
}

/* Up to here no sign vector fires on D_1:  a_1 theta + b <= kappa */
double theory_beta_fail(const psw_point *p)
{
    double level = theory_sum((double[]){p->kappa, -p->b}, 2), missing;
    missing = theory_sum((double[]){p->a_1, p->b, -p->kappa}, 3);
    return level <= 0 ? 0 : theta_reaches(p, level, missing);
}

/* From here on one with w_1 = w_d = +1 fires whatever its class signs:  a_1 theta - b >= kappa */
double theory_beta_ok(const psw_point *p)
{
    double level = p->kappa + p->b, missing = theory_sum((double[]){p->a_1, -p->b, -p->kappa}, 3);
    return theta_reaches(p, level, missing);
}

/* The critical degree:  a f + b (f + s_k) = kappa, class sign of j3 favourable, the others averaged out */
static double beta_critical(const psw_point *p, double a)
{
    theory_kernel k = theory_kernel_of(p, a);
    return theory_degree_reaching(&k, a, p->b, p->kappa, theory_sum((double[]){a, p->b, -p->kappa}, 3));
}

double theory_beta_c(const psw_point *p)
{
    return beta_critical(p, p->a_1);
}

/* The special token of D_0 begins to fire too. */
double theory_beta_up_special(const psw_point *p)
{
    return beta_critical(p, p->a_0);
}

/* Ordinary rows fire from the mass rho of their own class on, rho = 1 / (1 + x (C / (b^2+C))^beta), C = c^2 + omega, x
 * keys of other classes to one of its own. */
static double own_class_reaches(const psw_point *p, double x, double rho)
{
    theory_kernel k = theory_kernel_of(p, p->a_0);
    if (!k.others) return 0;
    return fmax(theory_degree_of(&k, THEORY_OWN, log(x * rho / (1 - rho))), 0);
}

/* Of all ordinary rows the least keys of other classes to one of its own. Under a causal mask the first row sees itself
 * alone; where that is j3 it is the second, or the first of the second round. */
static double least_others(const psw_point *p)
{
    theory_kernel k = theory_kernel_of(p, p->a_0);
    if (p->mask == PSW_FULL) return k.classes;
    if (p->j3 > 0 || k.classes == 0) return 0;
    return k.t > 1 ? fmin(1, k.classes / 2) : 1;
}

/* b rho = kappa:  ln(x kappa / (b - kappa)) / ln(1 + b^2/C); mask full: x = d - 3 */
double theory_beta_up_class(const psw_point *p)
{
    return p->b <= p->kappa ? INFINITY : own_class_reaches(p, least_others(p), fmax(p->kappa, 0) / p->b);
}

/* b rho + 3 b (1 - rho) / sqrt(d-3) = kappa: three deviations of the sum of the other classes' signs. Where that holds
 * from the start it predicts nothing; nor under a causal mask, where rows see few keys of other classes. */
double theory_beta_up_class_3s(const psw_point *p)
{
    double spread = 3 / sqrt((double)(p->d - 3)), level = p->kappa / p->b;
    if (p->b <= p->kappa) return INFINITY;
    if (p->mask == PSW_CAUSAL || spread >= level) return NAN;
    double degree = own_class_reaches(p, (double)(p->d - 3), (level - spread) / (1 - spread));
    return degree > 0 ? degree : NAN;
}
