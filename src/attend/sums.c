#include "attend/sums.h"

#include <math.h>
#include <string.h>

attend_sums attend_sums_take(psw_arena *arena, ptrdiff_t rows, ptrdiff_t width)
{
    double *at = psw_arena_take(arena, rows * width, sizeof *at);
    int *exponent = psw_arena_take(arena, rows, sizeof *exponent);
    return (attend_sums){rows, width, at, exponent};
}

void attend_sums_clear(attend_sums sums)
{
    for (ptrdiff_t i = 0; i < sums.rows * sums.width; i++) sums.at[i] = 0;
    for (ptrdiff_t i = 0; i < sums.rows; i++) sums.exponent[i] = PSW_EMPTY;
}

void attend_sums_copy(attend_sums to, attend_sums from)
{
    memcpy(to.at, from.at, (size_t)(from.rows * from.width) * sizeof *to.at);
    memcpy(to.exponent, from.exponent, (size_t)from.rows * sizeof *to.exponent);
}

attend_sums attend_sums_part(attend_sums sums, ptrdiff_t first, ptrdiff_t rows)
{
    return (attend_sums){rows, sums.width, sums.at + first * sums.width, sums.exponent + first};
}

double attend_scale_to(int exponent, int top)
{
    if (exponent == top) return 1;
    if (exponent == PSW_EMPTY || (long)top - exponent > 1100) return 0;
    return ldexp(1, exponent - top);
}

void attend_sums_merge(attend_sums into, attend_sums from)
{
    for (ptrdiff_t i = 0; i < into.rows; i++) {
        int top = into.exponent[i] > from.exponent[i] ? into.exponent[i] : from.exponent[i];
        double keep = attend_scale_to(into.exponent[i], top), take = attend_scale_to(from.exponent[i], top);
        double *restrict a = into.at + i * into.width;
        const double *restrict b = from.at + i * from.width;
        for (ptrdiff_t c = 0; c < into.width; c++) a[c] = keep * a[c] + take * b[c];
        into.exponent[i] = top;
    }
}

/* ---- the tree ---- */

/* While leaf k is filled, one node waits for every 1 in the binary digits of k. */
ptrdiff_t attend_tree_places(ptrdiff_t leaves)
{
    ptrdiff_t bits = 0;
    while ((leaves - 1) >> bits) bits++;
    return bits + 1;
}

attend_tree attend_tree_take(psw_arena *arena, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t places)
{
    attend_tree tree = {.places = places, .rows = rows};
    tree.sums = psw_arena_take(arena, places, sizeof *tree.sums);
    tree.node = psw_arena_take(arena, places, sizeof *tree.node);
    for (ptrdiff_t i = 0; i < places; i++) {
        attend_sums sums = attend_sums_take(arena, rows, width);
        if (tree.sums) tree.sums[i] = sums;
    }
    return tree;
}

void attend_tree_begin(attend_tree *tree, ptrdiff_t leaves, ptrdiff_t rows)
{
    tree->leaves = leaves;
    tree->rows = rows;
    for (ptrdiff_t i = 0; i < tree->places; i++) {
        tree->sums[i].rows = rows;
        tree->node[i].level = -1;
    }
}

attend_sums *attend_tree_free(attend_tree *tree)
{
    for (ptrdiff_t i = 0; i < tree->places; i++)
        if (tree->node[i].level < 0) {
            tree->sums[i].rows = tree->rows;
            return &tree->sums[i];
        }
    return NULL;
}

static ptrdiff_t find(const attend_tree *tree, ptrdiff_t level, ptrdiff_t index)
{
    for (ptrdiff_t i = 0; i < tree->places; i++)
        if (tree->node[i].level == level && tree->node[i].index == index) return i;
    return -1;
}

static ptrdiff_t nodes_at(const attend_tree *tree, ptrdiff_t level)
{
    return ((tree->leaves - 1) >> level) + 1;
}

/* Where the sum of two nodes is: what is empty is left out. */
static attend_sums *sum_of(attend_sums *a, attend_sums *b)
{
    if (b->rows == 0) return a;
    if (a->rows == 0) return b;
    attend_sums_merge(*a, *b);
    return a;
}

static void write_rows(const attend_tree *tree, attend_sums *sums)
{
    if (sums->rows > 0) return;
    sums->rows = tree->rows;
    attend_sums_clear(*sums);
}

void attend_tree_add(attend_tree *tree, attend_sums *filled, psw_node node)
{
    while (nodes_at(tree, node.level) > 1) {
        ptrdiff_t sibling = node.index ^ 1;
        if (sibling < nodes_at(tree, node.level)) {
            ptrdiff_t other = find(tree, node.level, sibling);
            if (other < 0) break;
            tree->node[other].level = -1;
            filled = sum_of(filled, &tree->sums[other]);
        }
        node = (psw_node){node.level + 1, node.index / 2};
    }
    if (nodes_at(tree, node.level) == 1) write_rows(tree, filled);
    tree->node[filled - tree->sums] = node;
}

attend_sums *attend_tree_take_sibling(attend_tree *tree, psw_node node)
{
    ptrdiff_t at = find(tree, node.level, node.index ^ 1);
    if (at < 0 || tree->sums[at].rows == 0) return NULL;
    tree->node[at].level = -1;
    return &tree->sums[at];
}

/* The largest node that begins with leaf `first` and holds no leaf from `end` on. */
static psw_node node_within(const attend_tree *tree, ptrdiff_t first, ptrdiff_t end)
{
    psw_node node = {0, first};
    while (nodes_at(tree, node.level) > 1 && node.index % 2 == 0) {
        ptrdiff_t after = (node.index / 2 + 1) << (node.level + 1);
        if (after > end && end < tree->leaves) break;
        node = (psw_node){node.level + 1, node.index / 2};
    }
    return node;
}

psw_status attend_tree_skip(attend_tree *tree, ptrdiff_t first, ptrdiff_t end)
{
    while (first < end) {
        psw_node node = node_within(tree, first, end);
        attend_sums *place = attend_tree_free(tree);
        if (!place) return PSW_FAIL(PSW_BUG, "no place is left in the tree of partial sums");
        place->rows = 0;
        attend_tree_add(tree, place, node);
        first = (node.index + 1) << node.level;
    }
    return PSW_OK;
}

const attend_sums *attend_tree_root(const attend_tree *tree)
{
    for (ptrdiff_t i = 0; i < tree->places; i++)
        if (tree->node[i].level >= 0) return nodes_at(tree, tree->node[i].level) == 1 ? &tree->sums[i] : NULL;
    return NULL;
}

/* ---- parked ---- */

attend_parked attend_parked_take(psw_arena *arena, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t places)
{
    attend_tree like = attend_tree_take(arena, rows, width, places);
    return (attend_parked){places, like.sums, like.node};
}

void attend_parked_clear(attend_parked *parked)
{
    for (ptrdiff_t i = 0; i < parked->places; i++) parked->node[i].level = -1;
}

psw_status attend_tree_resume(attend_tree *tree, ptrdiff_t leaves, ptrdiff_t rows, const attend_parked *from)
{
    attend_tree_begin(tree, leaves, rows);
    for (ptrdiff_t i = 0; i < from->places; i++) {
        if (from->node[i].level < 0) continue;
        attend_sums *place = attend_tree_free(tree);
        if (!place) return PSW_FAIL(PSW_BUG, "no place is left in the tree of partial sums");
        place->rows = from->sums[i].rows;
        attend_sums_copy(*place, from->sums[i]);
        attend_tree_add(tree, place, from->node[i]);
    }
    return PSW_OK;
}

psw_status attend_tree_park(const attend_tree *tree, attend_parked *to)
{
    ptrdiff_t used = 0;
    attend_parked_clear(to);
    for (ptrdiff_t i = 0; i < tree->places; i++) {
        if (tree->node[i].level < 0) continue;
        if (used == to->places) return PSW_FAIL(PSW_BUG, "more than %td sums wait between two steps", to->places);
        to->sums[used].rows = tree->sums[i].rows;
        attend_sums_copy(to->sums[used], tree->sums[i]);
        to->node[used++] = tree->node[i];
    }
    return PSW_OK;
}

const attend_sums *attend_tree_node(attend_tree *tree, psw_node node)
{
    ptrdiff_t at = find(tree, node.level, node.index);
    if (at < 0) return NULL;
    write_rows(tree, &tree->sums[at]);
    return &tree->sums[at];
}
