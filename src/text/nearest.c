/* The nearest of some names, and as the end of a message. */
#include <ctype.h>
#include <string.h>

#include "polysweep/text.h"

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

psw_shown psw_hint(const char *name, const char *const *names)
{
    psw_shown hint = {""};
    const char *near = psw_nearest(name, names);
    if (near) psw_format(hint.text, sizeof hint.text, "; the nearest is '%s'", near);
    return hint;
}

psw_shown psw_word_hint(psw_vocabulary vocabulary, const char *word)
{
    const char *words[64] = {NULL};
    for (int code = 0; code < 63 && psw_word(vocabulary, code); code++) words[code] = psw_word(vocabulary, code);
    return psw_hint(word, words);
}
