/* Edges of the window of success: what holds on both sides of them, and what a fine grid of degrees sees. */
#include <string.h>

#include "check.h"
#include "polysweep/theory.h"
#include "theory_case.h"

static double success(psw_point p, double beta)
{
    p = at_degree(p, beta);
    return psw_theory_point(&p).success;
}

/* Neighbouring numbers lie on both sides of an edge (to a few roundings: exp and log of what an edge is a root of). */
static void both_sides(psw_point p)
{
    psw_edges edges = psw_theory_edges(&p);
    double near = 1e-12;
    if (edges.lo > 0 && edges.lo < INFINITY) {
        CHECK(success(p, edges.lo * (1 - near)) < p.level, "below %.17g", edges.lo);
        CHECK(success(p, edges.lo * (1 + near)) >= p.level, "above %.17g", edges.lo);
    }
    if (edges.hi < INFINITY) {
        CHECK(edges.hi > edges.lo, "%g is not above %g", edges.hi, edges.lo);
        CHECK(success(p, edges.hi * (1 - near)) >= p.level, "below %.17g", edges.hi);
        CHECK(success(p, edges.hi * (1 + near)) < p.level, "above %.17g", edges.hi);
    }
}

/* On a grid the first degree at the level and the first after it that is below, +inf without one. */
static psw_edges of_grid(psw_point p, double step, double end)
{
    psw_edges seen = {INFINITY, INFINITY};
    for (double beta = step; beta <= end && seen.hi == INFINITY; beta += step) {
        bool at = success(p, beta) >= p.level;
        if (at && seen.lo == INFINITY) seen.lo = beta;
        if (!at && seen.lo < INFINITY) seen.hi = beta;
    }
    return seen;
}

static bool within(double edge, double seen, double step)
{
    return isinf(seen) ? isinf(edge) : edge <= seen && edge > seen - step * (1 + 1e-12);
}

static void as_a_grid_sees(psw_point p)
{
    psw_edges edges = psw_theory_edges(&p), seen = of_grid(p, 0.05, 100);
    CHECK(within(edges.lo, seen.lo, 0.05) && within(edges.hi, seen.hi, 0.05),
          "n = %td d = %td level %g mask %d: %.10g %.10g, on a grid %g %g", p.n, p.d, p.level, (int)p.mask, edges.lo,
          edges.hi, seen.lo, seen.hi);
}

static void presets(void)
{
    const preset_case *const all[] = {&P1, &P2, &P3, &W1, &W2};
    const double level[] = {0.5, 0.9, 0.99};
    for (int i = 0; i < 5; i++)
        for (ptrdiff_t d = 10; d <= 130; d = 4 * (d - 2) + 2)
            for (int k = 0; k < 3; k++) {
                psw_point p = case_of(all[i], 1024, d, 4);
                p.level = level[k];
                both_sides(p);
                as_a_grid_sees(p);
                p.mask = PSW_CAUSAL, p.j3 = p.n - 1;
                both_sides(p);
                p.j3 = d < 20 ? 40 : p.j3;
                if (d < 20) both_sides(p), as_a_grid_sees(p);
            }
}

/* Numbers computed elsewhere: the crossing of 0.9 of P1 (7.19 on a grid of 0.01, n = 1024, d = 34) and the windows of
 * W1 (integer degrees 5 to 36 at n = 1024). With a_0 = .5, a_1 = 1.5, b = .3, c = 1, n = 256, d = 66 no integer degree
 * is at 0.9 (degree 3 is at 0.883): the window lies between 2 and 3. W2 at d = 66 is at 0.88 at most. */
static void known(void)
{
    const preset_case below = {"below", 0.5, 1.5, 0.3, 1};
    psw_point p = case_of(&P1, 1024, 34, 4);
    CHECK(fabs(psw_theory_edges(&p).lo - 7.19) < 0.01 && isinf(psw_theory_edges(&p).hi), "P1");
    p = case_of(&W1, 1024, 34, 4);
    psw_edges edges = psw_theory_edges(&p);
    CHECK(edges.lo > 4 && edges.lo <= 5 && edges.hi > 36 && edges.hi <= 37, "W1: %g %g", edges.lo, edges.hi);
    p = case_of(&below, 256, 66, 4);
    edges = psw_theory_edges(&p);
    CHECK(edges.lo > 2 && edges.hi < 3 && fabs(success(p, 3) - 0.883394) < 1e-6, "%g %g", edges.lo, edges.hi);
    p = case_of(&W2, 1024, 66, 4);
    edges = psw_theory_edges(&p);
    CHECK(isinf(edges.lo) && isinf(edges.hi), "W2: %g %g", edges.lo, edges.hi);
}

/* With an offset, and with one that follows the degree; each is another case to what is remembered. */
static void affine_scores(void)
{
    const preset_case *const all[] = {&P2, &W1, &W2};
    for (int i = 0; i < 6; i++) {
        psw_point p = case_of(all[i % 3], 1024, i < 3 ? 34 : 130, 4), q = p;
        double plain = psw_theory_edges(&p).lo, offset;
        p.offset = 2.1, p.scale = 0.6;
        both_sides(p), as_a_grid_sees(p);
        offset = psw_theory_edges(&p).lo;
        CHECK(isinf(offset) || offset > plain, "%g, with an offset %g", plain, offset);
        p.offset = -1.9;
        both_sides(p), as_a_grid_sees(p);
        CHECK(isinf(plain) || psw_theory_edges(&p).lo < plain, "%g, not below %g", psw_theory_edges(&p).lo, plain);
        p.offset = 0;
        CHECK(psw_theory_edges(&p).lo == plain, "a scale alone changes nothing");
        p = matched(q, 1.3, i < 3 ? 0 : 2.5);
        both_sides(p), as_a_grid_sees(p);
        CHECK(psw_theory_edges(&p).lo == psw_theory_edges(&(psw_point[]){at_degree(p, 9)}[0]).lo, "at any degree");
        p.mask = PSW_CAUSAL, p.j3 = p.n - 1;
        both_sides(p);
    }
}

static void where_they_apply(void)
{
    psw_point p = case_of(&W1, 1024, 34, 4), q = p;
    psw_edges edges = psw_theory_edges(&p);
    p.beta = 7;
    CHECK(psw_theory_edges(&p).lo == edges.lo, "they do not depend on the degree");
    p.method = PSW_TREE;
    CHECK(psw_theory_edges(&p).hi == edges.hi, "a sketch has those of its kernel");
    p.m = 10;
    CHECK(psw_theory_edges(&p).lo != edges.lo, "they do on m");
    p = q, p.method = PSW_SOFTMAX;
    CHECK(isnan(psw_theory_edges(&p).lo), "softmax has no degree");
    p = q, p.noise = 0.1;
    CHECK(isnan(psw_theory_edges(&p).lo), "noise");
    p = q, p.level = 0;
    CHECK(isnan(psw_theory_edges(&p).lo), "no level");
    p = case_of(&P2, 3, 5, 4), p.a_1 = 9, p.b = 0.01, p.m = 1000; /* a third of 9 is enough */
    CHECK(psw_theory_edges(&p).lo == 0, "from the start: %g", psw_theory_edges(&p).lo);
    p = case_of(&P1, 1000000000, 3, 4), p.a_1 = 0.0501; /* a_1 + b > kappa, and beyond 1024 */
    CHECK(isinf(psw_theory_edges(&p).lo) && psw_theory_point(&p).beta_c > 1024, "beyond: %g", psw_theory_edges(&p).lo);
}

/* Degrees are kept for all points of a case; the columns of expressions are found anew for each point. */
static void same_as_alone(const psw_point *p)
{
    psw_theory t = psw_theory_point(p);
    const struct {
        const char *name;
        double value;
    } kept[] = {{"beta_fail", t.beta_fail}, {"beta_c", t.beta_c},
                {"beta_ok", t.beta_ok},     {"beta_large", t.beta_large},
                {"beta_up", t.beta_up},     {"beta_up_special", t.beta_up_special},
                {"edge_lo", t.edge_lo},     {"beta_up_class", t.beta_up_class},
                {"edge_hi", t.edge_hi},     {"beta_up_class_3s", t.beta_up_class_3s}};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        ptrdiff_t name = 0;
        while (strcmp(psw_theory_oracle.names[name], kept[i].name) != 0) name++;
        double alone = psw_theory_oracle.value(p, name);
        CHECK(alone == kept[i].value || (isnan(alone) && isnan(kept[i].value)), "%s is %.17g, alone %.17g",
              kept[i].name, kept[i].value, alone);
    }
}

/* A neighbour of the point in one of its parameters; false: there is no such. */
static bool neighbour(const psw_point *p, int number, psw_point *q)
{
    double *const reals[] = {&q->a_0, &q->a_1, &q->b, &q->c, &q->kappa, &q->center, &q->reference_scale, &q->level};
    enum { REALS = sizeof reals / sizeof *reals };
    *q = *p;
    if (number < REALS) return *reals[number] = 1.0625 * *reals[number] + (*reals[number] == 0) * 0.125, true;
    switch (number - REALS) {
    case 0: return q->n *= 2, true;
    case 1: return q->d = 18 + (p->d == 18) * 16, true;
    case 2: return q->m += 1, true;
    case 3: return q->mask = PSW_CAUSAL, q->j3 = q->n - 1, true;
    case 4: return q->mask = PSW_CAUSAL, q->j3 = q->n - 3, true;
    case 5: return q->offset = 0.5, true;
    case 6: return q->offset = 0.5, q->scale = 0.75, true;
    case 7: return q->match = PSW_MATCH_EXP, true;
    case 8: return q->beta += 1, q->seed++, q->trials++, true;
    case 9: return q->method = PSW_POLYSKETCH, true;
    case 10: return q->method = PSW_SOFTMAX, true;
    default: return false;
    }
}

/* One after the other, and back: whichever parameter is forgotten, the one before would be taken for it. */
static void degrees_of_a_case(void)
{
    const preset_case *presets[] = {&P1, &P2, &W2};
    for (int i = 0; i < 6; i++) {
        psw_point p = case_of(presets[i % 3], 64, 10, 4), q;
        if (i >= 3) p.match = PSW_MATCH_EXP, p.reference_scale = 0.5, p.center = 0.25;
        for (int k = 0; neighbour(&p, k, &q); k++) {
            same_as_alone(&p);
            q = at_degree(q, q.beta);
            same_as_alone(&q);
        }
    }
}

int main(void)
{
    degrees_of_a_case();
    presets();
    known();
    affine_scores();
    where_they_apply();
    return test_end();
}
