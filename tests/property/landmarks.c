/* The landmark fold for rows of its own choice, in both precisions: what values of 1, values that mark a token, one
 * data set alone, another pass, another block and a team of any size and layout may not change. Outputs themselves are
 * compared with numpy (tests/e2e/landmarks.py). */
#include "property/team.h"

enum { N = 101, D = 6, V = 5, M = 8, TOKEN = 40 };

/* Sums over 100 keys and 8 landmarks, whose matrix has a condition of some ten: measured 1e-15 and 1e-6. */
static const double tolerance[] = {[PSW_FP64] = 1e-13, [PSW_FP32] = 1e-5};

/* Segments point in different directions, so their matrix can be inverted. */
static void segments(ptrdiff_t special)
{
    source_make(17, N, D, V, special, false, true);
    source_fine();
    for (int set = 0; set < 2; set++)
        for (int side = 0; side < 2; side++)
            for (ptrdiff_t i = 0; i < N; i++) {
                ptrdiff_t segment = i * M / N;
                source.rows[set][side][i * D + segment % D] += segment < D ? 4 : -4;
            }
}

static psw_point point_for(psw_precision precision, ptrdiff_t block)
{
    psw_point p = point_of(PSW_NYSTROM, NAN, PSW_FULL, precision, block);
    p.landmarks = M;
    return p;
}

static void must_run(const psw_point *p, int sets, result *r)
{
    CHECK(run_sets(p, 1, sets, r) == PSW_OK, "%s", psw_message());
}

static double apart(const double *a, const double *b, ptrdiff_t count)
{
    double off = 0;
    for (ptrdiff_t i = 0; i < count; i++) off = fmax(off, fabs(a[i] - b[i]));
    return off;
}

/* Rows of A^+ B sum to 1, since those of A and B do and A can be inverted. */
static void ones(psw_precision precision)
{
    result r;
    segments(TOKEN);
    psw_point p = point_for(precision, 32);
    for (int set = 0; set < 2; set++)
        for (ptrdiff_t i = 0; i < N; i++) {
            source.rows[set][PSW_VALUE][i * V] = 1;
            source.rows[set][PSW_VALUE][i * V + 1] = i == TOKEN;
        }
    must_run(&p, 2, &r);
    for (ptrdiff_t i = 0; i < 2 * N; i++) {
        CHECK(fabs(r.rows[i * V] - 1) <= tolerance[precision], "row %td is %.17g", i, r.rows[i * V]);
        CHECK(fabs(r.rows[i * V + 1] - r.special[i]) <= tolerance[precision], "mass of row %td: %.17g, not %.17g", i,
              r.special[i], r.rows[i * V + 1]);
        CHECK(isfinite(r.log2_den[i]), "row %td is bad", i);
    }
    result_free(&r);
}

static void one_set(psw_precision precision)
{
    result both, one, again;
    segments(TOKEN);
    psw_point p = point_for(precision, 32);
    must_run(&p, 2, &both);
    must_run(&p, 1, &one);
    source.passes = 2;
    must_run(&p, 2, &again);
    source.passes = 0;
    CHECK(memcmp(one.bits, both.bits, (size_t)(N * V) * one.real_bytes) == 0, "D_0 alone has other bits");
    CHECK(memcmp(again.bits, both.bits, (size_t)(2 * N * V) * one.real_bytes) == 0, "another pass has other bits");
    CHECK(apart(both.rows, both.rows + N * V, N * V) > 0.01, "the sets differ");
    for (ptrdiff_t block = 1; block <= 128; block = 2 * block + 1) {
        result r;
        p.block = block;
        must_run(&p, 2, &r);
        double off = apart(r.rows, both.rows, 2 * N * V);
        CHECK(off <= tolerance[precision], "block %td: %g", block, off);
        result_free(&r);
    }
    result_free(&both), result_free(&one), result_free(&again);
}

static void teams(psw_precision precision)
{
    segments(TOKEN);
    psw_point p = point_for(precision, 8);
    result alone;
    must_run(&p, 2, &alone);
    for (int size = 1; size <= TEAM_MAX; size = size < 4 ? size + 1 : 2 * size)
        for (int layout = 0; layout < PSW_LAYOUTS; layout++) {
            team t;
            result r;
            CHECK(team_open(&t, &p, 1, 2, (psw_choice){layout, -1, -1, 0}, size) == PSW_OK, "%s", psw_message());
            if (size > 1) {
                CHECK(team_run(&t, 1, &r) == PSW_OK, "%s", psw_message());
                double off = apart(r.rows, alone.rows, 2 * N * V), mass = apart(r.special, alone.special, 2 * N);
                CHECK(off <= tolerance[precision] && mass <= tolerance[precision], "%d ranks, layout %d: %g, masses %g",
                      size, layout, off, mass);
                CHECK(r.leaves == (N + p.block - 1) / p.block, "%td leaves", r.leaves);
                result_free(&r);
            }
            team_close(&t);
        }
    result_free(&alone);
}

static void bad_rows_are_named(psw_precision precision)
{
    static const double bad[] = {INFINITY, NAN};
    for (int side = 0; side < 3; side++)
        for (int i = 0; i < 2; i++) {
            result r;
            segments(-1);
            source.rows[0][side][50 * (side == PSW_VALUE ? V : D)] = bad[i];
            psw_point p = point_for(precision, 32);
            CHECK(run_group(&p, 1, &r) == PSW_NOT_FINITE, "%g on side %d", bad[i], side);
            result_free(&r);
        }
}

static void refused(psw_point p, const char *says)
{
    CHECK(psw_attend_check(&p) == PSW_USAGE && strstr(psw_message(), says), "\"%s\", not \"%s\"", psw_message(), says);
}

static void refusals(void)
{
    segments(-1);
    psw_point p = point_for(PSW_FP64, 32), q = p;
    CHECK(psw_attend_check(&p) == PSW_OK, "%s", psw_message());
    q.mask = PSW_CAUSAL, refused(q, "no causal form");
    q = p, q.landmarks = N + 1, refused(q, "landmarks = 102");
    q = p, q.landmarks = q.n = 40000, refused(q, "at most 32768");
    q = p, q.landmarks = 0, refused(q, "landmarks = 0");
    q = p, q.den_constant = 1, refused(q, "den_constant = 1");
    CHECK(!psw_group_joins(&p, &p), "points with landmarks share nothing");
}

int main(void)
{
    for (int precision = 0; precision < 2; precision++) {
        ones((psw_precision)precision);
        one_set((psw_precision)precision);
        teams((psw_precision)precision);
        bad_rows_are_named((psw_precision)precision);
    }
    refusals();
    source_free();
    return test_end();
}
