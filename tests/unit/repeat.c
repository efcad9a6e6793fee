/* When repetitions end, and whether the interval of the median holds the median as often as it says. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/measure.h"
#include "polysweep/random.h"

enum { MOST = 60 };

static double samples[MOST], sorted[MOST];

static psw_repeat rule(ptrdiff_t reps, ptrdiff_t max_reps, double ci_rel, double confidence)
{
    return (psw_repeat){reps, max_reps, ci_rel, confidence, samples, sorted, 0, 0};
}

/* Ranks from a table of the binomial distribution (95 %): 6 samples need the extremes, 20 the 6th and the 15th. */
static void test_ranks(void)
{
    static const struct {
        ptrdiff_t count, k;
    } table[] = {{6, 1}, {8, 1}, {9, 2}, {11, 2}, {12, 3}, {20, 6}, {50, 18}, {60, 22}};
    double x[MOST];
    for (int i = 0; i < MOST; i++) x[i] = i + 1;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        psw_interval found = psw_median_interval(x, table[i].count, 0.95);
        double k = (double)table[i].k, n = (double)table[i].count;
        CHECK(found.lo == k && found.hi == n + 1 - k, "%g: %g .. %g", n, found.lo, found.hi);
    }
    CHECK(isnan(psw_median_interval(x, 5, 0.95).lo), "5 samples hold it with 0.9375 alone");
    CHECK(psw_median_interval(x, 5, 0.9375).hi == 5, "which is exactly what is asked for here");
    CHECK(isnan(psw_median_interval(x, 0, 0.95).lo), "no sample");
}

/* A rank of 2000 samples against its normal approximation, k = n/2 - 1.96 sqrt(n)/2, which is off by less than one. */
static void test_many(void)
{
    enum { N = 2000 };
    static double x[N];
    for (int i = 0; i < N; i++) x[i] = i + 1;
    psw_interval found = psw_median_interval(x, N, 0.95);
    CHECK(fabs(found.lo - (N / 2.0 - PSW_Z95 * sqrt(N) / 2)) < 1.5, "rank %g", found.lo);
}

static psw_time_stop feed(psw_repeat *r, const double *from, ptrdiff_t count, bool over)
{
    psw_time_stop stop = PSW_TIME_NONE;
    for (ptrdiff_t i = 0; i < count && stop == PSW_TIME_NONE; i++) stop = psw_repeat_add(r, from[i], over);
    return stop;
}

static void test_reasons(void)
{
    const double even[] = {1, 1, 1, 1, 1, 1, 1, 1}, uneven[] = {3, 1, 2, 9, 8, 7, 4, 5, 6, 10, 11, 12};
    psw_repeat r = rule(6, 50, 0.02, 0.95);
    CHECK(feed(&r, even, 8, false) == PSW_TIME_PRECISE && r.count == 6, "count %td", r.count);
    r = rule(6, 12, 0.02, 0.95);
    CHECK(feed(&r, uneven, 12, false) == PSW_TIME_MAX_REPS && r.count == 12, "count %td", r.count);
    CHECK(psw_repeat_median(&r) == 6.5 && psw_repeat_interval(&r).lo == 3 && psw_repeat_interval(&r).hi == 10, "%g",
          psw_repeat_median(&r));
    CHECK(memcmp(samples, uneven, sizeof uneven) == 0, "samples stay in the order in which they came");
    r = rule(6, 50, 0.02, 0.95);
    CHECK(feed(&r, uneven, 12, true) == PSW_TIME_BUDGET && r.count == 6, "never fewer than reps: %td", r.count);
    r = rule(6, 50, 0.02, 0.95);
    CHECK(feed(&r, even, 8, true) == PSW_TIME_PRECISE, "what is precise is no budget's end");
    r = rule(3, 8, 10, 0.95);
    CHECK(feed(&r, even, 8, false) == PSW_TIME_PRECISE && r.count == 8, "3 samples give no interval: %td", r.count);
    r = rule(1, 1, 0.02, 0.95);
    CHECK(feed(&r, uneven, 1, false) == PSW_TIME_MAX_REPS && psw_repeat_median(&r) == 3, "one sample");
    CHECK(isnan(psw_repeat_interval(&r).lo), "has no interval");
}

static void test_looks(void)
{
    double x[MOST];
    for (int i = 0; i < MOST; i++) x[i] = i < 3 ? 2 : i < 6 ? 4 : 3; /* narrow from 9 samples on */
    psw_repeat r = rule(6, 50, 0.02, 0.95);
    CHECK(feed(&r, x, MOST, false) == PSW_TIME_PRECISE, "narrow at last");
    CHECK((r.count - 6) % 5 == 0 && r.count >= 16, "looked at %td samples", r.count);
}

/* Times of a computer: a floor, and a tail above it. Their median is 1 + scale ln 2. */
static void timings(uint64_t trial, double scale, double *out)
{
    psw_key key = psw_random_key(PSW_STREAM_NOISE, trial, NULL, 0);
    psw_random_uniforms(key, 0, 0, MOST, out);
    for (int i = 0; i < MOST; i++) out[i] = 1 - scale * log(out[i]);
}

/* `rounds` experiments; the share whose interval holds the median, over mean repetitions. */
static double coverage(int rounds, double scale, ptrdiff_t reps, ptrdiff_t max_reps, double *mean)
{
    double x[MOST], median = 1 + scale * log(2);
    int holds = 0;
    *mean = 0;
    for (int i = 0; i < rounds; i++) {
        psw_repeat r = rule(reps, max_reps, 0.02, 0.95);
        timings((uint64_t)i, scale, x);
        feed(&r, x, MOST, false);
        psw_interval found = psw_repeat_interval(&r);
        holds += found.lo <= median && median <= found.hi;
        *mean += (double)r.count / rounds;
    }
    return (double)holds / rounds;
}

/* 4000 experiments see a share of 0.95 within 0.0104 (three standard deviations). A fixed number of samples must hold
 * the median in 0.95 or more, and so must samples that the rule ends. */
static void test_coverage(void)
{
    const double off = 3 * sqrt(0.95 * 0.05 / 4000);
    double mean, share = coverage(4000, 0.02, 20, 20, &mean);
    CHECK(fabs(mean - 20) < 1e-9 && share >= 0.95 - off && share < 0.975 + off, "of 20 samples: %g",
          share); /* 0.9586 by the table */
    for (double scale = 0.005; scale < 0.05; scale *= 2) {
        share = coverage(4000, scale, 6, 50, &mean);
        fprintf(stderr, "tail %.3f: %.1f repetitions, the median is held by %.2f %%\n", scale, mean, 100 * share);
        CHECK(share >= 0.95 - off, "tail %g: %g", scale, share);
    }
}

int main(void)
{
    test_ranks();
    test_many();
    test_reasons();
    test_looks();
    test_coverage();
    return test_end();
}
