/* What all ranks of a team together send. */
#include "route/grid.h"

static void add_ring(const psw_route *r, psw_volume *v)
{
    double *leaves = r->pattern == PSW_PASS_Q ? &v->queries : &v->keys;
    for (int of = 0; of < r->size; of++) {
        double hops = psw_route_hops(r, of);
        v->messages += hops;
        *leaves += hops * (double)psw_route_count(r, of);
    }
}

static void add_nodes(const psw_route *r, psw_volume *v)
{
    for (ptrdiff_t leaf = 0; leaf < r->leaves; leaf++) {
        v->last_sums = (double)psw_route_foreign(r, leaf);
        v->sums += v->last_sums;
    }
}

/* Queries that were sent to another rank come back as sums. */
static void add_sums(const psw_route *r, psw_volume *v)
{
    for (int queries = 0; queries < r->size; queries++)
        for (int keys = 0; keys < r->size; keys++) v->messages += queries != keys && psw_route_sees(r, queries, keys);
    add_nodes(r, v);
}

static void add_gather(const psw_route *r, psw_volume *v)
{
    for (int keys = 0; keys < r->size; keys++) {
        double receivers = 0;
        for (int queries = 0; queries < r->size; queries++)
            receivers += queries != keys && psw_route_sees(r, queries, keys);
        v->messages += receivers;
        v->keys += receivers * (double)psw_route_count(r, keys);
    }
}

/* Pairs of one of `count` query leaves and a key leaf among them that it sees. */
static double pairs(const psw_route *r, ptrdiff_t count)
{
    double all = (double)count;
    return r->causal ? all * (all + 1) / 2 : all * all;
}

/* All pairs but those within a rank. */
static void add_stream(const psw_route *r, psw_volume *v)
{
    v->keys = pairs(r, r->leaves);
    for (int rank = 0; rank < r->size; rank++) v->keys -= pairs(r, psw_route_count(r, rank));
    v->messages = v->keys;
}

/* What rank `of` owns goes to others of its column and of its row; sums come back from the row. */
static void add_owner(const psw_route *r, int of, psw_volume *v)
{
    double leaves = (double)psw_route_count(r, of), down = 0, along = 0;
    if (leaves == 0) return;
    for (int by = 1; by < psw_route_rows(r).size; by++)
        down += route_grid_row_sees(r, route_grid_in_column(r, of, by), of);
    for (int by = 1; by < r->columns; by++) along += psw_route_sees(r, of, route_grid_in_row(r, of, by));
    v->messages += down + 2 * along;
    v->keys += down * leaves;
    v->queries += along * leaves;
}

static void add_grid(const psw_route *r, psw_volume *v)
{
    for (int of = 0; of < route_grid_ranks(r); of++) add_owner(r, of, v);
    add_nodes(r, v);
}

psw_volume psw_route_volume(const psw_route *r)
{
    psw_volume v = {0};
    switch (r->pattern) {
    case PSW_STREAM: add_stream(r, &v); break;
    case PSW_GRID: add_grid(r, &v); break;
    case PSW_ALL_GATHER: add_gather(r, &v); break;
    case PSW_PASS_Q: add_sums(r, &v); /* fall through */
    default: add_ring(r, &v);
    }
    return v;
}

/* ---- states ---- */

static void add_moves(psw_route r, bool totals, psw_volume *v)
{
    psw_move list[PSW_MOVES_MAX];
    double states =
        r.layout == PSW_ZIGZAG ? 1 : (double)psw_route_rounds(&r); /* of a move: the round up or down, or all */
    for (r.rank = 0; r.rank < r.size; r.rank++) {
        int count = psw_route_moves(&r, totals, list);
        for (int i = 0; i < count; i++) v->messages += list[i].send;
    }
    v->states = v->messages * states;
}

psw_volume psw_route_state_volume(const psw_route *route)
{
    bool totals;
    psw_volume v = {0};
    psw_route r = psw_route_of_states(route, &totals);
    if (r.scan == PSW_DOUBLING || r.scan == PSW_CHAIN) {
        add_moves(r, totals, &v);
        return v;
    }
    v.messages = (double)r.size * (r.scan == PSW_STATE_GATHER ? (double)(r.size - 1) : totals ? 2 : 1);
    v.states = v.messages * (double)psw_route_rounds(&r);
    return v;
}
