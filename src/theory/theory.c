#include <math.h>
#include <string.h>

#include "theory/closed_form.h"

static double mass_d1(const psw_point *p)
{
    return theory_special_mass(p, 1);
}
static double mass_d0(const psw_point *p)
{
    return theory_special_mass(p, 0);
}
static double success(const psw_point *p)
{
    psw_firing firing = psw_theory_firing(p);
    return theory_success(firing.d0, firing.either, p->m);
}
static double fire_d1(const psw_point *p)
{
    return theory_any(psw_theory_firing(p).d1, p->m);
}
static double fire_d0(const psw_point *p)
{
    return theory_any(psw_theory_firing(p).d0, p->m);
}

static double beta_up(const psw_point *p)
{
    return fmin(theory_beta_up_special(p), theory_beta_up_class(p));
}

static double edge_lo(const psw_point *p)
{
    return psw_theory_edges(p).lo;
}
static double edge_hi(const psw_point *p)
{
    return psw_theory_edges(p).hi;
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
                                    "edge_lo",
                                    "edge_hi",
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
    {edge_lo, true},
    {edge_hi, true},
};

static double value(const void *subject, ptrdiff_t name)
{
    const psw_point *point = subject;
    if (!theory_kernel_applies(point) || (columns[name].degree && !theory_has_degrees(point))) return NAN;
    return columns[name].of(point);
}

const psw_oracle psw_theory_oracle = {names, value, NULL};

static double earlier_value(const void *subject, ptrdiff_t name)
{
    const psw_point *point = subject;
    if (point->mask != PSW_FULL) return NAN;
    double x = value(subject, name);
    bool silent = columns[name].of == theory_beta_up_class_3s && isnan(x);
    return silent && theory_kernel_applies(point) && theory_has_degrees(point) ? 0 : x;
}

const psw_oracle psw_theory_oracle_earlier = {names, earlier_value, NULL};

/* ---- degrees, once for all degrees of a case: seeds, trials and precisions share it as well ---- */

typedef struct case_degrees {
    double fail, c, ok, large, up_special, up_class, up_class_3s;
} case_degrees;

static case_degrees find_degrees(const psw_point *p)
{
    return (case_degrees){.fail = theory_beta_fail(p),
                          .c = theory_beta_c(p),
                          .ok = theory_beta_ok(p),
                          .large = theory_beta_large(p),
                          .up_special = theory_beta_up_special(p),
                          .up_class = theory_beta_up_class(p),
                          .up_class_3s = theory_beta_up_class_3s(p)};
}

enum { REMEMBERED = 16 };
static struct degrees_memory {
    theory_case known[REMEMBERED];
    case_degrees degrees[REMEMBERED];
    int count, next;
} memory;

static case_degrees degrees_of(const psw_point *p)
{
    theory_case c = theory_case_of(p);
    for (int i = 0; i < memory.count; i++)
        if (memcmp(&memory.known[i], &c, sizeof c) == 0) return memory.degrees[i];
    int place = memory.next;
    memory.known[place] = c;
    memory.degrees[place] = find_degrees(p);
    memory.next = (place + 1) % REMEMBERED;
    if (memory.count < REMEMBERED) memory.count++;
    return memory.degrees[place];
}

psw_theory psw_theory_point(const psw_point *p)
{
    return psw_theory_point_watched(p, (psw_watch){0});
}

psw_theory psw_theory_point_watched(const psw_point *p, psw_watch watch)
{
    psw_theory theory = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    if (!theory_kernel_applies(p)) return theory;
    psw_firing firing = theory_firing(p, watch);
    theory.special_mass_d1 = mass_d1(p);
    theory.special_mass_d0 = mass_d0(p);
    theory.success = theory_success(firing.d0, firing.either, p->m);
    theory.fire_d1 = theory_any(firing.d1, p->m);
    theory.fire_d0 = theory_any(firing.d0, p->m);
    if (!theory_has_degrees(p)) return theory;
    case_degrees degrees = degrees_of(p);
    theory.beta_fail = degrees.fail;
    theory.beta_c = degrees.c;
    theory.beta_ok = degrees.ok;
    theory.beta_large = degrees.large;
    theory.beta_up_special = degrees.up_special;
    theory.beta_up_class = degrees.up_class;
    theory.beta_up_class_3s = degrees.up_class_3s;
    theory.beta_up = fmin(theory.beta_up_special, theory.beta_up_class);
    psw_edges edges = theory_edges(p, watch);
    theory.edge_lo = edges.lo, theory.edge_hi = edges.hi;
    return theory;
}
