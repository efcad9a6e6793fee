/* The sidecar of a run: one flat JSON object, replaced atomically. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "polysweep/print.h"
#include "polysweep/sweep.h"

typedef struct field {
    const char *name;
    enum { TEXT, COUNT, NUMBER, YOUNGER } kind; /* YOUNGER: a text that earlier programs do not write */
    size_t at, size;
} field;

#define FIELD(kind, member)                                                                                            \
    {                                                                                                                  \
#member, kind, offsetof(psw_sweep_state, member), sizeof(((psw_sweep_state *)0)->member)                       \
    }

static const field fields[] = {
    FIELD(TEXT, state),           FIELD(TEXT, study),       FIELD(TEXT, host),     FIELD(COUNT, pid),
    FIELD(COUNT, ranks),          FIELD(TEXT, started),     FIELD(TEXT, updated),  FIELD(COUNT, points),
    FIELD(COUNT, done),           FIELD(COUNT, failed),     FIELD(COUNT, skipped), FIELD(COUNT, running),
    FIELD(NUMBER, fraction),      FIELD(NUMBER, elapsed_s), FIELD(NUMBER, eta_s),  FIELD(NUMBER, time_limit_s),
    FIELD(TEXT, time_limit_from), FIELD(TEXT, stop_reason), FIELD(YOUNGER, part),  FIELD(YOUNGER, launch),
};
enum { FIELDS = sizeof fields / sizeof *fields, LONGEST = 8192 };

static bool path_of(const char *result_path, const char *ending, char *path, size_t size)
{
    return psw_format(path, size, "%s.status.json%s", result_path, ending);
}

static void print(FILE *out, const psw_sweep_state *state)
{
    psw_json json = psw_json_line(out);
    psw_json_count(&json, "polysweep_json", 1);
    for (int i = 0; i < FIELDS; i++) {
        const void *member = (const char *)state + fields[i].at;
        switch (fields[i].kind) {
        case YOUNGER:
        case TEXT: psw_json_text(&json, fields[i].name, member); break;
        case COUNT: psw_json_count(&json, fields[i].name, *(const ptrdiff_t *)member); break;
        case NUMBER: psw_json_number(&json, fields[i].name, *(const double *)member); break;
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
    remove(fresh); /* of a process that had this number and was killed */
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
    return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be written: %s", path, strerror(why));
}

/* ---- reading back ---- */

/* The text of a JSON string behind `at` (its opening quote); what does not fit or is not ASCII in \u form is cut. */
static void unquote(const char *at, char *out, size_t size)
{
    size_t length = 0;
    for (at++; *at && *at != '"' && length + 1 < size; at++) {
        unsigned code;
        if (*at == '\\' && at[1] == 'u' && sscanf(at + 2, "%4x", &code) == 1 && strlen(at) > 5) {
            out[length++] = code < 0x80 ? (char)code : '?';
            at += 5;
        } else {
            if (*at == '\\' && at[1]) at++;
            out[length++] = *at;
        }
    }
    out[length] = '\0';
}

/* Where the value of member `name` begins; NULL if there is none. A key is a string before a colon, so a text that
 * holds the name in quotes (escaped) cannot be taken for it. */
static const char *value_of(const char *text, const char *name)
{
    char key[64];
    psw_format(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(text, key);
    return at ? at + strlen(key) + strspn(at + strlen(key), " ") : NULL;
}

/* Counts are added up later: one that no run could have is refused. */
static bool scan_count(const char *value, ptrdiff_t *count)
{
    long long number = strtoll(value, NULL, 10);
    *count = (ptrdiff_t)number;
    return number >= 0 && number <= (long long)1 << 53;
}

static bool scan(const char *text, psw_sweep_state *state)
{
    for (int i = 0; i < FIELDS; i++) {
        void *member = (char *)state + fields[i].at;
        const char *value = value_of(text, fields[i].name);
        if (!value && fields[i].kind == YOUNGER) continue;
        if (!value) return false;
        switch (fields[i].kind) {
        case YOUNGER:
        case TEXT:
            if (*value != '"') return false;
            unquote(value, member, fields[i].size);
            break;
        case COUNT:
            if (!scan_count(value, member)) return false;
            break;
        case NUMBER: *(double *)member = *value == 'n' ? NAN : strtod(value + (*value == '"'), NULL); break;
        }
    }
    return true;
}

psw_status psw_sweep_state_read(const char *result_path, psw_sweep_state *state)
{
    char path[4096], text[LONGEST];
    *state = (psw_sweep_state){0};
    if (!path_of(result_path, "", path, sizeof path))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s: the name is too long for a sidecar", result_path);
    FILE *in = fopen(path, "r");
    if (!in) return PSW_FAIL(PSW_ENVIRONMENT, "%s: no such file", path);
    size_t length = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[length] = '\0';
    if (strlen(text) == length && strchr(text, '}') && scan(text, state)) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s: not the status of a run", path);
}
