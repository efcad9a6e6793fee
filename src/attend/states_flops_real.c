/* Operations of a pass over a sketch, counted along the loops of states_pass_real.c and states_read_real.c. */
#include <math.h>

#include "attend/states.h"
#include "attend/work.h"

/* The block and set that attend_states_keys and attend_states_queries keep mapped. */
typedef struct kept {
    ptrdiff_t block;
    int set;
} kept;

typedef struct counter {
    const psw_point *p;
    psw_sketch_shape shape;
    int sets;
    ptrdiff_t tokens, block, blocks, stretch, special;
    kept q, k[2];
    double flops;
} counter;

static counter counter_of(const psw_point *p, int sets)
{
    counter c = {.p = p, .shape = psw_sketch_shape_of(p), .sets = sets, .q = {-1, 0}, .k = {{-1, 0}, {-1, 0}}};
    c.tokens = psw_data_tokens(p);
    c.block = p->block < c.tokens ? p->block : c.tokens;
    c.blocks = (c.tokens + c.block - 1) / c.block;
    c.stretch = p->local > 0 ? p->local / p->block : 1;
    c.special = psw_data_sets(p) > 1 ? psw_data_special(p) : -1;
    return c;
}

static double rows_of(const counter *c, ptrdiff_t block)
{
    ptrdiff_t left = c->tokens - block * c->block;
    return (double)(left < c->block ? left : c->block);
}

/* Has a block a query, or a key? */
static bool has(const counter *c, psw_side side, ptrdiff_t block)
{
    return psw_data_first(c->p, side) < (block + 1) * c->block && psw_data_end(c->p, side) > block * c->block;
}

/* Rows of a block that are read, as attend_states_panels has them. */
static double rows_read(const counter *c, ptrdiff_t block)
{
    double rows = rows_of(c, block), start = (double)(block * c->block), panel = (double)PSW_PANEL;
    if (!psw_data_distinct(c->p)) return rows;
    double first = fmax((double)psw_data_first(c->p, PSW_QUERY) - start, 0);
    return fmin((double)psw_data_end(c->p, PSW_QUERY) - start, rows) - floor(first / panel) * panel;
}

/* ---- parts ---- */

static void map(counter *c, kept *last, int set, ptrdiff_t block)
{
    if (last->block == block && last->set == set) return;
    *last = (kept){block, set};
    c->flops += rows_of(c, block) * c->shape.flops;
}

static int set_of(const counter *c, int set, ptrdiff_t block)
{
    return c->special >= 0 && c->special / c->block == block ? set : 0;
}

static void keys(counter *c, int set, ptrdiff_t block)
{
    set = set_of(c, set, block);
    map(c, &c->k[set], set, block);
}

static void queries(counter *c, int set, ptrdiff_t block)
{
    if (psw_data_shared(c->p))
        keys(c, set, block);
    else
        map(c, &c->q, set_of(c, set, block), block);
}

/* Lifting of so many rows, and their products with or into a state. */
static double state_flops(const counter *c, double rows)
{
    double lift = c->shape.weigh == PSW_WEIGH_IDENTITY ? 0 : c->shape.lift_flops;
    return rows * (lift + 2 * (double)c->shape.features * (double)(c->p->v + 1));
}

static void total(counter *c, int set, ptrdiff_t block)
{
    keys(c, set, block);
    if (has(c, PSW_KEY, block)) c->flops += state_flops(c, rows_of(c, block));
}

/* Panels of queries are whole ones; each is multiplied with the keys up to its last row. */
static void read(counter *c, int set, ptrdiff_t block, attend_reach reach)
{
    if (!reach || !has(c, PSW_QUERY, block)) return;
    double rows = rows_read(c, block), panel = (double)PSW_PANEL, panels = ceil(rows / panel);
    double pairs = panel * panels * (panels - 1) / 2 + rows;
    queries(c, set, block);
    if (reach & PSW_NEAR) {
        keys(c, set, block);
        c->flops += 2 * pairs * panel * (double)(c->shape.stored + c->p->v + 1);
    }
    if (reach & PSW_FAR) c->flops += state_flops(c, panels * panel);
}

/* ---- passes ---- */

static double full(counter *c)
{
    ptrdiff_t last = c->special < 0 ? c->blocks - 1 : c->special / c->block;
    for (ptrdiff_t i = 0; i < c->blocks; i++)
        if (i != last) total(c, 0, i);
    for (int s = c->sets - 1; s >= 0; s--) total(c, s, last);
    for (ptrdiff_t i = 0; i < c->blocks; i++)
        for (int s = 0; s < c->sets; s++) read(c, s, i, PSW_FAR);
    return c->flops;
}

/* An exact stretch, of `count` blocks from `first` on, is a row fold of its own. */
static void exact(counter *c, ptrdiff_t first, ptrdiff_t count)
{
    ptrdiff_t start = first * c->block, left = c->tokens - start;
    ptrdiff_t tokens = left < count * c->block ? left : count * c->block, special = c->special - start;
    if (c->sets < 2 || special < 0 || special >= tokens) special = -1;
    attend_shape shape = {.tokens = tokens,
                          .first_query = psw_data_first(c->p, PSW_QUERY) - start,
                          .end_query = tokens,
                          .first_key = psw_data_first(c->p, PSW_KEY) - start,
                          .leaf = c->block,
                          .mask = PSW_CAUSAL};
    attend_tiles tiles = attend_tiles_of(shape, special);
    c->flops += attend_tiles_flops(&tiles, psw_point_width(c->p), c->p->v, 1);
}

static double causal(counter *c)
{
    ptrdiff_t divergence = c->special < 0 ? c->blocks : c->special / c->block / c->stretch * c->stretch;
    attend_reach near = c->p->local > 0 ? 0 : PSW_NEAR;
    for (ptrdiff_t first = 0; first < c->blocks; first += c->stretch) {
        ptrdiff_t end = first + c->stretch < c->blocks ? first + c->stretch : c->blocks;
        int sets = first < divergence ? 1 : c->sets;
        for (ptrdiff_t i = first; i < end; i++)
            for (int s = 0; s < sets; s++) read(c, s, i, first > 0 ? near | PSW_FAR : near);
        if (!near) exact(c, first, end - first);
        for (int s = 0; s < sets && end < c->blocks; s++)
            for (ptrdiff_t i = first; i < end; i++) total(c, s, i);
    }
    return c->flops;
}

double attend_states_flops(const psw_group *group, int sets)
{
    counter c = counter_of(&group->points[0], sets);
    return (c.p->mask == PSW_FULL ? full(&c) : causal(&c)) * (double)group->count;
}
