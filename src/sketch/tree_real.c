#include <math.h>
#include <string.h>

#include "sketch/leaves.h"
#include "sketch/tree.h"

/* T_1(x) = x,  T_p(x) = sqrt(1/r) (T_ceil(p/2)(x) G) * (T'_floor(p/2)(x) G')   (by element), T and T' independent,
 * G and G' fresh standard normal matrices (Ahle et al. 2020; Kacham, Mirrokni, Zhong 2023, Algorithm 1). What takes the
 * place of x G at the leaves is in leaves_real.c.
 *
 * Levels count from the leaves along the left spine, so that T_ceil(p/2) on the left of T_p has the tables of a tree of
 * that degree alone. Where both sides are leaves, G and G' are side by side and one product serves both. */
typedef struct node {
    uint64_t level, number;
    ptrdiff_t side[2];   /* nodes; -1 - i: leaf number i */
    psw_panels table[2]; /* without rows where the leaf has none; of a pair the first has both */
} node;

typedef struct tree {
    node *nodes;
    psw_real *tables, *scratch, *product;
    sketch_leaves leaves;
    ptrdiff_t degree, d, r, rows, grown, leaf_count;
} tree;

static ptrdiff_t levels(ptrdiff_t degree)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t p = degree; p > 1; p = (p + 1) / 2) count++;
    return count;
}

/* Both sides are leaves with matrices of their own: these are side by side. */
static bool paired(const tree *t, ptrdiff_t degree)
{
    return degree == 2 && t->leaves.kind == PSW_LEAVES_GAUSSIAN;
}

/* p matrices at leaves, alone or in pairs, and p - 2 inside. */
static ptrdiff_t table_size(const tree *t)
{
    ptrdiff_t p = t->degree, rows = t->leaves.table_rows;
    ptrdiff_t alone = psw_panels_count(rows, t->r), half = psw_panels_count(rows, 2 * t->r) / 2;
    return p * (half > alone ? half : alone) + (p - 2) * psw_panels_count(t->r, t->r);
}

void *sketch_tree_lay(const psw_sketch *s, psw_arena *arena)
{
    tree t = {.degree = sketch_degree(&s->point), .d = psw_point_width(&s->point), .r = s->shape.r, .rows = s->rows};
    tree *kept = psw_arena_take(arena, 1, sizeof t);
    if (t.degree > 1) {
        t.leaves = SKETCH_LEAVES_LAY(s, t.degree, arena);
        t.nodes = psw_arena_take(arena, t.degree - 1, sizeof *t.nodes);
        t.tables = psw_arena_take(arena, table_size(&t), sizeof *t.tables);
        t.product = psw_arena_take(arena, t.rows * 2 * t.r, sizeof *t.product);
        t.scratch = psw_arena_take(arena, (levels(t.degree) - 1) * t.rows * t.r, sizeof *t.scratch);
    }
    if (kept) *kept = t;
    return kept;
}

static psw_panels take(psw_real **at, ptrdiff_t rows, ptrdiff_t cols)
{
    psw_panels table = {*at, rows, cols};
    *at += psw_panels_count(rows, cols);
    return table;
}

/* The tables of a node precede those of its sides; returns the number of the node. */
static ptrdiff_t grow(tree *t, ptrdiff_t degree, uint64_t level, uint64_t number, psw_real **at)
{
    if (degree == 1) return -1 - t->leaf_count++;
    ptrdiff_t index = t->grown++, part[2] = {(degree + 1) / 2, degree / 2}, r = t->r;
    node *n = &t->nodes[index];
    *n = (node){.level = level, .number = number};
    if (paired(t, degree)) n->table[0] = take(at, t->d, 2 * r);
    for (int i = 0; i < 2 && !paired(t, degree); i++)
        n->table[i] = take(at, part[i] == 1 ? t->leaves.table_rows : r, r);
    for (int i = 0; i < 2; i++) n->side[i] = grow(t, part[i], level - 1, 2 * number + (uint64_t)i, at);
    return index;
}

static bool is_pair(const tree *t, const node *n)
{
    return n->side[0] < 0 && paired(t, 2);
}

psw_status sketch_tree_start(psw_sketch *s, const psw_weights *weights)
{
    tree *t = s->own;
    psw_real *at = t->tables;
    (void)weights;
    grow(t, t->degree, (uint64_t)levels(t->degree), 0, &at);
    return PSW_OK;
}

static psw_status draw_node(psw_sketch *s, ptrdiff_t number, const node *n)
{
    const tree *t = s->own;
    psw_key keys[2];
    for (uint64_t side = 0; side < 2; side++) {
        sketch_place place = {n->level, n->number, side};
        keys[side] = SKETCH_KEY(s, number, place);
        if (n->side[side] < 0) PSW_TRY(SKETCH_LEAVES_DRAW(s, number, place, &t->leaves, -1 - n->side[side]));
    }
    if (is_pair(t, n)) return SKETCH_NORMALS(s, keys, 2, n->table[0]);
    PSW_TRY(SKETCH_NORMALS(s, keys, 1, n->table[0]));
    return SKETCH_NORMALS(s, keys + 1, 1, n->table[1]);
}

psw_status sketch_tree_draw(psw_sketch *s, ptrdiff_t number)
{
    const tree *t = s->own;
    for (ptrdiff_t i = 0; i < t->grown; i++) PSW_TRY(draw_node(s, number, &t->nodes[i]));
    return PSW_OK;
}

static void evaluate(const tree *t, const node *n, ptrdiff_t depth, psw_const_rows x, psw_rows out);

/* out <- what a side gives, times its matrix */
static void multiplied(const tree *t, const node *n, int side, ptrdiff_t depth, psw_const_rows x, psw_rows out)
{
    ptrdiff_t from = n->side[side];
    if (from < 0) {
        SKETCH_LEAVES_MAP(&t->leaves, -1 - from, x, n->table[side], out);
        return;
    }
    psw_rows inner = psw_rows_of(t->scratch + depth * t->rows * t->r, x.rows, t->r);
    evaluate(t, &t->nodes[from], depth + 1, x, inner);
    SKETCH_TIMES_TABLE(psw_read(inner), n->table[side], out);
}

/* The left side waits in `out` while the right one is made; both use the scratch of their depth one after the other. */
static void evaluate(const tree *t, const node *n, ptrdiff_t depth, psw_const_rows x, psw_rows out)
{
    ptrdiff_t r = t->r;
    psw_real scale = (psw_real)sqrt(1 / (double)r);
    if (is_pair(t, n)) {
        psw_rows both = psw_rows_of(t->product, x.rows, 2 * r);
        SKETCH_TIMES_TABLE(x, n->table[0], both);
        sketch_product(scale, both.at, both.at + r, both.stride, out);
        return;
    }
    multiplied(t, n, 0, depth, x, out);
    psw_rows product = psw_rows_of(t->product, x.rows, r);
    multiplied(t, n, 1, depth, x, product);
    sketch_multiply(scale, psw_read(product), out);
}

void sketch_tree_map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    const tree *t = s->own;
    (void)log2_scale;
    if (t->degree > 1) {
        evaluate(t, t->nodes, 0, x, stored);
        return;
    }
    for (ptrdiff_t i = 0; i < x.rows; i++)
        memcpy(stored.at + i * stored.stride, x.at + i * x.stride, (size_t)x.cols * sizeof *x.at);
}

/* ---- what a point asks of it ---- */

/* p leaves, p - 2 products with r x r matrices inside, p - 1 products by element. */
double sketch_tree_flops(const psw_point *point, double r)
{
    double p = (double)sketch_degree(point);
    return p < 2 ? 0 : sketch_leaf_flops(point, r) * p + 2 * r * r * (p - 2) + 2 * r * (p - 1);
}

bool sketch_tree_exact(const psw_point *point)
{
    ptrdiff_t p = sketch_degree(point);
    return p <= 1 || (p == 2 && psw_point_width(point) == 1 && point->leaves == PSW_LEAVES_SRHT);
}

psw_sketch_work sketch_tree_row_work(const psw_point *point, const psw_sketch_shape *shape)
{
    double p = (double)sketch_degree(point);
    return (psw_sketch_work){.flops = p < 2 ? 0 : p * sketch_leaf_extra(point, (double)shape->r)};
}

psw_sketch_work sketch_tree_table_work(const psw_point *point, const psw_sketch_shape *shape)
{
    double r = (double)shape->r, p = (double)sketch_degree(point);
    if (p < 2) return (psw_sketch_work){0};
    psw_sketch_work leaf = sketch_leaf_table_work(point, r);
    return (psw_sketch_work){.normals = (leaf.normals * p + r * (p - 2)) * r, .signs = leaf.signs * p};
}

/* Of degree 1 the row itself: no size is needed, and nothing is random. */
static psw_status check(const psw_point *point)
{
    PSW_TRY(sketch_check_degree(point, 1));
    return sketch_degree(point) <= 1 ? PSW_OK : sketch_check_size(point);
}

static psw_sketch_shape shape(const psw_point *point, ptrdiff_t r)
{
    ptrdiff_t p = sketch_degree(point);
    if (p <= 1) return (psw_sketch_shape){.r = 0, .stored = psw_point_width(point), .exact = true, .signs = true};
    return (psw_sketch_shape){.r = r,
                              .stored = r,
                              .exact = sketch_tree_exact(point),
                              .signs = true,
                              .flops = sketch_tree_flops(point, (double)r)};
}

/* With T, T' independent and columns g, g' of what multiplies them (with their moment `column`, B below), of which two
 * are uncorrelated: E <g,Tx> <g,Ty> <h,Tx> <h,Ty> = C and E <g,Tx>^2 <h,Ty>^2 = N. So a node of degree p = p1 + p2, a
 * mean over r products, has, with all letters expectations,
 *     C_p = (1 - 1/r) C_p1 C_p2 + (1/r) B_p1 B_p2,    N_p = (1 - 1/r) N_p1 N_p2 + (1/r) B_p1 B_p2,
 * and for normal g Isserlis' theorem gives B = N + 2 C. */
sketch_second sketch_tree_second(ptrdiff_t p, double r, sketch_second leaf)
{
    if (p == 1) return leaf;
    sketch_second a = sketch_tree_second((p + 1) / 2, r, leaf), b = p % 2 ? sketch_tree_second(p / 2, r, leaf) : a;
    double both = a.column * b.column / r, rest = 1 - 1 / r;
    double norms = rest * a.norms * b.norms + both, squared = rest * a.squared * b.squared + both;
    return (sketch_second){norms, squared, norms + 2 * squared};
}

static psw_moments moments(const psw_point *point, double norms, double product, double squares)
{
    ptrdiff_t p = sketch_degree(point);
    double c = product, power = pow(c, (double)p), r = (double)psw_sketch_shape_of(point).r;
    if (p == 1) return (psw_moments){c, 0};
    sketch_second leaf = sketch_tree_leaf(point, norms, product, squares);
    return (psw_moments){power, sketch_tree_second(p, r, leaf).squared - power * power};
}

const sketch_map SKETCH_MAP(tree) = {.check = check,
                                     .shape = shape,
                                     .moments = moments,
                                     .row_work = sketch_tree_row_work,
                                     .table_work = sketch_tree_table_work,
                                     .lay = sketch_tree_lay,
                                     .start = sketch_tree_start,
                                     .draw = sketch_tree_draw,
                                     .map = sketch_tree_map,
                                     .unit = true};
