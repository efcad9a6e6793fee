#include "sketch/leaves.h"

#include <math.h>
#include <string.h>

#include "sketch/hadamard.h"
#include "sketch/tree.h"

/* gaussian  x G, G standard normal, d x r.
 * srht      (H D x) at r rows drawn with replacement: D random signs, H the +-1 Hadamard matrix of order 2^k >= d. A
 *           node above two such leaves is TensorSRHT of degree 2 (Ahle et al. 2020), the Hadamard variant that is
 *           published for polynomial attention (Kacham, Mirrokni, Zhong 2023).
 * count     (C x) G, C a count sketch: coordinate i goes to one of r buckets, with a random sign. So the base sketches
 *           of Ahle et al. 2020 (OSNAP with one entry per column) stand below nodes that stay normal: two count
 *           sketches multiplied by element would have a variance that grows with r once r exceeds d.
 *
 * Every leaf has tables of its own, and a column u of what it gives has E u(x) u(y) = <x, y>: products of independent
 * leaves are unbiased. */

sketch_leaves SKETCH_LEAVES_LAY(const psw_sketch *s, ptrdiff_t count, psw_arena *arena)
{
    sketch_leaves l = {.kind = s->point.leaves, .d = psw_point_width(&s->point), .r = s->shape.r};
    bool srht = l.kind == PSW_LEAVES_SRHT;
    l.table_rows = srht ? 0 : l.kind == PSW_LEAVES_COUNT ? l.r : l.d;
    if (l.kind == PSW_LEAVES_GAUSSIAN) return l;
    l.sign = psw_arena_take(arena, count * l.d, sizeof *l.sign);
    l.place = psw_arena_take(arena, count * (srht ? l.r : l.d), sizeof *l.place);
    l.work = psw_arena_take(arena, srht ? sketch_hadamard_width(l.d) * SKETCH_LANES : s->rows * l.r, sizeof *l.work);
    if (srht) l.turned = psw_arena_take(arena, l.d * SKETCH_LANES, sizeof *l.turned);
    return l;
}

/* h = floor(r u), u of 32 bits: off uniform by less than r 2^-32 */
static void buckets(psw_key key, const sketch_leaves *l, psw_real *sign, int *place)
{
    for (ptrdiff_t i = 0; i < l->d; i++) {
        uint32_t words[4];
        psw_random_block(key, 0, (uint64_t)i, words);
        place[i] = (int)((uint64_t)words[0] * (uint64_t)l->r >> 32);
        sign[i] = words[1] & 1 ? 1 : -1;
    }
}

/* Sides 0 and 1 of a place are the normal matrices; from 2 on, four for each side. */
psw_status SKETCH_LEAVES_DRAW(const psw_sketch *s, ptrdiff_t draw, sketch_place place, const sketch_leaves *l,
                              ptrdiff_t leaf)
{
    PSW_TRY(psw_watch_ask(s->watch));
    place.side = 2 + 4 * place.side;
    if (l->kind == PSW_LEAVES_SRHT)
        SKETCH_SAMPLED(s, draw, place, 1, (sketch_sampled){l->sign + leaf * l->d, l->place + leaf * l->r});
    place.side += 2;
    if (l->kind == PSW_LEAVES_COUNT)
        buckets(SKETCH_KEY(s, draw, place), l, l->sign + leaf * l->d, l->place + leaf * l->d);
    return PSW_OK;
}

static void sampled(const sketch_leaves *l, ptrdiff_t leaf, psw_const_rows x, psw_rows out)
{
    for (ptrdiff_t first = 0; first < x.rows; first += SKETCH_LANES) {
        ptrdiff_t count = x.rows - first < SKETCH_LANES ? x.rows - first : SKETCH_LANES;
        SKETCH_TURN_IN(psw_part(x, first, count), l->turned);
        SKETCH_HADAMARD(l->turned, l->d, l->sign + leaf * l->d, l->work);
        SKETCH_SAMPLE(l->place + leaf * l->r, 1, l->work, 0, false,
                      (psw_rows){out.at + first * out.stride, count, l->r, out.stride});
    }
}

static psw_const_rows counted(const sketch_leaves *l, ptrdiff_t leaf, psw_const_rows x)
{
    const psw_real *sign = l->sign + leaf * l->d;
    const int *bucket = l->place + leaf * l->d;
    memset(l->work, 0, (size_t)(x.rows * l->r) * sizeof *l->work);
    for (ptrdiff_t i = 0; i < x.rows; i++)
        for (ptrdiff_t j = 0; j < l->d; j++) l->work[i * l->r + bucket[j]] += sign[j] * x.at[i * x.stride + j];
    return (psw_const_rows){l->work, x.rows, l->r, l->r};
}

void SKETCH_LEAVES_MAP(const sketch_leaves *l, ptrdiff_t leaf, psw_const_rows x, psw_panels table, psw_rows out)
{
    if (l->kind == PSW_LEAVES_SRHT)
        sampled(l, leaf, x, out);
    else
        SKETCH_TIMES_TABLE(l->kind == PSW_LEAVES_COUNT ? counted(l, leaf, x) : x, table, out);
}

/* ---- what a point asks of it ---- */

double sketch_leaf_flops(const psw_point *point, double r)
{
    double d = (double)psw_point_width(point);
    if (point->leaves == PSW_LEAVES_SRHT) return sketch_hadamard_flops(d, r);
    return point->leaves == PSW_LEAVES_COUNT ? 2 * d + 2 * r * r : 2 * d * r;
}

/* Additions against products, and those to places in memory; single precision gains less by them. Measured. */
double sketch_leaf_extra(const psw_point *point, double r)
{
    static const double additions[2] = {5, 8}, places[2] = {34, 64};
    double d = (double)psw_point_width(point);
    int single = psw_point_single(point);
    if (point->leaves == PSW_LEAVES_SRHT) return additions[single] * sketch_hadamard_flops(d, r);
    return point->leaves == PSW_LEAVES_COUNT ? places[single] * d : 0;
}

psw_sketch_work sketch_leaf_table_work(const psw_point *point, double r)
{
    double d = (double)psw_point_width(point);
    if (point->leaves == PSW_LEAVES_SRHT) return (psw_sketch_work){.signs = d + r};
    if (point->leaves == PSW_LEAVES_COUNT) return (psw_sketch_work){.normals = r, .signs = 2 * d};
    return (psw_sketch_work){.normals = d};
}

/* With N = norms, C = product^2, S = squares:
 *     gaussian  as they are; a column of G has B = N + 2 C.
 *     srht      B = E <h,x>^2 <h,y>^2 = N + 2 (C - S) of a row h of signs, where four equal indices count once; two
 *               rows of H, drawn independently, average to the identity, so that columns are uncorrelated.
 *     count     four indices meet in pairs, and pairs of different indices only in the same bucket, one time in r:
 *               N' = N + 2 (C - S) / r,  C' = C + (N + C - 2 S) / r; then G. */
sketch_second sketch_tree_leaf(const psw_point *point, double norms, double product, double squares)
{
    double c = product * product, r = (double)psw_sketch_shape_of(point).r;
    sketch_second leaf = {norms, c, norms + 2 * c};
    if (point->leaves == PSW_LEAVES_SRHT) leaf.column -= 2 * squares;
    if (point->leaves == PSW_LEAVES_COUNT) {
        leaf.norms += 2 * (c - squares) / r;
        leaf.squared += (norms + c - 2 * squares) / r;
        leaf.column = leaf.norms + 2 * leaf.squared;
    }
    return leaf;
}
