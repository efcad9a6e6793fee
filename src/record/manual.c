/* Columns as people look them up: meaning, unit, formula, when they apply, what is promised of their digits. */
#include <fnmatch.h>
#include <math.h>
#include <string.h>

#include "polysweep/record.h"
#include "record/needs.h"

static const struct {
    const char *name, *formula;
} definitions[] = {
#define PSW_SYMBOL(symbol, meaning)
#define PSW_DEFINITION(column, formula) {#column, formula},
#include "record/definitions.def"
};

static const struct {
    const char *name, *meaning;
} symbols[] = {
#define PSW_SYMBOL(symbol, meaning) {symbol, meaning},
#define PSW_DEFINITION(column, formula)
#include "record/definitions.def"
};

static const char *const needs[] = {
    [PSW_NEED_ANYTHING] = "",
    [PSW_NEED_ROWS] = "methods that compute attention",
    [PSW_NEED_SETS] = "data with two sets",
    [PSW_NEED_HEAD] = "data with two sets and trials",
    [PSW_NEED_RULE] = "trials that a rule ends (judge.trials.until)",
    [PSW_NEED_ONE_DRAW] = "random rows that are drawn once",
    [PSW_NEED_DRAWS] = "random rows or random tables",
    [PSW_NEED_SPREAD] = "random rows or random tables that are drawn several times",
    [PSW_NEED_NOISE] = "data with noise",
    [PSW_NEED_MASSES] = "data in closed form, without noise, den_constant and row_norm",
    [PSW_NEED_CHANCES] = "data in closed form, without noise, den_constant and row_norm; no sketches",
    [PSW_NEED_DEGREES] = "data in closed form, without noise, den_constant and row_norm; methods with a degree",
    [PSW_NEED_SKETCH] = "sketches and other feature maps",
    [PSW_NEED_REFERENCE] = "points with a reference (data.reference)",
    [PSW_NEED_COMPARED] = "sketches, and points with a reference",
    [PSW_NEED_RECALL] = "data of kind memory",
    [PSW_NEED_TIMED] = "studies with time",
    [PSW_NEED_DECODING] = "mode decode",
    [PSW_NEED_SEARCH] = "studies that search",
    [PSW_NEED_KEPT] = "studies that keep rows or samples (output.keep)",
};
_Static_assert(sizeof needs / sizeof *needs == PSW_NEEDS_COUNT, "a text for every need");

const char *psw_column_definition(const psw_column *column)
{
    for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++)
        if (strcmp(definitions[i].name, column->name) == 0) return definitions[i].formula;
    return NULL;
}

const char *psw_column_applies(const psw_column *column)
{
    static const int lines[] = {
#define PSW_NEEDS(what) PSW_NEED_##what,
#define PSW_COLUMN(...) -1,
#define PSW_YOUNGER(...) -1,
#include "record/columns.def"
#undef PSW_COLUMN
    };
    ptrdiff_t count, at = 0;
    ptrdiff_t wanted = column - psw_columns(&count);
    int need = PSW_NEED_ANYTHING;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (lines[i] >= 0)
            need = lines[i];
        else if (at++ == wanted)
            break;
    return needs[need];
}

/* ---- printing ---- */

enum { LABEL = 14, PROMISE = 160, VALUES = 512 };

static const char *type_of(const psw_column *column)
{
    static const char *const names[] = {
        [PSW_F8] = "number", [PSW_I8] = "whole number", [PSW_U8] = "whole number, 64 bits", [PSW_U1] = "code"};
    return names[column->type];
}

static void promise_of(const psw_column *column, char text[PROMISE])
{
    const double *other = column->other;
    if (!column->bitwise && isinf(other[0])) {
        psw_format(text, PROMISE, "differs from run to run");
    } else if (column->bitwise && other[0] == 0 && other[1] == 0) {
        psw_format(text, PROMISE, "bit for bit");
    } else {
        psw_format(text, PROMISE, "%s to %g (fp64) or %g (fp32), relative",
                   column->bitwise ? "bit for bit of methods whose results are, within one build and kernel; else" : "",
                   other[0], other[1]);
    }
}

static void values_of(const psw_column *column, char text[VALUES])
{
    text[0] = '\0';
    for (int code = 0; column->vocabulary >= 0 && psw_word((psw_vocabulary)column->vocabulary, code); code++) {
        size_t used = strlen(text);
        psw_format(text + used, VALUES - used, "%s%d %s", used ? ", " : "", code,
                   psw_word((psw_vocabulary)column->vocabulary, code));
    }
}

static void line(FILE *stream, const char *label, const char *text)
{
    if (!text || !*text) return;
    fprintf(stream, "  %-*s", LABEL, label);
    psw_print_wrapped(stream, LABEL + 2, LABEL + 2, text + strspn(text, " "));
}

static void print_column(FILE *stream, const psw_column *column)
{
    char promise[PROMISE], values[VALUES];
    promise_of(column, promise);
    values_of(column, values);
    fprintf(stream, "%s\n", column->name);
    line(stream, "meaning", column->long_name);
    line(stream, "definition", psw_column_definition(column));
    line(stream, "unit", column->units);
    line(stream, "type", type_of(column));
    line(stream, "values", values);
    line(stream, "of", psw_column_applies(column));
    line(stream, "reproducible", promise);
    fputc('\n', stream);
}

/* A pattern with * or ? is of the whole name, others of a part of it. */
static bool matches(const char *pattern, const char *name)
{
    return strpbrk(pattern, "*?[") ? fnmatch(pattern, name, 0) == 0 : strstr(name, pattern) != NULL;
}

static void print_symbols(FILE *stream)
{
    fprintf(stream, "symbols\n");
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) line(stream, symbols[i].name, symbols[i].meaning);
}

static void print_list(FILE *stream, const psw_column *columns, ptrdiff_t count)
{
    enum { NAME = 24, UNIT = 9 };
    for (ptrdiff_t i = 0; i < count; i++) {
        fprintf(stream, "%-*s %-*s ", NAME, columns[i].name, UNIT - 1, columns[i].units);
        psw_print_wrapped(stream, NAME + 1 + UNIT, NAME + 1 + UNIT, columns[i].long_name);
    }
}

ptrdiff_t psw_columns_print(FILE *stream, const char *pattern)
{
    ptrdiff_t count, found = 0, exact = -1;
    const psw_column *columns = psw_columns(&count);
    if (!pattern) return print_list(stream, columns, count), count;
    for (ptrdiff_t i = 0; i < count; i++)
        if (strcmp(columns[i].name, pattern) == 0) exact = i;
    for (ptrdiff_t i = 0; i < count; i++)
        if (exact < 0 ? matches(pattern, columns[i].name) : i == exact) print_column(stream, &columns[i]), found++;
    if (found > 0) print_symbols(stream);
    return found;
}

/* In a cell of a table | would end it. */
static void cell(FILE *stream, const char *text)
{
    fputs(" ", stream);
    for (; text && *text; text++) fprintf(stream, *text == '|' ? "\\|" : "%c", *text);
    fputs(" |", stream);
}

void psw_columns_markdown(FILE *stream)
{
    ptrdiff_t count;
    const psw_column *columns = psw_columns(&count);
    fprintf(stream, "| column | unit | meaning | definition | of | reproducible |\n|---|---|---|---|---|---|\n");
    for (ptrdiff_t i = 0; i < count; i++) {
        char promise[PROMISE];
        const char *definition = psw_column_definition(&columns[i]);
        promise_of(&columns[i], promise);
        fprintf(stream, "| `%s` |", columns[i].name);
        cell(stream, columns[i].units);
        cell(stream, columns[i].long_name);
        fprintf(stream, definition ? " `%s` |" : " |%s", definition ? definition : "");
        cell(stream, psw_column_applies(&columns[i]));
        cell(stream, promise + strspn(promise, " "));
        fputc('\n', stream);
    }
    fprintf(stream, "\n| symbol | is |\n|---|---|\n");
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        fprintf(stream, "| `%s` |", symbols[i].name);
        cell(stream, symbols[i].meaning);
        fputc('\n', stream);
    }
}
