/* Routes of teams of up to 64 ranks, all ranks run in one process: every pair of leaves is met once, every transfer has
 * its counterpart in the same step, buffers hold what is met and sent, no rank waits for one that waits for it. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/route.h"
#include "property/route_cases.h"

enum { RANKS = 64, LEAVES = 160, NOBODY = -9 };

/* A grid has a shape, and never stripes of keys. */
static bool is_route(const psw_route *r)
{
    return r->pattern == PSW_GRID ? r->layout != PSW_STRIPED : r->columns == 1;
}

/* ---- ownership ---- */

static void check_ownership(const psw_route *r)
{
    ptrdiff_t all = 0, most = 0;
    for (int rank = 0; rank < r->size; rank++) {
        ptrdiff_t count = psw_route_count(r, rank), before = -1, of_rounds = 0;
        all += count;
        most = count > most ? count : most;
        for (ptrdiff_t place = 0; place < count; place++) {
            ptrdiff_t leaf = psw_route_leaf(r, rank, place);
            CHECK(leaf > before && leaf < r->leaves, "%s: leaf %td of rank %d", route_case_name(r), leaf, rank);
            CHECK(psw_route_owner(r, leaf) == rank && psw_route_place(r, leaf) == place, "%s: leaf %td",
                  route_case_name(r), leaf);
            before = leaf;
        }
        if (r->pattern == PSW_GRID) continue; /* its rounds are those of a column */
        for (ptrdiff_t round = 0; round < psw_route_rounds(r); round++) {
            psw_leaves stretch = psw_route_round(r, rank, round);
            for (ptrdiff_t i = 0; i < stretch.count; i++)
                CHECK(psw_route_place(r, stretch.first + i) == of_rounds + i, "%s: round %td", route_case_name(r),
                      round);
            of_rounds += stretch.count;
        }
        CHECK(of_rounds == count, "%s: rounds hold %td of %td leaves", route_case_name(r), of_rounds, count);
    }
    CHECK(all == r->leaves && most == psw_route_most(r), "%s: %td leaves owned", route_case_name(r), all);
}

/* A unit has one owner, and rounds follow each other along the sequence. */
static void check_rounds(const psw_route *r)
{
    ptrdiff_t next = 0;
    for (ptrdiff_t leaf = 1; leaf < r->leaves; leaf++)
        CHECK(leaf % r->unit == 0 || psw_route_owner(r, leaf) == psw_route_owner(r, leaf - 1), "%s: a unit is cut",
              route_case_name(r));
    for (ptrdiff_t round = 0; round < psw_route_rounds(r); round++)
        for (int i = 0; i < r->size; i++) {
            psw_leaves stretch = psw_route_round(r, psw_route_down(r, round) ? r->size - 1 - i : i, round);
            CHECK(stretch.count == 0 || stretch.first == next, "%s: round %td does not follow", route_case_name(r),
                  round);
            next += stretch.count;
        }
}

/* ---- row folds ---- */

typedef struct rank_state {
    int remote[RANKS];     /* whose leaves each buffer holds */
    ptrdiff_t leaf[RANKS]; /* and which, -1: all */
} rank_state;

static unsigned char met[LEAVES][LEAVES], done[LEAVES];

static void compute(const psw_route *r, const rank_state *state, psw_step m)
{
    bool to_keys = r->pattern == PSW_PASS_Q || r->pattern == PSW_GRID; /* queries come to keys */
    int other = to_keys ? m.queries : m.keys;
    if (!m.tiles) return;
    if (m.query >= 0) { /* one leaf of each */
        CHECK(psw_route_owner(r, m.query) == r->rank && psw_route_owner(r, m.key) == m.keys, "%s: owners",
              route_case_name(r));
        CHECK(m.remote < 0 ? m.keys == r->rank : state->leaf[m.remote] == m.key, "%s: leaf %td is not resident",
              route_case_name(r), m.key);
        met[m.query][m.key]++;
        return;
    }
    if (other >= 0)
        CHECK((m.remote < 0 ? r->rank : state->remote[m.remote]) == other, "%s: not resident", route_case_name(r));
    for (ptrdiff_t q = 0; q < psw_route_count(r, m.queries); q++) {
        ptrdiff_t query = psw_route_leaf(r, m.queries, q);
        for (ptrdiff_t key = 0; key < psw_route_seen(r, query); key++) {
            int owner = psw_route_owner(r, key);
            bool grid = r->pattern == PSW_GRID;
            if (grid ? owner % r->columns != m.keys % r->columns : m.keys >= 0 && owner != m.keys) continue;
            bool here = (m.keys >= 0 && !grid) || owner == r->rank;
            for (int g = 0; g < psw_route_remote_buffers(r) && !here; g++) here = state->remote[g] == owner;
            CHECK(here, "%s: rank %d lacks keys of %d", route_case_name(r), r->rank, owner);
            met[query][key]++;
        }
    }
}

/* What each rank sends and receives in the current step. */
static struct {
    int count;
    psw_transfer list[2 * RANKS];
} current[RANKS];

static void list_transfers(const psw_route *route, int step)
{
    for (int rank = 0; rank < route->size; rank++) {
        psw_route r = route_case_on(route, rank);
        current[rank].count = psw_route_transfers(&r, step);
        CHECK(current[rank].count <= 2 * RANKS, "%s: %d transfers", route_case_name(route), current[rank].count);
        for (int i = 0; i < current[rank].count; i++) current[rank].list[i] = psw_route_transfer(&r, step, i);
    }
}

/* The counterpart of a transfer, in the same step of its peer. */
static bool answered(int rank, psw_transfer t)
{
    for (int i = 0; i < current[t.peer].count; i++) {
        psw_transfer other = current[t.peer].list[i];
        if (other.peer == rank && other.send != t.send && other.what == t.what && other.of == t.of &&
            other.leaf == t.leaf)
            return true;
    }
    return false;
}

/* All ranks take a step together: what is sent must be held, what is received must not be in use. As all transfers of
 * a step have their counterparts in that step, and a step ends when they are done, no rank can wait for ever. */
static void take_step(const psw_route *route, rank_state *states, int step)
{
    rank_state next[RANKS];
    memcpy(next, states, (size_t)route->size * sizeof *next);
    list_transfers(route, step);
    for (int rank = 0; rank < route->size; rank++) {
        psw_route r = route_case_on(route, rank);
        psw_step m = psw_route_step(&r, step);
        compute(&r, &states[rank], m);
        for (int i = 0; i < current[rank].count; i++) {
            psw_transfer t = current[rank].list[i];
            CHECK(t.peer != rank && t.peer >= 0 && t.peer < route->size, "%s: peer %d", route_case_name(route), t.peer);
            CHECK(answered(rank, t), "%s: rank %d step %d: nobody at the other end", route_case_name(route), rank,
                  step);
            if (t.what == PSW_SUMS) continue;
            if (t.send)
                CHECK((t.remote < 0 ? rank : states[rank].remote[t.remote]) == t.of, "%s: rank %d sends what it lacks",
                      route_case_name(route), rank);
            if (t.send) continue;
            CHECK(t.remote >= 0 && t.remote < psw_route_remote_buffers(&r) && (t.remote != m.remote || !m.tiles),
                  "%s: rank %d receives into a buffer in use", route_case_name(route), rank);
            next[rank].remote[t.remote] = t.of;
            next[rank].leaf[t.remote] = t.leaf;
        }
    }
    memcpy(states, next, (size_t)route->size * sizeof *next);
    for (int rank = 0; rank < route->size; rank++) {
        psw_route r = route_case_on(route, rank);
        psw_leaves places = psw_route_done(&r, step);
        for (ptrdiff_t i = places.first; i < places.first + places.count; i++) {
            ptrdiff_t leaf = psw_route_leaf(&r, rank, i);
            for (ptrdiff_t key = 0; key < psw_route_seen(&r, leaf); key++)
                CHECK(met[leaf][key] == 1, "%s: leaf %td is done without %td", route_case_name(route), leaf, key);
            done[leaf]++;
        }
    }
}

/* Sums of pass_q and of a grid: for every step with another rank's queries, sent once, of a grid in the step after. */
static void check_sums(const psw_route *route)
{
    bool grid = route->pattern == PSW_GRID, some = grid || route->pattern == PSW_PASS_Q;
    for (int rank = 0; rank < route->size; rank++) {
        psw_route r = route_case_on(route, rank);
        for (int step = 0, steps = psw_route_steps(&r); step < steps; step++) {
            psw_step m = psw_route_step(&r, step);
            int sent = 0;
            int later = step + 1 < steps ? step + grid : step;
            for (int i = 0, count = psw_route_transfers(&r, later); i < count; i++) {
                psw_transfer t = psw_route_transfer(&r, later, i);
                bool from = grid ? !t.after && t.remote == step % 2 : t.after;
                sent += t.what == PSW_SUMS && t.send && t.of == m.queries && t.peer == m.queries && from;
            }
            CHECK(sent == (m.tiles && m.queries != rank && some), "%s: %d sums sent", route_case_name(route), sent);
        }
    }
}

static void check_row_fold(const psw_route *route)
{
    static rank_state states[RANKS];
    memset(met, 0, sizeof met);
    memset(done, 0, sizeof done);
    for (int rank = 0; rank < RANKS; rank++)
        for (int g = 0; g < RANKS; g++) states[rank].remote[g] = NOBODY;
    for (int step = 0, steps = psw_route_steps(route); step < steps; step++) take_step(route, states, step);
    for (ptrdiff_t q = 0; q < route->leaves; q++)
        for (ptrdiff_t k = 0; k < route->leaves; k++)
            CHECK(met[q][k] == (!route->causal || k <= q), "%s: leaves %td and %td met %d times",
                  route_case_name(route), q, k, met[q][k]);
    for (ptrdiff_t q = 0; q < route->leaves; q++)
        CHECK(done[q] == 1, "%s: leaf %td is done %d times", route_case_name(route), q, done[q]);
    check_sums(route);
}

/* ---- nodes ---- */

/* Who has the keys of a leaf: a rank, or a column. */
static int holder(const psw_route *r, ptrdiff_t leaf)
{
    int owner = psw_route_owner(r, leaf);
    return r->pattern == PSW_GRID ? owner % r->columns : owner;
}

static void check_nodes(const psw_route *route, ptrdiff_t seen)
{
    psw_node list[LEAVES];
    ptrdiff_t held = 0, expected = 0;
    for (int rank = 0; rank < (route->pattern == PSW_GRID ? route->columns : route->size); rank++) {
        ptrdiff_t count = psw_route_nodes(route, rank, seen, list), before = -1;
        CHECK(count == psw_route_nodes(route, rank, seen, NULL), "%s: two counts", route_case_name(route));
        for (ptrdiff_t i = 0; i < count; i++) {
            ptrdiff_t first = list[i].index << list[i].level, end = (list[i].index + 1) << list[i].level;
            CHECK(first > before && first < seen, "%s: nodes not ascending", route_case_name(route));
            for (ptrdiff_t leaf = first; leaf < end && leaf < seen; leaf++) {
                CHECK(holder(route, leaf) == rank, "%s: a node holds another rank's leaf", route_case_name(route));
                held++;
                before = leaf;
            }
            for (ptrdiff_t j = 0; j < i; j++)
                CHECK(list[i].level != list[j].level || (list[i].index ^ 1) != list[j].index,
                      "%s: two nodes that are one", route_case_name(route));
        }
    }
    expected = seen;
    CHECK(held == expected, "%s: nodes hold %td of %td leaves", route_case_name(route), held, expected);
}

/* Whole nodes of a set of leaves, by looking at each: true if the node is, which is then not counted. */
static bool count_whole(const bool *has, ptrdiff_t seen, psw_node node, ptrdiff_t *count)
{
    if (node.level == 0) return has[node.index];
    psw_node left = {node.level - 1, 2 * node.index}, right = {node.level - 1, 2 * node.index + 1};
    bool l = count_whole(has, seen, left, count);
    if (right.index << right.level >= seen) return l;
    bool r = count_whole(has, seen, right, count);
    if (l && r) return true;
    *count += l + r;
    return false;
}

/* The part that joins the sums of an own query at a step: a rank, or a column. */
static int joins(const psw_route *r, int step)
{
    if (r->pattern == PSW_PASS_Q) return (r->rank + step) % r->size;
    if (r->pattern == PSW_RING) return (r->rank + r->size - step) % r->size;
    int column = r->rank % r->columns, by = step + 2 < r->columns ? step + 1 : 0; /* own ones come before the last */
    return (column + r->columns - by) % r->columns;
}

static void check_waiting(const psw_route *route, ptrdiff_t seen)
{
    psw_node root = {0, 0};
    int parts = route->pattern == PSW_GRID ? route->columns : route->size;
    while ((seen - 1) >> root.level) root.level++;
    for (int rank = 0; rank < route->size; rank++) {
        psw_route r = route_case_on(route, rank);
        bool has[LEAVES] = {false}, some = r.pattern != PSW_GRID || psw_route_count(&r, rank) > 0;
        ptrdiff_t most = 0;
        for (int step = 0; step + 1 < parts && r.pattern != PSW_ALL_GATHER && some; step++) {
            ptrdiff_t count = 0;
            for (ptrdiff_t leaf = 0; leaf < seen; leaf++) has[leaf] |= holder(&r, leaf) == joins(&r, step);
            count += count_whole(has, seen, root, &count);
            most = count > most ? count : most;
        }
        CHECK(psw_route_waiting(&r, seen) == most, "%s: rank %d, %td seen: %td wait, not %td", route_case_name(route),
              rank, seen, psw_route_waiting(&r, seen), most);
    }
}

/* ---- balance ---- */

/* Mean over maximum of the causal tiles of the ranks. */
static double balance(psw_layout layout, int size, ptrdiff_t leaves)
{
    psw_route r = {.layout = layout, .causal = true, .leaves = leaves, .unit = 1, .size = size};
    double most = 0, sum = 0;
    for (int rank = 0; rank < size; rank++) {
        double work = 0;
        for (ptrdiff_t i = 0; i < psw_route_count(&r, rank); i++) work += (double)psw_route_leaf(&r, rank, i) + 1;
        sum += work;
        most = work > most ? work : most;
    }
    return sum / size / most;
}

static void check_balance(void)
{
    fprintf(stderr, "causal balance, 128 leaves    contiguous  zigzag  striped\n");
    for (int size = 2; size <= 8; size *= 2) {
        double of[3];
        for (int layout = 0; layout < 3; layout++) of[layout] = balance((psw_layout)layout, size, 128);
        fprintf(stderr, "                   %d ranks    %.3f       %.3f   %.3f\n", size, of[0], of[1], of[2]);
        CHECK(of[PSW_ZIGZAG] >= 0.98, "zigzag %.3f on %d ranks", of[PSW_ZIGZAG], size);
        /* contiguous: (P + 1) / (2 P - 1 + ...) -> P / (2 P - 1) of its last rank, plus the diagonal */
        CHECK_NEAR(of[PSW_CONTIGUOUS], size / (2.0 * size - 1), 0.01);
        CHECK(of[PSW_STRIPED] > of[PSW_CONTIGUOUS] && of[PSW_STRIPED] <= 1, "striped %.3f", of[PSW_STRIPED]);
    }
}

/* Tiles of a rank of a grid, counted. */
static double tiles_on(const psw_route *grid, int rank)
{
    psw_route rows = psw_route_rows(grid), columns = psw_route_columns(grid);
    int row = rank / grid->columns, column = rank % grid->columns;
    double tiles = 0;
    for (ptrdiff_t q = 0; row < rows.size && q < psw_route_count(&rows, row); q++)
        for (ptrdiff_t k = 0; k < psw_route_count(&columns, column); k++)
            tiles += psw_route_leaf(&columns, column, k) < psw_route_seen(grid, psw_route_leaf(&rows, row, q));
    return tiles;
}

/* The shape that is chosen: how even its work is, and that no other shape has much less for the rank with most. */
static void check_shape(ptrdiff_t leaves, bool causal, int size)
{
    psw_route r = {.pattern = PSW_GRID, .layout = causal ? PSW_ZIGZAG : PSW_CONTIGUOUS, .causal = causal};
    r.leaves = leaves, r.unit = 1, r.size = size;
    double least = INFINITY, most = 0, all = 0;
    for (r.columns = 1; r.columns <= size && r.columns <= leaves; r.columns++)
        least = fmin(least, psw_route_grid_tiles(&r, leaves));
    r.columns = psw_route_shape(leaves, leaves, causal, size);
    for (int rank = 0; rank < size; rank++) {
        double tiles = tiles_on(&r, rank);
        most = fmax(most, tiles), all += tiles;
    }
    double pairs = causal ? (double)leaves * (double)(leaves + 1) / 2 : (double)leaves * (double)leaves;
    CHECK(all == pairs, "%s: %g of %g tiles", route_case_name(&r), all, pairs);
    CHECK(most == psw_route_grid_tiles(&r, leaves), "%s: %g tiles, not %g", route_case_name(&r), most,
          psw_route_grid_tiles(&r, leaves));
    CHECK(most <= 1.0625 * least + 1e-9, "%s: %g tiles, of another shape %g", route_case_name(&r), most, least);
    double copies = psw_route_rows(&r).size + r.columns - 2;
    CHECK(copies <= 2.3 * sqrt(size) + 1 || leaves < size, "%s: %g copies", route_case_name(&r), copies);
    fprintf(stderr, "%-6s %4td leaves, %4d ranks: %3d x %3d, balance %.3f, %.1f sqrt(P) copies\n",
            causal ? "causal" : "full", leaves, size, psw_route_rows(&r).size, r.columns, all / size / most,
            copies / sqrt(size));
}

static void check_shapes(void)
{
    static const ptrdiff_t leaves[] = {1, 7, 64, 128, 200};
    static const int sizes[] = {1, 2, 3, 4, 6, 7, 16, 60, 64, 256, 1000};
    for (size_t l = 0; l < sizeof leaves / sizeof *leaves; l++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int causal = 0; causal < 2; causal++) check_shape(leaves[l], causal, sizes[s]);
    CHECK(psw_route_shape(1, 64, false, 64) == 64, "one leaf with queries: columns alone");
}

static void check_words(void)
{
    psw_choice choice;
    CHECK(psw_choice_read("auto", "pass_q", "chain", &choice) == PSW_OK, "%s", psw_message());
    CHECK(choice.layout == -1 && choice.pattern == PSW_PASS_Q && choice.scan == PSW_CHAIN, "words");
    CHECK(psw_choice_read("zigzag", "rings", "auto", &choice) == PSW_USAGE, "a word that is none");
    CHECK(strstr(psw_message(), "auto, ring, all_gather, pass_q, stream, grid"), "%s", psw_message());
    CHECK(psw_choice_read("zigzag", "grid", "auto", &choice) == PSW_OK, "%s", psw_message());
    CHECK(psw_choice_read("striped", "grid", "auto", &choice) == PSW_USAGE, "stripes of keys");
    CHECK(strstr(psw_message(), "leave run.layout out"), "%s", psw_message());
}

static void check_rows(psw_route *r)
{
    for (r->pattern = 0; r->pattern < PSW_PATTERNS; r->pattern++) {
        if (r->pattern == PSW_GRID || (r->pattern == PSW_STREAM && r->leaves * r->size > 500))
            continue; /* as many steps as pairs */
        check_row_fold(r);
        if (r->pattern == PSW_STREAM) continue;
        check_waiting(r, r->leaves);
        check_waiting(r, (2 * r->leaves + 2) / 3);
    }
}

/* Some numbers of columns, all of small teams. */
static void check_grids(psw_route r)
{
    r.pattern = PSW_GRID;
    for (r.columns = 1; r.columns <= r.size; r.columns += r.columns < 4 ? 1 : r.columns / 2) {
        if (!is_route(&r) || r.leaves > (r.size > 13 ? 31 : 64)) return;
        check_ownership(&r);
        check_nodes(&r, r.leaves);
        check_row_fold(&r);
        check_waiting(&r, r.leaves);
        check_waiting(&r, (2 * r.leaves + 2) / 3);
    }
}

static void check_all(psw_route r)
{
    r.columns = 1;
    check_ownership(&r);
    check_rounds(&r);
    if (r.causal) check_nodes(&r, (r.leaves + 1) / 2);
    check_nodes(&r, r.leaves);
    check_grids(r);
    if (r.size > 33 && r.leaves > 64) return; /* quadratic twice */
    check_rows(&r);
}

int main(void)
{
    each_route(64, check_all);
    check_balance();
    check_shapes();
    check_words();
    return test_end();
}
