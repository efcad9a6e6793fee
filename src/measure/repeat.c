/* When a time has been measured often enough. */
#include <string.h>

#include "polysweep/measure.h"

enum { BETWEEN_LOOKS = 5 };

/* Into its place among those that are in order. */
static void insert(psw_repeat *r, double seconds)
{
    ptrdiff_t at = r->count;
    while (at > 0 && r->sorted[at - 1] > seconds) at--;
    memmove(r->sorted + at + 1, r->sorted + at, (size_t)(r->count - at) * sizeof *r->sorted);
    r->sorted[at] = seconds;
    r->samples[r->count++] = seconds;
}

double psw_repeat_median(const psw_repeat *r)
{
    ptrdiff_t middle = r->count / 2;
    return r->count % 2 ? r->sorted[middle] : (r->sorted[middle - 1] + r->sorted[middle]) / 2;
}

psw_interval psw_repeat_interval(const psw_repeat *r)
{
    return psw_median_interval(r->sorted, r->count, r->confidence);
}

static bool precise(psw_repeat *r)
{
    if (r->count < r->look) return false;
    ptrdiff_t more = r->count / 10;
    r->look = r->count + (more > BETWEEN_LOOKS ? more : BETWEEN_LOOKS);
    psw_interval i = psw_repeat_interval(r); /* of NaN nothing is true */
    return i.hi - i.lo <= r->ci_rel * psw_repeat_median(r);
}

psw_time_stop psw_repeat_add(psw_repeat *r, double seconds, bool over)
{
    insert(r, seconds);
    if (r->count < r->reps) return PSW_TIME_NONE;
    if (precise(r)) return PSW_TIME_PRECISE;
    if (r->count >= r->max_reps) return PSW_TIME_MAX_REPS;
    return over ? PSW_TIME_BUDGET : PSW_TIME_NONE;
}
