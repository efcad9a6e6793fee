#include "polysweep/plain.h"

#include <stdlib.h>
#include <string.h>

bool psw_format(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(out, size, format, arguments);
    va_end(arguments);
    return length >= 0 && (size_t)length < size;
}

/* ---- characters ---- */

/* Bytes that continue `at`, as many as its first byte asks for; 0 if they are not there. */
static size_t length_of(const unsigned char *at)
{
    size_t length = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    return length;
}

size_t psw_character_read(const char *text, unsigned *code)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text;
    size_t length = length_of(at);
    *code = length < 2 ? at[0] : at[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) *code = *code << 6 | (at[i] & 0x3fu);
    bool right = length > 0 && *code >= least[length] && *code <= 0x10ffff && !(*code >= 0xd800 && *code < 0xe000);
    if (!right) *code = 0xfffd;
    return right ? length : 1;
}

bool psw_character_obeyed(unsigned code)
{
    static const unsigned ranges[][2] = {{0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},  {0x200e, 0x200f},
                                         {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (code >= ranges[i][0] && code <= ranges[i][1]) return true;
    return false;
}

/* ---- texts ---- */

/* One character as it is shown: what it takes of `at`. */
static size_t show(const char *at, char shown[8])
{
    unsigned code;
    size_t length = psw_character_read(at, &code);
    bool none = code == 0xfffd && length == 1;
    if (none || (psw_character_obeyed(code) && code < 0x80))
        psw_format(shown, 8, "\\x%02x", (unsigned)(unsigned char)*at);
    else if (psw_character_obeyed(code))
        psw_format(shown, 8, "\\u%04x", code);
    else
        psw_format(shown, 8, "%.*s", (int)length, at);
    return length;
}

bool psw_plain_text(const char *text, char *out, size_t size)
{
    size_t used = 0;
    char shown[8] = "";
    while (*text) {
        text += show(text, shown);
        size_t length = strlen(shown);
        if (used + length >= size) break;
        memcpy(out + used, shown, length);
        used += length;
        shown[0] = '\0';
    }
    out[used] = '\0';
    return !*text && !shown[0];
}

/* ---- formats ---- */

typedef struct conversion {
    char text[24]; /* "%-*.3td" with the numbers of its stars put in */
    char size, kind;
} conversion;

/* Adds a text; what does not fit is left out, by whole characters. */
static bool put(char *out, size_t size, const char *text, size_t length)
{
    size_t used = strlen(out), left = size - used - 1;
    bool fits = length <= left;
    if (!fits)
        for (length = left; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;) length--;
    memcpy(out + used, text, length);
    out[used + length] = '\0';
    return fits;
}

/* Reads the conversion behind a percent sign; where it ends. */
static const char *parse(const char *at, conversion *c, va_list *arguments)
{
    char number[12];
    *c = (conversion){.text = "%"};
    for (; *at && strchr("-+ #0123456789.*", *at); at++) {
        number[0] = *at, number[1] = '\0';
        if (*at == '*') psw_format(number, sizeof number, "%d", va_arg(*arguments, int));
        put(c->text, sizeof c->text - 4, number, strlen(number));
    }
    size_t modifiers = strspn(at, "hlzjt");
    c->size = modifiers == 2 ? (char)(*at == 'l' ? 'q' : 'i') : modifiers == 1 && *at != 'h' ? *at : 'i';
    put(c->text, sizeof c->text, at, modifiers + (at[modifiers] != '\0'));
    c->kind = at[modifiers];
    return at + modifiers + (at[modifiers] != '\0');
}

/* A number in its own type; formats are checked where they are written, this one is a part of such a one. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void number(char *text, size_t size, const conversion *c, va_list *arguments)
{
    if (strchr("aAeEfFgG", c->kind))
        snprintf(text, size, c->text, va_arg(*arguments, double));
    else if (c->kind == 'p')
        snprintf(text, size, c->text, va_arg(*arguments, void *));
    else if (c->size == 'l')
        snprintf(text, size, c->text, va_arg(*arguments, long));
    else if (c->size == 'q' || c->size == 'j')
        snprintf(text, size, c->text, va_arg(*arguments, long long));
    else if (c->size == 'z' || c->size == 't')
        snprintf(text, size, c->text, va_arg(*arguments, ptrdiff_t));
    else
        snprintf(text, size, c->text, va_arg(*arguments, int));
}

/* A text cut to its precision, made plain, and then set into its width. */
static bool plain(char *out, size_t size, const conversion *c, const char *text)
{
    enum { MOST = 4096 };
    char cut[MOST], shown[MOST], width[24];
    const char *point = strchr(c->text, '.');
    int most = point ? atoi(point + 1) : MOST - 1;
    size_t flags = strspn(c->text, "%-");
    psw_format(width, sizeof width, "%.*s", (int)strspn(c->text + flags, "0123456789"), c->text + flags);
    bool whole = psw_format(cut, sizeof cut, "%.*s", most < 0 ? MOST - 1 : most, text);
    whole = psw_plain_text(cut, shown, sizeof shown) && whole;
    int columns = strchr(c->text, '-') ? -atoi(width) : atoi(width);
    psw_format(cut, sizeof cut, "%*s", columns, shown);
    return put(out, size, cut, strlen(cut)) && whole;
}
#pragma GCC diagnostic pop

static bool convert(char *out, size_t size, const conversion *c, va_list *arguments)
{
    char text[400] = "%"; /* a double takes up to 309 digits */
    if (c->kind == 's') {
        const char *given = va_arg(*arguments, const char *);
        return plain(out, size, c, given ? given : "(null)");
    }
    if (c->kind != '%') number(text, sizeof text, c, arguments);
    return put(out, size, text, strlen(text));
}

bool psw_plain_format(char *out, size_t size, const char *format, va_list given)
{
    conversion c;
    bool whole = true;
    va_list arguments;
    va_copy(arguments, given);
    out[0] = '\0';
    while (*format) {
        size_t length = strcspn(format, "%");
        whole = put(out, size, format, length) && whole;
        format += length;
        if (!*format) break;
        format = parse(format + 1, &c, &arguments);
        whole = convert(out, size, &c, &arguments) && whole;
    }
    va_end(arguments);
    return whole;
}

void psw_print(FILE *out, const char *format, ...)
{
    char text[16384];
    va_list arguments;
    va_start(arguments, format);
    psw_plain_format(text, sizeof text, format, arguments);
    va_end(arguments);
    if (out == stderr) psw_standing_clear();
    fputs(text, out);
}
