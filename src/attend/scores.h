/* attend/scores: the data kind that has scores in place of rows. Compiled twice. */
#ifndef POLYSWEEP_ATTEND_SCORES_H
#define POLYSWEEP_ATTEND_SCORES_H

#include "polysweep/attend.h"
#include "polysweep/real.h"

#define psw_scores_bytes PSW_PRECISION_NAME(psw_scores_bytes)
#define psw_scores_attend PSW_PRECISION_NAME(psw_scores_attend)
size_t psw_scores_bytes(const psw_group *group, int sets);
/* One leaf with one row. It stands at j3, the key whose mass it tells. */
psw_status psw_scores_attend(const psw_group *group, int sets, const psw_data *data, psw_arena *arena,
                             psw_leaf_sink sink, void *context);

#endif
