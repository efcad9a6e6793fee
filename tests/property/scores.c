/* Data that is scores, through the fold and the head: figures of an independent implementation, and plain loops in
 * long double. */
#include <stdlib.h>

#include "check.h"
#include "polysweep/judge.h"

static psw_point plain(ptrdiff_t n, double beta)
{
    return (psw_point){.method = PSW_EXACT,
                       .data_kind = PSW_SCORES,
                       .beta = beta,
                       .n = n,
                       .v = n,
                       .a_0 = NAN,
                       .a_1 = NAN,
                       .b = NAN,
                       .c = NAN,
                       .kappa = NAN,
                       .noise = 0,
                       .j3 = n / 3,
                       .m = 40,
                       .trials = 50,
                       .block = 512,
                       .seed = 3};
}

typedef struct seen {
    const psw_judge *judge;
    psw_head *head;
    psw_precision precision;
    double *f; /* [points][sets][n] */
    double log2_den;
} seen;

static psw_status look(void *context, const psw_leaf *leaf)
{
    seen *s = context;
    CHECK(leaf->count == 1, "%td rows", leaf->count);
    for (ptrdiff_t i = 0; i < leaf->points * leaf->sets * leaf->width; i++)
        s->f[i] = s->precision == PSW_FP32 ? (double)((const float *)leaf->rows)[i] : ((const double *)leaf->rows)[i];
    s->log2_den = leaf->log2_den[leaf->points * leaf->sets - 1];
    return s->judge->take(s->head, leaf);
}

static void run(const psw_point *points, ptrdiff_t count, seen *s, psw_verdict *verdicts)
{
    psw_group group = {points, count};
    const psw_engine *engine = psw_engine_of(points->precision);
    psw_data *data = NULL;
    psw_arena arena;
    s->precision = points->precision;
    s->judge = psw_judge_of(points->precision);
    s->f = calloc((size_t)(count * 2 * points->n), sizeof *s->f);
    CHECK(psw_arena_create(engine->bytes(&group, NULL) + s->judge->bytes(&group, NULL), &arena) == PSW_OK, "%s",
          psw_message());
    CHECK(psw_data_open(points, NULL, &data) == PSW_OK, "%s", psw_message());
    CHECK(s->judge->begin(&group, NULL, (psw_watch){0}, &arena, &s->head) == PSW_OK, "%s", psw_message());
    psw_status status = engine->attend(&group, &(psw_given){.data = data, .sets = psw_data_sets(group.points)}, &arena,
                                       (psw_watch){0}, look, s);
    CHECK(status == PSW_OK, "%s", psw_message());
    CHECK(arena.high == arena.size, "%zu of %zu bytes", arena.high, arena.size);
    s->judge->end(s->head, verdicts);
    psw_data_close(data);
    psw_arena_destroy(&arena);
}

/* f_j3 on D_1 for one degree */
static double mass(psw_point p)
{
    seen s = {0};
    psw_verdict v;
    run(&p, 1, &s, &v);
    CHECK(s.f[p.n + p.j3] == v.special_mass_d1 && s.f[p.j3] == v.special_mass_d0, "masses");
    free(s.f);
    return v.special_mass_d1;
}

static void rows_are_those_of_loops(psw_method method, psw_precision precision)
{
    psw_point points[3] = {plain(1000, 0), plain(1000, 3.5), plain(1000, 200)};
    seen s = {0};
    psw_verdict v[3];
    double z[1000];
    psw_data *data;
    for (int i = 0; i < 3; i++)
        points[i].method = method, points[i].precision = precision, points[i].den_constant = 0.5;
    run(points, 3, &s, v);
    CHECK(psw_data_open(points, NULL, &data) == PSW_OK, "%s", psw_message());
    for (int i = 0; i < 3; i++)
        for (int set = 0; set < 2; set++) {
            long double sum = 0.5L;
            psw_data_rows(data, set, PSW_KEY, 0, 1000, z);
            for (int pass = 0; pass < 2; pass++)
                for (int j = 0; j < 1000; j++) {
                    long double u = method == PSW_SOFTMAX  ? expl(z[j])
                                    : method == PSW_LINEAR ? (long double)z[j]
                                                           : powl(z[j], points[i].beta);
                    if (pass == 0) sum += u;
                    /* the logarithm of a weight rounds in double, the degree multiplies it; then one rounding */
                    double close = precision == PSW_FP32 ? 1e-7 : 1e-13;
                    double *f = &s.f[(i * 2 + set) * 1000 + j];
                    if (pass == 1)
                        CHECK(fabs(*f - (double)(u / sum)) < close * (double)(u / sum) + 1e-40, "f[%d] is %g", j, *f);
                }
            if (i == 2 && set == 1) CHECK_NEAR(s.log2_den, (double)log2l(sum), 1e-12);
        }
    psw_data_close(data);
    free(s.f);
}

/* Degrees at which f_j3 = 1/2; one draw of the other scores moves them by a hundredth or two. */
static void half_of_the_mass(ptrdiff_t n, double figure)
{
    double low = 1, high = 20;
    while (high - low > 1e-3) {
        double middle = (low + high) / 2;
        if (mass(plain(n, middle)) > 0.5)
            high = middle;
        else
            low = middle;
    }
    CHECK(fabs(low - figure) < 0.05, "n = %td: half of the mass at degree %g, not %g", n, low, figure);
}

static void figures(void)
{
    psw_point p = plain(64, NAN);
    half_of_the_mass(64, 3.08);
    half_of_the_mass(256, 4.09);
    half_of_the_mass(1024, 5.10);
    half_of_the_mass(16384, 7.09);
    for (ptrdiff_t n = 64; n <= 1024; n *= 4) {
        double one = (double)n * mass(plain(n, 1)), two = (double)n * mass(plain(n, 2));
        CHECK(one > 3.6 && one < 4, "n f at degree 1: %g", one);
        CHECK(two > 11.5 && two < 16, "n f at degree 2: %g", two);
    }
    p.method = PSW_SOFTMAX;
    double rest = 1 - mass(p);
    CHECK(rest > 2.2e-4 && rest < 3.6e-4, "softmax leaves %g", rest);
}

/* |f| sqrt(n) on D_0, degree 8 */
static void weights_of_d0_are_nearly_equal(void)
{
    psw_point p = plain(64, 8);
    seen s = {0};
    psw_verdict v;
    double sum = 0;
    run(&p, 1, &s, &v);
    for (int j = 0; j < 64; j++) sum += s.f[j] * s.f[j];
    CHECK(sqrt(64 * sum) > 1.005 && sqrt(64 * sum) < 1.05, "%g", sqrt(64 * sum));
    free(s.f);
}

/* Far below the critical degree neither data set fires; far above it half of the sign vectors fire on D_1: those with a
 * + at j3, whatever the others are (4.5 standard errors). */
static void verdicts(psw_precision precision)
{
    psw_point points[2] = {plain(4096, 2), plain(4096, 12)};
    points[0].precision = points[1].precision = precision;
    seen s = {0};
    psw_verdict v[2];
    run(points, 2, &s, v);
    CHECK(v[0].successes == 0 && v[0].fires_d0 == 0 && v[0].margin_d1 < 0, "low degree: %td", v[0].successes);
    CHECK(v[1].successes == 50 && v[1].fires_d0 == 0, "high degree: %td", v[1].successes);
    CHECK(fabs(v[1].active_d1 - 20) < 4.5 * sqrt(40 / 4.0 / 50), "active: %g of 40", v[1].active_d1);
    CHECK_NEAR(v[1].margin_d1 * sqrt(log(4096)), 0.75, 0.05); /* f_j3 - tau, f_j3 nearly 1, the others add 1e-3 */
    CHECK(isnan(v[1].gap) && isnan(v[1].leak_mass_d1), "no read-out, no other row");
    free(s.f);
}

int main(void)
{
    rows_are_those_of_loops(PSW_EXACT, PSW_FP64);
    rows_are_those_of_loops(PSW_EXACT, PSW_FP32);
    rows_are_those_of_loops(PSW_SOFTMAX, PSW_FP64);
    rows_are_those_of_loops(PSW_LINEAR, PSW_FP64);
    figures();
    weights_of_d0_are_nearly_equal();
    verdicts(PSW_FP64);
    verdicts(PSW_FP32);
    return test_end();
}
