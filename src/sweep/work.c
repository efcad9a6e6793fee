/* Taking runs and computing them: this rank's teams, from all ranks down to single ones. */
#include <math.h>
#include <stdlib.h>

#include "sweep/job.h"

/* ---- meanwhile ---- */

/* --max-fails: seen by the rank itself and, for the sum over ranks, by rank 0, whose node feeds all others. */
static bool too_many_failed(const psw_job *j)
{
    double most = (double)j->asked->max_fails;
    double of_all = (double)(j->display.state.failed - j->display.failed_before);
    return most > 0 && (j->display.mine.failed >= most || of_all >= most);
}

void psw_job_meanwhile(void *context)
{
    psw_job *j = context;
    psw_crew_serve(&j->crew);
    psw_display_tick(&j->display);
    if (too_many_failed(j)) j->enough_failed = true;
    if (psw_stop_asked() != PSW_GO || j->enough_failed) psw_crew_halt(&j->crew);
}

static psw_status give_up(void *context)
{
    psw_job *j = context;
    psw_job_meanwhile(j);
    if (psw_stop_asked() == PSW_STOP_NOW) return PSW_FAIL(PSW_STOPPED, "asked to stop at once");
    if (psw_clock_s() < j->abandon_s) return PSW_OK;
    j->out_of_time = true;
    return PSW_FAIL(PSW_STOPPED, "the time of the job is over");
}

/* A message that cannot be kept is no reason to stop, but the launch then ends with it. */
static void point_failed(void *context, ptrdiff_t slot)
{
    psw_job *j = context;
    char why[512];
    psw_format(why, sizeof why, "%s", psw_message());
    psw_status kept = psw_store_failure(j->store, slot, j->attempts[slot] + 1, psw_message_site(), why);
    if (kept != PSW_OK && !j->untold[0])
        psw_format(j->untold, sizeof j->untold, "why the point in slot %td failed could not be kept in %s (%s): %s", slot,
                   j->path, psw_message(), why);
    psw_display_event(&j->display, "\"event\": \"failed\", \"slot\": %td", slot);
}

static double since_start_s(const psw_job *j)
{
    return psw_clock_s() - j->display.start_s;
}

/* Measured over predicted seconds of this rank's finished runs, 1 until something is known. Repetitions are predicted
 * at their most, so that fewer tell nothing of the others. */
static double correction(const psw_job *j)
{
    const psw_tally *mine = &j->display.mine;
    double ratio = mine->cost_s > 0.05 ? mine->busy_s / mine->cost_s : 1;
    return j->settings->timing ? fmax(ratio, 1) : ratio;
}

/* What a run needs to be finished: of repetitions the fewest. */
static double needed_s(const psw_job *j, const psw_run *run)
{
    const psw_settings *s = j->settings;
    if (!s->timing || run->refused) return run->predicted_s;
    psw_point point = psw_study_point(j->study, run->first);
    psw_group one = {&point, 1};
    ptrdiff_t size = run->team > 0 ? run->team : j->world->size;
    psw_team_cost cost = psw_cost_team_time(&j->rates, &one, j->choice, size, psw_crew_nodes(&j->crew, 0, size));
    return cost.seconds + (double)(s->warmup + s->reps) * cost.repeat_s;
}

static bool fits_the_time(const psw_job *j, const psw_run *run)
{
    const double safety = 1.25;
    return psw_clock_s() + needed_s(j, run) * correction(j) * safety < j->deadline_s;
}

/* Repetitions end with the time of the job, or of the point: run.point_limit times what it was predicted to take. */
static bool no_time_left(void *context, double pass_s)
{
    const psw_job *j = context;
    double now = psw_clock_s();
    return psw_stop_asked() != PSW_GO || now + 1.25 * pass_s > j->deadline_s || now > j->repeat_until_s;
}

/* ---- one run ---- */

/* A run on the ranks that compute it. */
typedef struct work {
    const psw_run *run;
    psw_comm team;
    ptrdiff_t first, nodes, idle; /* first rank, nodes they are on, ranks that idle beside them */
    bool echo;                    /* a team beside the one whose results count */
    double start_s;
} work;

/* A time is `alone` where nothing else ran. */
static psw_timing timing_of(const psw_job *j, const work *w, psw_timing timing)
{
    bool timed = j->settings->timing;
    bool others = timed ? j->timer.beside != NULL : w->team.size + w->idle < j->world->size;
    if (timing != PSW_TIMING_NONE && j->crowded) return PSW_TIMING_OVERSUBSCRIBED;
    return timing == PSW_TIMING_ALONE && others ? PSW_TIMING_BESIDE : timing;
}

static void finish_records(psw_job *j, const work *w)
{
    for (ptrdiff_t i = 0; i < w->run->count; i++) {
        psw_record *record = &j->records[i];
        psw_parallel_columns *p = &record->parallel;
        record->slot.attempt = j->marks[i].attempt;
        record->slot.deaths = j->marks[i].deaths;
        record->cost.timing = timing_of(j, w, record->cost.timing);
        p->team = w->team.size;
        p->idle = w->idle;
        p->nodes = w->nodes;
        p->ranks_per_node = j->node.size;
        p->threads = j->settings->threads;
        p->first_rank = w->first;
        p->start_s = w->start_s;
        p->end_s = since_start_s(j);
    }
}

/* Of a run that is in the file. */
static void count_records(psw_job *j, const work *w)
{
    psw_tally *mine = &j->display.mine;
    for (ptrdiff_t i = 0; i < w->run->count; i++) {
        psw_slot_status s = j->records[i].slot.status;
        mine->done += s == PSW_SLOT_DONE;
        mine->skipped += s == PSW_SLOT_SKIPPED;
        mine->failed += s == PSW_SLOT_FAILED || s == PSW_SLOT_TIMEOUT;
    }
    mine->cost_s += w->run->predicted_s * w->team.size;
    mine->busy_s += (since_start_s(j) - w->start_s) * w->team.size;
}

/* A timed point is a run of its own. */
static psw_status put_samples(psw_job *j, const work *w)
{
    const psw_repeat *repeat = &j->timer.repeat;
    if (!j->settings->timing || !j->settings->keep_samples || j->records[0].slot.status != PSW_SLOT_DONE) return PSW_OK;
    return psw_store_samples(j->store, w->run->first, repeat->samples, repeat->count);
}

static psw_status put_records(psw_job *j, const work *w)
{
    finish_records(j, w);
    PSW_TRY(put_samples(j, w));
    PSW_TRY(psw_store_put(j->store, w->run->first, w->run->count, j->records));
    count_records(j, w);
    return PSW_OK;
}

static psw_status mark(psw_job *j, const psw_run *run)
{
    for (ptrdiff_t i = 0; i < run->count; i++)
        j->marks[i] = (psw_mark){j->attempts[run->first + i] + 1, j->deaths[run->first + i]};
    j->dirty = true;
    return psw_store_mark(j->store, run->first, run->count, j->marks);
}

static psw_status compute_and_put(psw_job *j, work *w)
{
    bool leads = w->team.rank == 0 && !w->echo;
    PSW_TRY(psw_compute(&w->team, &j->computer, w->run->first, w->run->count, j->records));
    return psw_comm_agree(&w->team, leads ? put_records(j, w) : PSW_OK);
}

/* ---- durability ---- */

/* A node that dies takes with it what its ranks wrote last; this bounds how much, by time. Between runs, so that no
 * time of a point has it; before a long run, too. */
static psw_status sync_when_due(psw_job *j, double next_s)
{
    double since = psw_clock_s() - j->synced_s;
    if (!j->dirty || since + next_s < j->sync_s) return PSW_OK;
    PSW_TRY(psw_store_sync(j->store));
    j->synced_s = psw_clock_s();
    j->dirty = false;
    return PSW_OK;
}

/* ---- a run on its ranks ---- */

/* The first rank of a team writes; rows that are kept are written by whoever has them, before it. A run that is given
 * up is empty again: only what ended the program counts as a death. */
static psw_status compute_run(psw_job *j, work *w)
{
    const psw_run *run = w->run;
    bool leads = w->team.rank == 0 && !w->echo;
    psw_status status = sync_when_due(j, run->predicted_s);
    w->start_s = since_start_s(j);
    j->repeat_until_s = psw_clock_s() + fmax(j->least_limit_s, j->settings->point_limit * run->predicted_s);
    j->computer.nodes = w->nodes;
    if (status == PSW_OK && leads) status = mark(j, run);
    status = psw_comm_agree(j->timer.beside ? j->timer.beside : &w->team, status);
    if (status == PSW_OK) status = compute_and_put(j, w);
    if (j->settings->keep_rows) j->dirty = true;
    if (status != PSW_OK && leads) psw_store_unmark(j->store, run->first, run->count);
    return status;
}

/* A copy of the same point, for the load that it is. */
static psw_status compute_echo(psw_job *j, work *w)
{
    psw_computer silent = j->computer;
    j->computer.keep = NULL;
    j->computer.failed = NULL;
    psw_status status = compute_run(j, w);
    j->computer.keep = silent.keep;
    j->computer.failed = silent.failed;
    return status;
}

/* All that compute: one team, or several that are timed together. */
static psw_status compute_teams(psw_job *j, const psw_comm *team, int size, int teams, work *w)
{
    int number = team->rank / size;
    bool computes = number < teams;
    psw_comm part, all;
    PSW_TRY(psw_comm_split(team, computes ? number : teams, team->rank, &part));
    PSW_TRY(psw_comm_split(team, computes, team->rank, &all));
    w->team = part;
    w->echo = number > 0;
    j->timer.beside = teams > 1 ? &all : NULL;
    psw_status status = !computes ? PSW_OK : w->echo ? compute_echo(j, w) : compute_run(j, w);
    j->timer.beside = NULL;
    psw_comm_free(&part);
    psw_comm_free(&all);
    return status;
}

/* The first `size` ranks of a team that is larger than what was asked for; of the others as many teams as there are may
 * compute a copy at the same time, and the rest wait. */
static psw_status compute_part(psw_job *j, const psw_comm *team, int size, work *w)
{
    int teams = j->settings->timing && j->settings->beside ? team->size / size : 1;
    w->idle = team->size - teams * size;
    w->nodes = psw_crew_nodes(&j->crew, w->first, size);
    psw_status status = compute_teams(j, team, size, teams, w);
    PSW_TRY(psw_comm_wait(team, psw_job_meanwhile, j));
    return psw_comm_agree(team, status);
}

static psw_status work_run(psw_job *j, int depth, const psw_run *run)
{
    const psw_comm *team = &j->crew.team[depth];
    work w = {.run = run, .team = *team, .first = psw_crew_first(&j->crew, depth)};
    if (run->team > 0 && run->team < team->size) return compute_part(j, team, (int)run->team, &w);
    w.nodes = psw_crew_nodes(&j->crew, w.first, team->size);
    return compute_run(j, &w);
}

/* ---- all runs ---- */

/* The next run of a depth, for the whole team; -1: none is left. Longest first, so a run that does not fit the time
 * left may be followed by shorter ones that do. */
static psw_status take(psw_job *j, int depth, ptrdiff_t *k)
{
    const psw_comm *team = &j->crew.team[depth];
    psw_queue *queue = j->crew.queue[depth];
    while (team->rank == 0) {
        *k = psw_queue_take(queue);
        if (*k >= 0) *k += j->runs.first[depth];
        if (*k < 0 || fits_the_time(j, &j->runs.list[*k])) break;
        j->out_of_time = true;
        psw_job_meanwhile(j);
    }
    return team->size > 1 ? psw_comm_bytes_wait(team, 0, k, sizeof *k, psw_job_meanwhile, j) : PSW_OK;
}

static psw_status work_depth(psw_job *j, int depth)
{
    for (;;) {
        ptrdiff_t k = -1;
        PSW_TRY(take(j, depth, &k));
        if (k < 0) return PSW_OK;
        PSW_TRY(work_run(j, depth, &j->runs.list[k]));
        psw_job_meanwhile(j);
    }
}

static psw_status work_depths(psw_job *j)
{
    psw_status status = PSW_OK;
    for (int depth = 0; depth < j->crew.depths && status == PSW_OK; depth++)
        if (j->crew.queue[depth]) status = work_depth(j, depth);
    if (status == PSW_OK) status = sync_when_due(j, INFINITY);
    if (status != PSW_OK) psw_crew_halt(&j->crew);
    return status;
}

/* ---- suspects ---- */

/* Rank 0 knows the time, any rank may have been asked to stop: true on all ranks if one says so. */
static psw_status is_over(psw_job *j, const psw_run *run, bool *over)
{
    if (too_many_failed(j)) j->enough_failed = true;
    bool late = j->crew.order.rank == 0 && !fits_the_time(j, run);
    if (late) j->out_of_time = true;
    double any = psw_stop_asked() != PSW_GO || j->enough_failed || late;
    PSW_TRY(psw_comm_max(&j->crew.order, &any, 1));
    *over = any > 0;
    return PSW_OK;
}

/* One point at a time in the whole job, on as many ranks as the plan gives it. */
static psw_status work_suspects(psw_job *j)
{
    const psw_comm *order = &j->crew.order;
    for (ptrdiff_t k = 0; k < j->suspects.count; k++) {
        const psw_run *run = &j->suspects.list[k];
        int size = (int)(run->team > 0 ? run->team : psw_split_least(&j->crew.split, run->depth));
        work w = {.run = run};
        bool over;
        PSW_TRY(is_over(j, run, &over));
        if (over) return PSW_OK;
        PSW_TRY(compute_part(j, order, size < order->size ? size : order->size, &w));
    }
    return PSW_OK;
}

psw_status psw_job_work(psw_job *j)
{
    psw_status status = work_depths(j);
    if (j->suspects.count == 0) return status;
    PSW_TRY(psw_comm_wait(&j->crew.order, psw_job_meanwhile, j));
    PSW_TRY(psw_comm_agree(&j->crew.order, status));
    return work_suspects(j);
}

static psw_status keep_rows(void *context, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf, ptrdiff_t index)
{
    psw_job *j = context;
    return psw_store_rows(j->store, slot, point, leaf, index);
}

void psw_job_prepare(psw_job *j)
{
    bool timed = j->settings->timing;
    j->timer.over = no_time_left;
    j->timer.context = j;
    j->computer = (psw_computer){.study = j->study,
                                 .rates = &j->rates,
                                 .product_flops_s = {j->product_flops_s[0], j->product_flops_s[1]},
                                 .inputs = &j->inputs,
                                 .timer = timed ? &j->timer : NULL,
                                 .choice = j->choice,
                                 .memory_bytes = j->memory_bytes,
                                 .point_limit = j->settings->point_limit,
                                 .least_limit_s = j->least_limit_s,
                                 .watch = {give_up, j},
                                 .failed = point_failed,
                                 .keep = j->settings->keep_rows ? keep_rows : NULL,
                                 .context = j};
}
