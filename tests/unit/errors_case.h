/* What tests of the assessor share: points, one that is open, its draws and outputs. In the precision of the file that
 * includes it. */
#ifndef POLYSWEEP_TESTS_ERRORS_CASE_H
#define POLYSWEEP_TESTS_ERRORS_CASE_H

#include <math.h>

#include "unit/sketch_run.h"

#include "check.h"
#include "merge.h"
#include "polysweep/errors.h"

/* Rounding of products depends on the shape of blocks; errors are differences of numbers it reaches. */
#ifdef PSW_SINGLE
static const double close_to = 2e-3;
static const psw_precision precision = PSW_FP32;
#else
static const double close_to = 1e-9;
static const psw_precision precision = PSW_FP64;
#endif

enum { N = 75, D = 12, V = 5, DRAWS = 4 };

static inline psw_point plain(psw_method method, double beta)
{
    return (psw_point){.method = method,
                       .beta = beta,
                       .precision = precision,
                       .data_kind = PSW_GAUSSIAN,
                       .n = N,
                       .d = D,
                       .v = V,
                       .r = 16,
                       .draws = DRAWS,
                       .block = 16,
                       .seed = 5};
}

/* ---- the assessor ---- */

typedef struct open_errors {
    psw_errors *errors;
    psw_arena arena;
    const psw_assessor *assessor;
    psw_data *data;
} open_errors;

static inline open_errors errors_of(const psw_point *p)
{
    open_errors o = {.assessor = psw_assessor_of(p->precision)};
    CHECK(psw_arena_create(o.assessor->bytes(p, NULL), &o.arena) == PSW_OK, "%s", psw_message());
    CHECK(psw_data_open(p, NULL, &o.data) == PSW_OK, "%s", psw_message());
    psw_status status = o.assessor->begin(p, &(psw_given){.data = o.data, .tables.weights = NULL, .route = NULL},
                                          (psw_watch){0}, &o.arena, &o.errors);
    CHECK(status == PSW_OK, "%s", psw_message());
    CHECK(o.arena.high == o.arena.size, "%zu of %zu bytes used", o.arena.high, o.arena.size);
    CHECK(o.assessor->draw(o.errors, 0) == PSW_BUG, "a draw before begin was merged");
    merge_alone(o.assessor, o.errors, PSW_ERRORS_BEGUN);
    return o;
}

static inline void close_errors(open_errors *o)
{
    o->assessor->close(o->errors);
    psw_data_close(o->data);
    psw_arena_destroy(&o->arena);
}

static inline void draw(open_errors *o, ptrdiff_t number)
{
    CHECK(o->assessor->draw(o->errors, number) == PSW_OK, "%s", psw_message());
    merge_alone(o->assessor, o->errors, PSW_ERRORS_DRAWN);
}

static inline void taken(open_errors *o)
{
    merge_alone(o->assessor, o->errors, PSW_ERRORS_TAKEN);
}

static inline void end(open_errors *o, psw_sketch_columns *columns)
{
    merge_alone(o->assessor, o->errors, PSW_ERRORS_ENDING);
    o->assessor->end(o->errors, columns);
}

/* Leaves of attention as the fold makes them, backwards. */
static inline void give_outputs(open_errors *o, const psw_point *p, const double *out, const double *den)
{
    psw_real rows[N * V];
    double log2_den[N];
    for (int i = 0; i < N * V; i++) rows[i] = (psw_real)out[i];
    for (int i = 0; i < N; i++) log2_den[i] = log2(den[i]); /* NaN below 0, -inf for 0 */
    for (ptrdiff_t index = (N - 1) / p->block; index >= 0; index--) {
        ptrdiff_t first = index * p->block, count = N - first < p->block ? N - first : p->block;
        psw_leaf leaf = {first, count, index, 1, 1, V, rows + first * V, NULL, log2_den + first};
        CHECK(o->assessor->take(o->errors, &leaf) == PSW_OK, "%s", psw_message());
    }
}

static inline void near(const char *what, double got, double wanted)
{
    bool same = (isnan(got) && isnan(wanted)) || fabs(got - wanted) <= close_to * fabs(wanted) + 1e-3 * close_to;
    CHECK(same, "%s is %.12g, not %.12g", what, got, wanted);
}
static inline psw_sketch_columns kernel_errors(psw_point p)
{
    open_errors o = errors_of(&p);
    psw_sketch_columns got;
    for (ptrdiff_t t = 0; t < psw_errors_draws(&p); t++) draw(&o, t);
    end(&o, &got);
    close_errors(&o);
    return got;
}

#endif
