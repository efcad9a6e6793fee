#include "sweep/work.h"

#include <math.h>

#include "sweep/attempt.h"
#include "sweep/watch.h"

/* ---- runs of a depth ---- */

/* The next run of a depth, for the whole team; -1: none is left. Longest first, so a run that does not fit the time
 * left may be followed by shorter ones that do. */
static psw_status take(sweep_job *j, int depth, ptrdiff_t *k)
{
    const psw_comm *team = &j->open.crew.team[depth];
    while (team->rank == 0) {
        *k = sweep_crew_take(&j->open.crew, depth);
        if (*k < 0 || sweep_watch_fits(j, &j->runs.usual.list[*k])) break;
        j->progress.out_of_time = true;
        sweep_watch_tick(j);
    }
    return team->size > 1 ? psw_comm_bytes_wait(team, 0, k, sizeof *k, sweep_watch_tick, j) : PSW_OK;
}

static psw_status work_run(sweep_job *j, int depth, const psw_run *run)
{
    const psw_comm *team = &j->open.crew.team[depth];
    ptrdiff_t first = sweep_crew_first(&j->open.crew, depth);
    if (run->team > 0 && run->team < team->size) return sweep_attempt_part(j, team, first, (int)run->team, run);
    return sweep_attempt_whole(j, team, first, run);
}

static psw_status work_depth(sweep_job *j, int depth)
{
    for (;;) {
        ptrdiff_t k = -1;
        PSW_TRY(take(j, depth, &k));
        if (k < 0) return PSW_OK;
        PSW_TRY(work_run(j, depth, &j->runs.usual.list[k]));
        sweep_watch_tick(j);
    }
}

static psw_status work_depths(sweep_job *j)
{
    const sweep_crew *crew = &j->open.crew;
    psw_status status = PSW_OK;
    for (int depth = 0; depth < crew->depths && status == PSW_OK; depth++)
        if (crew->team[depth].size > 0) status = work_depth(j, depth);
    if (status == PSW_OK) status = sweep_attempt_sync(j, INFINITY);
    if (status != PSW_OK) sweep_crew_halt(&j->open.crew);
    return status;
}

/* ---- one point at a time ---- */

/* One point at a time in the whole job, on as many ranks as the plan gives it. */
static psw_status work_alone(sweep_job *j, const psw_runs *runs)
{
    const psw_comm *order = &j->open.crew.order;
    for (ptrdiff_t k = 0; k < runs->count; k++) {
        const psw_run *run = &runs->list[k];
        int size = run->team > 0 ? (int)run->team : order->size;
        bool over;
        PSW_TRY(sweep_watch_over(j, run, &over));
        if (over) return PSW_OK;
        PSW_TRY(sweep_attempt_part(j, order, 0, size < order->size ? size : order->size, run));
    }
    return PSW_OK;
}

/* Points that took too long beside others: one noisy minute shall not decide. */
static psw_status work_again(sweep_job *j)
{
    const sweep_given *g = &j->given;
    bool any;
    PSW_TRY(sweep_slots_postponed(g->world, &j->slots, g->slots, &any));
    if (!any) return PSW_OK;
    PSW_TRY(sweep_runs_cut_again(g, &j->slots, &j->machine.rates, &j->open.crew.split, &j->runs));
    return work_alone(j, &j->runs.again);
}

psw_status sweep_work(sweep_job *j)
{
    psw_status status = work_depths(j);
    PSW_TRY(psw_comm_wait(&j->open.crew.order, sweep_watch_tick, j));
    PSW_TRY(psw_comm_agree(&j->open.crew.order, status));
    j->progress.alone = true;
    PSW_TRY(work_again(j));
    return work_alone(j, &j->runs.quarantined);
}
