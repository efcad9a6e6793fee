/* How long a launch may take, and why it ended before its work did. */
#include <math.h>
#include <signal.h>

#include "sweep/job.h"
#include "polysweep/slurm.h"

/* Seconds from the start of this launch: until when runs are to last, and one that was predicted wrongly may. */
static void ask_slurm(const psw_job *j, double until[2])
{
    double left = psw_slurm_left_s(), end = psw_clock_s() - j->display.start_s + left;
    double margin = isinf(left) ? 0 : psw_slurm_margin_s(left);
    until[0] = end - margin;
    until[1] = end - margin / 2;
}

/* --time-limit says it all; else the study's own limit or what Slurm has left, whichever ends first. Rank 0 asks
 * Slurm; a limit counts from the start of the launch, since clocks of nodes have nothing in common. */
psw_status psw_job_limit(psw_job *j)
{
    double asked = j->asked->time_limit_s, of_study = j->settings->time_limit_s;
    double limit = asked >= 0 ? asked : of_study > 0 ? of_study : INFINITY;
    j->time_limit_from = asked >= 0 ? "--time-limit" : of_study > 0 ? "study" : "";
    double slurm[2] = {INFINITY, INFINITY};
    if (asked < 0) {
        if (j->world->rank == 0) ask_slurm(j, slurm);
        PSW_TRY(psw_comm_bytes(j->world, 0, slurm, sizeof slurm));
        if (slurm[0] < limit) j->time_limit_from = "Slurm";
        limit = fmin(limit, slurm[0]);
    }
    j->deadline_s = j->display.start_s + limit;
    j->abandon_s = j->display.start_s + slurm[1];
    j->time_limit_s = isinf(limit) ? NAN : limit;
    return PSW_OK;
}

enum { NOTHING, TIME, FAILS, USR1, INT, TERM }; /* from the weakest */

static int own_reason(const psw_job *j)
{
    switch (psw_stop_signal()) {
    case SIGTERM: return TERM;
    case SIGINT: return INT;
    case SIGUSR1: return USR1;
    default: return j->enough_failed ? FAILS : j->out_of_time ? TIME : NOTHING;
    }
}

psw_status psw_job_stop_reason(const psw_job *j, const char **reason)
{
    static const char *const words[] = {"", "time limit", "max-fails", "USR1", "INT", "TERM"};
    double strongest = own_reason(j);
    PSW_TRY(psw_comm_max(j->world, &strongest, 1));
    *reason = words[(int)strongest];
    return PSW_OK;
}
