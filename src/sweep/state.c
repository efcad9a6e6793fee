/* The sidecar of a run: one flat JSON object, replaced atomically. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polysweep/files.h"
#include "polysweep/plain.h"
#include "polysweep/print.h"
#include "polysweep/sweep.h"
#include "polysweep/text.h"

typedef struct field {
    const char *name;
    enum { TEXT, COUNT, NUMBER, YOUNGER, YOUNGER_COUNT, NODES, TEAMS } kind;
    /* YOUNGER: earlier programs do not write it; NODES, TEAMS: nor these, and they are read into lists */
    size_t at, size;
} field;

#define FIELD(kind, member)                                                                                            \
    {                                                                                                                  \
#member, kind, offsetof(psw_sweep_state, member), sizeof(((psw_sweep_state *)0)->member)                       \
    }

static const field fields[] = {
    FIELD(TEXT, state),
    FIELD(TEXT, study),
    FIELD(TEXT, host),
    FIELD(COUNT, pid),
    FIELD(COUNT, ranks),
    FIELD(TEXT, started),
    FIELD(TEXT, updated),
    FIELD(COUNT, points),
    FIELD(COUNT, done),
    FIELD(COUNT, failed),
    FIELD(COUNT, skipped),
    FIELD(COUNT, running),
    FIELD(NUMBER, fraction),
    FIELD(NUMBER, elapsed_s),
    FIELD(NUMBER, eta_s),
    FIELD(NUMBER, time_limit_s),
    FIELD(TEXT, time_limit_from),
    FIELD(TEXT, stop_reason),
    FIELD(YOUNGER, part),
    FIELD(YOUNGER, launch),
    FIELD(YOUNGER, whole),
    FIELD(YOUNGER_COUNT, not_needed),
    FIELD(YOUNGER_COUNT, before),
    FIELD(NODES, nodes),
    FIELD(TEAMS, teams),
};
enum { FIELDS = sizeof fields / sizeof *fields, LONGEST = 16384 };
static const double SECONDS_MOST = 1e18; /* beyond what anybody waits for */

static bool path_of(const char *result_path, const char *ending, char *path, size_t size)
{
    return psw_format(path, size, "%s.status.json%s", result_path, ending);
}

/* Rounding must not lead out of what is read back. */
static double bounded(const char *name, double number)
{
    if (isnan(number)) return number;
    if (strcmp(name, "fraction") == 0) return number > 1 ? 1 : number < 0 ? 0 : number;
    return number > SECONDS_MOST ? INFINITY : number < 0 ? 0 : number;
}

static void print(FILE *out, const psw_sweep_state *state)
{
    char list[PSW_PLACES_TEXT];
    psw_json json = psw_json_line(out);
    psw_json_count(&json, "polysweep_json", 1);
    for (int i = 0; i < FIELDS; i++) {
        const void *member = (const char *)state + fields[i].at;
        switch (fields[i].kind) {
        case YOUNGER:
        case TEXT: psw_json_text(&json, fields[i].name, member); break;
        case YOUNGER_COUNT:
        case COUNT: psw_json_count(&json, fields[i].name, *(const ptrdiff_t *)member); break;
        case NUMBER: psw_json_number(&json, fields[i].name, bounded(fields[i].name, *(const double *)member)); break;
        case NODES:
        case TEAMS:
            (fields[i].kind == NODES ? psw_sweep_nodes_print : psw_sweep_teams_print)(state, list);
            psw_json_text(&json, fields[i].name, list);
            break;
        }
    }
    psw_json_end(&json);
}

psw_status psw_sweep_state_write(const char *result_path, const psw_sweep_state *state)
{
    char path[4096], fresh[4096], ending[32];
    psw_format(ending, sizeof ending, ".%ld", (long)getpid());
    if (!path_of(result_path, "", path, sizeof path) || !path_of(result_path, ending, fresh, sizeof fresh))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s: the name is too long for a sidecar", result_path);
    PSW_TRY(psw_companion_check(path, "{"));
    remove(fresh); /* of a process that had this number and was killed */
    errno = 0;
    FILE *out = fopen(fresh, "wx");
    bool written = out != NULL;
    if (out) {
        print(out, state);
        written = !ferror(out);
        written = fclose(out) == 0 && written && rename(fresh, path) == 0;
    }
    if (written) return PSW_OK;
    int why = errno;
    remove(fresh);
    remove(path); /* it is out of date: without it, status reads the result file */
    return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be written: %s", path, psw_reason(why));
}

/* ---- reading back: strictly, since anybody may have written it ---- */

typedef const char *cursor;

static cursor past(cursor at, char mark)
{
    at += strspn(at, " \t\r\n");
    return *at == mark ? at + 1 + strspn(at + 1, " \t\r\n") : NULL;
}

/* UTF-8 of a code; half of a pair is no character. */
static size_t encoded(unsigned code, char out[4])
{
    if (code >= 0xd800 && code < 0xe000) code = 0xfffd;
    if (code < 0x80) return out[0] = (char)code, 1;
    if (code < 0x800) return out[0] = (char)(0xc0 | code >> 6), out[1] = (char)(0x80 | (code & 0x3f)), 2;
    out[0] = (char)(0xe0 | code >> 12), out[1] = (char)(0x80 | (code >> 6 & 0x3f)),
    out[2] = (char)(0x80 | (code & 0x3f));
    return 3;
}

/* Behind a backslash. */
static cursor escape(cursor at, char out[4], size_t *length)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *letter = *at ? strchr(letters, *at) : NULL;
    char digits[5] = "";
    if (letter) return out[0] = meant[letter - letters], *length = 1, at + 1;
    if (*at != 'u' || strspn(at + 1, "0123456789abcdefABCDEF") < 4) return NULL;
    memcpy(digits, at + 1, 4);
    *length = encoded((unsigned)strtoul(digits, NULL, 16), out);
    return at + 5;
}

/* The text of a JSON string that begins at `at`, and where it ends; what does not fit is cut, between characters. */
static cursor unquote(cursor at, char *out, size_t size)
{
    size_t used = 0, length;
    bool room = true;
    char one[4];
    for (at++; at && *at != '"'; used += room ? length : 0) {
        unsigned code;
        if ((unsigned char)*at < 0x20) return NULL;
        const char *from = *at == '\\' ? one : at;
        at = *at == '\\' ? escape(at + 1, one, &length) : at + (length = psw_character_read(at, &code));
        if (!at) return NULL;
        room = room && used + length < size;
        if (room) memcpy(out + used, from, length);
    }
    if (at) out[used] = '\0';
    return at ? at + 1 : NULL;
}

/* A whole number that a count can be: they are added up later. */
static bool scan_count(const char *text, ptrdiff_t *count)
{
    size_t digits = strspn(text, "0123456789");
    *count = digits > 0 && digits < 17 ? (ptrdiff_t)strtoll(text, NULL, 10) : -1;
    return !text[digits] && *count >= 0 && *count <= (ptrdiff_t)1 << 53;
}

static bool scan_number(const char *text, double *number)
{
    *number = strcmp(text, "null") == 0 ? NAN : INFINITY;
    return isnan(*number) || strcmp(text, "inf") == 0 || (psw_number_read(text, number) && *number >= 0);
}

static bool scan_value(const field *f, psw_sweep_state *state, bool quoted, const char *text)
{
    void *member = (char *)state + f->at;
    switch (f->kind) {
    case YOUNGER:
    case TEXT: return quoted && psw_format(member, f->size, "%s", text);
    case YOUNGER_COUNT:
    case COUNT: return !quoted && scan_count(text, member);
    case NUMBER: return quoted == (strcmp(text, "inf") == 0) && scan_number(text, member);
    case NODES: return quoted && psw_sweep_nodes_read(text, state);
    case TEAMS: return quoted && psw_sweep_teams_read(text, state);
    }
    return false;
}

/* One member behind `at`; those that no version had are passed over, as long as they are plain values. */
static cursor scan_member(cursor at, psw_sweep_state *state, unsigned *seen, const char **wrong)
{
    char name[64], value[PSW_PLACES_TEXT] = "";
    int i = 0;
    if (*at != '"' || !(at = unquote(at, name, sizeof name)) || !(at = past(at, ':'))) return NULL;
    bool quoted = *at == '"';
    while (i < FIELDS && strcmp(fields[i].name, name) != 0) i++;
    size_t room = i < FIELDS && (fields[i].kind == TEXT || fields[i].kind == YOUNGER) ? fields[i].size : sizeof value;
    size_t length = quoted ? 0 : strcspn(at, ",} \t\r\n");
    if (!quoted) psw_format(value, sizeof value, "%.*s", (int)(length < sizeof value ? length : sizeof value), at);
    at = quoted ? unquote(at, value, room) : at + length;
    if (!at || strpbrk(quoted ? "" : value, "[{\":") || (!quoted && !*value)) return NULL;
    if (i == FIELDS) return at;
    if ((*seen >> i & 1) || !scan_value(&fields[i], state, quoted, value)) return *wrong = fields[i].name, NULL;
    *seen |= 1u << i;
    return at;
}

static bool scan(const char *text, psw_sweep_state *state, const char **wrong)
{
    unsigned seen = 0;
    cursor at = past(text, '{'), next;
    for (; at && *at; at = next) {
        if (!(at = scan_member(at, state, &seen, wrong))) return false;
        next = past(at, ',');
        if (!next) break;
    }
    at = at ? past(at, '}') : NULL;
    for (int i = 0; i < FIELDS && at && !*at; i++)
        if (!(seen >> i & 1) && fields[i].kind < YOUNGER) return *wrong = fields[i].name, false;
    return at && !*at;
}

/* Numbers that belong together; the first that cannot be. */
static const char *impossible(const psw_sweep_state *s)
{
    static const char *const words[] = {"running", "done", "failed", "partial", "stopped_clean", "interrupted"};
    size_t i = 0;
    while (i < sizeof words / sizeof *words && strcmp(words[i], s->state) != 0) i++;
    if (i == sizeof words / sizeof *words) return "state";
    if (s->pid > INT_MAX) return "pid";
    if (s->ranks > INT_MAX) return "ranks";
    if (s->done + s->failed + s->skipped + s->not_needed + s->running > s->points) return "points";
    if (s->fraction > 1) return "fraction";
    if (s->elapsed_s > SECONDS_MOST) return "elapsed_s";
    if (s->eta_s > SECONDS_MOST && isfinite(s->eta_s)) return "eta_s";
    return s->time_limit_s > SECONDS_MOST && isfinite(s->time_limit_s) ? "time_limit_s" : NULL;
}

/* A regular file, whatever has its name: a FIFO would never end. */
static psw_status read_text(const char *path, char text[LONGEST])
{
    struct stat about;
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be read: %s", path, psw_reason(errno));
    bool regular = fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode);
    ssize_t length = regular ? read(descriptor, text, LONGEST) : 0;
    close(descriptor);
    text[length > 0 && length < LONGEST ? length : 0] = '\0';
    if (regular && length >= 0 && length < LONGEST && strlen(text) == (size_t)length) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s is not the status of a run", path);
}

psw_status psw_sweep_state_read(const char *result_path, psw_sweep_state *state)
{
    char path[4096], text[LONGEST];
    const char *wrong = NULL;
    *state = (psw_sweep_state){0};
    if (!path_of(result_path, "", path, sizeof path))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s: the name is too long for a sidecar", result_path);
    PSW_TRY(read_text(path, text));
    if (scan(text, state, &wrong) && !(wrong = impossible(state))) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT,
                    wrong ? "%s is not the status of a run: its %s cannot be" : "%s is not the status of a run%s", path,
                    wrong ? wrong : "");
}
