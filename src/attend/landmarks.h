/* attend/landmarks: the landmark fold, a baseline of row folds in time linear in n (Xiong et al. 2021, Nystroemformer).
 * Compiled per precision and target.
 *
 *     O = softmax(Q K~^T) softmax(Q~ K~^T)^+ softmax(Q~ K^T) V
 *
 * Q~ and K~ are the means of m segments of queries and of keys. Segment i has the tokens from i n / m to (i + 1) n / m,
 * rounded down: where m divides n these are the published ones, n / m tokens each, and else their lengths differ by at
 * most one. The pseudo-inverse is exact (polysweep/pseudo_inverse.h), in double, and so are landmarks and what is made
 * of them alone; products with queries, keys and values are in the engine's precision. A full mask only: a mean over a
 * segment knows all of its tokens.
 *
 * The denominator of a row is that of softmax(Q K~^T): a sum of exponentials, so no row is bad. Nothing is added to it.
 *
 * A team: each rank makes the landmarks itself, since any range of rows can be made anywhere, sums softmax(Q~ K^T) [V |
 * 1] over its own keys, a state for each landmark, and reads its own queries once the states are added. D_0 and D_1
 * differ in two landmarks and with them everywhere: each is computed by itself. */
#ifndef POLYSWEEP_ATTEND_LANDMARKS_H
#define POLYSWEEP_ATTEND_LANDMARKS_H

#include "attend/attention.h"

typedef struct attend_landmarks {
    psw_attention base;
    ptrdiff_t m;

    psw_real *rows[2];     /* queries and keys, own leaves x leaf x width */
    psw_real *values;      /* own leaves x leaf x v */
    psw_real *other[2][3]; /* row j3 of each set, by side */
    int placed;            /* the set whose row j3 is in rows and values */

    double *mean[2][2];       /* [set][side]: m x width */
    psw_real *landmark[2][2]; /* as products take them */
    double *middle, *inverse; /* m x m: softmax(Q~ K~^T) and its pseudo-inverse */
    double *room;             /* 2 m x m */

    psw_real *scores, *weights; /* leaf x m */
    psw_real *product;          /* larger of leaf and m, x v + 1 */
    attend_sums total[2], part; /* m rows each: of softmax(Q~ K^T) [V | 1] */
    double *mixed;              /* m x v + 1: A^+ times the former, normalised */
    psw_real *reading[2];       /* as products take it, of each set */
    attend_sums sums;           /* of a leaf of queries */

    psw_states states; /* of a team: sets x m, one for a row of `total` */
} attend_landmarks;

#define attend_landmarks_kind PSW_PRECISION_NAME(attend_landmarks_kind)
extern const attend_kind attend_landmarks_kind;

#endif
