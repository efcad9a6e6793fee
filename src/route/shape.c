/* How many columns a grid has. */
#include <math.h>

#include "polysweep/route.h"

/* ---- the rank with most tiles ---- */

/* Queries, `count` of them from `first` on, `every` apart, as reals. */
typedef struct comb {
    double first, every, count;
} comb;

/* How many of them come before leaf `end`. */
static double before(const comb *c, double end)
{
    double all = c->first < end ? (double)(ptrdiff_t)((end - c->first + c->every - 1) / c->every) : 0;
    return all < c->count ? all : c->count;
}

/* Tiles with the keys from .. end - 1 under a causal mask: a query among them sees those up to itself. */
static double tiles_of(const comb *c, double from, double end)
{
    double earlier = before(c, from), until = before(c, end), inside = until - earlier;
    double own = c->first + earlier * c->every - from + 1; /* of the first one among them */
    return inside * own + c->every * inside * (inside - 1) / 2 + (c->count - until) * (end - from);
}

/* Columns differ by a leaf or two, so of many some stand for all. */
static int looked_at(const psw_route *g)
{
    return g->columns < 64 ? g->columns : 64;
}

static int looked_column(const psw_route *g, int index)
{
    int looked = looked_at(g);
    return looked < 2 ? 0 : (int)((ptrdiff_t)index * (g->columns - 1) / (looked - 1));
}

/* The row of the last leaf has most: counted from the end, its queries are the last ones. */
static double most_causal(const psw_route *g)
{
    psw_route columns = psw_route_columns(g), rows = psw_route_rows(g);
    ptrdiff_t row = (g->leaves - 1) % rows.size;
    comb queries = {(double)row, rows.size, (double)((g->leaves - 1 - row) / rows.size + 1)};
    double most = 0;
    for (int i = 0; i < looked_at(g); i++) {
        double tiles = 0;
        for (ptrdiff_t round = 0; round < psw_route_rounds(g); round++) {
            psw_leaves s = psw_route_round(&columns, looked_column(g, i), round);
            tiles += tiles_of(&queries, (double)s.first, (double)(s.first + s.count));
        }
        most = tiles > most ? tiles : most;
    }
    return most;
}

static double parts_up(ptrdiff_t all, ptrdiff_t parts)
{
    return (double)((all + parts - 1) / parts);
}

double psw_route_grid_tiles(const psw_route *g, ptrdiff_t queries)
{
    if (g->causal) return most_causal(g);
    return parts_up(queries, psw_route_rows(g).size) * parts_up(g->leaves, g->columns);
}

/* ---- the shape ---- */

/* What is sent of a leaf: its keys and values to the other rows; its queries to the other columns, from which they
 * come back as one sum for each node of the tree that a column holds, which is fewest where its keys begin at a large
 * power of two. In numbers for each column of a row, be they single or double. */
static double sent(const psw_route *g)
{
    psw_route columns = psw_route_columns(g);
    int looked = looked_at(g);
    double nodes = 0;
    for (int i = 0; i < looked; i++) nodes += (double)psw_route_nodes(&columns, looked_column(g, i), g->leaves, NULL);
    return 2.0 * (psw_route_rows(g).size - 1) + (1 + 1.5 * nodes / looked) * (g->columns - 1);
}

/* Shapes are looked at whose columns have `each` leaves at most, for every `each`: the fewest columns of which that is
 * true, at most `size`. 0: there is none. */
static int columns_of(int size, ptrdiff_t leaves, ptrdiff_t each)
{
    ptrdiff_t columns = (leaves + each - 1) / each;
    return columns <= size ? (int)columns : 0;
}

/* The next smaller number of columns has so many leaves at most in each. */
static ptrdiff_t next_each(ptrdiff_t leaves, ptrdiff_t each)
{
    ptrdiff_t columns = (leaves + each - 1) / each;
    return columns > 1 ? (leaves + columns - 2) / (columns - 1) : leaves + 1;
}

int psw_route_shape(ptrdiff_t queries, ptrdiff_t leaves, bool causal, int size)
{
    const double as_good = 1 + 1 / 16.0;
    psw_route g = {.pattern = PSW_GRID, .layout = causal ? PSW_ZIGZAG : PSW_CONTIGUOUS, .causal = causal};
    g.leaves = leaves, g.unit = 1, g.size = size;
    if (size >= queries * leaves) return (int)leaves; /* one tile for each rank */
    int best = 0;
    double least = INFINITY, fewest = INFINITY;
    for (ptrdiff_t each = 1; each <= leaves; each = next_each(leaves, each)) {
        if ((g.columns = columns_of(size, leaves, each)) == 0) continue;
        double tiles = psw_route_grid_tiles(&g, queries);
        least = tiles < least ? tiles : least;
    }
    for (ptrdiff_t each = 1; each <= leaves; each = next_each(leaves, each)) {
        g.columns = columns_of(size, leaves, each);
        if (g.columns == 0 || psw_route_grid_tiles(&g, queries) > least * as_good) continue;
        double sends = sent(&g);
        if (sends < fewest) fewest = sends, best = g.columns;
    }
    return best;
}
