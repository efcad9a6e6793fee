/* status: how far a run is, once or until it has ended. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/status.h"

#include "polysweep/plain.h"
#include "polysweep/terminal.h"

/* ---- again and again ---- */

/* Prints a text over the one of so many lines that stands there, each line cut to the width, as many as the terminal
 * has; returns how many lines stand now. */
static int redraw(const char *text, int standing)
{
    int columns = psw_terminal_columns(STDOUT_FILENO), most = psw_terminal_lines(STDOUT_FILENO) - 1, lines = 0;
    if (standing > 0) psw_print(stdout, "\033[%dA\r", standing);
    for (const char *end; lines < most && *text; text = end + (*end == '\n'), lines++) {
        char line[1024];
        end = text + strcspn(text, "\n");
        size_t bytes = 0;
        unsigned code;
        for (int i = 0; i < columns - 1 && text + bytes < end; i++) bytes += psw_character_read(text + bytes, &code);
        psw_format(line, sizeof line, "%.*s", (int)(bytes < sizeof line ? bytes : sizeof line - 1), text);
        psw_print(stdout, "%s\033[K\n", line);
    }
    psw_print(stdout, "\033[J");
    fflush(stdout);
    return lines;
}

static psw_status draw(const char *path, const psw_sweep_state *state, int *standing)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) return PSW_FAIL(PSW_NO_MEMORY, "no memory for a text");
    cmd_status_print(path, state, out);
    bool whole = fclose(out) == 0;
    if (whole) *standing = redraw(text, *standing);
    free(text);
    return whole ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for a text");
}

/* Short sleeps, so that a signal ends them soon. */
static void pause_for(double seconds)
{
    const double step_s = 0.05;
    for (double end_s = psw_clock_s() + seconds; psw_clock_s() < end_s && psw_stop_asked() == PSW_GO;)
        nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * step_s)}, NULL);
}

/* A run that begins or ends replaces its files: one look may find none. Who stops reading ends it, too. */
static psw_status watch(const cmd_options *o)
{
    enum { PATIENCE = 3 };
    const char *path = o->files[0];
    bool drawn = !o->json && psw_terminal_draws(STDOUT_FILENO);
    int standing = 0, missed = 0;
    psw_sweep_state state = {.state = "running"};
    psw_stop_listen();
    while (cmd_status_runs(&state) && psw_stop_asked() == PSW_GO && !ferror(stdout)) {
        psw_status status = cmd_status_find(path, &state);
        if (status != PSW_OK && (access(path, F_OK) != 0 || ++missed > PATIENCE)) return status;
        if (status == PSW_OK) {
            missed = 0;
            if (drawn) PSW_TRY(draw(path, &state, &standing));
            if (!drawn) o->json ? cmd_status_json(path, &state) : cmd_status_line(&state, stdout);
            fflush(stdout);
        } else {
            psw_format(state.state, sizeof state.state, "running");
        }
        if (cmd_status_runs(&state)) pause_for(o->watch_s);
    }
    return psw_stop_asked() == PSW_GO ? PSW_OK : PSW_STOPPED;
}

psw_status cmd_status(const cmd_options *options, const psw_comm *world)
{
    psw_sweep_state state;
    (void)world;
    if (options->file_count != 1)
        return PSW_FAIL(PSW_USAGE, "one result file is expected, %td files are named", options->file_count);
    if (options->prometheus && (options->json || options->watch_s > 0))
        return PSW_FAIL(PSW_USAGE, "--prometheus is printed once and is no JSON; leave --watch and --json out");
    if (options->watch_s > 0) return watch(options);
    PSW_TRY(cmd_status_find(options->files[0], &state));
    if (options->prometheus)
        cmd_status_metrics(options->files[0], &state);
    else if (options->json)
        cmd_status_json(options->files[0], &state);
    else
        cmd_status_print(options->files[0], &state, stdout);
    return PSW_OK;
}
