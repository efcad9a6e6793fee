/* base: status and message, checked strings, the arena, injected faults.
 *
 * Every function that can fail returns a psw_status; its message is in the one message slot of
 * the thread, which psw_fail_at writes and whoever reports the failure reads. Beside the errors that its comment, or
 * its header once for all, names, a function may return PSW_NO_MEMORY for what it allocates, PSW_INJECTED where it has
 * a fault site, and PSW_BUG where its caller breaks what it asks for. */
#ifndef POLYSWEEP_BASE_H
#define POLYSWEEP_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* PSW_VERSION is a string that the build defines; its number stands in analysis/polysweep/__init__.py. */

/* What went wrong. The first block holds exit codes of the program, the second reasons why
 * one point failed (column error_code); psw_status_word names each. */
typedef enum psw_status {
    PSW_OK = 0,
    PSW_POINTS_FAILED = 1, /* the run went on, some points did not */
    PSW_USAGE = 2,         /* command line or study file */
    PSW_ENVIRONMENT = 3,   /* file, file system, launch */
    PSW_MISMATCH = 4,      /* verification found other numbers */
    PSW_BUG = 70,
    PSW_STOPPED = 75, /* asked to stop, work is left */

    PSW_NO_MEMORY = 10,  /* a point needs more than it may have */
    PSW_NOT_FINITE = 11, /* a result is NaN or infinite */
    PSW_TIMEOUT = 12,    /* a point passed its limit */
    PSW_KILLED = 13,     /* a process ended while it computed this point */
    PSW_INJECTED = 14    /* a fault injected by a test */
} psw_status;

const char *psw_status_word(psw_status status); /* "ok", "usage", "no_memory", ... */

/* Stores the message (printf format; texts are made plain, plain.h) with its source location and returns `status`. */
psw_status psw_fail_at(psw_status status, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
#define PSW_FAIL(status, ...) psw_fail_at((status), __FILE__, __LINE__, __VA_ARGS__)
#define PSW_TRY(call)                                                                                                  \
    do {                                                                                                               \
        psw_status psw_try_ = (call);                                                                                  \
        if (psw_try_ != PSW_OK) return psw_try_;                                                                       \
    } while (0)

/* Adds lines below the message: of line ends in %s above none is left. */
psw_status psw_fail_lines(psw_status status, const char *lines);

const char *psw_message(void);                                 /* of the last failure; never NULL */
void psw_message_print(const char *before, const char *after); /* "polysweep: " and the message, on stderr */
const char *psw_message_site(void);                            /* "room/file.c:line" of it */
void psw_message_set(const char *message, const char *site);   /* a message that came from another rank */

/* A line without an end stands on stderr, so many columns of it: messages and psw_print clear it first. `elsewhere`:
 * another process draws it, again and again, on what stderr of this one leads to. 0: none does. */
void psw_standing_set(int columns, bool elsewhere);
void psw_standing_clear(void);

/* The system's words for an error number; some calls fail without one (a short write). */
const char *psw_reason(int error);
/* Opens a regular file for reading: a FIFO, a device or a directory is refused, and nothing waits for another end. A
 * pipe of the shell, /dev/stdin or /dev/fd/N, is read too. PSW_ENVIRONMENT. */
psw_status psw_file_open(const char *path, FILE **file);

/* Faults for tests. POLYSWEEP_FAULT=site[:rank[:occurrence]] makes psw_fault(site) fail once, at the
 * given occurrence (1 = first) on the given rank; without the variable it costs one comparison. A fourth
 * part changes what happens: a number pauses for that many seconds, `stop` stands still until SIGCONT, `kill` ends the
 * process at once. Several faults are separated by commas.
 * psw_fault_rank sets the rank of this process; psw_fault_check refuses unknown sites (PSW_USAGE). */
psw_status psw_fault(const char *site);
void psw_fault_rank(int rank);
psw_status psw_fault_check(void);

/* One aligned block that holds everything a run of slots needs. With base == NULL it only counts:
 * the code that lays memory out is the code that sizes it, so a prediction is exact. */
typedef struct psw_arena {
    unsigned char *base;
    size_t size, used, high; /* bytes; high = largest `used` so far */
} psw_arena;

#define PSW_ALIGNMENT 64
psw_arena psw_arena_counting(void);
psw_status psw_arena_create(size_t bytes, psw_arena *arena); /* PSW_NO_MEMORY */
void psw_arena_destroy(psw_arena *arena);
/* count * bytes_each, 64-byte aligned, not cleared. NULL from a counting arena; taking more than was
 * counted fails with PSW_BUG at the caller's next psw_arena_check. */
void *psw_arena_take(psw_arena *arena, ptrdiff_t count, size_t bytes_each);
psw_status psw_arena_check(const psw_arena *arena);

/* Asked by every loop that may take longer than a fraction of a second: a status other than PSW_OK (PSW_STOPPED,
 * PSW_TIMEOUT) ends the work and is returned by it; asked again it says the same. `ask` may be NULL. */
typedef struct psw_watch {
    psw_status (*ask)(void *context);
    void *context;
} psw_watch;
static inline psw_status psw_watch_ask(psw_watch watch)
{
    return watch.ask ? watch.ask(watch.context) : PSW_OK;
}

/* Numbers that ranks merge: doubles by sum or maximum, bytes by bitwise or. A maximum must not see a NaN. */
typedef struct psw_merging {
    enum { PSW_ADD, PSW_LARGEST, PSW_UNITE } how;
    void *at;
    ptrdiff_t count;
} psw_merging;
enum { PSW_MERGING_MAX = 8 };

/* snprintf into a fixed field, always terminated; false if the text was truncated. */
bool psw_format(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
