/* attend/scores: the data kind that has scores in place of rows. Compiled twice. */
#ifndef POLYSWEEP_ATTEND_SCORES_H
#define POLYSWEEP_ATTEND_SCORES_H

#include "polysweep/attend.h"
#include "polysweep/real.h"

typedef struct psw_scores {
    const psw_group *group;
    int sets;
    double *z;      /* [sets][n] */
    double *log2_u; /* n: log2 of a weight over the largest, of the set at hand */
    psw_real *rows; /* [points][sets][n] */
    double *mass, *log2_den;
} psw_scores;

#define psw_scores_lay PSW_PRECISION_NAME(psw_scores_lay)
#define psw_scores_load PSW_PRECISION_NAME(psw_scores_load)
#define psw_scores_pass PSW_PRECISION_NAME(psw_scores_pass)
psw_scores psw_scores_lay(const psw_group *group, int sets, psw_arena *arena);
void psw_scores_load(psw_scores *s, const psw_data *data);
/* One leaf with one row. It stands at j3, the key whose mass it tells. */
psw_status psw_scores_pass(psw_scores *s, psw_leaf_sink sink, void *context);

#endif
