/* A point of one study in another: own axes go by their names, learned weights by their paths, `negative` by the
 * weights that it makes, a reference by what files knew of it, all else by value. */
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

/* A point from before references has the results of the same point with the one reference of a younger study, but for
 * columns about it. */
static void carry_reference(const psw_study *to, const psw_study *from, psw_point *point)
{
    bool then = psw_study_before_references(to);
    const psw_study *younger = then ? from : to;
    if (then == psw_study_before_references(from)) return;
    if (younger->given[PSW_ID_REFERENCE].origin > PSW_O_VALUE) return;
    spec_row row = spec_row_of_point(point);
    for (int id = PSW_ID_REFERENCE; id <= PSW_ID_REFERENCE_BETA; id++) {
        const spec_given *given = &younger->given[id];
        row.at[id] = given->origin == PSW_O_VALUE ? younger->base.at[id] : spec_younger_default(younger, &row, id);
    }
    if (then) row.at[PSW_ID_REFERENCE] = PSW_REFERENCE_OWN;
    spec_row_settle(to, &row);
    point->reference = (psw_reference)row.at[PSW_ID_REFERENCE];
    point->reference_scale = row.at[PSW_ID_REFERENCE_SCALE];
    point->reference_beta = row.at[PSW_ID_REFERENCE_BETA];
}

/* Values of `negative` that make the same weights of every score: of an even degree all three, of linear those that
 * keep the sign. (Younger words than these may do other things.) */
static bool same_weights(const psw_point *point, psw_negative a, psw_negative b)
{
    bool linear = psw_method_facts_of(point->method)->kernel == PSW_KERNEL_LINEAR;
    bool even = !linear && !isnan(point->beta) && fmod(point->beta, 2) == 0;
    psw_negative most = even ? PSW_NEGATIVE_ABS : linear ? PSW_NEGATIVE_SIGNED : PSW_NEGATIVE_REFUSE;
    return a <= most && b <= most;
}

/* The point itself or, where the study does not have it, one that differs in a `negative` that makes no difference. */
static ptrdiff_t slot_of(const psw_study *study, const psw_point *point)
{
    ptrdiff_t slot = psw_study_slot(study, point);
    psw_point other = *point;
    for (psw_negative n = PSW_NEGATIVE_REFUSE; slot < 0 && n <= PSW_NEGATIVE_ABS; n++) {
        other.negative = n;
        if (n != point->negative && same_weights(point, point->negative, n)) slot = psw_study_slot(study, &other);
    }
    return slot;
}

ptrdiff_t psw_study_find(const psw_study *study, const psw_study *other, const psw_point *point)
{
    psw_point carried = *point;
    bool same_file = strcmp(study->paths[0].text, other->paths[0].text) == 0;
    if (!same_file || strcmp(spec_file_reading(study), spec_file_reading(other)) != 0) return -1; /* other data */
    if (!carry_own(study, other, &carried) || !carry_weights(study, other, &carried)) return -1;
    carry_reference(study, other, &carried);
    return slot_of(study, &carried);
}
