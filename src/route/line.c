/* Which leaves a rank owns where ranks are no grid: whole units, by layout. */
#include "route/line.h"

/* ---- units ---- */

static ptrdiff_t units(const psw_route *r)
{
    return (r->leaves + r->unit - 1) / r->unit;
}

/* Leaves of the units first .. end. */
static psw_leaves leaves_of(const psw_route *r, ptrdiff_t first, ptrdiff_t end)
{
    ptrdiff_t from = first * r->unit, to = end * r->unit;
    if (from > r->leaves) from = r->leaves;
    if (to > r->leaves) to = r->leaves;
    return (psw_leaves){from, to - from};
}

ptrdiff_t route_line_rounds(const psw_route *r)
{
    return r->layout == PSW_CONTIGUOUS ? 1 : r->layout == PSW_ZIGZAG ? 2 : (units(r) + r->size - 1) / r->size;
}

psw_leaves route_line_round(const psw_route *r, int rank, ptrdiff_t round)
{
    ptrdiff_t all = units(r), parts = r->size * (r->layout == PSW_ZIGZAG ? 2 : 1);
    ptrdiff_t part = round == 0 ? rank : parts - 1 - rank;
    if (r->layout == PSW_STRIPED) return leaves_of(r, round * r->size + rank, round * r->size + rank + 1);
    return leaves_of(r, part * all / parts, (part + 1) * all / parts);
}

/* ---- leaves ---- */

ptrdiff_t route_line_count(const psw_route *r, int rank)
{
    if (r->layout == PSW_STRIPED) {
        ptrdiff_t all = units(r), own = all / r->size + (rank < all % r->size);
        bool last = own > 0 && (all - 1) % r->size == rank; /* owns the unit that may be ragged */
        return own * r->unit - (last ? all * r->unit - r->leaves : 0);
    }
    ptrdiff_t count = 0;
    for (ptrdiff_t round = 0; round < route_line_rounds(r); round++) count += route_line_round(r, rank, round).count;
    return count;
}

ptrdiff_t route_line_leaf(const psw_route *r, int rank, ptrdiff_t place)
{
    if (r->layout == PSW_STRIPED) return (place / r->unit * r->size + rank) * r->unit + place % r->unit;
    psw_leaves stretch = route_line_round(r, rank, 0);
    if (place < stretch.count) return stretch.first + place;
    return route_line_round(r, rank, 1).first + place - stretch.count;
}

/* The part [part * all / parts, (part + 1) * all / parts) that holds `unit`. */
static ptrdiff_t part_of(ptrdiff_t unit, ptrdiff_t all, ptrdiff_t parts)
{
    return ((unit + 1) * parts - 1) / all;
}

int route_line_owner(const psw_route *r, ptrdiff_t leaf)
{
    ptrdiff_t unit = leaf / r->unit, all = units(r);
    if (r->layout == PSW_STRIPED) return (int)(unit % r->size);
    if (r->layout == PSW_CONTIGUOUS) return (int)part_of(unit, all, r->size);
    ptrdiff_t part = part_of(unit, all, 2 * (ptrdiff_t)r->size);
    return (int)(part < r->size ? part : 2 * r->size - 1 - part);
}

ptrdiff_t route_line_place(const psw_route *r, ptrdiff_t leaf)
{
    if (r->layout == PSW_STRIPED) return leaf / r->unit / r->size * r->unit + leaf % r->unit;
    int owner = route_line_owner(r, leaf);
    psw_leaves stretch = route_line_round(r, owner, 0);
    if (leaf < stretch.first + stretch.count) return leaf - stretch.first;
    return stretch.count + leaf - route_line_round(r, owner, 1).first;
}
