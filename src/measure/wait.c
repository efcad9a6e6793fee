/* The time of agreements: where ranks of a team arrive at different times, that of waiting for the last one. */
#include "polysweep/measure.h"

psw_status psw_wait_agree(const psw_comm *team, psw_status status, double *wait_s)
{
    if (team->size == 1) return status;
    double start = psw_clock_s();
    status = psw_comm_agree(team, status);
    *wait_s += psw_clock_s() - start;
    return status;
}

psw_status psw_wait_merge(const psw_comm *team, const psw_merging *list, int count, double *wait_s)
{
    if (team->size == 1) return PSW_OK;
    double start = psw_clock_s();
    psw_status status = psw_comm_merge(team, list, count);
    *wait_s += psw_clock_s() - start;
    return status;
}
