/* status: how far a run is. From the sidecar, never from a file that a run has open. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "polysweep/files.h"
#include "polysweep/plain.h"
#include "polysweep/print.h"

/* On this host the process itself answers (unless its number is another's by now); elsewhere the lock does. */
static bool runs_still(const char *path, const psw_sweep_state *state)
{
    char host[sizeof state->host] = "";
    gethostname(host, sizeof host - 1);
    if (strcmp(host, state->host) != 0) return psw_lock_held(path);
    if (psw_lock_free(path)) return false;
    return state->pid > 0 && (kill((pid_t)state->pid, 0) == 0 || errno == EPERM);
}

/* ---- without a sidecar: the slots themselves ---- */

static void count_slot(const psw_point *point, const psw_slot *slot, psw_sweep_state *state, double *cost)
{
    double seconds = psw_cost_time(&psw_rates_default, point).predicted_s;
    *cost += seconds;
    switch (slot->status) {
    case PSW_SLOT_EMPTY: return;
    case PSW_SLOT_RUNNING: state->running++; return;
    case PSW_SLOT_DONE: state->done++; break;
    case PSW_SLOT_FAILED:
    case PSW_SLOT_TIMEOUT: state->failed++; break;
    case PSW_SLOT_SKIPPED: state->skipped++; break;
    case PSW_SLOT_NOT_NEEDED: state->not_needed++; break;
    }
    state->fraction += seconds;
}

/* How much of its points a search will need is not known before it has ended. */
static void sum_up(double cost, bool searches, psw_sweep_state *state)
{
    bool whole = state->done + state->failed + state->skipped + state->not_needed == state->points;
    state->fraction = cost > 0 ? state->fraction / cost : 1;
    if (searches) state->fraction = whole ? 1 : NAN;
    psw_format(state->state, sizeof state->state, "%s",
               !whole                           ? "interrupted"
               : state->failed + state->skipped ? "failed"
                                                : "done");
}

enum { PIECE = 1 << 14 }; /* slots that are read at a time: of ten million a byte each stays */

static psw_status count_mine(const unsigned char *mine, psw_reader *reader, const psw_study *study,
                             psw_sweep_state *state, double *cost)
{
    psw_cursor cursor = psw_cursor_begin(study);
    ptrdiff_t slots = psw_reader_slots(reader);
    psw_slot *list = malloc(PIECE * sizeof *list);
    psw_status status = list ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for the states of slots");
    for (ptrdiff_t first = 0; status == PSW_OK && first < slots; first += PIECE) {
        ptrdiff_t count = slots - first < PIECE ? slots - first : PIECE;
        status = psw_reader_slots_get(reader, first, count, list);
        for (ptrdiff_t i = 0; status == PSW_OK && i < count; i++)
            if (mine[first + i]) count_slot(psw_cursor_at(&cursor, first + i), &list[i], state, cost);
    }
    free(list);
    return status;
}

static psw_status count_slots(const psw_part *part, psw_reader *reader, const psw_study *study, psw_sweep_state *state)
{
    double cost = 0;
    ptrdiff_t slots = psw_reader_slots(reader);
    unsigned char *mine = malloc((size_t)slots + 1);
    psw_status status = mine ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for the states of %td slots", slots);
    if (status == PSW_OK) status = psw_part_slots(study, part, mine, &state->points);
    if (status == PSW_OK) status = count_mine(mine, reader, study, state, &cost);
    free(mine);
    sum_up(cost, psw_study_search(study) != NULL, state);
    return status;
}

static psw_status read_slots(const char *path, psw_sweep_state *state)
{
    psw_reader *reader;
    psw_study *study = NULL;
    psw_part part;
    *state = (psw_sweep_state){.elapsed_s = NAN, .eta_s = NAN, .time_limit_s = NAN};
    PSW_TRY(psw_reader_open(path, &reader));
    psw_status status = psw_study_stored(reader, path, &study);
    if (status == PSW_OK) {
        psw_format(state->study, sizeof state->study, "%s", psw_study_name(study));
        status = psw_reader_part(reader, &part);
        psw_part_print(&part, state->part);
    }
    if (status == PSW_OK) status = count_slots(&part, reader, study, state);
    psw_reader_close(reader);
    psw_study_free(study);
    return status;
}

/* A run renews its sidecar every few seconds; what is none is passed over, but said. */
static psw_status without_state(const char *path, psw_sweep_state *state)
{
    char sidecar[4096];
    bool named = psw_format(sidecar, sizeof sidecar, "%s.status.json", path) && access(sidecar, F_OK) == 0;
    if (psw_lock_held(path))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s: %s; try again", path,
                        named ? psw_message() : "a run has just opened it and has not written its status yet");
    if (named) psw_message_print("note: ", "; the result file is read instead");
    return read_slots(path, state);
}

static bool runs(const psw_sweep_state *state)
{
    return strcmp(state->state, "running") == 0;
}

/* A launch that ended with an error may say more than the file holds. */
static psw_status count_again(const char *path, psw_sweep_state *state)
{
    psw_sweep_state found;
    if (strcmp(state->state, "failed") != 0 || state->failed + state->skipped > 0) return PSW_OK;
    PSW_TRY(read_slots(path, &found));
    state->points = found.points, state->done = found.done, state->failed = found.failed;
    state->skipped = found.skipped, state->running = found.running, state->fraction = found.fraction;
    state->not_needed = found.not_needed;
    return PSW_OK;
}

static psw_status find_state(const char *path, psw_sweep_state *state)
{
    if (access(path, F_OK) != 0) return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be read: %s", path, psw_reason(errno));
    if (psw_sweep_state_read(path, state) != PSW_OK) return without_state(path, state);
    if (!runs(state)) return count_again(path, state);
    if (runs_still(path, state)) return PSW_OK;
    PSW_TRY(psw_sweep_state_read(path, state)); /* it may have ended since it was read */
    if (runs(state)) psw_format(state->state, sizeof state->state, "interrupted");
    return PSW_OK;
}

/* ---- printing ---- */

static ptrdiff_t missing(const psw_sweep_state *s)
{
    return s->points - s->done - s->failed - s->skipped - s->not_needed - s->running;
}

static void print_count(const char *label, ptrdiff_t count)
{
    if (count > 0) psw_print(stdout, "%-11s %td\n", label, count);
}

static void print(const char *path, const psw_sweep_state *s)
{
    char elapsed[PSW_TEXT], left[PSW_TEXT], limit[PSW_TEXT];
    bool running = runs(s);
    psw_format_seconds(s->elapsed_s, elapsed);
    psw_format_seconds(s->eta_s, left);
    psw_format_seconds(s->time_limit_s, limit);
    psw_print(stdout, "study       %s, ", s->study);
    if (s->part[0]) psw_print(stdout, "part %s: ", s->part);
    psw_print(stdout, "%td points\nstate       %s", s->points, s->state);
    if (running)
        psw_print(stdout, ": %td rank%s, process %td on %s", s->ranks, s->ranks == 1 ? "" : "s", s->pid, s->host);
    if (s->stop_reason[0]) psw_print(stdout, " (%s)", s->stop_reason);
    psw_print(stdout, "\ndone        %td\n", s->done);
    print_count("failed", s->failed);
    print_count("skipped", s->skipped);
    print_count("not needed", s->not_needed);
    print_count("running", s->running);
    print_count("missing", missing(s));
    if (isfinite(s->fraction))
        psw_print(stdout, "progress    %.1f %% of the predicted cost%s\n", 100 * s->fraction,
                  s->failed + s->skipped > 0 ? ", that of failed and skipped points included" : "");
    if (isfinite(s->elapsed_s)) psw_print(stdout, "elapsed     %s\n", elapsed);
    if (running) psw_print(stdout, "left        about %s\n", left);
    if (isfinite(s->time_limit_s)) psw_print(stdout, "time limit  %s, from %s\n", limit, s->time_limit_from);
    if (s->updated[0]) psw_print(stdout, "updated     %s\n", s->updated);
    if (!running && missing(s) + s->running > 0)
        psw_print(stdout, "to continue run the same study on %s again\n", path);
    if (s->failed + s->skipped > 0)
        psw_print(stdout,
                  "to see them polysweep show %s --where \"error_code != none\"\n"
                  "once more   run the same study on %s with --redo failed\n",
                  path, path);
}

static void json(const char *path, const psw_sweep_state *s)
{
    psw_json out = psw_json_begin(stdout, "status");
    psw_json_text(&out, "file", path);
    psw_json_text(&out, "study", s->study);
    psw_json_text(&out, "part", s->part);
    psw_json_text(&out, "state", s->state);
    psw_json_count(&out, "points", s->points);
    psw_json_count(&out, "done", s->done);
    psw_json_count(&out, "failed", s->failed);
    psw_json_count(&out, "skipped", s->skipped);
    psw_json_count(&out, "not_needed", s->not_needed);
    psw_json_count(&out, "running", s->running);
    psw_json_count(&out, "missing", missing(s));
    psw_json_number(&out, "fraction", s->fraction);
    psw_json_number(&out, "elapsed_s", s->elapsed_s);
    psw_json_number(&out, "eta_s", s->eta_s);
    psw_json_number(&out, "time_limit_s", s->time_limit_s);
    psw_json_text(&out, "time_limit_from", s->time_limit_from);
    psw_json_text(&out, "stop_reason", s->stop_reason);
    psw_json_count(&out, "ranks", s->ranks);
    psw_json_text(&out, "host", s->host);
    psw_json_count(&out, "pid", s->pid);
    psw_json_text(&out, "started", s->started);
    psw_json_text(&out, "updated", s->updated);
    psw_json_end(&out);
}

psw_status cmd_status(const cmd_options *options, const psw_comm *world)
{
    psw_sweep_state state;
    (void)world;
    if (options->file_count != 1)
        return PSW_FAIL(PSW_USAGE, "one result file is expected, %td files are named", options->file_count);
    PSW_TRY(find_state(options->files[0], &state));
    (options->json ? json : print)(options->files[0], &state);
    return PSW_OK;
}
