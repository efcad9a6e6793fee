/* attend/scores: the data kind that has scores in place of rows. Compiled twice. */
#ifndef POLYSWEEP_ATTEND_SCORES_H
#define POLYSWEEP_ATTEND_SCORES_H

#include "polysweep/attend.h"
#include "polysweep/real.h"

typedef struct attend_scores {
    const psw_group *group;
    int sets;
    double *z;      /* [sets][n] */
    double *log2_u; /* n: log2 of a weight over the largest, of the set at hand */
    psw_real *rows; /* [points][sets][n] */
    double *mass, *log2_den;
} attend_scores;

#define attend_scores_lay PSW_PRECISION_NAME(attend_scores_lay)
#define attend_scores_load PSW_PRECISION_NAME(attend_scores_load)
#define attend_scores_pass PSW_PRECISION_NAME(attend_scores_pass)
attend_scores attend_scores_lay(const psw_group *group, int sets, psw_arena *arena);
void attend_scores_load(attend_scores *s, const psw_data *data);
/* One leaf with one row. It stands at j3, the key whose mass it tells. */
psw_status attend_scores_pass(attend_scores *s, psw_leaf_sink sink, void *context);

#endif
