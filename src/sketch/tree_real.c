#include <math.h>
#include <string.h>

#include "sketch/tree.h"

/* T_1(x) = x,  T_p(x) = sqrt(1/r) (T_ceil(p/2)(x) G) * (T'_floor(p/2)(x) G')   (by element), T and T' independent,
 * G and G' fresh standard normal matrices (Ahle et al. 2020; Kacham, Mirrokni, Zhong 2023, Algorithm 1).
 *
 * Levels count from the leaves along the left spine, so that T_ceil(p/2) on the left of T_p has the tables of a tree of
 * that degree alone. Where both sides are leaves, G and G' are side by side and one product serves both. */
typedef struct node {
    uint64_t level, number;
    ptrdiff_t side[2]; /* nodes, -1 = the row itself */
    psw_rows table[2];
} node;

typedef struct tree {
    node *nodes;
    psw_real *tables, *scratch, *product;
    ptrdiff_t degree, d, r, rows, grown;
} tree;

static ptrdiff_t levels(ptrdiff_t degree)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t p = degree; p > 1; p = (p + 1) / 2) count++;
    return count;
}

static ptrdiff_t table_size(ptrdiff_t p, ptrdiff_t d, ptrdiff_t r)
{
    return p < 2 ? 0 : p * d * r + (p - 2) * r * r;
}

void *sketch_tree_lay(const psw_sketch *s, psw_arena *arena)
{
    tree t = {.degree = sketch_degree(&s->point), .d = psw_point_width(&s->point), .r = s->shape.r, .rows = s->rows};
    tree *kept = psw_arena_take(arena, 1, sizeof t);
    if (t.degree > 1) {
        t.nodes = psw_arena_take(arena, t.degree - 1, sizeof *t.nodes);
        t.tables = psw_arena_take(arena, table_size(t.degree, t.d, t.r), sizeof *t.tables);
        t.product = psw_arena_take(arena, t.rows * 2 * t.r, sizeof *t.product);
        t.scratch = psw_arena_take(arena, (levels(t.degree) - 1) * t.rows * t.r, sizeof *t.scratch);
    }
    if (kept) *kept = t;
    return kept;
}

/* The tables of a node precede those of its sides; returns the number of the node. */
static ptrdiff_t grow(tree *t, ptrdiff_t degree, uint64_t level, uint64_t number, psw_real **at)
{
    if (degree == 1) return -1;
    ptrdiff_t index = t->grown++, part[2] = {(degree + 1) / 2, degree / 2}, r = t->r;
    node *n = &t->nodes[index];
    *n = (node){.level = level, .number = number};
    if (degree == 2) {
        for (int i = 0; i < 2; i++) n->table[i] = (psw_rows){*at + i * r, t->d, r, 2 * r};
        *at += 2 * t->d * r;
    } else {
        for (int i = 0; i < 2; i++) {
            n->table[i] = psw_rows_of(*at, part[i] == 1 ? t->d : r, r);
            *at += n->table[i].rows * r;
        }
    }
    for (int i = 0; i < 2; i++) n->side[i] = grow(t, part[i], level - 1, 2 * number + (uint64_t)i, at);
    return index;
}

psw_status sketch_tree_start(psw_sketch *s, const psw_weights *weights)
{
    tree *t = s->own;
    psw_real *at = t->tables;
    (void)weights;
    grow(t, t->degree, (uint64_t)levels(t->degree), 0, &at);
    return PSW_OK;
}

psw_status sketch_tree_draw(psw_sketch *s, ptrdiff_t number)
{
    tree *t = s->own;
    for (ptrdiff_t i = 0; i < t->grown; i++)
        for (uint64_t side = 0; side < 2; side++) {
            sketch_place place = {t->nodes[i].level, t->nodes[i].number, side};
            PSW_TRY(SKETCH_NORMALS(s, SKETCH_KEY(s, number, place), t->nodes[i].table[side]));
        }
    return PSW_OK;
}

static void evaluate(const tree *t, const node *n, ptrdiff_t depth, psw_const_rows x, psw_rows out);

static psw_const_rows side_of(const tree *t, ptrdiff_t side, ptrdiff_t depth, psw_const_rows x)
{
    if (side < 0) return x;
    psw_rows inner = psw_rows_of(t->scratch + depth * t->rows * t->r, x.rows, t->r);
    evaluate(t, &t->nodes[side], depth + 1, x, inner);
    return psw_read(inner);
}

/* The left side waits in `out` while the right one is made; both use the scratch of their depth one after the other. */
static void evaluate(const tree *t, const node *n, ptrdiff_t depth, psw_const_rows x, psw_rows out)
{
    ptrdiff_t r = t->r;
    psw_real scale = (psw_real)sqrt(1 / (double)r);
    if (n->side[0] < 0) {
        psw_rows both = psw_rows_of(t->product, x.rows, 2 * r);
        psw_const_rows tables = {n->table[0].at, t->d, 2 * r, 2 * r};
        psw_product_nn(x, tables, both);
        sketch_product(scale, both.at, both.at + r, both.stride, out);
        return;
    }
    psw_product_nn(side_of(t, n->side[0], depth, x), psw_read(n->table[0]), out);
    psw_const_rows right = side_of(t, n->side[1], depth, x);
    psw_rows product = psw_rows_of(t->product, x.rows, r);
    psw_product_nn(right, psw_read(n->table[1]), product);
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

/* p products with d x r matrices and p - 2 with r x r ones, p - 1 products by element. */
double sketch_tree_flops(double d, double r, double p)
{
    return p < 2 ? 0 : 2 * d * r * p + 2 * r * r * (p - 2) + 2 * r * (p - 1);
}

psw_sketch_work sketch_tree_table_work(const psw_point *point, const psw_sketch_shape *shape)
{
    double d = (double)psw_point_width(point), r = (double)shape->r, p = (double)sketch_degree(point);
    return (psw_sketch_work){.normals = p < 2 ? 0 : (d * p + r * (p - 2)) * r};
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
                              .signs = true,
                              .flops = sketch_tree_flops((double)psw_point_width(point), (double)r, (double)p)};
}

/* With T, T' independent and Gaussian G, G' (norms N = |T x|^2 |T y|^2, products C = <T x, T y>^2), Isserlis' theorem
 * gives E <g,x>^2 <g,y>^2 = N + 2 C, so for a node of degree p = p1 + p2, with all letters expectations,
 *     C_p = C_p1 C_p2 + (1/r) [(N_p1 + 2 C_p1) (N_p2 + 2 C_p2) - C_p1 C_p2]
 *     N_p = (1 - 1/r) N_p1 N_p2 + (1/r) (N_p1 + 2 C_p1) (N_p2 + 2 C_p2). */
sketch_second sketch_tree_second(ptrdiff_t p, double r, sketch_second leaf)
{
    if (p == 1) return leaf;
    sketch_second a = sketch_tree_second((p + 1) / 2, r, leaf), b = p % 2 ? sketch_tree_second(p / 2, r, leaf) : a;
    double both = (a.norms + 2 * a.squared) * (b.norms + 2 * b.squared) / r, rest = 1 - 1 / r;
    return (sketch_second){rest * a.norms * b.norms + both, rest * a.squared * b.squared + both};
}

static psw_moments moments(const psw_point *point, double norms, double product, double squares)
{
    ptrdiff_t p = sketch_degree(point);
    double c = product, power = pow(c, (double)p), r = (double)psw_sketch_shape_of(point).r;
    (void)squares;
    if (p == 1) return (psw_moments){c, 0};
    return (psw_moments){power, sketch_tree_second(p, r, (sketch_second){norms, c * c}).squared - power * power};
}

const sketch_map SKETCH_MAP(tree) = {.check = check,
                                     .shape = shape,
                                     .moments = moments,
                                     .table_work = sketch_tree_table_work,
                                     .lay = sketch_tree_lay,
                                     .start = sketch_tree_start,
                                     .draw = sketch_tree_draw,
                                     .map = sketch_tree_map,
                                     .unit = true};
