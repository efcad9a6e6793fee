/* --where: over the points of a study, or over any room's names. */
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

struct psw_filter {
    const psw_study *study;
    psw_program program;
};

struct psw_expression {
    const psw_oracle *names;
    psw_program program;
};

/* compile, with "name: column N: what is wrong" */
static psw_status compile(const char *text, const char *name, const psw_names *names, psw_program *program)
{
    ptrdiff_t column;
    psw_status status = psw_program_compile(text, names, program, &column);
    if (status != PSW_USAGE) return status;
    char words[512];
    psw_format(words, sizeof words, "%s", psw_message());
    return PSW_FAIL(PSW_USAGE, "%s %s: column %td: %s", name, psw_show(text).text, column, words);
}

bool psw_filter_keeps(const psw_filter *filter, const psw_point *point)
{
    psw_row row = psw_row_of_point(point);
    return psw_program_true(psw_program_value(&filter->program, &row, filter->study->rooms.theory, point));
}

static psw_status keeps_some(const psw_filter *filter, const char *expression)
{
    ptrdiff_t slots = psw_study_slots(filter->study);
    for (ptrdiff_t slot = 0; slot < slots; slot++) {
        psw_point point = psw_study_point(filter->study, slot);
        if (psw_filter_keeps(filter, &point)) return PSW_OK;
    }
    return PSW_FAIL(PSW_USAGE, "--where %.200s: none of the %td points of the study satisfy it", expression, slots);
}

psw_status psw_filter_create(const psw_study *study, const char *expression, psw_filter **filter)
{
    psw_names names = psw_study_names(study);
    *filter = NULL;
    if (!expression) return PSW_OK;
    *filter = calloc(1, sizeof **filter);
    if (!*filter) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a filter");
    (*filter)->study = study;
    psw_status status = compile(expression, "--where", &names, &(*filter)->program);
    if (status == PSW_OK) status = keeps_some(*filter, expression);
    if (status == PSW_OK) return PSW_OK;
    psw_filter_free(*filter);
    *filter = NULL;
    return status;
}

void psw_filter_free(psw_filter *filter)
{
    if (!filter) return;
    psw_program_free(&filter->program);
    free(filter);
}

psw_status psw_expression_create(const char *text, const char *name, const psw_oracle *names, psw_expression **out)
{
    psw_names known = {.oracle = names};
    *out = calloc(1, sizeof **out);
    if (!*out) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate an expression");
    (*out)->names = names;
    psw_status status = compile(text, name, &known, &(*out)->program);
    if (status == PSW_OK) return PSW_OK;
    psw_expression_free(*out);
    *out = NULL;
    return status;
}

double psw_expression_value(const psw_expression *expression, const void *subject)
{
    psw_row none = {{0}};
    return psw_program_value(&expression->program, &none, expression->names, subject);
}

void psw_expression_free(psw_expression *expression)
{
    if (!expression) return;
    psw_program_free(&expression->program);
    free(expression);
}
