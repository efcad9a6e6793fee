/* Where theory has the edges of a combination. */
#include <math.h>
#include <string.h>

#include "search/search.h"

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Theory knows the rate of success over degrees. Where other values follow the degree, as a derived m does, the points
 * of a combination are cases of their own, and no edge is that of all. */
static psw_edges find(const psw_search *search, ptrdiff_t combination)
{
    const psw_combinations *all = &search->all;
    ptrdiff_t first = all->first[combination], last = all->first[combination + 1] - 1;
    psw_edges none = {NAN, NAN};
    bool rate = strcmp(search->keys->column, "success_rate") == 0 && strcmp(search->keys->over, "beta") == 0;
    if (!rate || search->keys->level_column || isnan(all->value[first])) return none;
    psw_point points[] = {psw_study_point(search->study, all->slot[first]),
                          psw_study_point(search->study, all->slot[(first + last) / 2]),
                          psw_study_point(search->study, all->slot[last])};
    psw_edges edges[3];
    for (int i = 0; i < 3; i++) {
        points[i].level = search->keys->level;
        edges[i] = psw_theory_edges(&points[i]);
        if (!same(edges[i].lo, edges[0].lo) || !same(edges[i].hi, edges[0].hi)) return none;
    }
    return edges[0];
}

psw_edges search_theory_edges(const psw_search *search, ptrdiff_t combination)
{
    if (!search->edges_known[combination]) {
        search->edges[combination] = find(search, combination);
        search->edges_known[combination] = 1;
    }
    return search->edges[combination];
}

ptrdiff_t search_beside(const psw_search *search, ptrdiff_t combination, double edge, ptrdiff_t at[2])
{
    const psw_combinations *all = &search->all;
    const double *value = all->value + all->first[combination];
    ptrdiff_t low = 0, high = all->first[combination + 1] - all->first[combination], count = high;
    while (low < high) { /* the first at or above the edge */
        ptrdiff_t middle = (low + high) / 2;
        if (value[middle] < edge)
            low = middle + 1;
        else
            high = middle;
    }
    if (isnan(edge) || low == 0 || low == count) return 0;
    at[0] = low - 1;
    at[1] = low;
    return 2;
}
