/* How many columns a grid has. */
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

enum { LOOKED_AT = 64 };

/* The row of the last leaf has most: counted from the end, its queries are the last ones. The columns of a zigzag
 * differ by a leaf or two, so of many some stand for all. */
static double most_causal(const psw_route *g)
{
    psw_route columns = psw_route_columns(g), rows = psw_route_rows(g);
    ptrdiff_t row = (g->leaves - 1) % rows.size;
    comb queries = {(double)row, rows.size, (double)((g->leaves - 1 - row) / rows.size + 1)};
    int looked = g->columns < LOOKED_AT ? g->columns : LOOKED_AT;
    double most = 0;
    for (int i = 0; i < looked; i++) {
        int column = looked < 2 ? 0 : (int)((ptrdiff_t)i * (g->columns - 1) / (looked - 1));
        double tiles = 0;
        for (ptrdiff_t round = 0; round < psw_route_rounds(g); round++) {
            psw_leaves s = psw_route_round(&columns, column, round);
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

/* Copies of a leaf, by the numbers in one: keys and values go to the other rows; queries to the other columns, from
 * which they come back as sums of a node or two, in double. */
static double sent(const psw_route *g)
{
    return 2.0 * (psw_route_rows(g).size - 1) + 4.0 * (g->columns - 1);
}

static int root_of(int size)
{
    int root = 1;
    while ((ptrdiff_t)(root + 1) * (root + 1) <= size) root++;
    return root;
}

/* The shapes that use most ranks: of each small number of rows, and of each small number of columns. */
static int columns_of(int size, ptrdiff_t leaves, int number)
{
    int few = number / 2 + 1, columns = number % 2 ? size / few : few;
    return columns < leaves ? columns : (int)leaves;
}

int psw_route_shape(ptrdiff_t queries, ptrdiff_t leaves, bool causal, int size)
{
    const double as_good = 1 + 1 / 16.0;
    psw_route g = {.pattern = PSW_GRID, .layout = causal ? PSW_ZIGZAG : PSW_CONTIGUOUS, .causal = causal};
    g.leaves = leaves, g.unit = 1, g.size = size;
    int shapes = 2 * root_of(size), best = 0;
    double least = 0, fewest = 0;
    for (int i = 0; i < shapes; i++) {
        g.columns = columns_of(size, leaves, i);
        double tiles = psw_route_grid_tiles(&g, queries);
        least = i == 0 || tiles < least ? tiles : least;
    }
    for (int i = 0; i < shapes; i++) {
        g.columns = columns_of(size, leaves, i);
        if (best > 0 && sent(&g) >= fewest) continue;
        if (psw_route_grid_tiles(&g, queries) <= least * as_good) fewest = sent(&g), best = g.columns;
    }
    return best;
}
