#include <math.h>

#include "theory/closed_form.h"

/* 1 - (1-p)^m */
static double any_of(double p, ptrdiff_t m)
{
    return -expm1((double)m * log1p(-p));
}

/* (1-p0)^m - (1-p01)^m = (1-p0)^m (1 - (1-x)^m),  x = (p01 - p0) / (1 - p0) */
static double success_of(psw_firing p, ptrdiff_t m)
{
    if (isnan(p.d0)) return NAN;
    if (p.d0 >= 1) return 0;
    return (1 - any_of(p.d0, m)) * any_of(fmin((p.either - p.d0) / (1 - p.d0), 1), m);
}

static double mass_d1(const psw_point *p)
{
    return psw_theory_masses(p, 1).special;
}
static double mass_d0(const psw_point *p)
{
    return psw_theory_masses(p, 0).special;
}
static double success(const psw_point *p)
{
    return success_of(psw_theory_firing(p), p->m);
}
static double fire_d1(const psw_point *p)
{
    return any_of(psw_theory_firing(p).d1, p->m);
}
static double fire_d0(const psw_point *p)
{
    return any_of(psw_theory_firing(p).d0, p->m);
}

static double beta_up(const psw_point *p)
{
    return fmin(theory_beta_up_special(p), theory_beta_up_class(p));
}

/* One row per column; `degree` marks those of the polynomial kernel. */
static const char *const names[] = {"theory_special_mass_d1",
                                    "theory_special_mass_d0",
                                    "theory_success",
                                    "theory_fire_d1",
                                    "theory_fire_d0",
                                    "beta_fail",
                                    "beta_c",
                                    "beta_ok",
                                    "beta_large",
                                    "beta_up_special",
                                    "beta_up_class",
                                    "beta_up_class_3s",
                                    "beta_up",
                                    NULL};
static const struct {
    double (*of)(const psw_point *point);
    bool degree;
} columns[] = {
    {mass_d1, false},
    {mass_d0, false},
    {success, false},
    {fire_d1, false},
    {fire_d0, false},
    {theory_beta_fail, true},
    {theory_beta_c, true},
    {theory_beta_ok, true},
    {theory_beta_large, true},
    {theory_beta_up_special, true},
    {theory_beta_up_class, true},
    {theory_beta_up_class_3s, true},
    {beta_up, true},
};

/* Sketches have the degrees of the kernel they estimate. */
static bool has_degrees(const psw_point *p)
{
    return psw_method_facts_of(p->method)->kernel == PSW_KERNEL_POWER;
}

static double value(const void *subject, ptrdiff_t name)
{
    const psw_point *point = subject;
    if (!theory_kernel_applies(point) || (columns[name].degree && !has_degrees(point))) return NAN;
    return columns[name].of(point);
}

const psw_oracle psw_theory_oracle = {names, value, NULL};

psw_theory psw_theory_point(const psw_point *p)
{
    psw_theory theory = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    if (!theory_kernel_applies(p)) return theory;
    psw_firing firing = psw_theory_firing(p);
    theory.special_mass_d1 = mass_d1(p);
    theory.special_mass_d0 = mass_d0(p);
    theory.success = success_of(firing, p->m);
    theory.fire_d1 = any_of(firing.d1, p->m);
    theory.fire_d0 = any_of(firing.d0, p->m);
    if (!has_degrees(p)) return theory;
    theory.beta_fail = theory_beta_fail(p);
    theory.beta_c = theory_beta_c(p);
    theory.beta_ok = theory_beta_ok(p);
    theory.beta_large = theory_beta_large(p);
    theory.beta_up_special = theory_beta_up_special(p);
    theory.beta_up_class = theory_beta_up_class(p);
    theory.beta_up_class_3s = theory_beta_up_class_3s(p);
    theory.beta_up = fmin(theory.beta_up_special, theory.beta_up_class);
    return theory;
}
