/* attend/sums: partial sums of a stretch of query rows over some of the keys, and the one tree in which they are added.
 * In double, whatever the precision of the products; local; no BLAS. */
#ifndef POLYSWEEP_ATTEND_SUMS_H
#define POLYSWEEP_ATTEND_SUMS_H

#include <limits.h>

#include "polysweep/route.h"

/* Row i stands for at[i][.] * 2^exponent[i]. The columns are the numerators (one for each column of the values),
 * the weight on the special key, and the denominator. A row without any weight is 0 with exponent PSW_EMPTY. */
typedef struct attend_sums {
    ptrdiff_t rows, width; /* width = columns of the values + 2; rows = 0 in a tree: every row of the node is empty */
    double *at;            /* rows x width */
    int *exponent;         /* rows */
} attend_sums;
#define PSW_EMPTY INT_MIN

/* 2^(exponent - top), top >= exponent; 0 where `exponent` is PSW_EMPTY and `top` is not. */
double attend_scale_to(int exponent, int top);

attend_sums attend_sums_take(psw_arena *arena, ptrdiff_t rows, ptrdiff_t width);
void attend_sums_clear(attend_sums sums);
void attend_sums_copy(attend_sums to, attend_sums from); /* of the same shape */
attend_sums attend_sums_part(attend_sums sums, ptrdiff_t first, ptrdiff_t rows);

/* into += from, row by row under the larger exponent (an exact scaling). Commutative to the bit; an empty row is the
 * identity. */
void attend_sums_merge(attend_sums into, attend_sums from);

/* The binary tree (psw_node, polysweep/route.h) over the key leaves 0 .. leaves-1. Nodes may be given in any order,
 * each leaf in exactly one of them: a node waits for its sibling, so the root has the same bits for every
 * order. A place whose node has level -1 is free. */
typedef struct attend_tree {
    ptrdiff_t leaves, rows;
    ptrdiff_t places;  /* that can wait at once, the one being filled included */
    attend_sums *sums; /* places */
    psw_node *node;    /* places */
} attend_tree;

/* Places that are enough when leaves come in ascending order; (leaves + 3) / 2 are enough for any. */
ptrdiff_t attend_tree_places(ptrdiff_t leaves);
attend_tree attend_tree_take(psw_arena *arena, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t places);
void attend_tree_begin(attend_tree *tree, ptrdiff_t leaves, ptrdiff_t rows);

/* A free place to write a node's sums into (every column and exponent), then given to attend_tree_add; NULL if as many
 * nodes wait as there are places. */
attend_sums *attend_tree_free(attend_tree *tree);
void attend_tree_add(attend_tree *tree, attend_sums *filled, psw_node node);
/* The sums of the node's sibling if they wait and are not empty, else NULL: they no longer wait, the node's are merged
 * into them, and they are given to attend_tree_add as their parent's. */
attend_sums *attend_tree_take_sibling(attend_tree *tree, psw_node node);

/* Nodes for the leaves first .. end - 1, in which every row is empty: few, and without work for rows. PSW_BUG without a
 * free place. */
psw_status attend_tree_skip(attend_tree *tree, ptrdiff_t first, ptrdiff_t end);

/* The nodes of a tree while another one is filled. resume: the tree over `leaves` is as it was when it was parked.
 * park: PSW_BUG if more nodes wait than there are places. */
typedef struct attend_parked {
    ptrdiff_t places;
    attend_sums *sums; /* places */
    psw_node *node;    /* places; level -1: free */
} attend_parked;
attend_parked attend_parked_take(psw_arena *arena, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t places);
void attend_parked_clear(attend_parked *parked);
psw_status attend_tree_resume(attend_tree *tree, ptrdiff_t leaves, ptrdiff_t rows, const attend_parked *from);
psw_status attend_tree_park(const attend_tree *tree, attend_parked *to);
/* The sums of the node, all rows of them; NULL if it does not wait in the tree. */
const attend_sums *attend_tree_node(attend_tree *tree, psw_node node);

/* The sum of all leaves; NULL until every leaf is in. */
const attend_sums *attend_tree_root(const attend_tree *tree);

#endif
