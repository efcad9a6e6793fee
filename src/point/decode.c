/* What a token costs while generating: counted, and measured. */
#include <math.h>
#include <stdlib.h>

#include "point/group.h"

static psw_status ignore_leaf(void *context, const psw_leaf *leaf)
{
    (void)context, (void)leaf;
    return PSW_OK;
}

/* Passes that a median is taken of: some 0.1 s of them. */
enum { LEAST = 5, MOST = 201 };
static const double wanted_s = 0.1;

static psw_status one_pass(const psw_team_task *task, double *seconds)
{
    psw_traffic traffic;
    PSW_TRY(psw_dist_pass(task, ignore_leaf, NULL, &traffic));
    *seconds = traffic.pass_s;
    return psw_comm_max(task->team, seconds, 1);
}

psw_status point_decode_time(const psw_team_task *task, double *seconds)
{
    double samples[MOST];
    PSW_TRY(one_pass(task, &samples[0])); /* warm */
    ptrdiff_t count = (ptrdiff_t)fmin(MOST, fmax(LEAST, wanted_s / samples[0]));
    for (ptrdiff_t i = 0; i < count; i++) PSW_TRY(one_pass(task, &samples[i]));
    *seconds = psw_quantile(samples, count, 0.5);
    return PSW_OK;
}

psw_decode_columns point_decode_columns(const psw_point *point, double seconds)
{
    if (point->mode != PSW_DECODE) return (psw_decode_columns){NAN, NAN, NAN, NAN, NAN};
    psw_decode_work work = psw_attend_decode_work(point);
    return (psw_decode_columns){work.kv_bytes, work.state_bytes, work.flops, work.bytes, seconds};
}
