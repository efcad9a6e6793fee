#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "polysweep/plain.h"

/* Threads that fail at the same time do not write into each other's. */
static _Thread_local char message[1024] = "";
static _Thread_local char site[96] = "";

const char *psw_status_word(psw_status status)
{
    switch (status) {
    case PSW_OK: return "ok";
    case PSW_POINTS_FAILED: return "points_failed";
    case PSW_USAGE: return "usage";
    case PSW_ENVIRONMENT: return "environment";
    case PSW_MISMATCH: return "mismatch";
    case PSW_BUG: return "bug";
    case PSW_STOPPED: return "stopped";
    case PSW_NO_MEMORY: return "no_memory";
    case PSW_NOT_FINITE: return "not_finite";
    case PSW_TIMEOUT: return "timeout";
    case PSW_KILLED: return "killed";
    case PSW_INJECTED: return "injected";
    }
    return "unknown";
}

/* "/somewhere/src/room/file.c" -> "room/file.c" */
static const char *inside_house(const char *file)
{
    const char *found = file;
    for (const char *at = file; (at = strstr(at, "src/")) != NULL; at += 4) found = at + 4;
    return found;
}

psw_status psw_fail_at(psw_status status, const char *file, int line, const char *format, ...)
{
    char text[sizeof message]; /* arguments may be the old message */
    va_list arguments;
    va_start(arguments, format);
    psw_plain_format(text, sizeof text, format, arguments);
    va_end(arguments);
    memcpy(message, text, sizeof message);
    snprintf(site, sizeof site, "%s:%d", inside_house(file), line);
    return status;
}

psw_status psw_fail_lines(psw_status status, const char *lines)
{
    char line[sizeof message];
    while (*lines) {
        size_t length = strcspn(lines, "\n"), used = strlen(message);
        psw_format(line, sizeof line, "%.*s", (int)length, lines);
        if (used + 2 < sizeof message) strcpy(message + used, "\n");
        if (used + 2 < sizeof message) psw_plain_text(line, message + used + 1, sizeof message - used - 1);
        lines += length + (lines[length] == '\n');
    }
    return status;
}

const char *psw_message(void)
{
    return message;
}

void psw_message_print(const char *before, const char *after)
{
    char line[sizeof message + 4400];
    psw_plain_text(before, line, sizeof line);
    size_t used = strlen(line);
    psw_format(line + used, sizeof line - used, "%s", message);
    used = strlen(line);
    psw_plain_text(after, line + used, sizeof line - used);
    psw_standing_clear();
    fprintf(stderr, "polysweep: %s\n", line); /* in one piece: other ranks may write, too */
}

const char *psw_message_site(void)
{
    return site;
}

void psw_message_set(const char *other_message, const char *other_site)
{
    psw_format(message, sizeof message, "%s", other_message);
    psw_format(site, sizeof site, "%s", other_site);
}

/* ---- injected faults ---- */

static const char *const sites[] = {
    "arena.create",  "comm.board",   "comm.pool",     "comm.queue",      "comm.split",   "compute.block",
    "compute.head",  "compute.leaf", "compute.point", "compute.prepare", "dist.message", "dist.prepare",
    "dist.scan",     "dist.step",    "judge.draw",    "judge.errors",    "judge.recall", "judge.reference",
    "judge.reload",  "store.asked",  "store.commit",  "store.copy",      "store.create", "store.edges",
    "store.failure", "store.mark",   "store.open",    "store.pack",      "store.put",    "store.replace",
    "store.rows",    "store.sync",   "sweep.open",    "sweep.round",     NULL,
};

typedef struct fault {
    char site[64];
    int rank;       /* -1 = every rank */
    int occurrence; /* counted down to the one that fails */
    int pause_s;    /* > 0: it does not fail but takes so long */
    bool stops;     /* nor fails but stands still, as after kill -STOP, until kill -CONT */
    bool kills;     /* nor fails but ends the process, as kill -9 does */
} fault;

static bool ends_with(const char *text, size_t from, size_t to, const char *end)
{
    return from + strlen(end) <= to && strncmp(text + to - strlen(end), end, strlen(end)) == 0;
}

static fault parse_fault(const char *text)
{
    fault f = {.rank = -1, .occurrence = 1};
    size_t length = strcspn(text, ":,"), whole = strcspn(text, ",");
    if (length < sizeof f.site) memcpy(f.site, text, length);
    sscanf(text + length, ":%d:%d:%d", &f.rank, &f.occurrence, &f.pause_s);
    f.stops = ends_with(text, length, whole, ":stop");
    f.kills = ends_with(text, length, whole, ":kill");
    return f;
}

static int this_rank = 0;

void psw_fault_rank(int rank)
{
    this_rank = rank;
}

enum { FAULTS = 32 };

static int parse_faults(const char *text, fault *armed)
{
    int count = 0;
    while (text && *text && count < FAULTS) {
        armed[count++] = parse_fault(text);
        text = strchr(text, ',');
        if (text) text++;
    }
    return count;
}

static bool is_site(const char *name)
{
    for (int i = 0; sites[i]; i++)
        if (strcmp(sites[i], name) == 0) return true;
    return false;
}

psw_status psw_fault_check(void)
{
    fault armed[FAULTS];
    char list[768] = "";
    int count = parse_faults(getenv("POLYSWEEP_FAULT"), armed);
    for (int i = 0; sites[i]; i++) psw_format(list + strlen(list), sizeof list - strlen(list), " %s", sites[i]);
    for (int i = 0; i < count; i++)
        if (!is_site(armed[i].site))
            return PSW_FAIL(PSW_USAGE, "POLYSWEEP_FAULT: \"%s\" is not a fault site; the sites are:%s", armed[i].site,
                            list);
    return PSW_OK;
}

static bool is_due(fault *f, const char *at)
{
    return strcmp(at, f->site) == 0 && (f->rank < 0 || f->rank == this_rank) && --f->occurrence == 0;
}

/* What is due happens; PSW_OK if it was no failure. */
static psw_status happen(const fault *f)
{
    if (f->kills) raise(SIGKILL);
    if (f->stops) {
        raise(SIGSTOP);
        return PSW_OK;
    }
    if (f->pause_s > 0) {
        nanosleep(&(struct timespec){.tv_sec = f->pause_s}, NULL);
        return PSW_OK;
    }
    return PSW_FAIL(PSW_INJECTED, "injected fault at %s on rank %d (POLYSWEEP_FAULT)", f->site, this_rank);
}

psw_status psw_fault(const char *at)
{
    static int count = -1; /* not read yet */
    static fault armed[FAULTS];
    if (count < 0) count = parse_faults(getenv("POLYSWEEP_FAULT"), armed);
    for (int i = 0; i < count; i++)
        if (is_due(&armed[i], at)) return happen(&armed[i]);
    return PSW_OK;
}
