/* Points of the presets, for tests of theory and judge. */
#ifndef POLYSWEEP_TESTS_THEORY_CASE_H
#define POLYSWEEP_TESTS_THEORY_CASE_H

#include <math.h>

#include "polysweep/spec.h"

typedef struct preset_case {
    const char *name;
    double a_0, a_1, b, c;
} preset_case;

static const preset_case P1 = {"P1", 0.04, 0.7, 0.05, 0.7}, P2 = {"P2", 0.04, 1.2, 0.05, 0.7},
                         P3 = {"P3", 0.04, 1.2, 0.05, 1.5}, W1 = {"W1", 0.4, 1.2, 0.05, 1.0},
                         W2 = {"W2", 0.04, 1.2, 0.3, 1.0};

static inline psw_point case_of(const preset_case *preset, ptrdiff_t n, ptrdiff_t d, double beta)
{
    psw_point p = {.method = PSW_EXACT,
                   .beta = beta,
                   .n = n,
                   .d = d,
                   .v = d,
                   .block = 512,
                   .seed = 20231030,
                   .trials = 100,
                   .kappa = 0.1,
                   .level = 0.9};
    p.a_0 = preset->a_0, p.a_1 = preset->a_1, p.b = preset->b, p.c = preset->c;
    p.m = (ptrdiff_t)ceil(8 * log((double)n));
    return p;
}

/* The point at another degree, as a study makes it: with match exp scale and offset go along. */
static inline psw_point at_degree(psw_point p, double beta)
{
    p.beta = beta;
    if (p.match != PSW_MATCH_EXP || !(beta > 0)) return p;
    p.scale = p.reference_scale / beta, p.offset = 1 - p.reference_scale * p.center / beta;
    return p;
}

static inline psw_point matched(psw_point p, double reference_scale, double center)
{
    p.match = PSW_MATCH_EXP, p.reference_scale = reference_scale, p.center = center;
    return at_degree(p, p.beta);
}

#endif
