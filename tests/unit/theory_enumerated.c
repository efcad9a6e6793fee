/* Theory against attention computed the long way: scores, powers and sums over all keys in long double, every sign
 * vector of a small width in turn, random ones of a larger. Nothing here knows of classes or states. */
#include <stdlib.h>

#include "check.h"
#include "polysweep/theory.h"
#include "theory_case.h"
#include "theory_masses.h"

typedef long double real;

static void token(const psw_point *p, int set, ptrdiff_t j, real *x)
{
    for (ptrdiff_t i = 0; i < p->d; i++) x[i] = 0;
    if (j == p->j3) x[0] = set ? p->a_1 : p->a_0;
    x[1 + j % (p->d - 2)] = p->b;
    x[p->d - 1] = p->c;
}

/* offset + scale z, z = ln n times a score over ln n */
static real affine(const psw_point *p, real score)
{
    return p->offset + (p->scale > 0 ? (real)p->scale : 1) * score * logl((real)p->n);
}

static real weight(const psw_point *p, real score, real largest)
{
    if (p->method == PSW_SOFTMAX) return expl(affine(p, score) - affine(p, largest));
    return powl(affine(p, score) / affine(p, largest), p->method == PSW_LINEAR ? 1 : p->beta);
}

/* f (n x n, rows over keys) and the outputs over sqrt(ln n) (n x d) */
static void attention(const psw_point *p, int set, real *f, real *out)
{
    real *x = malloc((size_t)(p->n * p->d) * sizeof *x);
    for (ptrdiff_t j = 0; j < p->n; j++) token(p, set, j, x + j * p->d);
    for (ptrdiff_t i = 0; i < p->n; i++) {
        ptrdiff_t seen = p->mask == PSW_CAUSAL ? i + 1 : p->n;
        real sum = 0, *row = f + i * p->n;
        real a = set ? p->a_1 : p->a_0, largest = a * a + (real)p->b * p->b + (real)p->c * p->c;
        for (ptrdiff_t j = 0; j < p->n; j++) row[j] = 0;
        for (ptrdiff_t j = 0; j < seen; j++) {
            real score = 0;
            for (ptrdiff_t k = 0; k < p->d; k++) score += x[i * p->d + k] * x[j * p->d + k];
            sum += row[j] = weight(p, score, largest);
        }
        for (ptrdiff_t k = 0; k < p->d; k++) out[i * p->d + k] = 0;
        for (ptrdiff_t j = 0; j < seen; j++) {
            row[j] /= sum;
            for (ptrdiff_t k = 0; k < p->d; k++) out[i * p->d + k] += row[j] * x[j * p->d + k];
        }
    }
    free(x);
}

static int fires(const psw_point *p, const real *out, const signed char *w)
{
    for (ptrdiff_t i = 0; i < p->n; i++) {
        real g = -(real)p->c - p->kappa;
        for (ptrdiff_t k = 0; k < p->d; k++) g += w[k] * out[i * p->d + k];
        if (g > 1e-16L) return 1; /* x87 rounding of exact ties; no other of these cases is so near */
    }
    return 0;
}

/* x87 arithmetic rounds 2000 times finer than double; what is left is the closed form's own rounding: of an offset
 * below 0 beta times that of the least score, of which the two terms lose what cancels. */
static int near(const psw_point *p, double a, real b)
{
    double least = p->c * p->c + (p->d == 3 ? p->b * p->b : 0), score = psw_point_scale(p) * least * log((double)p->n);
    double lost = p->offset < 0 && p->beta > 0 ? p->beta * (score - p->offset) / (score + p->offset) : 0;
    return fabsl(a - b) <= (1e-13L + 4 * DBL_EPSILON * lost) * b;
}

static void masses_agree(const psw_point *p, int set, const real *f)
{
    masses mass = masses_of(p, set);
    ptrdiff_t classes = p->d - 2, j3 = p->j3, k = j3 % classes;
    real own = 0, other = 0, rho = 0, rho_other = 0;
    ptrdiff_t i = (j3 + 1) % p->n; /* a row of another class */
    for (ptrdiff_t j = 0; j < p->n; j++) {
        if (j != j3 && j % classes == k) own += f[j3 * p->n + j];
        if (j % classes == (k + 1) % classes) other += f[j3 * p->n + j];
        if (j % classes == i % classes) rho += f[i * p->n + j];
        if (j % classes == (i + 1) % classes) rho_other += f[i * p->n + j];
    }
    CHECK(near(p, mass.special, f[j3 * p->n + j3]), "special, beta = %g", p->beta);
    CHECK(fabsl(mass.special_class - own) < 1e-14, "own class, beta = %g", p->beta);
    if (classes == 1) return;
    CHECK(fabsl(mass.special_other - other) < 1e-14, "another class, beta = %g", p->beta);
    CHECK(near(p, mass.own_class, rho), "rho, beta = %g", p->beta);
    if (classes > 2) CHECK(near(p, mass.other_class, rho_other), "other, beta = %g", p->beta);
    CHECK(near(p, mass.leak_other, f[i * p->n + j3]), "leak, beta = %g", p->beta);
    if (p->n > classes)
        CHECK(near(p, mass.leak_same, f[(j3 + classes) % p->n * p->n + j3]), "leak, beta = %g", p->beta);
}

static void compare(psw_point p, int sampled)
{
    size_t square = (size_t)(p.n * p.n), flat = (size_t)(p.n * p.d);
    real *f = malloc(square * sizeof *f), *out0 = malloc(flat * sizeof *out0), *out1 = malloc(flat * sizeof *out1);
    long d0 = 0, d1 = 0, either = 0, total = sampled ? sampled : 1L << p.d;
    for (int set = 0; set < 2; set++) {
        attention(&p, set, f, set ? out1 : out0);
        if (p.mask == PSW_FULL) masses_agree(&p, set, f);
        psw_theory theory = psw_theory_point(&p);
        CHECK(near(&p, set ? theory.special_mass_d1 : theory.special_mass_d0, f[p.j3 * p.n + p.j3]), "mass of j3");
    }
    uint64_t state = 88172645463325252u;
    for (long i = 0; i < total; i++) {
        signed char w[64];
        for (ptrdiff_t k = 0; k < p.d; k++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            w[k] = (sampled ? (state >> 40 & 1) != 0 : (i >> k & 1) != 0) ? 1 : -1;
        }
        int on0 = fires(&p, out0, w), on1 = fires(&p, out1, w);
        d0 += on0, d1 += on1, either += on0 | on1;
    }
    psw_firing p_of = psw_theory_firing(&p);
    const double chance[] = {p_of.d0, p_of.d1, p_of.either};
    const long count[] = {d0, d1, either};
    for (int k = 0; k < 3; k++) { /* enumerated: equal up to rounding; sampled: five standard deviations */
        double off = fabs((double)count[k] / (double)total - chance[k]);
        double allowed = sampled ? 5 * sqrt(chance[k] * (1 - chance[k]) / (double)total) : 1e-13;
        CHECK(off <= allowed, "n = %td d = %td beta = %g method %d mask %d j3 = %td: %ld of %ld, %g expected", p.n, p.d,
              p.beta, (int)p.method, (int)p.mask, p.j3, count[k], total, chance[k]);
    }
    free(f), free(out0), free(out1);
}

/* A preset whose every row takes part: ordinary rows fire, D_0 fires, w_d = -1 can fire. */
static const preset_case wild = {"wild", 0.6, 2.9, 0.9, 0.6};

/* Classes that are whole under a causal mask, cut by j3, before and after it; all signs up to d = 12. */
static void causal(void)
{
    const preset_case leaking = {"leaking", 0.3, 2.5, 0.05, 0.5}, *const presets[] = {&P1, &W1, &W2, &wild, &leaking};
    const ptrdiff_t shapes[][2] = {{64, 10}, {8, 10}, {24, 5}, {12, 3}, {12, 4}, {30, 12}};
    const double beta[] = {0, 0.5, 1, 3, 4.75, 17, 64, NAN, NAN};
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 6; k++)
            for (int b = 0; b < 9; b++) {
                psw_point p = case_of(presets[i], shapes[k][0], shapes[k][1], beta[b]);
                const ptrdiff_t places[] = {p.n - 1, 0, 1, p.n / 2, p.n - p.d + 2};
                if (b >= 7) p.method = b == 7 ? PSW_SOFTMAX : PSW_LINEAR;
                p.mask = PSW_CAUSAL;
                for (int j = 0; j < (k < 5 ? 5 : 2); j++) p.j3 = places[j], compare(p, 0);
            }
    psw_point sampled = case_of(&wild, 64, 34, 3);
    sampled.mask = PSW_CAUSAL, sampled.j3 = 20;
    compare(sampled, 3000);
    sampled.b = 0.02, sampled.a_1 = 4, sampled.beta = 0.5;
    compare(sampled, 3000);
}

/* Offsets of both signs, one that brings the least score near 0 and one without c; temperatures of softmax; match exp.
 * Each under both masks, every sign vector. */
static void affine_scores(void)
{
    const preset_case *const presets[] = {&P1, &W1, &W2, &wild};
    const ptrdiff_t shapes[][2] = {{64, 10}, {24, 5}, {12, 3}};
    const double scales[] = {0, 0.3137, 2.7, 1}, offsets[] = {1.37, 0.21, -0.4, -0.99}, beta[] = {0, 1, 2.5, 7, 23};
    for (int i = 0; i < 4 * 3 * 4 * 4; i++) {
        psw_point p = case_of(presets[i % 4], shapes[i / 4 % 3][0], shapes[i / 4 % 3][1], 1);
        double share = offsets[i / 12 % 4]; /* below 0: of what makes the least score 0 */
        p.scale = scales[i / 48], p.j3 = 5, p.mask = i % 3 == 1 ? PSW_CAUSAL : PSW_FULL;
        p.offset = share > 0 ? share : share * psw_point_scale(&p) * p.c * p.c * log((double)p.n);
        for (int b = 0; b < 7; b++) {
            p.method = b < 5 ? PSW_EXACT : b == 5 ? PSW_LINEAR : PSW_SOFTMAX, p.beta = b < 5 ? beta[b] : NAN;
            compare(p, 0);
            if (b >= 5 || share < 0) continue;
            psw_point zero = p; /* without the offset it would be a score of 0 */
            zero.c = 0;
            compare(zero, 0);
        }
    }
    psw_point single = case_of(&W2, 12, 3, 4); /* one class: its own keys score b^2 + c^2 and more */
    single.offset = -1.03 * log(12);
    compare(single, 0);
    psw_point matched = case_of(&wild, 24, 5, 6);
    matched.match = PSW_MATCH_EXP, matched.reference_scale = 0.7, matched.center = 9;
    matched.scale = 0.7 / 6, matched.offset = 1 - 0.7 * matched.center / 6;
    if (matched.offset + matched.scale * matched.c * matched.c * log(24) > 0) compare(matched, 0);
}

int main(void)
{
    affine_scores();
    const preset_case *const presets[] = {&P1, &W1, &W2, &wild};
    const ptrdiff_t shapes[][2] = {{64, 10}, {8, 10}, {24, 5}, {12, 3}, {12, 4}};
    const double beta[] = {0, 0.5, 1, 3, 4.75, 17, 64};
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 5; k++)
            for (int b = 0; b < 7 + 2; b++) {
                psw_point p = case_of(presets[i], shapes[k][0], shapes[k][1], b < 7 ? beta[b] : NAN);
                p.j3 = 5;
                if (b >= 7) p.method = b == 7 ? PSW_SOFTMAX : PSW_LINEAR;
                compare(p, 0);
            }
    for (int b = 0; b < 7; b++) compare(case_of(&W2, 64, 34, beta[b]), 3000);
    psw_point no_constant = case_of(&wild, 24, 5, 2.5);
    no_constant.c = 0;
    compare(no_constant, 0);
    no_constant.mask = PSW_CAUSAL;
    compare(no_constant, 0);
    causal();
    return test_end();
}
