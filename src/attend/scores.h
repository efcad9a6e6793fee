/* attend/scores: the data kind whose data are scores: there are no rows. Compiled per precision and target. */
#ifndef POLYSWEEP_ATTEND_SCORES_H
#define POLYSWEEP_ATTEND_SCORES_H

#include "attend/attention.h"

typedef struct attend_scores {
    psw_attention base;
    double *z;      /* [sets][n] */
    double *log2_u; /* [n]: log2 of a weight over the largest, of the current set */
} attend_scores;

#define attend_scores_kind PSW_PRECISION_NAME(attend_scores_kind)
extern const attend_kind attend_scores_kind;

#endif
