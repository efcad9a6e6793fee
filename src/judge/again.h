/* judge/again: rows of attention once more, where a verdict depends on them. */
#ifndef POLYSWEEP_JUDGE_AGAIN_H
#define POLYSWEEP_JUDGE_AGAIN_H

#include "polysweep/attend.h"

/* Single query rows of an attention, computed once more in double whatever the precision, by plain loops over all keys.
 * For points of which judge_repeats is true: of a narrow format what is judged is what rounding makes of a row. Sums
 * are over PSW_AGAIN_PIECE keys, then over these. */
enum { PSW_AGAIN_PIECE = 64 };
typedef struct judge_again {
    const psw_point *point;
    const psw_data *data;
    int set;
    const ptrdiff_t *rows; /* [count]: query rows */
    ptrdiff_t count;
    psw_watch watch;
} judge_again;
bool judge_repeats(const psw_point *point);
ptrdiff_t judge_again_numbers(const psw_point *point, ptrdiff_t count); /* doubles of scratch */
/* out: count x v. PSW_STOPPED, PSW_TIMEOUT by the watch. */
psw_status judge_again_rows(const judge_again *again, double *scratch, double *out);

#endif
