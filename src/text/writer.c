#include <stdlib.h>
#include <string.h>

#include "polysweep/plain.h"
#include "polysweep/text.h"

static void add(psw_writer *w, const char *text, size_t length)
{
    if (w->length + length + 1 > w->room && !w->failed) {
        size_t room = 2 * (w->length + length) + 256;
        char *more = realloc(w->text, room);
        w->failed = !more;
        if (more) w->text = more, w->room = room;
    }
    if (w->failed) return;
    memcpy(w->text + w->length, text, length);
    w->length += length;
    w->text[w->length] = 0;
}

void psw_writer_put(psw_writer *w, const char *text)
{
    add(w, text, strlen(text));
}

/* Characters that a YAML reader takes for line ends or refuses: C1 controls, U+2028, U+2029, U+FEFF; U+FFFD for a byte
 * that is no UTF-8. Returns how many bytes to escape. */
static size_t special(const unsigned char *at, unsigned *code)
{
    if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) return *code = at[1], 2;
    if (at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9)) return *code = 0x2000u + at[2] - 0x80u, 3;
    if (at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf) return *code = 0xfeff, 3;
    if (at[0] < 32 || at[0] == 127) return *code = at[0], 1;
    return psw_character_read((const char *)at, code) == 1 && *code == 0xfffd;
}

void psw_writer_quote(psw_writer *w, const char *text)
{
    psw_writer_put(w, "\"");
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        unsigned code;
        char escape[8];
        size_t length = special(at, &code);
        if (length) {
            psw_format(escape, sizeof escape, "\\u%04x", code);
            psw_writer_put(w, escape);
        } else {
            length = psw_character_read((const char *)at, &code);
            if (*at == '"' || *at == '\\') psw_writer_put(w, "\\");
            add(w, (const char *)at, length);
        }
        at += length;
    }
    psw_writer_put(w, "\"");
}

/* A number where it reads back as the same text; types come from the key, so a quoted one is as good. */
void psw_writer_scalar(psw_writer *w, const char *text)
{
    double value;
    if (psw_number_read(text, &value) && strcmp(psw_number_print(value).text, text) == 0)
        psw_writer_put(w, text);
    else
        psw_writer_quote(w, text);
}

void psw_writer_key(psw_writer *w, const char *name)
{
    psw_writer_put(w, w->comma ? ", " : "");
    psw_writer_quote(w, name);
    psw_writer_put(w, ": ");
    w->comma = true;
}

void psw_writer_open(psw_writer *w, const char *bracket)
{
    psw_writer_put(w, bracket);
    w->comma = false;
}

void psw_writer_close(psw_writer *w, const char *bracket)
{
    psw_writer_put(w, bracket);
    w->comma = true;
}
