/* The accumulator of rows and its tree: identity, commutativity, and the same bits for any order and any cut. */
#include <string.h>

#include "attend/sums.h"
#include "check.h"
#include "polysweep/random.h"

enum { ROWS = 3, WIDTH = 4, MOST = 37 };

static psw_arena arena;

/* Leaf k: numbers of any size, exponents far apart, some rows empty. */
static void fill(attend_sums sums, ptrdiff_t k)
{
    const uint64_t values[] = {(uint64_t)k};
    psw_key key = psw_random_key(PSW_STREAM_DATA, 7, values, 1);
    for (ptrdiff_t i = 0; i < sums.rows; i++) {
        double u;
        psw_random_uniforms(key, (uint64_t)i, 100, 1, &u);
        psw_random_normals(key, (uint64_t)i, 0, sums.width, sums.at + i * sums.width);
        sums.exponent[i] = (int)(40 * u) - 20;
        if (u > 0.8) {
            sums.exponent[i] = PSW_EMPTY;
            for (ptrdiff_t c = 0; c < sums.width; c++) sums.at[i * sums.width + c] = 0;
        }
    }
}

static bool same(attend_sums a, attend_sums b)
{
    return memcmp(a.at, b.at, (size_t)(a.rows * a.width) * sizeof *a.at) == 0 &&
           memcmp(a.exponent, b.exponent, (size_t)a.rows * sizeof *a.exponent) == 0;
}

static void shuffle(ptrdiff_t *order, ptrdiff_t count, uint64_t seed)
{
    for (ptrdiff_t i = 0; i < count; i++) order[i] = i;
    for (ptrdiff_t i = count - 1; i > 0; i--) {
        double u;
        psw_random_uniforms(psw_random_key(PSW_STREAM_ROWS, seed, NULL, 0), (uint64_t)i, 0, 1, &u);
        ptrdiff_t j = (ptrdiff_t)(u * (double)(i + 1)), swap = order[i];
        order[i] = order[j], order[j] = swap;
    }
}

static const attend_sums *add_leaf(attend_tree *tree, ptrdiff_t k)
{
    attend_sums *place = attend_tree_free(tree);
    CHECK(place != NULL, "no free place for leaf %td of %td", k, tree->leaves);
    if (!place) return NULL;
    fill(*place, k);
    attend_tree_add(tree, place, (psw_node){0, k});
    return place;
}

static void merge_by_hand(void)
{
    attend_sums a = attend_sums_take(&arena, 1, 2), b = attend_sums_take(&arena, 1, 2),
                c = attend_sums_take(&arena, 1, 2);
    a.at[0] = 3, a.at[1] = 1, a.exponent[0] = 4;
    b.at[0] = 5, b.at[1] = 2, b.exponent[0] = 1;
    attend_sums_merge(a, b); /* 3 * 16 + 5 * 2 = 58 = 3.625 * 16 */
    CHECK(a.at[0] == 3.625 && a.at[1] == 1.25 && a.exponent[0] == 4, "%g %g %d", a.at[0], a.at[1], a.exponent[0]);
    attend_sums_clear(c);
    attend_sums_merge(c, a);
    CHECK(same(a, c), "an empty row is the identity on the left");
    attend_sums_clear(b);
    attend_sums_merge(c, b);
    CHECK(same(a, c), "and on the right");
    a.exponent[0] = -100000, b.at[0] = 1, b.at[1] = 1, b.exponent[0] = 100000;
    attend_sums_merge(a, b);
    CHECK(a.at[0] == 1 && a.exponent[0] == 100000, "what is far below vanishes: %g", a.at[0]);
}

static void any_order(ptrdiff_t leaves)
{
    attend_tree ascending = attend_tree_take(&arena, ROWS, WIDTH, attend_tree_places(leaves));
    attend_tree any = attend_tree_take(&arena, ROWS, WIDTH, (leaves + 3) / 2);
    ptrdiff_t order[MOST];
    attend_tree_begin(&ascending, leaves, ROWS);
    for (ptrdiff_t k = 0; k < leaves; k++) {
        CHECK(attend_tree_root(&ascending) == NULL, "%td leaves of %td are not all", k, leaves);
        add_leaf(&ascending, k);
    }
    const attend_sums *root = attend_tree_root(&ascending);
    CHECK(root != NULL, "%td leaves", leaves);
    for (uint64_t seed = 0; seed < 20 && root; seed++) {
        shuffle(order, leaves, seed);
        attend_tree_begin(&any, leaves, ROWS);
        for (ptrdiff_t k = 0; k < leaves; k++) add_leaf(&any, order[k]);
        const attend_sums *other = attend_tree_root(&any);
        CHECK(other && same(*root, *other), "%td leaves, order %d", leaves, (int)seed);
    }
}

/* A part of the tree made elsewhere: leaves 8 .. 15 arrive as node (3, 1). */
static void shipped_part(void)
{
    attend_tree here = attend_tree_take(&arena, ROWS, WIDTH, 10), whole = attend_tree_take(&arena, ROWS, WIDTH, 10);
    attend_tree there = attend_tree_take(&arena, ROWS, WIDTH, 5);
    attend_tree_begin(&whole, 16, ROWS);
    for (ptrdiff_t k = 0; k < 16; k++) add_leaf(&whole, k);
    attend_tree_begin(&there, 8, ROWS);
    for (ptrdiff_t k = 0; k < 8; k++) {
        attend_sums *place = attend_tree_free(&there);
        fill(*place, 8 + k);
        attend_tree_add(&there, place, (psw_node){0, k});
    }
    attend_tree_begin(&here, 16, ROWS);
    attend_sums *place = attend_tree_free(&here);
    memcpy(place->at, attend_tree_root(&there)->at, ROWS * WIDTH * sizeof(double));
    memcpy(place->exponent, attend_tree_root(&there)->exponent, ROWS * sizeof(int));
    attend_tree_add(&here, place, (psw_node){3, 1});
    for (ptrdiff_t k = 7; k >= 0; k--) add_leaf(&here, k);
    const attend_sums *a = attend_tree_root(&here), *b = attend_tree_root(&whole);
    CHECK(a && b && same(*a, *b), "a shipped part");
}

static void too_few_places(void)
{
    attend_tree tree = attend_tree_take(&arena, ROWS, WIDTH, 2);
    attend_tree_begin(&tree, 8, ROWS);
    add_leaf(&tree, 0);
    add_leaf(&tree, 2);
    CHECK(attend_tree_free(&tree) == NULL, "both places wait");
}

int main(void)
{
    CHECK(psw_arena_create((size_t)8 << 20, &arena) == PSW_OK, "%s", psw_message());
    merge_by_hand();
    for (ptrdiff_t leaves = 1; leaves <= MOST; leaves++) any_order(leaves);
    shipped_part();
    too_few_places();
    CHECK(psw_arena_check(&arena) == PSW_OK, "%s", psw_message());
    psw_arena_destroy(&arena);
    return test_end();
}
