#include <math.h>
#include <stdlib.h>

#include "polysweep/plain.h"
#include "polysweep/print.h"

static void quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (size_t length; *text; text += length) {
        unsigned code;
        length = psw_character_read(text, &code);
        if (code == '"' || code == '\\')
            fprintf(out, "\\%c", (char)code);
        else if (psw_character_obeyed(code) || (code == 0xfffd && length == 1))
            fprintf(out, "\\u%04x", code);
        else
            fwrite(text, 1, length, out);
    }
    fputc('"', out);
}

static void member(psw_json *json, const char *key)
{
    if (json->more[json->depth]) fputs(", ", json->out);
    json->more[json->depth] = true;
    if (!key) return;
    quoted(json->out, key);
    fputs(": ", json->out);
}

static void enter(psw_json *json, char bracket)
{
    fputc(bracket, json->out);
    json->depth++;
    json->more[json->depth] = false;
    json->close[json->depth] = bracket == '{' ? '}' : ']';
}

psw_json psw_json_line(FILE *out)
{
    psw_json json = {.out = out};
    enter(&json, '{');
    return json;
}

psw_json psw_json_begin(FILE *out, const char *command)
{
    psw_json json = psw_json_line(out);
    psw_json_count(&json, "polysweep_json", 1);
    psw_json_text(&json, "command", command);
    return json;
}

void psw_json_open(psw_json *json, const char *key, char bracket)
{
    member(json, key);
    enter(json, bracket);
}

void psw_json_close(psw_json *json)
{
    fputc(json->close[json->depth], json->out);
    json->depth--;
}

void psw_json_end(psw_json *json)
{
    while (json->depth > 0) psw_json_close(json);
    fputc('\n', json->out);
}

void psw_json_raw(psw_json *json, const char *key, const char *value)
{
    member(json, key);
    fputs(value, json->out);
}

void psw_json_text(psw_json *json, const char *key, const char *value)
{
    member(json, key);
    quoted(json->out, value);
}

void psw_json_bool(psw_json *json, const char *key, bool value)
{
    psw_json_raw(json, key, value ? "true" : "false");
}

void psw_json_count(psw_json *json, const char *key, ptrdiff_t value)
{
    member(json, key);
    fprintf(json->out, "%td", value);
}

void psw_json_number(psw_json *json, const char *key, double value)
{
    char digits[40];
    if (isnan(value))
        psw_json_raw(json, key, "null");
    else if (isinf(value))
        psw_json_text(json, key, value > 0 ? "inf" : "-inf");
    else {
        snprintf(digits, sizeof digits, "%.15g", value);
        if (strtod(digits, NULL) != value) snprintf(digits, sizeof digits, "%.17g", value);
        psw_json_raw(json, key, digits);
    }
}
