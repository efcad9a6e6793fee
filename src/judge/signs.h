/* Sign vectors of the head in groups of coordinates: how tables of a group's signed sums are looked up (lookup.h). */
#ifndef POLYSWEEP_JUDGE_SIGNS_H
#define POLYSWEEP_JUDGE_SIGNS_H

#include <stddef.h>
#include <stdint.h>

#include "polysweep/random.h"

/* Coordinates of a group, signs that they can have, bytes of a table's entry: one number of each row of a block. A
 * slab: groups whose tables stay in a first-level cache of 32 KiB together. Even, as sums go by pairs of groups. */
enum { JUDGE_GROUP = 5, JUDGE_ENTRIES = 1 << JUDGE_GROUP, JUDGE_LINE = 64, JUDGE_SLAB = 14 };

ptrdiff_t judge_signs_groups(ptrdiff_t v);
/* Vector j of trial i is row `trial << 32 | j` of the sequence whatever m is. offsets[g]: where in the table of group g
 * its signs are, in bytes; bit k of entry x is set where coordinate k of the group is taken as it is. */
void judge_signs_draw(psw_key key, uint64_t row, ptrdiff_t v, uint16_t *offsets);
/* Sign k of a vector. */
static inline int judge_sign_at(const uint16_t *offsets, ptrdiff_t k)
{
    return offsets[k / JUDGE_GROUP] / JUDGE_LINE >> k % JUDGE_GROUP & 1 ? 1 : -1;
}

#endif
