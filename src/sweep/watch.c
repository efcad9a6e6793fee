#include "sweep/watch.h"

#include <math.h>

/* Predictions are trusted to a quarter. */
static const double safety = 1.25;

/* Seen by the rank itself and, for the sum over ranks, by rank 0, whose node feeds all others. */
bool sweep_watch_failed(sweep_job *j)
{
    const sweep_display *d = &j->open.display;
    double most = (double)j->given.request->max_fails, of_all = (double)(d->state.failed - d->failed_before);
    if (most > 0 && (d->mine.failed >= most || of_all >= most)) j->progress.enough_failed = true;
    return j->progress.enough_failed;
}

void sweep_watch_tick(void *context)
{
    sweep_job *j = context;
    sweep_crew_serve(&j->open.crew);
    sweep_display_tick(&j->open.display);
    if (sweep_watch_failed(j) || psw_stop_asked() != PSW_GO) sweep_crew_halt(&j->open.crew);
}

psw_status sweep_watch_ask(void *context)
{
    sweep_job *j = context;
    sweep_watch_tick(j);
    if (psw_stop_asked() == PSW_STOP_NOW) return PSW_FAIL(PSW_STOPPED, "asked to stop immediately");
    if (psw_clock_s() < j->limits.abandon_s) return PSW_OK;
    j->progress.out_of_time = true;
    return PSW_FAIL(PSW_STOPPED, "the job's time is up");
}

/* ---- is there time? ---- */

double sweep_watch_since_start_s(const sweep_job *j)
{
    return psw_clock_s() - j->given.start_s;
}

/* Measured over predicted seconds of this rank's finished runs, 1 until something is known. Repetitions are predicted
 * at their most, so fewer repetitions say nothing about other runs. */
static double correction(const sweep_job *j)
{
    const sweep_tally *mine = &j->open.display.mine;
    double ratio = mine->cost_s > 0.05 ? mine->busy_s / mine->cost_s : 1;
    return j->given.settings->timing ? fmax(ratio, 1) : ratio;
}

/* What a run needs to be finished: of repetitions the fewest. */
static double needed_s(const sweep_job *j, const psw_run *run)
{
    const sweep_given *g = &j->given;
    const psw_settings *s = g->settings;
    if (!s->timing || run->refused) return run->predicted_s;
    psw_point point = psw_study_point(g->study, run->first);
    psw_group one = {&point, 1};
    ptrdiff_t size = run->team > 0 ? run->team : g->world->size, nodes = sweep_crew_nodes(&j->open.crew, 0, size);
    psw_team_cost cost = psw_cost_team_time(&j->machine.rates, &one, g->choice, size, nodes);
    return cost.seconds + (double)(s->warmup + s->reps) * cost.repeat_s;
}

bool sweep_watch_fits(const sweep_job *j, const psw_run *run)
{
    return psw_clock_s() + needed_s(j, run) * correction(j) * safety < j->limits.deadline_s;
}

psw_status sweep_watch_over(sweep_job *j, const psw_run *run, bool *over)
{
    const psw_comm *order = &j->open.crew.order;
    bool late = order->rank == 0 && !sweep_watch_fits(j, run);
    if (late) j->progress.out_of_time = true;
    double any = sweep_watch_failed(j) || psw_stop_asked() != PSW_GO || late;
    PSW_TRY(psw_comm_max(order, &any, 1));
    *over = any > 0;
    return PSW_OK;
}

bool sweep_watch_no_pass_fits(void *context, double pass_s)
{
    const sweep_job *j = context;
    double now = psw_clock_s();
    return psw_stop_asked() != PSW_GO || now + safety * pass_s > j->limits.deadline_s ||
           now > j->progress.repeat_until_s;
}
