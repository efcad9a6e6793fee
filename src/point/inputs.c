#include <stdlib.h>
#include <string.h>

#include "polysweep/point.h"

static psw_status read_arrays(const psw_study *study, psw_inputs *inputs)
{
    const char *path = psw_study_path(study, 0);
    if (!path || !path[0]) return PSW_OK;
    PSW_TRY(psw_store_arrays(path, &inputs->arrays));
    inputs->has_arrays = true;
    return PSW_OK;
}

static psw_status read_weights(const psw_study *study, psw_inputs *inputs)
{
    ptrdiff_t count = 0;
    while (psw_study_path(study, count + 1)) count++;
    if (count == 0) return PSW_OK;
    inputs->weights = calloc((size_t)count, sizeof *inputs->weights);
    if (!inputs->weights) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td sets of weights", count);
    for (; inputs->weights_count < count; inputs->weights_count++)
        PSW_TRY(psw_store_weights(psw_study_path(study, inputs->weights_count + 1),
                                  &inputs->weights[inputs->weights_count]));
    return PSW_OK;
}

static psw_status check_point(const psw_study *study, const psw_inputs *inputs, const psw_point *point)
{
    psw_status status = psw_data_check(point, inputs->has_arrays ? &inputs->arrays : NULL);
    if (status == PSW_OK && point->weights > 0) status = psw_weights_check(point, &inputs->weights[point->weights - 1]);
    if (status == PSW_OK) return PSW_OK;
    return PSW_FAIL(status, "point method=%s n=%td d=%td: %s (files: %s %s)",
                    psw_word(PSW_WORDS_METHOD, (int)point->method), point->n, point->d, psw_message(),
                    psw_study_path(study, 0), point->weights > 0 ? psw_study_path(study, point->weights) : "");
}

psw_status psw_inputs_read(const psw_study *study, psw_inputs *inputs)
{
    *inputs = (psw_inputs){0};
    PSW_TRY(read_arrays(study, inputs));
    PSW_TRY(read_weights(study, inputs));
    if (!inputs->has_arrays && inputs->weights_count == 0) return PSW_OK;
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        psw_point point = psw_study_point(study, slot);
        PSW_TRY(check_point(study, inputs, &point));
    }
    return PSW_OK;
}

void psw_inputs_free(psw_inputs *inputs)
{
    if (inputs->has_arrays) psw_arrays_free(&inputs->arrays);
    for (ptrdiff_t i = 0; i < inputs->weights_count; i++) psw_store_weights_free(&inputs->weights[i]);
    free(inputs->weights);
    *inputs = (psw_inputs){0};
}
