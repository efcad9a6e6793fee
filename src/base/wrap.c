#include <string.h>

#include "polysweep/print.h"

/* Columns of a word in a text of UTF-8: bytes that do not go on with a character. */
static int columns_of(const char *word, size_t bytes)
{
    int columns = 0;
    for (size_t i = 0; i < bytes; i++) columns += ((unsigned char)word[i] & 0xc0) != 0x80;
    return columns;
}

void psw_print_wrapped(FILE *out, int used, int indent, const char *text)
{
    bool first = true;
    while (*(text += strspn(text, " "))) {
        size_t bytes = strcspn(text, " ");
        int columns = columns_of(text, bytes);
        if (!first && used + 1 + columns > PSW_LINE) {
            fprintf(out, "\n%*s", indent, "");
            used = indent;
            first = true;
        }
        fprintf(out, "%s%.*s", first ? "" : " ", (int)bytes, text);
        used += columns + !first;
        first = false;
        text += bytes;
    }
    fputc('\n', out);
}
