/* base: the largest of some scores, with their keys: larger scores come first, of equal ones the first key. */
#ifndef POLYSWEEP_LARGEST_H
#define POLYSWEEP_LARGEST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct psw_score {
    double z;
    ptrdiff_t key;
} psw_score;

static inline bool psw_score_before(psw_score a, psw_score b)
{
    return a.z > b.z || (a.z == b.z && a.key < b.key);
}

/* The first `keep` of all scores that were offered, in whatever order: a heap with room for as many, of which `count`
 * are there, 0 at the beginning. keep >= 1. */
void psw_largest_offer(psw_score *heap, ptrdiff_t *count, ptrdiff_t keep, psw_score score);
/* The last of them; until there are `keep`, what comes after all scores. */
psw_score psw_largest_last(const psw_score *heap, ptrdiff_t count, ptrdiff_t keep);

#endif
