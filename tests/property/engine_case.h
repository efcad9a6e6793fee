/* Runs an engine and the head on one point, and hands every row of attention to the caller as doubles. */
#ifndef POLYSWEEP_TESTS_ENGINE_CASE_H
#define POLYSWEEP_TESTS_ENGINE_CASE_H

#include <stdlib.h>

#include "check.h"
#include "polysweep/judge.h"
#include "polysweep/theory.h"
#include "unit/theory_case.h"

typedef void (*row_reader)(void *context, int set, ptrdiff_t row, const double *out, double special);

typedef struct case_sink {
    const psw_judge *judge;
    psw_head *head;
    psw_precision precision;
    row_reader read;
    void *context;
} case_sink;

static psw_status case_take(void *context, const psw_leaf *leaf)
{
    case_sink *s = context;
    double out[2048];
    for (ptrdiff_t set = 0; set < leaf->sets && s->read; set++)
        for (ptrdiff_t i = 0; i < leaf->count; i++) {
            ptrdiff_t at = (set * leaf->count + i) * leaf->width;
            for (ptrdiff_t k = 0; k < leaf->width; k++)
                out[k] = s->precision == PSW_FP32 ? ((const float *)leaf->rows)[at + k]
                                                  : ((const double *)leaf->rows)[at + k];
            s->read(s->context, (int)set, leaf->first + i, out, leaf->special[set * leaf->count + i]);
        }
    return s->head ? s->judge->take(s->head, leaf) : PSW_OK;
}

/* The verdict; with trials = 0 only the attention columns. `read` may be NULL. */
static inline psw_verdict run_case(const psw_point *p, row_reader read, void *context)
{
    psw_group group = {p, 1};
    const psw_engine *engine = psw_engine_of(p->precision);
    case_sink sink = {psw_judge_of(p->precision), NULL, p->precision, read, context};
    psw_arena memory, judged;
    psw_data *data = NULL;
    psw_verdict verdict = psw_verdict_none();
    CHECK(psw_arena_create(engine->bytes(&group, NULL), &memory) == PSW_OK, "%s", psw_message());
    CHECK(psw_arena_create(sink.judge->bytes(&group, NULL), &judged) == PSW_OK, "%s", psw_message());
    CHECK(sink.judge->begin(&group, NULL, (psw_watch){0}, &judged, &sink.head) == PSW_OK, "%s", psw_message());
    psw_status status = psw_data_open(p, NULL, &data);
    psw_given given = {.data = data, .sets = psw_data_sets(group.points)};
    if (status == PSW_OK) status = engine->attend(&group, &given, &memory, (psw_watch){NULL, NULL}, case_take, &sink);
    if (status == PSW_OK) status = sink.judge->settle(sink.head, data, (psw_watch){NULL, NULL});
    CHECK(status == PSW_OK, "%s", psw_message());
    if (status == PSW_OK) sink.judge->end(sink.head, &verdict);
    psw_data_close(data);
    psw_arena_destroy(&memory);
    psw_arena_destroy(&judged);
    return verdict;
}

#endif
