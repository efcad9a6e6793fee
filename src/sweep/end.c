#include "sweep/end.h"

#include <signal.h>

#include "sweep/watch.h"

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

static void print_outcome(const sweep_job *j, bool stopped)
{
    const psw_sweep_state *s = &j->open.display.state;
    const char *path = j->given.path;
    if (j->given.world->rank != 0 || j->given.request->quiet) return;
    fprintf(stderr, "polysweep: %s: %td of %td points%s%s done", path, s->done, s->points, *s->part ? " of part " : "",
            s->part);
    if (s->failed) fprintf(stderr, ", %td failed (polysweep show %s --where \"status == failed\")", s->failed, path);
    if (s->skipped) fprintf(stderr, ", %td skipped for memory or size", s->skipped);
    if (s->failed + s->skipped)
        fprintf(stderr, "; --redo failed tries %s again", s->failed + s->skipped > 1 ? "them" : "it");
    if (stopped) fprintf(stderr, "; stopped (%s), the same command continues from here", s->stop_reason);
    fprintf(stderr, "\n");
}

/* From what every rank did. */
static psw_status outcome(sweep_job *j, const sweep_tally *all)
{
    double ended = all->done + all->failed + all->skipped;
    psw_sweep_state *s = &j->open.display.state;
    bool stopped = ended < sweep_runs_points(&j->runs), left = s->done + s->failed + s->skipped < s->points;
    const char *word = stopped ? "stopped_clean" : left ? "partial" : s->failed + s->skipped ? "failed" : "done";
    psw_format(s->state, sizeof s->state, "%s", word);
    if (stopped) {
        const char *reason;
        PSW_TRY(stop_reason(j, &reason));
        psw_format(s->stop_reason, sizeof s->stop_reason, "%s", reason);
    }
    print_outcome(j, stopped);
    if (stopped) return PSW_STOPPED;
    return s->failed + s->skipped ? PSW_POINTS_FAILED : PSW_OK;
}

/* ---- sidecars ---- */

/* The results are what counts: a sidecar that cannot be written is reported, and no failure. The message stays that of
 * the launch. */
static void write_sidecars(sweep_job *j)
{
    char message[1024], site[96];
    psw_format(message, sizeof message, "%s", psw_message());
    psw_format(site, sizeof site, "%s", psw_message_site());
    sweep_display *display = &j->open.display;
    const psw_sweep_state *state = &display->state;
    sweep_display_event(
        display, "\"event\": \"end\", \"state\": \"%s\", \"stop_reason\": \"%s\", \"done\": %td, \"failed\": %td",
        state->state, state->stop_reason, state->done, state->failed);
    if (psw_sweep_state_write(j->given.path, state) != PSW_OK)
        fprintf(stderr, "polysweep: note: %s; polysweep status %s reads the result file instead\n", psw_message(),
                j->given.path);
    if (display->events) fclose(display->events);
    psw_message_set(message, site);
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

psw_status sweep_end(sweep_job *j, psw_status status)
{
    const psw_comm *world = j->given.world;
    psw_sweep_state *state = &j->open.display.state;
    sweep_tally all;
    if (status == PSW_STOPPED) status = PSW_OK; /* given up on request: counted as left */
    PSW_TRY(psw_comm_wait(world, sweep_watch_tick, j));
    if (status == PSW_OK && j->progress.unsaved[0]) status = PSW_FAIL(PSW_ENVIRONMENT, "%s", j->progress.unsaved);
    status = psw_comm_agree(world, status);
    psw_status closing = close_all(j, &all);
    if (status == PSW_OK) status = closing;
    if (status == PSW_OK)
        status = outcome(j, &all);
    else
        psw_format(state->state, sizeof state->state, "failed");
    if (world->rank == 0) write_sidecars(j);
    return status;
}
