#include "polysweep/plan.h"
#include "polysweep/recall.h"
#include "polysweep/reference.h"

static const size_t group_bytes = (size_t)256 << 20;

size_t psw_memory_group(const psw_group *group, const psw_route *route)
{
    const psw_point *p = &group->points[0];
    if (!psw_method_computes(p->method)) return 0;
    size_t errors = psw_sketch_has(p) ? psw_assessor_of(p->precision)->bytes(p, route) : 0;
    return psw_engine_of(p->precision)->bytes(group, route) + psw_judge_of(p->precision)->bytes(group, route) + errors +
           psw_recall_bytes(group) + psw_reference_bytes(p);
}

/* Members differ only in beta, so the first one represents all. With one thread: groups are the same for any number of
 * them. */
ptrdiff_t psw_group_most(const psw_point *point)
{
    psw_point same[PSW_GROUP_MAX];
    psw_group group = {same, PSW_GROUP_MAX};
    if (!psw_method_computes(point->method)) return 1;
    for (ptrdiff_t i = 0; i < PSW_GROUP_MAX; i++) same[i] = *point, same[i].threads = 1;
    while (group.count > 1 && psw_memory_group(&group, NULL) > group_bytes) group.count--;
    return group.count;
}

ptrdiff_t psw_group_fill(const psw_study *study, const psw_slots *slots, ptrdiff_t at, psw_point points[PSW_GROUP_MAX])
{
    ptrdiff_t count = 1;
    psw_cursor cursor = psw_cursor_begin(study);
    points[0] = *psw_cursor_at(&cursor, psw_slots_at(slots, at));
    for (ptrdiff_t most = psw_group_most(&points[0]); count < most && at + count < slots->count; count++) {
        points[count] = *psw_cursor_at(&cursor, psw_slots_at(slots, at + count));
        if (!psw_group_joins(&points[count - 1], &points[count])) break;
    }
    return count;
}
