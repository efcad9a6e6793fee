#include "sweep/families.h"

#include <math.h>

double sweep_families_expected(ptrdiff_t candidates)
{
    const double edges = 2, width = PSW_SEARCH_WIDTH;
    double gap = (double)psw_search_gap(candidates), coarse = ceil((double)(candidates - 1) / gap) + 1;
    double rounds = ceil(log(gap) / log(width + 1)); /* each divides a bracket by width + 1 */
    return fmin((double)candidates, coarse + edges * width * rounds);
}

static double points_left(const sweep_family *f)
{
    if (f->state == SWEEP_FAMILY_ENDED || f->state == SWEEP_FAMILY_OTHERS) return 0;
    return fmax(f->expected - f->answered, PSW_SEARCH_WIDTH);
}

ptrdiff_t sweep_families_take(sweep_families *families, int depth)
{
    ptrdiff_t best = -1;
    double most_s = -1;
    for (ptrdiff_t i = 0; i < families->count; i++) {
        const sweep_family *f = &families->list[i];
        if (f->state != SWEEP_FAMILY_FREE || f->depth != depth) continue;
        double left_s = f->point_s * points_left(f);
        if (left_s <= most_s) continue;
        best = i;
        most_s = left_s;
    }
    if (best >= 0) families->list[best].state = SWEEP_FAMILY_HELD;
    return best;
}

sweep_outlook sweep_families_outlook(const sweep_families *families)
{
    sweep_outlook sum = {0};
    for (ptrdiff_t i = 0; i < families->count; i++) {
        const sweep_family *f = &families->list[i];
        double left = points_left(f);
        sum.left += left;
        sum.left_s += left * f->point_s;
        sum.unended += f->state != SWEEP_FAMILY_ENDED && f->state != SWEEP_FAMILY_OTHERS;
    }
    return sum;
}
