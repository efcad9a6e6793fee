/* How far a run is: from the sidecar, never from a file that a run has open. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "cmd/status.h"

#include "polysweep/files.h"
#include "polysweep/plain.h"

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

bool cmd_status_runs(const psw_sweep_state *state)
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

psw_status cmd_status_find(const char *path, psw_sweep_state *state)
{
    if (access(path, F_OK) != 0) return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be read: %s", path, psw_reason(errno));
    if (psw_sweep_state_read(path, state) != PSW_OK) return without_state(path, state);
    if (!cmd_status_runs(state)) return count_again(path, state);
    if (runs_still(path, state)) return PSW_OK;
    PSW_TRY(psw_sweep_state_read(path, state)); /* it may have ended since it was read */
    if (cmd_status_runs(state)) psw_format(state->state, sizeof state->state, "interrupted");
    return PSW_OK;
}
