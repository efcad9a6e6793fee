#include "plan/team_cost.h"

#include <limits.h>
#include <math.h>

#include "polysweep/recall.h"
#include "polysweep/reference.h"

/* Agreements and barriers of a team for each group: memory, preparing, passes, verdict, writing. */
static const double agreements = 8;
static const ptrdiff_t ranks_looked_at = 64; /* where all of a team would be too many */

static int whole_int(ptrdiff_t size)
{
    return size < INT_MAX ? (int)size : INT_MAX;
}

/* ---- the rank that has most ---- */

/* Tiles of query leaves of a rank with the key leaves that they see. */
static double tiles_of(const psw_route *r, int rank)
{
    double tiles = 0;
    if (!r->causal) return (double)psw_route_count(r, rank) * (double)r->leaves;
    for (ptrdiff_t round = 0; round < psw_route_rounds(r); round++) {
        psw_leaves own = psw_route_round(r, rank, round);
        tiles += (double)own.count * ((double)own.first + ((double)own.count + 1) / 2);
    }
    return tiles;
}

typedef struct most {
    double tiles, leaves;
} most;

static void add_rank(const psw_route *r, int rank, most *m)
{
    m->leaves = fmax(m->leaves, (double)psw_route_count(r, rank));
    m->tiles = fmax(m->tiles, tiles_of(r, rank));
}

/* The last rank of contiguous ones has most; of striped ones it is the first, or the owner of the last leaf. Those of a
 * zigzag differ by a unit or two, so of a large team a few stand for all. */
static most most_of(const psw_route *r)
{
    most m = {0};
    if (r->pattern == PSW_GRID)
        return (most){psw_route_grid_tiles(r, r->leaves), (double)psw_route_count(r, psw_route_owner(r, 0))};
    ptrdiff_t looked = r->layout != PSW_ZIGZAG ? 1 : r->size < ranks_looked_at ? r->size : ranks_looked_at;
    for (ptrdiff_t i = 0; i < looked; i++) add_rank(r, (int)(i * r->size / looked), &m);
    add_rank(r, r->size - 1, &m);
    add_rank(r, psw_route_owner(r, r->leaves - 1), &m);
    return m;
}

/* ---- where few tokens have a query ---- */

typedef struct leaf_range {
    ptrdiff_t first, end;
} leaf_range;

static leaf_range leaves_with_queries(const psw_point *p)
{
    return (leaf_range){psw_data_first(p, PSW_QUERY) / p->block, (psw_data_end(p, PSW_QUERY) - 1) / p->block + 1};
}

static double queries_in(const psw_point *p, ptrdiff_t leaf)
{
    double first = fmax((double)psw_data_first(p, PSW_QUERY), (double)leaf * (double)p->block);
    return fmin((double)psw_data_end(p, PSW_QUERY), (double)(leaf + 1) * (double)p->block) - first;
}

/* The queries of the rank that has most of them, as a part of all. */
static double share_of_queries(const psw_point *p, const psw_route *r)
{
    leaf_range leaves = leaves_with_queries(p);
    double share = 0;
    for (ptrdiff_t i = leaves.first; i < leaves.end; i++) {
        double own = 0;
        for (ptrdiff_t k = leaves.first; k < leaves.end; k++)
            if (psw_route_owner(r, k) == psw_route_owner(r, i)) own += queries_in(p, k);
        share = fmax(share, own);
    }
    return share / (double)psw_data_queries(p);
}

/* ---- messages ---- */

typedef struct network {
    double latency, byte; /* seconds */
    double log2_size;     /* steps of a tree, or of doubling */
} network;

static network network_of(const psw_rates *rates, ptrdiff_t size, ptrdiff_t nodes)
{
    int far = nodes > 1;
    return (network){rates->latency_s[far], rates->byte_s[far], ceil(log2((double)size))};
}

/* Of the ranks of a row of a grid, which are neighbours: where rows end with nodes, all of it stays within one. */
static network network_of_row(const psw_rates *rates, const psw_route *grid, ptrdiff_t nodes)
{
    bool within = grid->size % nodes == 0 && grid->size / nodes % grid->columns == 0;
    return network_of(rates, grid->columns, within ? 1 : nodes);
}

static double all_reduce(const network *net, double bytes)
{
    return 2 * (net->log2_size * net->latency + bytes * net->byte);
}

/* What a rank with most leaves sends on in one step. */
static double payload_bytes(const plan_team_work *w, const psw_route *r, double leaves)
{
    const psw_point *p = &w->group->points[0];
    double rows = fmin(leaves * (double)p->block, (double)psw_data_tokens(p));
    if (psw_data_distinct(p)) rows = fmin(rows, (double)psw_data_queries(p));
    if (r->pattern == PSW_PASS_Q) return leaves * (double)w->message.queries + rows * (double)w->message.sums;
    return leaves * (double)w->message.keys;
}

/* A step of a ring takes as long as its tiles or its transfer, whichever is longer. Ranks beyond the leaves have
 * steps without tiles. */
static double ring_seconds(double tiles_s, double step_s, double size, double leaves)
{
    double working = fmin(size, leaves), each = tiles_s / working;
    return each + (working - 1) * fmax(each, step_s) + (size - working) * step_s;
}

/* The owner of a leaf sends it down its column and along its row; a rank receives the keys of its column and the
 * queries of its row, then computes, and its sums go back to the owners. */
static double grid_seconds(const plan_team_work *w, const plan_team_share *s, ptrdiff_t nodes, double tiles_s)
{
    const psw_point *p = &w->group->points[0];
    const psw_route *r = &s->route;
    network column = network_of(w->rates, r->size, nodes), row = network_of_row(w->rates, r, nodes);
    double rows = psw_route_rows(r).size, columns = r->columns, block = (double)p->block;
    double keys = ceil((double)r->leaves / columns), queries = ceil((double)r->leaves / rows);
    if (psw_data_distinct(p)) queries = fmin(queries, ceil((double)psw_data_queries(p) / block));
    double down = s->leaves * (rows - 1), along = s->leaves * (columns - 1);
    double key_bytes = fmax(down, keys) * (double)w->message.keys;
    double query_bytes = fmax(along, queries) * (double)w->message.queries;
    double sum_bytes = s->nodes * block * (double)w->message.sums * fmax(queries, along);
    return tiles_s + down * column.latency + key_bytes * column.byte + 2 * along * row.latency +
           (query_bytes + sum_bytes) * row.byte;
}

static double row_seconds(const plan_team_work *w, const plan_team_share *s, ptrdiff_t nodes, double tiles_s)
{
    const psw_route *r = &s->route;
    network net = network_of(w->rates, r->size, nodes);
    if (r->pattern == PSW_GRID) return grid_seconds(w, s, nodes, tiles_s);
    double size = r->size, working = fmin(size, (double)r->leaves), bytes = payload_bytes(w, r, s->leaves);
    if (r->pattern == PSW_STREAM) { /* all leaves of others, one by one, for each own leaf */
        double transfers = (double)r->leaves * (double)r->leaves * (r->causal ? 0.5 : 1) * (1 - 1 / working);
        bytes = payload_bytes(w, r, 1);
        return fmax(tiles_s, transfers / working * (net.latency + bytes * net.byte));
    }
    double step_s = net.latency * (r->pattern == PSW_PASS_Q ? 2 : 1) + bytes * net.byte;
    if (r->pattern == PSW_ALL_GATHER) return (working - 1) * step_s + tiles_s;
    return ring_seconds(tiles_s, step_s, size, (double)r->leaves);
}

/* Steps of a scan, and states that a rank receives and adds in them. */
static double scan_seconds(const plan_team_work *w, const psw_route *r, const network *net)
{
    double bytes = (double)w->message.states * (double)psw_route_rounds(r), entries = bytes / sizeof(double);
    double steps = r->scan == PSW_CHAIN || r->scan == PSW_STATE_GATHER ? (double)(r->size - 1) : net->log2_size;
    if (!r->causal) steps += net->log2_size;
    return steps * (net->latency + bytes * net->byte + entries * w->rates->score_s[PSW_FP64]);
}

static double merge_seconds(const plan_team_work *w, const network *net)
{
    const psw_point *p = &w->group->points[0];
    double points = (double)w->group->count,
           verdict = 8.0 * (double)psw_judge_trials(p) * points * psw_data_sets(p) * 3;
    psw_judge_expectation e = psw_judge_expected(p);
    double looks = !psw_judge_ends(p) ? 0 : psw_judge_in_blocks(p) ? e.trials / 20 : e.draws;
    double seconds = (agreements + 2 * looks) * net->log2_size * net->latency + all_reduce(net, verdict);
    if (psw_recall_computed(p)) {
        double leaves = ceil((double)psw_data_queries(p) / (double)p->block);
        seconds += all_reduce(net, 8 * points * (double)psw_judge_draws(p) * (1 + leaves));
    }
    if (psw_reference_computed(p)) {
        double rows = sizeof(double) * (double)psw_errors_rows(p), outputs = rows * (double)(2 * p->v + 6);
        seconds += e.row_draws * all_reduce(net, outputs) + e.draws * all_reduce(net, 4 * rows);
    }
    if (!psw_sketch_has(p)) return seconds;
    double sample = sizeof(double) * (double)psw_errors_rows(p) * (double)(p->v + 6);
    return seconds + (e.row_draws + e.draws) * 2 * all_reduce(net, sample);
}

/* ---- a team ---- */

plan_team_work plan_team_work_of(const psw_rates *rates, const psw_group *group, psw_choice choice)
{
    const psw_point *p = &group->points[0];
    plan_team_work w = {rates, group, PSW_ONE_RANK, 1, plan_cost_parts_of_group(rates, group), 1, 0, {0}};
    if (!psw_method_computes(p->method)) return w;
    w.draws = psw_judge_expected(p).draws;
    w.repeat_s = (w.parts.tiles + w.parts.shared_tiles) / w.draws;
    w.kind = psw_attend_kind(p);
    w.leaves = psw_attend_route(p, choice, 1, 0).leaves;
    w.message = psw_engine_of(p->precision)->message_bytes(group);
    return w;
}

static double alone_seconds(const plan_cost_parts *c)
{
    return c->fixed + c->tables + c->tiles + c->errors + c->head + c->shared_tiles + c->shared_head + c->data;
}

plan_team_share plan_team_share_of(const psw_point *p, psw_choice choice, ptrdiff_t size)
{
    plan_team_share s = {.route = psw_attend_route(p, choice, whole_int(size), 0)};
    const psw_route *r = &s.route;
    most m = most_of(r);
    s.tiles = m.tiles, s.leaves = m.leaves;
    s.queries = psw_data_distinct(p) ? share_of_queries(p, r) : m.leaves / (double)r->leaves;
    if (r->pattern == PSW_GRID && r->columns > 1)
        s.nodes = (double)psw_route_foreign(r, r->leaves - 1) / (r->columns - 1);
    return s;
}

/* Of all tiles, those of the rank with most. */
static double share_of_tiles(const plan_team_work *w, const plan_team_share *s)
{
    const psw_point *p = &w->group->points[0];
    double leaves = (double)s->route.leaves;
    double pairs = s->route.causal ? leaves * (leaves + 1) / 2 : leaves * leaves;
    if (psw_data_distinct(p) && w->kind == PSW_ROW_FOLD && s->route.pattern != PSW_PASS_Q) return s->queries;
    bool by_mask = !psw_data_distinct(p) && w->kind == PSW_ROW_FOLD && psw_attend_sees_all(p);
    return by_mask ? s->tiles / pairs : s->leaves / leaves;
}

psw_team_cost plan_team_cost_of(const plan_team_work *w, const plan_team_share *s, ptrdiff_t nodes)
{
    const plan_cost_parts *c = &w->parts;
    double alone = alone_seconds(c);
    psw_team_cost cost = {.seconds = alone, .busy_s = alone, .repeat_s = w->repeat_s};
    if (w->kind == PSW_ONE_RANK || !s || s->route.size == 1) return cost;

    const psw_point *p = &w->group->points[0];
    double size = s->route.size, by_rows = s->leaves / (double)s->route.leaves;
    network net = network_of(w->rates, s->route.size, nodes);
    double threads = psw_attend_threads(p, (ptrdiff_t)s->leaves) / psw_attend_threads(p, s->route.leaves);
    double tiles_s = (c->tiles + c->shared_tiles) * share_of_tiles(w, s) / threads;
    double attention_s = w->kind == PSW_ROW_FOLD ? w->draws * row_seconds(w, s, nodes, tiles_s / w->draws)
                                                 : tiles_s + w->draws * scan_seconds(w, &s->route, &net);
    cost.repeat_s = attention_s / w->draws;
    cost.seconds = c->fixed + c->tables + attention_s + (c->errors + c->data) * by_rows +
                   (c->head + c->shared_head) * s->queries + merge_seconds(w, &net);
    cost.busy_s = alone + c->tables * (size - 1);
    return cost;
}

static bool is_shared(const psw_point *p, ptrdiff_t size)
{
    return size > 1 && psw_method_computes(p->method) && psw_attend_kind(p) != PSW_ONE_RANK;
}

/* Ranks that have most leaves are the last one in each layout, or the owner of the last leaf; a few more are asked. In
 * a grid the first row has most queries and one of the last columns most keys. */
double psw_team_memory(const psw_group *group, psw_choice choice, ptrdiff_t size)
{
    const psw_point *p = &group->points[0];
    if (!is_shared(p, size)) return (double)psw_memory_group(group, NULL);
    psw_route route = psw_attend_route(p, choice, whole_int(size), 0);
    int last = route.pattern == PSW_GRID ? route.columns - 1 : route.size - 1;
    int ranks[] = {0, last / 2, last, psw_route_owner(&route, route.leaves - 1)};
    double bytes = 0;
    for (int i = 0; i < 4; i++) {
        route.rank = ranks[i];
        bytes = fmax(bytes, (double)psw_memory_group(group, &route));
    }
    return bytes;
}

/* Rows of the nodes that are sent. */
static double rows_of_sums(const psw_point *p, const psw_route *r, const psw_volume *all)
{
    double tokens = (double)psw_data_tokens(p), block = fmin((double)p->block, tokens), rows = 0;
    double missing = (double)r->leaves * block - tokens;
    if (!psw_data_distinct(p) || all->sums == 0) return all->sums * block - all->last_sums * missing;
    leaf_range leaves = leaves_with_queries(p);
    for (ptrdiff_t i = leaves.first; i < leaves.end; i++) rows += (double)psw_route_foreign(r, i) * queries_in(p, i);
    return rows;
}

/* By the code that lays out and runs a pass, so the prediction is exact. */
static void add_traffic(const psw_group *group, psw_choice choice, ptrdiff_t size, psw_team_cost *cost)
{
    const psw_point *p = &group->points[0];
    if (!is_shared(p, size)) return;
    psw_route route = psw_attend_route(p, choice, whole_int(size), 0);
    psw_message_bytes each = psw_engine_of(p->precision)->message_bytes(group);
    psw_volume all = psw_attend_kind(p) == PSW_ROW_FOLD ? psw_route_volume(&route) : psw_route_state_volume(&route);
    cost->messages = all.messages;
    cost->sent_bytes = all.keys * (double)each.keys + all.queries * (double)each.queries +
                       rows_of_sums(p, &route, &all) * (double)each.sums + all.states * (double)each.states;
}

/* A grid computes and sends, one after the other, where a ring does both at once. It gains where its rank with most
 * tiles has fewer of them: where there are more ranks than leaves, or leaves do not divide evenly. Rates do not enter,
 * so that all ranks of all launches agree. */
static bool grid_gains(const psw_point *p, psw_choice choice, ptrdiff_t size, psw_choice *grid)
{
    const double enough = 15 / 16.0;
    psw_route ring = psw_attend_route(p, choice, whole_int(size), 0);
    *grid = choice;
    grid->pattern = PSW_GRID;
    if (ring.pattern != PSW_RING || ring.layout == PSW_STRIPED || !psw_attend_sees_all(p)) return false;
    psw_route route = psw_attend_route(p, *grid, whole_int(size), 0);
    grid->columns = route.columns;
    return most_of(&route).tiles <= enough * most_of(&ring).tiles;
}

static bool is_open(const psw_point *p, psw_choice choice, ptrdiff_t size)
{
    return choice.pattern < 0 && size > 1 && psw_method_computes(p->method) && psw_attend_kind(p) == PSW_ROW_FOLD;
}

static bool has_room(const psw_group *group, psw_choice choice, ptrdiff_t size, double memory_bytes)
{
    return memory_bytes <= 0 || psw_team_memory(group, choice, size) <= memory_bytes;
}

psw_choice plan_choice_within(const psw_group *group, psw_choice choice, ptrdiff_t size, double memory_bytes,
                              bool *fits)
{
    const psw_point *p = &group->points[0];
    const psw_pattern in_order[] = {PSW_PASS_Q, PSW_RING, PSW_ALL_GATHER, PSW_STREAM}; /* the first is the fastest */
    psw_choice grid;
    *fits = true;
    if (is_open(p, choice, size) && grid_gains(p, choice, size, &grid) && has_room(group, grid, size, memory_bytes))
        return grid;
    if (!is_open(p, choice, size) || memory_bytes <= 0) {
        *fits = has_room(group, choice, size, memory_bytes);
        return choice;
    }
    for (int i = psw_data_distinct(p) ? 0 : 1; i < 4; i++) {
        choice.pattern = (int)in_order[i];
        *fits = has_room(group, choice, size, memory_bytes);
        if (*fits) break;
    }
    return choice;
}

psw_choice psw_choice_within(const psw_group *group, psw_choice choice, ptrdiff_t size, double memory_bytes)
{
    const psw_point *p = &group->points[0];
    bool fits;
    if (!is_open(p, choice, size)) return choice;
    return plan_choice_within(group, choice, size, memory_bytes, &fits);
}

psw_team_cost psw_cost_team_time(const psw_rates *rates, const psw_group *group, psw_choice choice, ptrdiff_t size,
                                 ptrdiff_t nodes)
{
    plan_team_work work = plan_team_work_of(rates, group, choice);
    if (!is_shared(&group->points[0], size)) return plan_team_cost_of(&work, NULL, nodes);
    plan_team_share share = plan_team_share_of(&group->points[0], choice, size);
    return plan_team_cost_of(&work, &share, nodes);
}

psw_team_cost psw_cost_team(const psw_rates *rates, const psw_group *group, psw_choice choice, ptrdiff_t size,
                            ptrdiff_t nodes)
{
    psw_team_cost cost = psw_cost_team_time(rates, group, choice, size, nodes);
    cost.memory_bytes = psw_team_memory(group, choice, size);
    add_traffic(group, choice, size, &cost);
    return cost;
}
