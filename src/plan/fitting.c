#include "plan/fitting.h"

#include "plan/team_cost.h"

/* What a rank lays out does not depend on degree, seed and noise, but for maps of sketches, which depend on the degree:
 * those join nobody. */
static bool same_shape(const plan_fitting *f, const psw_group *group)
{
    psw_point other = group->points[0];
    other.seed = f->shape.seed;
    other.noise = f->shape.noise;
    return f->count == group->count && psw_group_joins(&f->shape, &other);
}

static const plan_fitting_found *fitting_find(const plan_fitting *f, ptrdiff_t size)
{
    for (int i = 0; i < f->known; i++)
        if (f->found[i].size == size) return &f->found[i];
    return NULL;
}

static const plan_fitting_found *find_out(plan_fitting *f, const psw_group *group, ptrdiff_t size)
{
    if (f->known == PSW_DEPTHS_MAX) f->known = 0;
    plan_fitting_found *found = &f->found[f->known++];
    found->size = size;
    found->choice = psw_choice_within(group, f->choice, size, f->memory_bytes);
    found->fits = f->memory_bytes <= 0 || psw_team_memory(group, found->choice, size) <= f->memory_bytes;
    return found;
}

bool plan_fitting_has(plan_fitting *f, const psw_group *group, ptrdiff_t size, psw_choice *choice)
{
    if (!same_shape(f, group)) {
        f->shape = group->points[0];
        f->count = group->count;
        f->known = 0;
    }
    const plan_fitting_found *found = fitting_find(f, size);
    if (!found) found = find_out(f, group, size);
    *choice = found->choice;
    return found->fits;
}
