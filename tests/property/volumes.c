/* What a route says that all ranks send is what its steps and moves send, rank by rank; nothing goes on to ranks that
 * do not want it, and no step has more messages than there is room for. */
#include "check.h"
#include "dist/pass.h"
#include "polysweep/route.h"
#include "property/route_cases.h"

/* ---- row folds ---- */

/* Nodes of the trees of `queries` that rank `keys` makes. */
static void add_nodes(const psw_route *r, int queries, int keys, psw_volume *v)
{
    for (ptrdiff_t i = 0; i < psw_route_count(r, queries); i++) {
        ptrdiff_t leaf = psw_route_leaf(r, queries, i);
        double nodes = (double)psw_route_nodes(r, keys, psw_route_seen(r, leaf), NULL);
        v->sums += nodes;
        v->last_sums += leaf == r->leaves - 1 ? nodes : 0;
    }
}

static void add_transfer(const psw_route *r, const psw_transfer *t, psw_volume *v)
{
    double leaves = t->leaf >= 0 ? 1 : (double)psw_route_count(r, t->of);
    v->messages++;
    if (t->what == PSW_KEYS) v->keys += leaves;
    if (t->what == PSW_QUERIES) v->queries += leaves;
    if (t->what == PSW_SUMS) add_nodes(r, t->of, r->rank, v);
}

/* Of what a grid sends some is met where it goes: a query of the row there, or of the one whose sums these are, sees a
 * key of the column, or of the sender. */
static void check_wanted(const psw_route *r, const psw_transfer *t)
{
    ptrdiff_t last_query = -1, first_key = r->leaves;
    for (ptrdiff_t leaf = r->leaves - 1; leaf >= 0; leaf--) {
        int owner = psw_route_owner(r, leaf), column = (t->what == PSW_QUERIES ? t->peer : r->rank) % r->columns;
        bool keys = t->what == PSW_KEYS;
        bool query = keys ? owner / r->columns == t->peer / r->columns : owner == t->of;
        if (query && last_query < 0) last_query = leaf;
        if (keys ? owner == r->rank : owner % r->columns == column) first_key = leaf;
    }
    CHECK(last_query >= (r->causal ? first_key : 0) && first_key < r->leaves, "%s: what %d sends to %d is in vain",
          route_case_name(r), r->rank, t->peer);
}

static void take_step(const psw_route *r, int step, psw_volume *v)
{
    int count = psw_route_transfers(r, step);
    CHECK(count <= dist_rows_transfers(r), "%s: %d messages at once of rank %d", route_case_name(r), count, r->rank);
    for (int i = 0; i < count; i++) {
        psw_transfer t = psw_route_transfer(r, step, i);
        if (t.send && r->pattern == PSW_GRID) check_wanted(r, &t);
        if (t.send) add_transfer(r, &t, v);
    }
}

static psw_volume by_steps(psw_route r)
{
    psw_volume v = {0};
    for (r.rank = 0; r.rank < r.size; r.rank++)
        for (int step = 0; step < psw_route_steps(&r); step++) take_step(&r, step, &v);
    return v;
}

static void check_same(const psw_route *r, psw_volume a, psw_volume b)
{
    CHECK(a.messages == b.messages, "%s: %g and %g messages", route_case_name(r), a.messages, b.messages);
    CHECK(a.keys == b.keys && a.queries == b.queries, "%s: keys of %g and %g leaves, queries of %g and %g",
          route_case_name(r), a.keys, b.keys, a.queries, b.queries);
    CHECK(a.sums == b.sums && a.last_sums == b.last_sums, "%s: sums of %g and %g nodes, of the last leaf %g and %g",
          route_case_name(r), a.sums, b.sums, a.last_sums, b.last_sums);
    CHECK(a.states == b.states, "%s: %g and %g states", route_case_name(r), a.states, b.states);
}

/* The rank at the end of the way makes tiles of what has come. */
static void check_ends(const psw_route *r)
{
    for (int of = 0; of < r->size; of++) {
        psw_route last = *r;
        int hops = psw_route_hops(r, of);
        last.rank = (of + hops) % r->size;
        psw_step m = psw_route_step(&last, hops);
        int remote = r->pattern == PSW_PASS_Q ? m.queries : m.keys;
        CHECK(hops == 0 || (m.tiles && remote == of), "%s: what %d owns goes to %d in vain", route_case_name(r), of,
              last.rank);
    }
}

static void check_rows(psw_route r)
{
    for (r.pattern = 0; r.pattern < PSW_PATTERNS; r.pattern++) {
        if (r.pattern == PSW_STREAM && r.leaves * r.size > 500) continue; /* as many steps as pairs */
        if (r.pattern == PSW_GRID) continue;
        check_same(&r, psw_route_volume(&r), by_steps(r));
        if (r.pattern == PSW_RING || r.pattern == PSW_PASS_Q) check_ends(&r);
    }
}

static void check_grids(psw_route r)
{
    r.pattern = PSW_GRID;
    for (r.columns = 1; r.columns <= r.size && r.layout != PSW_STRIPED && r.leaves <= 64;
         r.columns += r.columns < 3 ? 1 : r.columns / 2)
        check_same(&r, psw_route_volume(&r), by_steps(r));
}

/* ---- scans ---- */

static psw_volume by_moves(psw_route r, bool totals)
{
    psw_volume v = {0};
    psw_move list[PSW_MOVES_MAX];
    for (r.rank = 0; r.rank < r.size; r.rank++) {
        int count = psw_route_moves(&r, totals, list);
        for (int i = 0; i < count; i++) {
            double rounds = 0; /* that go the way of the move */
            for (ptrdiff_t k = 0; k < psw_route_rounds(&r); k++) rounds += psw_route_down(&r, k) == list[i].down;
            v.messages += list[i].send;
            v.states += list[i].send ? rounds : 0;
        }
    }
    return v;
}

static void check_scans(psw_route r)
{
    bool totals;
    for (r.scan = 0; r.scan <= PSW_CHAIN; r.scan++) {
        psw_route states = psw_route_of_states(&r, &totals);
        check_same(&r, psw_route_state_volume(&r), by_moves(states, totals));
    }
    r.scan = PSW_STATE_GATHER;
    psw_volume v = psw_route_state_volume(&r);
    double each = (double)r.size * (r.size - 1);
    CHECK(v.messages == each, "%s: %g messages", route_case_name(&r), v.messages);
}

static void check_all(psw_route route)
{
    check_rows(route);
    check_grids(route);
    check_scans(route);
}

int main(void)
{
    each_route(32, check_all);
    return test_end();
}
