#include <math.h>

#include "theory/closed_form.h"

/* Degrees derived from the definitions. theta = f(j3,j3) on D_1 grows with beta; a row's pre-activation over
 * sqrt(ln n), for w_d = +1, is at most a f + b - kappa. */

/* theta >= 1/2 from here on:  max( ln(2n) / ln((a^2+b^2+c^2)/c^2),  ln(2t) / ln((a^2+b^2+c^2)/(b^2+c^2)) ) */
double theory_beta_large(const psw_point *p)
{
    theory_kernel k = theory_kernel_of(p, p->a_1);
    double beyond_others = k.per_other > 0 ? log(2 * (double)p->n) / (k.special + k.own) : 0;
    return fmax(beyond_others, log(2 * k.t) / k.special);
}

static double theta_reaches(const psw_point *p, double level)
{
    theory_kernel k = theory_kernel_of(p, p->a_1);
    return theory_degree_reaching(&k, 1, 0, level);
}

/* Up to here no sign vector fires on D_1:  a_1 theta + b <= kappa */
double theory_beta_fail(const psw_point *p)
{
    return p->kappa <= p->b ? 0 : theta_reaches(p, (p->kappa - p->b) / p->a_1);
}

/* From here on one with w_1 = w_d = +1 fires whatever its class signs:  a_1 theta - b >= kappa */
double theory_beta_ok(const psw_point *p)
{
    return p->a_1 > 0 ? theta_reaches(p, (p->kappa + p->b) / p->a_1) : INFINITY;
}

/* The critical degree:  a f + b (f + s_k) = kappa, class sign of j3 favourable, the others averaged out */
static double beta_critical(const psw_point *p, double a)
{
    theory_kernel k = theory_kernel_of(p, a);
    double tie = psw_theory_tie(p); /* a + b = kappa is "never", however it was rounded */
    return a + p->b <= p->kappa + tie ? INFINITY : theory_degree_reaching(&k, a, p->b, p->kappa);
}

double theory_beta_c(const psw_point *p)
{
    return beta_critical(p, p->a_1);
}

/* The special token of D_0 begins to fire as well. */
double theory_beta_up_special(const psw_point *p)
{
    return beta_critical(p, p->a_0);
}

/* Ordinary rows fire from the mass rho of their own class on, rho = 1 / (1 + (d-3) (c^2 / (b^2+c^2))^beta). */
static double own_class_reaches(const psw_point *p, double rho)
{
    theory_kernel k = theory_kernel_of(p, p->a_0);
    if (k.per_other == 0) return 0;
    double degree = log(k.classes * rho / (1 - rho)) / k.own;
    return fmax(degree, 0);
}

/* b rho = kappa:  ln((d-3) kappa / (b - kappa)) / ln(1 + b^2/c^2) */
double theory_beta_up_class(const psw_point *p)
{
    return p->b <= p->kappa ? INFINITY : own_class_reaches(p, fmax(p->kappa, 0) / p->b);
}

/* b rho + 3 b (1 - rho) / sqrt(d-3) = kappa: three deviations of the sum of the other classes' signs */
double theory_beta_up_class_3s(const psw_point *p)
{
    double spread = 3 / sqrt((double)(p->d - 3)), level = p->kappa / p->b;
    if (p->b <= p->kappa) return INFINITY;
    if (spread >= level) return 0;
    return own_class_reaches(p, (level - spread) / (1 - spread));
}
