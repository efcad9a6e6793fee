#include "sweep/end.h"

#include <signal.h>
#include <string.h>

#include "sweep/pack.h"
#include "sweep/watch.h"

#include "polysweep/plain.h"

/* ---- why runs were left ---- */

enum { NOTHING, TIME, FAILS, USR1, INT, HUP, TERM }; /* from the weakest */

static int own_reason(const sweep_progress *p)
{
    switch (psw_stop_signal()) {
    case SIGTERM: return TERM;
    case SIGHUP: return HUP;
    case SIGINT: return INT;
    case SIGUSR1: return USR1;
    default: return p->enough_failed ? FAILS : p->out_of_time ? TIME : NOTHING;
    }
}

/* The strongest reason on any rank. */
static psw_status stop_reason(const sweep_job *j, const char **reason)
{
    static const char *const words[] = {"", "time limit", "max-fails", "USR1", "INT", "HUP", "TERM"};
    double strongest = own_reason(&j->progress);
    PSW_TRY(psw_comm_max(j->given.world, &strongest, 1));
    *reason = words[(int)strongest];
    return PSW_OK;
}

/* ---- what it came to ---- */

/* Of the file, which may be one of a part. */
static ptrdiff_t combinations(const sweep_job *j)
{
    const psw_combinations *all = psw_search_combinations(j->search.search);
    ptrdiff_t count = 0;
    for (ptrdiff_t c = 0; c < all->count; c++) count += j->slots.mine[all->slot[all->first[c]]];
    return count;
}

static void print_outcome(const sweep_job *j, bool stopped)
{
    const psw_sweep_state *s = &j->open.display.state;
    const char *path = j->given.path;
    if (j->given.world->rank != 0 || j->given.request->quiet) return;
    psw_print(stderr, "polysweep: %s: %td of %td points%s%s done", path, s->done, s->points,
              *s->part ? " of part " : "", s->part);
    if (s->not_needed) psw_print(stderr, ", %td not needed", s->not_needed);
    if (s->failed) psw_print(stderr, ", %td failed", s->failed);
    if (s->skipped) psw_print(stderr, ", %td skipped for memory or size", s->skipped);
    if (s->failed + s->skipped)
        psw_print(stderr, "; polysweep show %s --where \"error_code != none\" lists %s, --redo failed tries %s again",
                  path, s->failed + s->skipped > 1 ? "them" : "it", s->failed + s->skipped > 1 ? "them" : "it");
    if (stopped) psw_print(stderr, "; stopped (%s), the same command continues from here", s->stop_reason);
    if (j->search.search && sweep_search_complete(&j->search, &j->slots))
        psw_print(stderr, "; edges of %td combinations: polysweep show %s --edges", combinations(j), path);
    psw_print(stderr, "\n");
}

static bool stopped(const sweep_job *j, const sweep_tally *all)
{
    if (j->search.search) return j->search.unended;
    return all->done + all->failed + all->skipped < sweep_runs_points(&j->runs);
}

/* From what every rank did. */
static psw_status outcome(sweep_job *j, const sweep_tally *all)
{
    psw_sweep_state *s = &j->open.display.state;
    bool cut = stopped(j, all), left = s->done + s->failed + s->skipped + s->not_needed < s->points;
    const char *word = cut ? "stopped_clean" : left ? "partial" : s->failed + s->skipped ? "failed" : "done";
    psw_format(s->state, sizeof s->state, "%s", word);
    if (cut) {
        const char *reason;
        PSW_TRY(stop_reason(j, &reason));
        psw_format(s->stop_reason, sizeof s->stop_reason, "%s", reason);
    }
    print_outcome(j, cut);
    if (cut) return PSW_STOPPED;
    return s->failed + s->skipped ? PSW_POINTS_FAILED : PSW_OK;
}

/* ---- sidecars ---- */

/* The results are what counts: a sidecar that cannot be written is reported, and no failure. The message stays that of
 * the launch. */
static void write_state(const sweep_job *j)
{
    char message[1024], site[96];
    psw_format(message, sizeof message, "%s", psw_message());
    psw_format(site, sizeof site, "%s", psw_message_site());
    if (psw_sweep_state_write(j->given.path, &j->open.display.state) != PSW_OK)
        psw_message_print("note: ", "; polysweep status reads the result file instead");
    psw_message_set(message, site);
}

static void write_sidecars(sweep_job *j)
{
    sweep_display *display = &j->open.display;
    const psw_sweep_state *state = &display->state;
    sweep_display_event(
        display, "\"event\": \"end\", \"state\": \"%s\", \"stop_reason\": \"%s\", \"done\": %td, \"failed\": %td",
        state->state, state->stop_reason, state->done, state->failed);
    write_state(j);
    if (display->events) fclose(display->events);
}

/* Packing takes its time: who looks meanwhile, or ends it, finds that all is done. */
static void pack_done(sweep_job *j)
{
    if (!sweep_pack_close(j)) return;
    psw_seal_take(j->given.path, j->open.display.state.whole);
    write_state(j);
}

/* ---- closing ---- */

/* All of it, whatever goes wrong on the way. */
static psw_status close_all(sweep_job *j, sweep_tally *all)
{
    const psw_comm *world = j->given.world;
    psw_status status = sweep_crew_close(&j->open.crew);
    if (status == PSW_OK) status = sweep_display_end(world, &j->open.display, all);
    if (status == PSW_OK) status = psw_store_close(world, j->open.store);
    return status;
}

/* ---- is all of it there? ---- */

static psw_status count_ended(void *context, ptrdiff_t first, ptrdiff_t count, const psw_slot *slots)
{
    double *ended = context;
    (void)first;
    for (ptrdiff_t i = 0; i < count; i++)
        *ended += slots[i].status != PSW_SLOT_EMPTY && slots[i].status != PSW_SLOT_RUNNING;
    return PSW_OK;
}

/* What is said at the end was read back from the file: somebody else may have written to it, or cut it. */
static psw_status read_back(const sweep_job *j)
{
    const psw_comm *world = j->given.world;
    const psw_sweep_state *s = &j->open.display.state;
    psw_reader *reader;
    double ended = 0, expected = (double)(s->done + s->failed + s->skipped + s->not_needed);
    PSW_TRY(psw_reader_open_shared(world, j->given.path, &reader));
    bool same = psw_reader_identity(reader) == psw_study_identity(j->given.study);
    psw_status status = same ? psw_reader_states_each(world, reader, count_ended, &ended) : PSW_OK;
    psw_reader_close(reader);
    PSW_TRY(status);
    PSW_TRY(psw_comm_sum(world, &ended, 1));
    PSW_TRY(psw_comm_bytes(world, 0, &expected, sizeof expected));
    if (ended == expected) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT,
                    "%s: %.0f points have ended, but %.0f are in the file: something else has written to it; the same "
                    "command computes what is missing",
                    j->given.path, expected, ended);
}

/* Rank 0: results of a file that was deleted are not lost with it. */
static psw_status save(const sweep_job *j)
{
    char name[1100];
    PSW_TRY(psw_store_save(j->open.store, name, sizeof name));
    if (!name[0]) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT,
                    "%s was deleted or replaced while it was written; its results have been saved as %s: give it a "
                    "name, and the same command with -o continues it",
                    j->given.path, name);
}

/* The message stays that of the first failure. */
static psw_status close_after(sweep_job *j, psw_status status, sweep_tally *all)
{
    char message[1024], site[96];
    psw_format(message, sizeof message, "%s", psw_message());
    psw_format(site, sizeof site, "%s", psw_message_site());
    psw_status closing = close_all(j, all);
    if (status == PSW_OK) return closing;
    psw_message_set(message, site);
    return status;
}

psw_status sweep_end(sweep_job *j, psw_status status)
{
    const psw_comm *world = j->given.world;
    psw_sweep_state *state = &j->open.display.state;
    sweep_tally all = {0};
    if (status == PSW_STOPPED) status = PSW_OK; /* given up on request: counted as left */
    PSW_TRY(psw_comm_wait(world, sweep_watch_tick, j));
    if (status == PSW_OK && j->progress.unsaved[0]) status = PSW_FAIL(PSW_ENVIRONMENT, "%s", j->progress.unsaved);
    status = psw_comm_agree(world, status);
    psw_status saved = psw_comm_agree(world, world->rank == 0 ? save(j) : PSW_OK);
    if (saved != PSW_OK) status = saved;
    status = close_after(j, status, &all);
    bool wrote = all.done + all.failed + all.skipped + all.not_needed > 0;
    if (status == PSW_OK && wrote && !stopped(j, &all)) status = read_back(j);
    if (status == PSW_OK)
        status = outcome(j, &all);
    else
        psw_format(state->state, sizeof state->state, "failed");
    bool known = j->open.untouched || wrote; /* what is in the file: as it was, or read back */
    bool done = world->rank == 0 && status == PSW_OK && known && strcmp(state->state, "done") == 0;
    if (done) psw_seal_take(j->given.path, state->whole);
    if (world->rank == 0) write_sidecars(j);
    if (done) pack_done(j);
    return status;
}
