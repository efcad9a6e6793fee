/* Which parameters are a method's or a data kind's own, from the tables of both; and the tables, printed. */
#include "polysweep/print.h"
#include "spec/keys.h"

#define PSW_METHOD_OWN (PSW_PARAMETERS - PSW_ID_R) /* from r on, parameters are methods' own */

static const struct {
    bool taken;
    const char *fallback;
} methods[PSW_METHODS][PSW_METHOD_OWN + 1] = {
/* the last is no parameter: a row may have none */
#define PSW_METHOD(word, CODE, folds, kernel, affine, degree, random, bitwise, squares, own, help)                     \
    [PSW_##CODE] = {[PSW_METHOD_OWN] = {false, NULL}, own},
#define PSW_OWN(parameter, fallback) [PSW_ID_##parameter - PSW_ID_R] = {true, fallback},
#include "polysweep/methods.def"
};

static const psw_ids data_kinds[PSW_DATA_KINDS] = {
#define PSW_DATA_KIND(word, CODE, sets, rows, drawn, closed, classes, recalls, own, help) [PSW_##CODE] = 0 own,
#define PSW_OWN(parameter) | PSW_ID(PSW_ID_##parameter)
#include "polysweep/data_kinds.def"
};

bool spec_key_of_method(spec_parameter id, psw_method method)
{
    return id >= PSW_ID_R ? methods[method][id - PSW_ID_R].taken : spec_keys[id].methods >> method & 1;
}

bool spec_key_of_kind(spec_parameter id, psw_data_kind kind)
{
    return spec_keys[id].kinds ? spec_keys[id].kinds >> kind & 1 : data_kinds[kind] >> id & 1;
}

const char *spec_key_fallback(spec_parameter id, int method)
{
    if (id < PSW_ID_R) return spec_keys[id].fallback;
    if (method >= 0) return methods[method][id - PSW_ID_R].fallback;
    for (int first = 0; first < PSW_METHODS; first++)
        if (methods[first][id - PSW_ID_R].fallback) return methods[first][id - PSW_ID_R].fallback;
    return NULL;
}

/* ---- printing ---- */

static void print_own(FILE *stream, psw_method method, const char *quote)
{
    for (spec_parameter id = PSW_ID_R; id < PSW_PARAMETERS; id++) {
        const char *fallback = spec_key_fallback(id, (int)method);
        if (!spec_key_of_method(id, method)) continue;
        fprintf(stream, "%s%s%s%s%s ", quote, spec_keys[id].name, quote, fallback ? " = " : "",
                fallback ? fallback : "");
    }
}

static bool has_own(psw_method method)
{
    for (spec_parameter id = PSW_ID_R; id < PSW_PARAMETERS; id++)
        if (spec_key_of_method(id, method)) return true;
    return false;
}

static void methods_markdown(FILE *stream)
{
    fprintf(stream, "| method | stands for | its own parameters |\n|---|---|---|\n");
    for (int code = 0; code < PSW_METHODS; code++) {
        const psw_method_facts *method = psw_method_facts_of((psw_method)code);
        fprintf(stream, "| `%s` | %s | ", method->word, method->help);
        print_own(stream, (psw_method)code, "`");
        fprintf(stream, "|\n");
    }
    fprintf(stream, "\n| kind of data | rows |\n|---|---|\n");
    for (int code = 0; code < PSW_DATA_KINDS; code++) {
        const psw_data_kind_facts *kind = psw_data_kind_facts_of((psw_data_kind)code);
        fprintf(stream, "| `%s` | %s |\n", kind->word, kind->help);
    }
}

void psw_methods_print(FILE *stream, bool markdown)
{
    enum { NAME = 16 };
    if (markdown) {
        methods_markdown(stream);
        return;
    }
    fprintf(stream, "methods, and their own parameters\n");
    for (int code = 0; code < PSW_METHODS; code++) {
        const psw_method_facts *method = psw_method_facts_of((psw_method)code);
        fprintf(stream, "  %-*s", NAME - 2, method->word);
        psw_print_wrapped(stream, NAME, NAME, method->help);
        if (!has_own((psw_method)code)) continue;
        fprintf(stream, "%*s", NAME, "");
        print_own(stream, (psw_method)code, "");
        fputc('\n', stream);
    }
    fprintf(stream, "\nkinds of data\n");
    for (int code = 0; code < PSW_DATA_KINDS; code++) {
        const psw_data_kind_facts *kind = psw_data_kind_facts_of((psw_data_kind)code);
        fprintf(stream, "  %-*s", NAME - 2, kind->word);
        psw_print_wrapped(stream, NAME, NAME, kind->help);
    }
}
