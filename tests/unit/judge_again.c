/* Rows that are computed once more, in double, against the engine in double: every method that can, what changes a
 * weight, any rows in any number. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "judge/again.h"
#include "theory_case.h"

typedef struct kept {
    const psw_point *p;
    double *rows; /* [sets][queries][v] */
} kept;

static psw_status keep(void *context, const psw_leaf *leaf)
{
    kept *k = context;
    ptrdiff_t v = k->p->v, queries = psw_data_queries(k->p), first = queries > 1 ? leaf->first : 0;
    const double *rows = leaf->rows;
    for (ptrdiff_t set = 0; set < leaf->sets; set++)
        memcpy(k->rows + (set * queries + first) * v, rows + set * leaf->count * v,
               (size_t)(leaf->count * v) * sizeof *rows);
    return PSW_OK;
}

/* All rows, in batches of three. */
static double largest_error(const psw_point *p, const psw_data *data, const double *want, double *scale)
{
    ptrdiff_t queries = psw_data_queries(p), places[3];
    double *scratch = malloc((size_t)judge_again_numbers(p, 3) * sizeof *scratch), error = 0;
    double *out = malloc((size_t)(3 * p->v) * sizeof *out);
    for (int set = 0; set < psw_data_sets(p); set++)
        for (ptrdiff_t first = 0; first < queries; first += 3) {
            ptrdiff_t count = queries - first < 3 ? queries - first : 3;
            for (ptrdiff_t i = 0; i < count; i++) places[i] = queries - 1 - first - i;
            psw_status status = judge_again_rows(&(judge_again){p, data, set, places, count, {0}}, scratch, out);
            CHECK(status == PSW_OK, "%s", psw_message());
            for (ptrdiff_t i = 0; i < count * p->v; i++) {
                double x = want[(set * queries + places[i / p->v]) * p->v + i % p->v];
                error = fmax(error, fabs(out[i] - x)), *scale = fmax(*scale, fabs(x));
            }
        }
    free(scratch), free(out);
    return error;
}

static void agrees(psw_point p, const char *what)
{
    psw_group group = {&p, 1};
    const psw_engine *engine = psw_engine_of(PSW_FP64);
    psw_arena arena;
    psw_data *data = NULL;
    double scale = 0;
    kept k = {&p, calloc((size_t)(2 * psw_data_queries(&p) * p.v), sizeof *k.rows)};
    CHECK(psw_arena_create(engine->bytes(&group, NULL), &arena) == PSW_OK, "%s", psw_message());
    CHECK(psw_data_open(&p, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_status status = engine->attend(&group, &(psw_given){.data = data, .sets = psw_data_sets(group.points)}, &arena,
                                       (psw_watch){0}, keep, &k);
    CHECK(status == PSW_OK, "%s", psw_message());
    double error = largest_error(&p, data, k.rows, &scale);
    /* sums of n terms, degrees of at most 9 and sums that cancel by a hundred: some thousand roundings */
    CHECK(error <= 1e-12 * scale, "%s method %d: %g of %g", what, (int)p.method, error, scale);
    psw_data_close(data);
    psw_arena_destroy(&arena);
    free(k.rows);
}

static void every_method(psw_point p, const char *what)
{
    const double beta[] = {0, 1, 2, 3, 9, 2.5};
    for (int i = 0; i < 6; i++) {
        p.method = PSW_EXACT, p.beta = beta[i];
        agrees(p, what);
    }
    p.beta = NAN, p.method = PSW_SOFTMAX;
    agrees(p, what);
    p.method = PSW_LINEAR;
    agrees(p, what);
}

static void affine_scores(psw_point plain)
{
    psw_point p = plain;
    p.scale = 0.43, p.offset = 1.7;
    every_method(p, "offset");
    p.offset = -1.1, p.mask = PSW_CAUSAL; /* of 2.15 that the least score is without it */
    every_method(p, "causal, negative offset");
    p.row_norm = PSW_NORM_UNIT, p.den_constant = 0.2, p.offset = 0.3;
    every_method(p, "row_norm, den_constant, offset");
    p.noise = 0.2, p.negative = PSW_NEGATIVE_ABS, p.offset = -0.2;
    every_method(p, "noise, row_norm, den_constant, negative offset");
    p = plain, p.data_kind = PSW_SCORES, p.d = 0, p.v = p.n, p.scale = 0.43, p.offset = -1.1;
    every_method(p, "scores, offset");
    p.den_constant = 3;
    every_method(p, "scores, offset, den_constant");
}

int main(void)
{
    psw_point plain = case_of(&W1, 150, 12, 2), p = plain;
    p.block = 40, p.j3 = 77;
    every_method(p, "plain");
    affine_scores(p);
    p.mask = PSW_CAUSAL;
    every_method(p, "causal");
    p.noise = 0.2, p.negative = PSW_NEGATIVE_SIGNED;
    every_method(p, "noise");
    p.negative = PSW_NEGATIVE_ABS, p.den_constant = 0.7;
    every_method(p, "abs, den_constant");
    p.row_norm = PSW_NORM_UNIT;
    every_method(p, "row_norm");
    p = plain, p.data_kind = PSW_SCORES, p.d = 0, p.v = p.n, p.j3 = 3;
    every_method(p, "scores");
    p = plain, p.method = PSW_TREE;
    CHECK(!judge_repeats(&p), "a sketch cannot be");
    return test_end();
}
