/* Which keys a query sees: the part of what its method lets it see that the mask lets it see. */
#include "attend/method.h"

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

/* By the mask: one range, of the tokens that have keys; count 0 or less: none. */
static psw_tokens masked(const psw_point *p, ptrdiff_t query)
{
    ptrdiff_t first = psw_data_first(p, PSW_KEY);
    return (psw_tokens){first, (p->mask == PSW_CAUSAL ? query + 1 : psw_data_tokens(p)) - first};
}

/* Adds a range, which does not begin before the others; joins it with the last one if they touch. */
static void add(psw_seen *seen, ptrdiff_t first, ptrdiff_t end)
{
    psw_tokens *last = seen->ranges > 0 ? &seen->at[seen->ranges - 1] : NULL;
    if (first >= end) return;
    if (last && first <= last->first + last->count)
        last->count = larger(last->count, end - last->first);
    else
        seen->at[seen->ranges++] = (psw_tokens){first, end - first};
}

static psw_seen within(psw_seen of, psw_tokens part)
{
    psw_seen seen = {0};
    for (int i = 0; i < of.ranges; i++)
        add(&seen, larger(of.at[i].first, part.first),
            smaller(of.at[i].first + of.at[i].count, part.first + part.count));
    return seen;
}

static psw_seen seen_of(const psw_point *p, ptrdiff_t query)
{
    const attend_method_row *method = attend_method_row_of(p->method);
    psw_tokens mask = masked(p, query);
    if (mask.count <= 0) return (psw_seen){0};
    return within(method && method->seen ? method->seen(p, query) : (psw_seen){1, {mask}}, mask);
}

bool psw_attend_sees_all(const psw_point *p)
{
    const attend_method_row *method = attend_method_row_of(p->method);
    return !method || !method->seen;
}

psw_seen psw_attend_seen(const psw_point *p, ptrdiff_t query, psw_tokens keys)
{
    return within(seen_of(p, query), keys);
}

/* No end goes back from one query to the next: each range reaches from where the first query sees it to where the last
 * one does. Where one of the two has one range, everything between is taken. */
psw_seen psw_attend_seen_by(const psw_point *p, psw_tokens queries)
{
    psw_seen a = seen_of(p, queries.first), b = seen_of(p, queries.first + queries.count - 1), all = {0};
    if (b.ranges == 0) return a;
    if (a.ranges == 0)
        a = (psw_seen){1, {{psw_data_first(p, PSW_KEY), 0}}}; /* those between may see any from there on */
    bool apart = a.ranges == 2 && b.ranges == 2;
    psw_tokens last = b.at[b.ranges - 1];
    if (apart) add(&all, a.at[0].first, b.at[0].first + b.at[0].count);
    add(&all, apart ? a.at[1].first : a.at[0].first, last.first + last.count);
    return all;
}
