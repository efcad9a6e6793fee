/* The candidates of a combination that were asked, and the brackets among them. */
#include "search/search.h"

ptrdiff_t search_mark_find(const search_curve *curve, ptrdiff_t at)
{
    ptrdiff_t low = 0, high = curve->count;
    while (low < high) {
        ptrdiff_t middle = (low + high) / 2;
        if (curve->marks[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool search_marked(const search_curve *curve, ptrdiff_t at)
{
    ptrdiff_t i = search_mark_find(curve, at);
    return i < curve->count && curve->marks[i].at == at;
}

static bool decided(const search_mark *mark)
{
    return mark->side == PSW_SIDE_BELOW || mark->side == PSW_SIDE_ABOVE;
}

search_bracket search_bracket_next(const search_curve *curve, ptrdiff_t from)
{
    ptrdiff_t before = -1;
    for (ptrdiff_t i = from; i < curve->count; i++) {
        if (!decided(&curve->marks[i])) continue;
        if (before >= 0 && curve->marks[i].side != curve->marks[before].side) return (search_bracket){before, i};
        before = i;
    }
    return (search_bracket){-1, -1};
}

search_bracket search_bracket_last(const search_curve *curve)
{
    search_bracket last = search_bracket_next(curve, 0);
    for (search_bracket b = last; b.hi >= 0; b = search_bracket_next(curve, b.hi)) last = b;
    return last;
}
