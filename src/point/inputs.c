#include <stdlib.h>
#include <string.h>

#include "polysweep/point.h"

/* ---- heads ---- */

static int in_order(const void *a, const void *b)
{
    const psw_head_place *x = a, *y = b;
    if (x->layer != y->layer) return x->layer < y->layer ? -1 : 1;
    if (x->batch != y->batch) return x->batch < y->batch ? -1 : 1;
    return (x->head > y->head) - (x->head < y->head);
}

/* The heads of all points, each once. */
static psw_status heads_of(const psw_study *study, psw_head_place **heads, ptrdiff_t *count)
{
    ptrdiff_t slots = psw_study_slots(study), room = 0, used = 0;
    psw_head_place *list = NULL;
    psw_cursor cursor = psw_cursor_begin(study);
    for (ptrdiff_t slot = 0; slot < slots; slot++) {
        const psw_point *p = psw_cursor_at(&cursor, slot);
        psw_head_place one = {p->layer, p->batch, p->head};
        if (!psw_method_computes(p->method) || (used > 0 && in_order(&list[used - 1], &one) == 0)) continue;
        if (used == room) {
            psw_head_place *more = realloc(list, (size_t)(room = 2 * room + 64) * sizeof *more);
            if (!more) {
                free(list);
                return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the list of heads");
            }
            list = more;
        }
        list[used++] = one;
    }
    if (used > 0) qsort(list, (size_t)used, sizeof *list, in_order);
    for (ptrdiff_t i = *count = 0; i < used; i++)
        if (i == 0 || in_order(&list[i - 1], &list[i]) != 0) list[(*count)++] = list[i];
    *heads = list;
    return PSW_OK;
}

static psw_status read_arrays(const psw_study *study, psw_inputs *inputs)
{
    const char *path = psw_study_path(study, 0);
    psw_head_place *heads = NULL;
    ptrdiff_t count = 0;
    if (!path || !path[0]) return PSW_OK;
    PSW_TRY(heads_of(study, &heads, &count));
    psw_wanted wanted = {psw_study_file_keys(study), heads, count};
    psw_status status = psw_store_arrays(path, &wanted, &inputs->arrays);
    free(heads);
    inputs->has_arrays = status == PSW_OK;
    return status;
}

psw_status psw_inputs_whole(const psw_inputs *inputs, psw_point *points, ptrdiff_t count)
{
    const psw_arrays *arrays = inputs && inputs->has_arrays ? &inputs->arrays : NULL;
    for (ptrdiff_t i = 0; i < count; i++) PSW_TRY(psw_data_whole(arrays, &points[i]));
    return PSW_OK;
}

/* ---- learned weights ---- */

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
    const psw_arrays *arrays = inputs->has_arrays ? &inputs->arrays : NULL;
    psw_point whole = *point;
    if (!psw_method_computes(point->method)) return PSW_OK;
    psw_status status = psw_data_check(point, arrays);
    if (status == PSW_OK) status = psw_data_whole(arrays, &whole);
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
    psw_cursor cursor = psw_cursor_begin(study);
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++)
        PSW_TRY(check_point(study, inputs, psw_cursor_at(&cursor, slot)));
    return PSW_OK;
}

void psw_inputs_free(psw_inputs *inputs)
{
    if (inputs->has_arrays) psw_arrays_free(&inputs->arrays);
    for (ptrdiff_t i = 0; i < inputs->weights_count; i++) psw_store_weights_free(&inputs->weights[i]);
    free(inputs->weights);
    *inputs = (psw_inputs){0};
}
