#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/spec.h"

#define WORDS(...)                                                                                                     \
    {                                                                                                                  \
        (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                \
    }

static const char *const methods[] = {
#define PSW_METHOD(word, ...) #word,
#include "polysweep/methods.def"
};
static const char *const data_kinds[] = {
#define PSW_DATA_KIND(word, ...) #word,
#include "polysweep/data_kinds.def"
};

/* Codes are stored in files: append new words to the end of their line. */
static const struct {
    const char *const *words;
    size_t count;
} vocabularies[PSW_VOCABULARIES] = {
    [PSW_WORDS_METHOD] = {methods, PSW_METHODS},
    [PSW_WORDS_MASK] = WORDS("full", "causal"),
    [PSW_WORDS_PRECISION] = WORDS("fp64", "fp32"),
    [PSW_WORDS_ROW_NORM] = WORDS("none", "unit", "layernorm", "sqrt_d"),
    [PSW_WORDS_NEGATIVE] = WORDS("refuse", "signed", "abs"),
    [PSW_WORDS_DATA_KIND] = {data_kinds, PSW_DATA_KINDS},
    [PSW_WORDS_PRESET] = WORDS("custom", "P1", "P2", "P3", "W1", "W2"),
    [PSW_WORDS_STATUS] = WORDS("empty", "running", "done", "failed", "skipped", "timeout"),
    [PSW_WORDS_ERROR] =
        WORDS("none", "no_memory", "not_finite", "timeout", "killed", "injected", "usage", "environment", "bug"),
    [PSW_WORDS_TIMING] = WORDS("none", "alone", "shared", "oversubscribed", "beside"),
    [PSW_WORDS_SWITCH] = WORDS("false", "true"),
    [PSW_WORDS_TIME_STOP] = WORDS("none", "precise", "max_reps", "budget"),
    [PSW_WORDS_TEAM] = WORDS("auto"),
    [PSW_WORDS_WEIGHTS] = WORDS("none"),
    [PSW_WORDS_FOLDED] = WORDS("none", "rows", "states"),
    [PSW_WORDS_KERNEL] = WORDS("power", "exponential", "linear", "other"),
};

const char *psw_word(psw_vocabulary vocabulary, int code)
{
    return code >= 0 && (size_t)code < vocabularies[vocabulary].count ? vocabularies[vocabulary].words[code] : NULL;
}

int psw_word_code(psw_vocabulary vocabulary, const char *word)
{
    for (int code = 0; psw_word(vocabulary, code); code++)
        if (strcmp(word, psw_word(vocabulary, code)) == 0) return code;
    return -1;
}

bool psw_words_open(psw_vocabulary vocabulary)
{
    return vocabulary == PSW_WORDS_TEAM || vocabulary == PSW_WORDS_WEIGHTS;
}

int psw_error_code(psw_status status)
{
    if (status == PSW_OK) return 0;
    int code = psw_word_code(PSW_WORDS_ERROR, psw_status_word(status));
    return code > 0 ? code : psw_word_code(PSW_WORDS_ERROR, "bug");
}

/* ---- the nearest name ---- */

#define LONGEST 64

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance without regard to case, a swap of neighbours counting once. */
static int distance(const char *a, const char *b)
{
    int before[LONGEST + 2], last[LONGEST + 2], row[LONGEST + 2];
    int columns = (int)strlen(b);
    for (int j = 0; j <= columns; j++) last[j] = before[j] = j;
    for (int i = 1; a[i - 1]; i++) {
        row[0] = i;
        for (int j = 1; j <= columns; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) && y == tolower((unsigned char)a[i - 2]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        memcpy(before, last, sizeof last);
        memcpy(last, row, sizeof row);
    }
    return last[columns];
}

const char *psw_nearest(const char *name, const char *const *names)
{
    const char *best = NULL;
    size_t length = strlen(name);
    if (length == 0 || length > LONGEST) return NULL;
    int near = (int)(length + 2) / 3 + 1; /* one beyond what still counts as a slip */
    for (; *names; names++) {
        int off = strlen(*names) <= LONGEST ? distance(name, *names) : near;
        if (off < near && off < (int)strlen(*names)) near = off, best = *names;
    }
    return best;
}
