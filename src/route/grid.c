/* A grid. Row i has the queries of the units u with u mod rows = i: under a causal mask all rows have about equal work
 * then. Column j has the keys that rank j of a team of `columns` would own by the layout. Where they meet is the owner.
 *
 * Step 0: who owns queries sends them to the other ranks of its row, who owns keys to those of its column. Step t: the
 * tiles of the queries that rank + t of the row owns, own ones last, with all keys of the column; meanwhile the sums of
 * step t - 1 go to their owner, and as many come in from rank - (t - 1). */
#include "route/grid.h"

#include "route/line.h"

/* ---- rows and columns ---- */

static psw_route part_of(const psw_route *g, psw_layout layout, int size, int rank)
{
    psw_route part = *g;
    part.pattern = PSW_PASS_Q, part.layout = layout, part.size = size, part.rank = rank, part.columns = 0;
    return part;
}

psw_route psw_route_columns(const psw_route *g)
{
    return part_of(g, g->layout, g->columns, g->rank % g->columns);
}

/* More rows than units would have no queries. */
psw_route psw_route_rows(const psw_route *g)
{
    ptrdiff_t units = (g->leaves + g->unit - 1) / g->unit;
    int rows = g->size / g->columns;
    return part_of(g, PSW_STRIPED, rows < units ? rows : (int)units, g->rank / g->columns);
}

int route_grid_ranks(const psw_route *g)
{
    return psw_route_rows(g).size * g->columns;
}

int route_grid_in_row(const psw_route *g, int rank, int by)
{
    int column = rank % g->columns;
    return rank - column + ((column + by) % g->columns + g->columns) % g->columns;
}

int route_grid_in_column(const psw_route *g, int rank, int by)
{
    int rows = psw_route_rows(g).size, row = rank / g->columns;
    return rank + (((row + by) % rows + rows) % rows - row) * g->columns;
}

/* ---- who owns what ---- */

/* Units of a row among those of a stretch: from `first` on every rows-th. */
typedef struct comb {
    ptrdiff_t first, count;
} comb;

static comb comb_in(const psw_route *g, const psw_route *columns, ptrdiff_t rows, int rank, ptrdiff_t round)
{
    psw_leaves stretch = route_line_round(columns, rank % g->columns, round);
    ptrdiff_t row = rank / g->columns;
    ptrdiff_t from = stretch.first / g->unit, end = (stretch.first + stretch.count + g->unit - 1) / g->unit;
    ptrdiff_t first = from + ((row - from) % rows + rows) % rows;
    return (comb){first, row < rows && first < end ? (end - 1 - first) / rows + 1 : 0};
}

static comb comb_of(const psw_route *g, int rank, ptrdiff_t round)
{
    psw_route columns = psw_route_columns(g);
    return comb_in(g, &columns, psw_route_rows(g).size, rank, round);
}

ptrdiff_t route_grid_count(const psw_route *g, int rank)
{
    psw_route columns = psw_route_columns(g);
    ptrdiff_t units = 0, rows = psw_route_rows(g).size;
    for (ptrdiff_t round = 0; round < route_line_rounds(g); round++)
        units += comb_in(g, &columns, rows, rank, round).count;
    if (units == 0 || g->leaves % g->unit == 0) return units * g->unit;
    bool last = route_grid_owner(g, g->leaves - 1) == rank; /* owns the unit that may be ragged */
    return units * g->unit - (last ? (g->unit - g->leaves % g->unit) % g->unit : 0);
}

ptrdiff_t route_grid_leaf(const psw_route *g, int rank, ptrdiff_t place)
{
    ptrdiff_t rows = psw_route_rows(g).size, number = place / g->unit;
    comb teeth = comb_of(g, rank, 0);
    if (number >= teeth.count) {
        number -= teeth.count;
        teeth = comb_of(g, rank, 1);
    }
    return (teeth.first + number * rows) * g->unit + place % g->unit;
}

int route_grid_owner(const psw_route *g, ptrdiff_t leaf)
{
    psw_route columns = psw_route_columns(g), rows = psw_route_rows(g);
    return route_line_owner(&rows, leaf) * g->columns + route_line_owner(&columns, leaf);
}

ptrdiff_t route_grid_place(const psw_route *g, ptrdiff_t leaf)
{
    int owner = route_grid_owner(g, leaf);
    ptrdiff_t rows = psw_route_rows(g).size, unit = leaf / g->unit, before = 0;
    comb teeth = comb_of(g, owner, 0);
    if (teeth.count == 0 || unit > teeth.first + (teeth.count - 1) * rows) {
        before = teeth.count;
        teeth = comb_of(g, owner, 1);
    }
    return (before + (unit - teeth.first) / rows) * g->unit + leaf % g->unit;
}

/* ---- who needs what ---- */

bool route_grid_sees(const psw_route *g, int queries, int keys)
{
    psw_route columns = psw_route_columns(g);
    ptrdiff_t count = route_grid_count(g, queries);
    int column = keys % g->columns;
    if (count == 0 || route_line_count(&columns, column) == 0) return false;
    return !g->causal || route_grid_leaf(g, queries, count - 1) >= route_line_leaf(&columns, column, 0);
}

bool route_grid_row_sees(const psw_route *g, int queries, int keys)
{
    psw_route rows = psw_route_rows(g);
    int row = queries / g->columns;
    if (route_grid_count(g, keys) == 0) return false;
    return !g->causal || route_line_leaf(&rows, row, route_line_count(&rows, row) - 1) >= route_grid_leaf(g, keys, 0);
}

/* ---- steps ---- */

static bool is_idle(const psw_route *g)
{
    return g->rank >= route_grid_ranks(g);
}

static int key_buffers(const psw_route *g)
{
    return psw_route_rows(g).size - 1;
}

psw_step route_grid_step(const psw_route *g, int step)
{
    if (is_idle(g) || step == 0) return (psw_step){false, g->rank, g->rank, -1, -1, -1};
    int queries = route_grid_in_row(g, g->rank, step);
    return (psw_step){.tiles = route_grid_sees(g, queries, g->rank),
                      .queries = queries,
                      .keys = g->rank,
                      .remote = queries == g->rank ? -1 : key_buffers(g) + step - 1,
                      .query = -1,
                      .key = -1};
}

psw_remote route_grid_remote(const psw_route *g, int index)
{
    bool keys = index < key_buffers(g);
    int of =
        keys ? route_grid_in_column(g, g->rank, index + 1) : route_grid_in_row(g, g->rank, index - key_buffers(g) + 1);
    return (psw_remote){keys ? PSW_KEYS : PSW_QUERIES, of, route_grid_count(g, of)};
}

int route_grid_candidates(const psw_route *g, int step)
{
    if (is_idle(g)) return 0;
    return step == 0 ? 2 * (key_buffers(g) + g->columns - 1) : step == 1 ? 0 : 2;
}

/* By the remote buffers: what the owner of each sends, and the same that it is sent. */
static bool of_gather(const psw_route *g, int index, psw_transfer *transfer)
{
    psw_remote from = route_grid_remote(g, index / 2);
    bool send = index % 2 == 0, keys = from.what == PSW_KEYS;
    int sender = send ? g->rank : from.of, receiver = send ? from.of : g->rank;
    *transfer = (psw_transfer){from.what, sender, from.of, send, false, send ? -1 : index / 2, -1};
    return keys ? route_grid_row_sees(g, receiver, sender) : route_grid_sees(g, sender, receiver);
}

/* The buffers of sums that are sent take turns. */
static bool of_sums(const psw_route *g, int step, bool send, psw_transfer *transfer)
{
    int by = step - 1, peer = route_grid_in_row(g, g->rank, send ? by : -by);
    *transfer = (psw_transfer){PSW_SUMS, send ? peer : g->rank, peer, send, false, send ? by % 2 : -1, -1};
    return send ? route_grid_sees(g, peer, g->rank) : route_grid_sees(g, g->rank, peer);
}

bool route_grid_candidate(const psw_route *g, int step, int index, psw_transfer *transfer)
{
    return step == 0 ? of_gather(g, index, transfer) : of_sums(g, step, index == 0, transfer);
}
