/* A point of one study in another: own axes go by their names, learned weights by their paths, all else by value. */
#include <math.h>
#include <string.h>

#include "spec/study.h"

static ptrdiff_t own_number(const psw_study *study, const char *name)
{
    for (ptrdiff_t i = 0; i < study->own_count; i++)
        if (strcmp(study->own[i], name) == 0) return i;
    return -1;
}

/* False where the point has a value on an axis that the study does not know. */
static bool carry_own(const psw_study *to, const psw_study *from, psw_point *point)
{
    double values[PSW_OWN_MAX];
    memcpy(values, point->own, sizeof values);
    for (ptrdiff_t i = 0; i < to->own_count; i++) {
        ptrdiff_t at = own_number(from, to->own[i]);
        point->own[i] = at < 0 ? NAN : values[at];
    }
    for (ptrdiff_t i = 0; i < from->own_count; i++)
        if (!isnan(values[i]) && own_number(to, from->own[i]) < 0) return false;
    return true;
}

static bool carry_weights(const psw_study *to, const psw_study *from, psw_point *point)
{
    const char *path = psw_study_path(from, point->weights);
    if (point->weights == 0) return true;
    for (ptrdiff_t i = 1; path && i < to->path_count; i++)
        if (strcmp(to->paths[i].text, path) == 0) {
            point->weights = i;
            return true;
        }
    return false;
}

ptrdiff_t psw_study_find(const psw_study *study, const psw_study *other, const psw_point *point)
{
    psw_point carried = *point;
    if (strcmp(study->paths[0].text, other->paths[0].text) != 0) return -1; /* other data */
    if (!carry_own(study, other, &carried) || !carry_weights(study, other, &carried)) return -1;
    return psw_study_slot(study, &carried);
}
