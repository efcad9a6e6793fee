/* Nodes of the tree of sums over a part of the leaves. */
#include "polysweep/route.h"

/* A part: the leaves of the ranks that are at most `steps` behind `rank` on the ring. */
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

/* Adds the largest nodes below `node` that lie in the part; true if that is `node` itself, which is not added then. */
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

static psw_node root_of(ptrdiff_t seen)
{
    psw_node root = {0, 0};
    while ((seen - 1) >> root.level) root.level++;
    return root;
}

static ptrdiff_t nodes(part *p)
{
    if (p->seen < 1) return 0;
    psw_node root = root_of(p->seen);
    if (whole(p, root)) add(p, root);
    return p->count;
}

/* The rank that owns all leaves of `node`, -1: several do. Counts the largest such nodes of other ranks than `own`. */
static int whole_of(const psw_route *r, psw_node node, ptrdiff_t seen, int own, ptrdiff_t *count)
{
    if (node.level == 0) return psw_route_owner(r, node.index);
    psw_node left = {node.level - 1, 2 * node.index}, right = {node.level - 1, 2 * node.index + 1};
    int a = whole_of(r, left, seen, own, count);
    if (right.index << right.level >= seen) return a;
    int b = whole_of(r, right, seen, own, count);
    if (a == b) return a;
    *count += (a >= 0 && a != own) + (b >= 0 && b != own);
    return -1;
}

ptrdiff_t psw_route_foreign(const psw_route *r, ptrdiff_t leaf)
{
    psw_route columns;
    if (r->pattern == PSW_GRID) {
        columns = psw_route_columns(r);
        return psw_route_foreign(&columns, leaf);
    }
    ptrdiff_t count = 0, seen = psw_route_seen(r, leaf);
    int own = psw_route_owner(r, leaf), all = whole_of(r, root_of(seen), seen, own, &count);
    return count + (all >= 0 && all != own);
}

/* ---- the same for stretches of leaves, without a look at each leaf ---- */

enum { STRETCHES = 4 };

typedef struct stretches {
    int count;
    struct {
        ptrdiff_t first, end;
    } at[STRETCHES]; /* ascending, none touches the next */
} stretches;

/* Joins it with those that it touches. Stretches may come in any order; none overlaps another. */
static void put(stretches *s, ptrdiff_t first, ptrdiff_t end)
{
    int kept = 0, place = 0;
    if (first >= end) return;
    for (int i = 0; i < s->count; i++) {
        if (s->at[i].end == first)
            first = s->at[i].first;
        else if (s->at[i].first == end)
            end = s->at[i].end;
        else
            s->at[kept++] = s->at[i];
    }
    while (place < kept && s->at[place].first < first) place++;
    for (int i = kept; i > place; i--) s->at[i] = s->at[i - 1];
    s->at[place].first = first, s->at[place].end = end;
    s->count = kept + 1;
}

/* Adds the leaves of the ranks low .. high, whichever direction a round has. */
static void put_ranks(stretches *s, const psw_route *r, int low, int high, ptrdiff_t seen)
{
    for (ptrdiff_t round = 0; round < psw_route_rounds(r); round++) {
        bool down = psw_route_down(r, round);
        psw_leaves a = psw_route_round(r, down ? high : low, round), b = psw_route_round(r, down ? low : high, round);
        ptrdiff_t end = b.first + b.count;
        put(s, a.first, end < seen ? end : seen);
    }
}

/* Number of whole nodes of first .. end - 1. A node that reaches past the last leaf is whole without the missing ones.
 */
static ptrdiff_t nodes_of(ptrdiff_t first, ptrdiff_t end, ptrdiff_t seen)
{
    ptrdiff_t all = 1, count = 0;
    while (all < seen) all *= 2;
    if (end == seen) end = all;
    while (first < end && first < seen) {
        ptrdiff_t size = first > 0 ? first & -first : all;
        while (size > end - first) size /= 2;
        first += size;
        count++;
    }
    return count;
}

/* Number of nodes over the leaves of the ranks low .. low + count - 1, round the ring. */
static ptrdiff_t nodes_of_ranks(const psw_route *r, int low, int count, ptrdiff_t seen)
{
    stretches s = {0};
    ptrdiff_t nodes_found = 0;
    int high = low + count - 1;
    put_ranks(&s, r, low, high < r->size ? high : r->size - 1, seen);
    if (high >= r->size) put_ranks(&s, r, 0, high - r->size, seen);
    for (int i = 0; i < s.count; i++) nodes_found += nodes_of(s.at[i].first, s.at[i].end, seen);
    return nodes_found;
}

ptrdiff_t psw_route_nodes(const psw_route *r, int keys, ptrdiff_t seen, psw_node *list)
{
    psw_route columns;
    if (r->pattern == PSW_GRID) {
        columns = psw_route_columns(r);
        return psw_route_nodes(&columns, keys % columns.size, seen, list);
    }
    if (!list && r->layout != PSW_STRIPED) return nodes_of_ranks(r, keys, 1, seen);
    part p = {.route = r, .rank = keys, .steps = 0, .seen = seen, .list = list};
    return nodes(&p);
}

/* Leaves arrive one after another, from the rank's first one on and round. */
static ptrdiff_t waiting_in_stream(const psw_route *r, ptrdiff_t seen)
{
    ptrdiff_t most = 0, start = psw_route_leaf(r, r->rank, 0);
    for (ptrdiff_t end = start + 1; end < start + seen; end++) {
        stretches s = {0};
        ptrdiff_t count = 0;
        put(&s, start, end < seen ? end : seen);
        if (end > seen) put(&s, 0, end - seen);
        for (int i = 0; i < s.count; i++) count += nodes_of(s.at[i].first, s.at[i].end, seen);
        if (count > most) most = count;
    }
    return most;
}

/* Sums arrive from the columns behind, one after another; before the last of them come the own ones. */
static ptrdiff_t waiting_in_grid(const psw_route *grid, ptrdiff_t seen)
{
    psw_route r = psw_route_columns(grid);
    ptrdiff_t most = 0;
    if (r.size < 2 || psw_route_count(grid, grid->rank) == 0) return 0;
    for (int behind = 1; behind < r.size; behind++) {
        bool all = behind == r.size - 1; /* but one */
        int low = all ? r.rank + 2 : r.rank - behind + r.size;
        ptrdiff_t count = nodes_of_ranks(&r, low % r.size, behind, seen);
        if (count > most) most = count;
    }
    return most;
}

/* Keys arrive from the ranks behind, sums from the ranks in front. */
ptrdiff_t psw_route_waiting(const psw_route *r, ptrdiff_t seen)
{
    ptrdiff_t most = 0;
    if (r->pattern == PSW_ALL_GATHER) return 0;
    if (r->pattern == PSW_GRID) return waiting_in_grid(r, seen);
    if (r->pattern == PSW_STREAM) return psw_route_count(r, r->rank) > 0 ? waiting_in_stream(r, seen) : 0;
    for (int step = 0; step + 1 < r->size; step++) {
        bool in_front = r->pattern == PSW_PASS_Q;
        part p = {.route = r, .rank = in_front ? (r->rank + step) % r->size : r->rank, .steps = step, .seen = seen};
        int low = in_front ? r->rank : (r->rank - step + r->size) % r->size;
        ptrdiff_t count = r->layout == PSW_STRIPED ? nodes(&p) : nodes_of_ranks(r, low, step + 1, seen);
        if (count > most) most = count;
    }
    return most;
}
