#include "sweep/limits.h"

#include <math.h>
#include <stdlib.h>

#include "polysweep/plan.h"
#include "polysweep/slurm.h"

/* Tests cannot wait for a minute. */
static double seconds_for_tests(const char *variable, double usual)
{
    const char *text = getenv(variable);
    return text ? strtod(text, NULL) : usual;
}

/* Since the start of this launch: until when runs are to last, and one that was predicted wrongly may. */
static void ask_slurm(const sweep_given *g, double until[2])
{
    double left = psw_slurm_left_s(), end = psw_clock_s() - g->start_s + left;
    double margin = isinf(left) ? 0 : psw_slurm_margin_s(left);
    until[0] = end - margin;
    until[1] = end - margin / 2;
}

/* --time-limit takes precedence; else the study's own limit or what Slurm has left, whichever ends first. Rank 0 asks
 * Slurm; a limit counts from the start of the launch, since clocks of nodes have nothing in common. */
psw_status sweep_limits_set(const sweep_given *g, sweep_limits *limits)
{
    double asked = g->request->time_limit_s, of_study = g->settings->time_limit_s;
    double limit = asked >= 0 ? asked : of_study > 0 ? of_study : INFINITY;
    double slurm[2] = {INFINITY, INFINITY};
    limits->sync_s = seconds_for_tests("POLYSWEEP_SYNC_S", 60);
    limits->piece_s = seconds_for_tests("POLYSWEEP_PIECE_S", psw_cut_default.most_s);
    limits->least_limit_s = seconds_for_tests("POLYSWEEP_LEAST_LIMIT_S", 60);
    limits->time_limit_from = asked >= 0 ? "--time-limit" : of_study > 0 ? "study" : "";
    if (asked < 0) {
        if (g->world->rank == 0) ask_slurm(g, slurm);
        PSW_TRY(psw_comm_bytes(g->world, 0, slurm, sizeof slurm));
        if (slurm[0] < limit) limits->time_limit_from = "Slurm";
        limit = fmin(limit, slurm[0]);
    }
    limits->deadline_s = g->start_s + limit;
    limits->abandon_s = g->start_s + slurm[1];
    limits->time_limit_s = isinf(limit) ? NAN : limit;
    return PSW_OK;
}
