/* Products of rows with sign vectors without a multiplication: <c, w> is the sum over groups of five coordinates of one
 * of the 32 sums +-c_1 +-c_2 ... +-c_5, which are made once for a row and then looked up for every vector (the method
 * of Arlazarov, Dinic, Kronrod and Faradzhev, 1970). A block of rows, 64 bytes of each coordinate, is looked up
 * together: an entry of a table is a line of the cache, and a vector of signs costs one addition for each group where a
 * product has five. Measured against a product at the peak of fused multiply-adds, v = 66: 2.3 times as fast with
 * AVX-512, 3 with AVX2.
 *
 * A pre-activation is fl(S - tau), S a sum of the row's coordinates and nothing else, in an order that depends on v
 * alone: its bits depend neither on the other rows of the block, nor on the processor, nor on what products of tiles
 * are made of. Each coordinate goes through at most JUDGE_GROUP - 1 additions in its table, one of a pair of groups,
 * and one for each pair: fewer than v + 8. Compiled for each precision. */
#ifndef POLYSWEEP_JUDGE_LOOKUP_H
#define POLYSWEEP_JUDGE_LOOKUP_H

#include "judge/signs.h"
#include "polysweep/lanes.h"

/* Rows of a block; vectors of an entry. */
enum { JUDGE_ROWS = JUDGE_LINE / sizeof(psw_real), JUDGE_PARTS = JUDGE_LINE / PSW_VECTOR_BYTES };

typedef struct judge_lookup {
    psw_real *tables; /* [groups][JUDGE_ENTRIES][JUDGE_ROWS] */
    ptrdiff_t groups; /* of a slab */
    const uint16_t *signs;
    ptrdiff_t stride, columns;
    const psw_real *from; /* [columns][JUDGE_ROWS], NULL: zeros */
    psw_real *to;
    psw_real less;
    psw_lanes largest[JUDGE_PARTS];
} judge_lookup;

#define judge_lookup_tables PSW_PRECISION_NAME(judge_lookup_tables)
#define judge_lookup_sums PSW_PRECISION_NAME(judge_lookup_sums)

/* Tables of rows that stand coordinate by coordinate, [groups * JUDGE_GROUP][JUDGE_ROWS]. */
void judge_lookup_tables(const judge_lookup *to, const psw_real *lines);
/* to = from + the entries of the slab - less; `largest` of each row grows. */
void judge_lookup_sums(judge_lookup *of);

#endif
