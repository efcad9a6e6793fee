/* --where over the points of a study. */
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

struct psw_filter {
    const psw_study *study;
    psw_program program;
};

bool psw_filter_keeps(const psw_filter *filter, const psw_point *point)
{
    spec_row row = spec_row_of_point(point);
    return psw_program_true(psw_program_value(&filter->program, row.at, filter->study->rooms.theory, point));
}

static psw_status keeps_some(const psw_filter *filter, const char *expression)
{
    ptrdiff_t slots = psw_study_slots(filter->study);
    psw_cursor cursor = psw_cursor_begin(filter->study);
    for (ptrdiff_t slot = 0; slot < slots; slot++)
        if (psw_filter_keeps(filter, psw_cursor_at(&cursor, slot))) return PSW_OK;
    return PSW_FAIL(PSW_USAGE, "--where %.200s: none of the %td points of the study satisfy it", expression, slots);
}

psw_status psw_filter_create(const psw_study *study, const char *expression, psw_filter **filter)
{
    psw_names names = spec_study_names(study);
    *filter = NULL;
    if (!expression) return PSW_OK;
    *filter = calloc(1, sizeof **filter);
    if (!*filter) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a filter");
    (*filter)->study = study;
    psw_status status = psw_program_named(expression, "--where", &names, &(*filter)->program);
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
