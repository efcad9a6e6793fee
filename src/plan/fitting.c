#include "plan/fitting.h"

#include <stdint.h>
#include <stdlib.h>

enum { SHAPES = 1024, TRIED = 8, SIZES = 40 }; /* kept; places that one may have; teams of each */

struct plan_fitting_shape {
    psw_point point; /* the first of a group */
    ptrdiff_t count; /* its points; 0 = an empty place */
    bool large;
    int known;
    plan_fitting_found found[SIZES];
};

psw_status plan_fitting_create(psw_choice choice, double memory_bytes, plan_fitting *f)
{
    *f = (plan_fitting){choice, memory_bytes, calloc(SHAPES, sizeof *f->shapes)};
    return f->shapes ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for the teams of %d shapes of points", SHAPES);
}

void plan_fitting_free(plan_fitting *f)
{
    free(f->shapes);
    f->shapes = NULL;
}

/* ---- shapes ---- */

/* What a rank lays out does not depend on degree, seed and noise, but for maps of sketches, which depend on the degree:
 * those join nobody. */
static bool same_shape(const plan_fitting_shape *s, const psw_group *group, bool large)
{
    psw_point other = group->points[0];
    other.seed = s->point.seed;
    other.noise = s->point.noise;
    return s->count == group->count && s->large == large && psw_group_joins(&s->point, &other);
}

/* Equal for equal shapes. */
static size_t place_of(const psw_group *group, bool large)
{
    const psw_point *p = &group->points[0];
    const ptrdiff_t of[] = {p->n, p->d, p->mask, p->block, group->count, large};
    uint64_t mixed = 0;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        mixed = (mixed ^ (uint64_t)of[i]) * 0x9e3779b97f4a7c15u;
        mixed ^= mixed >> 29;
    }
    return (size_t)(mixed % SHAPES);
}

/* Its place, or an empty one, or that of another shape, which is forgotten. */
static plan_fitting_shape *shape_of(plan_fitting *f, const psw_group *group, bool large)
{
    size_t first = place_of(group, large);
    plan_fitting_shape *s = &f->shapes[first];
    for (size_t i = 0; i < TRIED; i++) {
        plan_fitting_shape *at = &f->shapes[(first + i) % SHAPES];
        if (at->count > 0 && same_shape(at, group, large)) return at;
        if (at->count > 0) continue;
        s = at;
        break;
    }
    s->point = group->points[0];
    s->count = group->count;
    s->large = large;
    s->known = 0;
    return s;
}

/* ---- teams ---- */

static const plan_fitting_found *find_out(const plan_fitting *f, plan_fitting_shape *s, const psw_group *group,
                                          ptrdiff_t size)
{
    const psw_point *p = &group->points[0];
    if (s->known == SIZES) s->known = 0;
    plan_fitting_found *found = &s->found[s->known++];
    double memory_bytes = s->large ? f->memory_bytes : 0;
    bool fits;
    psw_choice choice = plan_choice_within(group, f->choice, size, memory_bytes, &fits);
    *found = (plan_fitting_found){.size = size, .fits = fits};
    found->shared = fits && size > 1 && psw_method_computes(p->method) && psw_attend_kind(p) != PSW_ONE_RANK;
    if (found->shared) found->share = plan_team_share_of(p, choice, size);
    return found;
}

const plan_fitting_found *plan_fitting_find(plan_fitting *f, const psw_group *group, bool large, ptrdiff_t size)
{
    plan_fitting_shape *s = shape_of(f, group, large);
    for (int i = 0; i < s->known; i++)
        if (s->found[i].size == size) return &s->found[i];
    return find_out(f, s, group, size);
}
