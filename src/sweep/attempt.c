#include "sweep/attempt.h"

#include <math.h>

#include "sweep/watch.h"

/* A run on the ranks that compute it. */
typedef struct attempt {
    const psw_run *run;
    psw_slots slots; /* the run's */
    psw_comm team;
    ptrdiff_t first, nodes, idle; /* first rank, nodes they are on, ranks that idle beside them */
    bool replica;                 /* computed for the load alone, beside the team whose results count */
    double start_s;
} attempt;

static bool leads(const attempt *a)
{
    return a->team.rank == 0 && !a->replica;
}

/* ---- records ---- */

/* A time is `alone` where nothing else ran. */
static psw_timing timing_of(const sweep_job *j, const attempt *a, psw_timing timing)
{
    bool timed = j->given.settings->timing;
    bool others = timed ? j->open.timer.beside != NULL : a->team.size + a->idle < j->given.world->size;
    if (timing != PSW_TIMING_NONE && j->given.crowded) return PSW_TIMING_OVERSUBSCRIBED;
    return timing == PSW_TIMING_ALONE && others ? PSW_TIMING_BESIDE : timing;
}

static void finish_records(sweep_job *j, const attempt *a)
{
    for (ptrdiff_t i = 0; i < a->run->count; i++) {
        psw_record *record = &j->open.records[i];
        psw_parallel_columns *p = &record->parallel;
        record->slot.attempt = j->open.marks[i].attempt;
        record->slot.deaths = j->open.marks[i].deaths;
        record->slot.asked = j->progress.asked;
        record->cost.timing = timing_of(j, a, record->cost.timing);
        p->team = a->team.size;
        p->idle = a->idle;
        p->nodes = a->nodes;
        p->ranks_per_node = j->given.node.size;
        p->threads = j->given.settings->threads;
        p->first_rank = a->first;
        p->start_s = a->start_s;
        p->end_s = sweep_watch_since_start_s(j);
    }
}

/* It took too long, where others may have disturbed it: it is empty again until it runs alone. */
static bool is_postponed(const sweep_job *j, ptrdiff_t i)
{
    return j->open.records[i].slot.status == PSW_SLOT_TIMEOUT && !j->progress.alone;
}

/* Of a run that is in the file. */
static void count_records(sweep_job *j, const attempt *a)
{
    sweep_tally *mine = &j->open.display.mine;
    for (ptrdiff_t i = 0; i < a->run->count; i++) {
        psw_slot_status s = j->open.records[i].slot.status;
        mine->done += s == PSW_SLOT_DONE;
        mine->skipped += s == PSW_SLOT_SKIPPED;
        mine->failed += s == PSW_SLOT_FAILED || (s == PSW_SLOT_TIMEOUT && !is_postponed(j, i));
    }
    if (j->slots.part[a->run->first] == SWEEP_PART_AGAIN && j->progress.alone) return; /* counted already */
    const psw_split *split = &j->open.crew.split;
    int kind = psw_run_kind(j->given.study, &j->machine.rates, a->run);
    double cost_s = psw_run_cost(a->run, split), took_s = sweep_watch_since_start_s(j) - a->start_s;
    double busy_s = cost_s > 0 ? took_s * (double)psw_split_least(split, a->run->depth) : 0;
    mine->cost_s += cost_s, mine->pace.cost_s[kind] += cost_s;
    mine->busy_s += busy_s, mine->pace.busy_s[kind] += busy_s;
}

/* A timed point is a run of its own. */
static psw_status put_samples(sweep_job *j, const attempt *a)
{
    const psw_settings *s = j->given.settings;
    const psw_repeat *repeat = &j->open.timer.repeat;
    psw_slot *slot = &j->open.records[0].slot;
    if (!s->timing || !s->keep_samples || slot->status != PSW_SLOT_DONE) return PSW_OK;
    return psw_store_samples(j->open.store, a->run->first, repeat->samples, repeat->count, &slot->content_checksum);
}

/* The end of the neighbouring slots that begin with number i: they are written together. */
static ptrdiff_t stretch(const psw_slots *slots, ptrdiff_t i)
{
    ptrdiff_t first = psw_slots_at(slots, i), end = i + 1;
    while (end < slots->count && psw_slots_at(slots, end) - first == end - i) end++;
    return end;
}

/* Of neighbouring slots. */
static psw_status put_or_postpone(sweep_job *j, const psw_slots *slots, ptrdiff_t from, ptrdiff_t end)
{
    psw_store *store = j->open.store;
    for (ptrdiff_t i = from, next; i < end; i = next) {
        ptrdiff_t first = psw_slots_at(slots, i);
        bool later = is_postponed(j, i);
        for (next = i + 1; next < end && is_postponed(j, next) == later;) next++;
        if (!later) PSW_TRY(psw_store_put(store, first, next - i, j->open.records + i));
        if (later) PSW_TRY(psw_store_unmark(store, first, next - i));
        for (ptrdiff_t k = i; later && k < next; k++) sweep_slots_postpone(&j->slots, psw_slots_at(slots, k));
    }
    return PSW_OK;
}

static psw_status put_records(sweep_job *j, const attempt *a)
{
    finish_records(j, a);
    PSW_TRY(put_samples(j, a));
    for (ptrdiff_t i = 0, end; i < a->slots.count; i = end)
        PSW_TRY(put_or_postpone(j, &a->slots, i, end = stretch(&a->slots, i)));
    count_records(j, a);
    return PSW_OK;
}

static psw_status mark(sweep_job *j, const psw_slots *slots)
{
    psw_mark *marks = j->open.marks;
    for (ptrdiff_t i = 0; i < slots->count; i++) {
        marks[i] = sweep_slots_before(&j->slots, psw_slots_at(slots, i));
        marks[i].attempt++;
    }
    j->progress.unsynced = true;
    for (ptrdiff_t i = 0, end; i < slots->count; i = end) {
        end = stretch(slots, i);
        PSW_TRY(psw_store_mark(j->open.store, psw_slots_at(slots, i), end - i, marks + i));
    }
    return PSW_OK;
}

static void unmark(sweep_job *j, const psw_slots *slots)
{
    for (ptrdiff_t i = 0, end; i < slots->count; i = end) {
        end = stretch(slots, i);
        psw_store_unmark(j->open.store, psw_slots_at(slots, i), end - i);
    }
}

psw_status sweep_attempt_sync(sweep_job *j, double next_s)
{
    double since = psw_clock_s() - j->progress.synced_s;
    if (!j->progress.unsynced || since + next_s < j->limits.sync_s) return PSW_OK;
    PSW_TRY(psw_store_sync(j->open.store));
    j->progress.synced_s = psw_clock_s();
    j->progress.unsynced = false;
    return PSW_OK;
}

/* ---- one team ---- */

static psw_status compute_and_put(sweep_job *j, const attempt *a)
{
    PSW_TRY(psw_compute(&a->team, &j->open.computer, &a->slots, j->open.records));
    return psw_comm_agree(&a->team, leads(a) ? put_records(j, a) : PSW_OK);
}

/* The first rank of a team writes; kept rows are written by the ranks that have them, before it. A run that is given
 * up is empty again: only what ended the program counts as a crash. */
static psw_status compute(sweep_job *j, attempt *a)
{
    const psw_run *run = a->run;
    const psw_settings *s = j->given.settings;
    psw_status status = sweep_attempt_sync(j, run->predicted_s);
    a->start_s = sweep_watch_since_start_s(j);
    j->progress.repeat_until_s = psw_clock_s() + fmax(j->limits.least_limit_s, s->point_limit * run->predicted_s);
    j->open.computer.nodes = a->nodes;
    sweep_display_begins(&j->open.display, leads(a) ? a->team.size : 0);
    if (status == PSW_OK && leads(a)) status = mark(j, &a->slots);
    status = psw_comm_agree(j->open.timer.beside ? j->open.timer.beside : &a->team, status);
    if (status == PSW_OK) status = compute_and_put(j, a);
    sweep_display_ends(&j->open.display);
    if (s->keep_rows) j->progress.unsynced = true;
    if (status != PSW_OK && leads(a)) unmark(j, &a->slots);
    return status;
}

psw_status sweep_attempt_whole(sweep_job *j, const psw_comm *team, ptrdiff_t first, const psw_run *run)
{
    attempt a = {.run = run, .slots = psw_slots_of_run(run), .team = *team, .first = first};
    a.nodes = sweep_crew_nodes(&j->open.crew, first, team->size);
    return compute(j, &a);
}

/* ---- several teams ---- */

static psw_status compute_replica(sweep_job *j, attempt *a)
{
    psw_computer *computer = &j->open.computer, kept = *computer;
    computer->keep = NULL;
    computer->failed = NULL;
    psw_status status = compute(j, a);
    computer->keep = kept.keep;
    computer->failed = kept.failed;
    return status;
}

/* All that compute: one team, or several that are timed together. */
static psw_status compute_teams(sweep_job *j, const psw_comm *team, int size, int teams, attempt *a)
{
    int number = team->rank / size;
    bool computes = number < teams;
    psw_comm part, all;
    PSW_TRY(psw_comm_split(team, computes ? number : teams, team->rank, &part));
    PSW_TRY(psw_comm_split(team, computes, team->rank, &all));
    a->team = part;
    a->replica = number > 0;
    j->open.timer.beside = teams > 1 ? &all : NULL;
    psw_status status = !computes ? PSW_OK : a->replica ? compute_replica(j, a) : compute(j, a);
    j->open.timer.beside = NULL;
    psw_comm_free(&part);
    psw_comm_free(&all);
    return status;
}

psw_status sweep_attempt_part(sweep_job *j, const psw_comm *team, ptrdiff_t first, int size, const psw_run *run)
{
    const psw_settings *s = j->given.settings;
    int teams = s->timing && s->beside ? team->size / size : 1;
    attempt a = {.run = run, .slots = psw_slots_of_run(run), .team = *team, .first = first};
    a.idle = team->size - teams * size;
    a.nodes = sweep_crew_nodes(&j->open.crew, first, size);
    psw_status status = compute_teams(j, team, size, teams, &a);
    PSW_TRY(psw_comm_wait(team, sweep_watch_tick, j));
    return psw_comm_agree(team, status);
}

/* ---- what computes ---- */

/* A message that cannot be saved does not stop the launch, but becomes its final error. */
static void point_failed(void *context, ptrdiff_t slot, psw_status code)
{
    sweep_job *j = context;
    char why[512], *unsaved = j->progress.unsaved;
    if (code == PSW_TIMEOUT && !j->progress.alone) {
        sweep_display_event(&j->open.display, "\"event\": \"postponed\", \"slot\": %td", slot);
        return;
    }
    psw_format(why, sizeof why, "%s%s", psw_message(), code == PSW_TIMEOUT ? "; nothing else ran beside it" : "");
    psw_mark before = sweep_slots_before(&j->slots, slot);
    psw_status saved = psw_store_failure(j->open.store, slot, before.attempt + 1, psw_message_site(), why);
    if (saved != PSW_OK && !unsaved[0])
        psw_format(unsaved, sizeof j->progress.unsaved,
                   "%s: the message of the failed point in slot %td could not be saved (%s); it was: %s", j->given.path,
                   slot, psw_message(), why);
    sweep_display_event(&j->open.display, "\"event\": \"failed\", \"slot\": %td", slot);
}

static psw_status keep_rows(void *context, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf,
                            ptrdiff_t index, uint64_t *sum)
{
    sweep_job *j = context;
    return psw_store_rows(j->open.store, slot, point, leaf, index, sum);
}

void sweep_attempt_prepare(sweep_job *j)
{
    const psw_settings *s = j->given.settings;
    const double *flops_s = j->machine.product_flops_s;
    psw_counters_open("", &j->open.counters);
    j->open.timer.over = sweep_watch_no_pass_fits;
    j->open.timer.context = j;
    j->open.computer = (psw_computer){.study = j->given.study,
                                      .rates = &j->machine.rates,
                                      .product_flops_s = {flops_s[0], flops_s[1]},
                                      .inputs = &j->given.inputs,
                                      .counters = &j->open.counters,
                                      .node_ranks = j->given.node.size,
                                      .timer = s->timing ? &j->open.timer : NULL,
                                      .choice = j->given.choice,
                                      .memory_bytes = j->given.memory_bytes,
                                      .point_limit = s->point_limit,
                                      .least_limit_s = j->limits.least_limit_s,
                                      .watch = {sweep_watch_ask, j},
                                      .failed = point_failed,
                                      .keep = s->keep_rows ? keep_rows : NULL,
                                      .context = j};
}
