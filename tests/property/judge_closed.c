/* Attention computed by an engine against the closed form: masses, outputs, and the invariants that define them. */
#include <float.h>

#include "engine_case.h"
#include "unit/theory_masses.h"

typedef struct rows_seen {
    const psw_point *p;
    masses mass[2];
    double mass_error;   /* relative, of every row's mass on j3 */
    double margin_error; /* over sqrt(ln n), for the worst of all sign vectors */
    double constant;     /* |last feature / (c s) - 1| */
    double ones[2];      /* largest pre-activation for w = (1, ..., 1) */
    double special[2], largest_leak;
} rows_seen;

static double output_error(const rows_seen *seen, int set, ptrdiff_t row, const double *out)
{
    const psw_point *p = seen->p;
    const masses *mass = &seen->mass[set];
    ptrdiff_t classes = p->d - 2, k = row % classes;
    bool special = row == p->j3;
    double s = psw_data_unit(p), f = special                ? mass->special
                                     : k == p->j3 % classes ? mass->leak_same
                                                            : mass->leak_other;
    double error = fabs(out[0] / s - (set ? p->a_1 : p->a_0) * f) + fabs(out[p->d - 1] / s - p->c);
    double own = special ? mass->special + mass->special_class : mass->own_class;
    double other = special ? mass->special_other : mass->other_class;
    for (ptrdiff_t i = 0; i < classes; i++) error += fabs(out[1 + i] / s - p->b * (i == k ? own : other));
    return error;
}

static void see(void *context, int set, ptrdiff_t row, const double *out, double special)
{
    rows_seen *seen = context;
    const psw_point *p = seen->p;
    const masses *mass = &seen->mass[set];
    double s = psw_data_unit(p), g = -psw_data_threshold(p) / s;
    bool same = row % (p->d - 2) == p->j3 % (p->d - 2);
    double want = row == p->j3 ? mass->special : same ? mass->leak_same : mass->leak_other;
    for (ptrdiff_t i = 0; i < p->d; i++) g += out[i] / s;
    seen->ones[set] = fmax(seen->ones[set], g);
    if (want > 0x1p-120) seen->mass_error = fmax(seen->mass_error, fabs(special / want - 1)); /* below: no weight */
    seen->margin_error = fmax(seen->margin_error, output_error(seen, set, row, out));
    seen->constant = fmax(seen->constant, fabs(out[p->d - 1] / (p->c * s) - 1));
    if (row == p->j3)
        seen->special[set] = special;
    else
        seen->largest_leak = fmax(seen->largest_leak, special);
}

static rows_seen attention_of(const psw_point *p)
{
    rows_seen seen = {.p = p, .ones = {-INFINITY, -INFINITY}};
    for (int set = 0; set < 2; set++) seen.mass[set] = masses_of(p, set);
    run_case(p, see, &seen);
    return seen;
}

static psw_point bare(const preset_case *preset, ptrdiff_t n, ptrdiff_t d, double beta)
{
    psw_point p = case_of(preset, n, d, beta);
    p.trials = 0, p.j3 = n / 2 + 1;
    return p;
}

/* Brute force is the closed form. fp64: 1e-12 is required, 6e-14 was seen (beta = 256). fp32: a weight's error is about
 * beta eps |ln ratio|; 4e-5 was seen. Margins: E covers the error for any sign vector; a twentieth of it was seen, most
 * from sums over a leaf of 512 keys. */
static void masses_and_margins(void)
{
    const preset_case *const presets[] = {&P1, &P2, &P3, &W1, &W2};
    const ptrdiff_t shapes[][2] = {{64, 10}, {512, 34}, {2048, 10}, {2048, 130}};
    const double beta[] = {1, 4, 16, 64, 256, 3.7, NAN, NAN};
    for (int i = 0; i < 5 * 4 * 8 * 2; i++) {
        psw_point p = bare(presets[i / 64], shapes[i / 16 % 4][0], shapes[i / 16 % 4][1], beta[i / 2 % 8]);
        if (i / 2 % 8 >= 6) p.method = i / 2 % 8 == 6 ? PSW_SOFTMAX : PSW_LINEAR;
        p.precision = (psw_precision)(i % 2);
        if (p.n == 2048 && i / 64 % 2) continue; /* time */
        rows_seen seen = attention_of(&p);
        double mass = p.precision == PSW_FP32 ? 1e-4 : 1e-12;
        CHECK(seen.mass_error <= mass, "%s n = %td d = %td beta = %g method %d %s: %g", presets[i / 64]->name, p.n, p.d,
              p.beta, (int)p.method, i % 2 ? "fp32" : "fp64", seen.mass_error);
        CHECK(seen.margin_error <= psw_judge_bound(&p) / 10, "%s n = %td d = %td beta = %g method %d %s: %g",
              presets[i / 64]->name, p.n, p.d, p.beta, (int)p.method, i % 2 ? "fp32" : "fp64", seen.margin_error);
    }
}

/* Affine scores, offsets of either sign, one of them all but the least score. E holds them; a score of which a share
 * cancels has an error that is larger by it, and so have masses: beta (q + 9) u of each of two weights. */
static void affine_scores(void)
{
    const preset_case *const presets[] = {&P1, &P3, &W2};
    const double beta[] = {1, 4, 16, 3.7, NAN, NAN}, shares[] = {0.8, -0.6, -0.9999};
    for (int i = 0; i < 3 * 3 * 6 * 2; i++) {
        psw_point p = bare(presets[i / 36], 512, 34, beta[i / 2 % 6]);
        double least = p.c * p.c * log((double)p.n), share = shares[i / 12 % 3];
        if (i / 2 % 6 >= 4) p.method = i / 2 % 6 == 4 ? PSW_SOFTMAX : PSW_LINEAR;
        p.precision = (psw_precision)(i % 2), p.scale = 0.61, p.offset = share * p.scale * least;
        double lost = share < 0 ? (1 - share) / (1 + share) : 1, unit = i % 2 ? 0x1p-24 : 0x1p-53;
        double degree = p.method == PSW_SOFTMAX ? 8 : p.method == PSW_LINEAR ? 1 : p.beta;
        rows_seen seen = attention_of(&p);
        CHECK(seen.mass_error <= 2 * degree * lost * 12 * unit + 1024 * unit, "%s beta = %g offset %g method %d: %g",
              presets[i / 36]->name, p.beta, p.offset, (int)p.method, seen.mass_error);
        CHECK(seen.margin_error <= psw_judge_bound(&p) / 10, "%s beta = %g offset %g method %d %s: %g of %g",
              presets[i / 36]->name, p.beta, p.offset, (int)p.method, i % 2 ? "fp32" : "fp64", seen.margin_error,
              psw_judge_bound(&p));
    }
}

/* Rows of weights sum to one; linear is degree 1; degree 0 is uniform; the degree sees ratios only, softmax does not.
 */
static void invariants(void)
{
    psw_point p = bare(&W1, 512, 34, 5), q;
    rows_seen seen = attention_of(&p), other;
    CHECK(seen.constant < 1e-13, "rows sum to 1 within %g", seen.constant); /* 512 roundings of either sign */
    q = p, q.a_0 *= 7, q.a_1 *= 7, q.b *= 7, q.c *= 7, q.kappa *= 7;
    other = attention_of(&q);
    CHECK_NEAR(other.special[1], seen.special[1], 1e-13);
    CHECK_NEAR(other.largest_leak, seen.largest_leak, 1e-13);
    p.method = q.method = PSW_SOFTMAX, p.beta = q.beta = NAN;
    CHECK(fabs(attention_of(&q).special[1] - attention_of(&p).special[1]) > 0.01, "softmax sees the scale");
    p.method = PSW_LINEAR, q = p, q.method = PSW_EXACT, q.beta = 1;
    seen = attention_of(&p), other = attention_of(&q);
    CHECK_NEAR(other.special[1], seen.special[1], 1e-14);
    CHECK_NEAR(other.ones[1], seen.ones[1], 1e-14);
    q.beta = 0, seen = attention_of(&q);
    CHECK_NEAR(seen.special[1] * 512, 1.0, 1e-14);
    CHECK_NEAR(seen.largest_leak * 512, 1.0, 1e-14);
}

static void large_degrees(void)
{
    const preset_case *const presets[] = {&P1, &P2, &W2};
    for (int precision = PSW_FP64; precision <= PSW_FP32; precision++) {
        psw_point p = bare(&P3, 4096, 34, 256);
        p.precision = (psw_precision)precision;
        rows_seen seen = attention_of(&p);
        CHECK(seen.special[1] >= 1 - 1e-12 && seen.special[1] <= 1, "f = 1 - %g", 1 - seen.special[1]);
    }
    for (int i = 0; i < 3; i++) { /* w = ones is the most favourable vector: the margin tends to a_1 + b - kappa */
        psw_point p = bare(presets[i], 1024, 34, 200);
        CHECK(fabs(attention_of(&p).ones[1] - (p.a_1 + p.b - p.kappa)) < 1e-9, "%s", presets[i]->name);
    }
}

/* a_1 f + b <= kappa: nobody fires on D_1, whatever the signs. */
static void small_degree(void)
{
    psw_point p = bare(&P1, 1024, 34, 6);
    CHECK(p.beta < psw_theory_point(&p).beta_fail, "beta_fail");
    CHECK(attention_of(&p).ones[1] < -0.007, "w = ones fires"); /* .092 - .1 */
    p.trials = 200;
    psw_verdict v = run_case(&p, NULL, NULL);
    CHECK(v.value_d1 == 0 && v.fires_d1 == 0 && v.margin_d1 < 0, "F(D_1) = %g", v.value_d1);
}

int main(void)
{
    masses_and_margins();
    affine_scores();
    invariants();
    large_degrees();
    small_degree();
    return test_end();
}
