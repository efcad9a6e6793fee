/* Nodes of the tree of sums that a part of the leaves makes. */
#include "polysweep/route.h"

/* Which leaves count: those of the ranks that are at most `steps` behind `rank` on the ring. */
typedef struct part {
    const psw_route *route;
    int rank, steps;
    ptrdiff_t seen;
    psw_node *list;
    ptrdiff_t count;
} part;

static bool has(const part *p, ptrdiff_t leaf)
{
    int behind = (p->rank - psw_route_owner(p->route, leaf) + p->route->size) % p->route->size;
    return behind <= p->steps;
}

static void add(part *p, psw_node node)
{
    if (p->list) p->list[p->count] = node;
    p->count++;
}

/* Adds the largest whole nodes below `node`; true if that is `node` itself, which is then not added. */
static bool whole(part *p, psw_node node)
{
    if (node.level == 0) return has(p, node.index);
    psw_node left = {node.level - 1, 2 * node.index}, right = {node.level - 1, 2 * node.index + 1};
    bool only = right.index << right.level >= p->seen;
    bool left_whole = whole(p, left);
    if (only) return left_whole;
    ptrdiff_t before = p->count;
    bool right_whole = whole(p, right);
    if (left_whole && right_whole) return true;
    if (left_whole) { /* ascending: in front of what the right side added */
        add(p, left);
        for (ptrdiff_t i = p->count - 1; p->list && i > before; i--) {
            p->list[i] = p->list[i - 1];
            p->list[i - 1] = left;
        }
    }
    if (right_whole) add(p, right);
    return false;
}

static ptrdiff_t nodes(part *p)
{
    psw_node root = {0, 0};
    if (p->seen < 1) return 0;
    while ((p->seen - 1) >> root.level) root.level++;
    if (whole(p, root)) add(p, root);
    return p->count;
}

ptrdiff_t psw_route_nodes(const psw_route *r, int keys, ptrdiff_t seen, psw_node *list)
{
    part p = {.route = r, .rank = keys, .steps = 0, .seen = seen, .list = list};
    return nodes(&p);
}

ptrdiff_t psw_route_waiting(const psw_route *r, ptrdiff_t seen)
{
    ptrdiff_t most = 0;
    if (r->pattern == PSW_ALL_GATHER) return 0;
    for (int step = 0; step + 1 < r->size; step++) {
        part p = {.route = r, .rank = r->rank, .steps = step, .seen = seen};
        if (r->pattern == PSW_PASS_Q) p.rank = (r->rank + step) % r->size; /* sums come from the ranks ahead */
        ptrdiff_t count = nodes(&p);
        if (count > most) most = count;
    }
    return most;
}
