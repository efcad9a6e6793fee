/* Expressions over the names of an oracle alone. */
#include <stdlib.h>

#include "polysweep/text.h"

struct psw_expression {
    const psw_oracle *names;
    psw_program program;
};

psw_status psw_program_named(const char *text, const char *name, const psw_names *names, psw_program *program)
{
    ptrdiff_t column;
    psw_status status = psw_program_compile(text, names, program, &column);
    if (status != PSW_USAGE) return status;
    char words[512];
    psw_format(words, sizeof words, "%s", psw_message());
    return PSW_FAIL(PSW_USAGE, "%s %s: column %td: %s", name, psw_show(text).text, column, words);
}

psw_status psw_expression_create(const char *text, const char *name, const psw_oracle *names, psw_expression **out)
{
    psw_names known = {.oracle = names};
    *out = calloc(1, sizeof **out);
    if (!*out) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate an expression");
    (*out)->names = names;
    psw_status status = psw_program_named(text, name, &known, &(*out)->program);
    if (status == PSW_OK) return PSW_OK;
    psw_expression_free(*out);
    *out = NULL;
    return status;
}

double psw_expression_value(const psw_expression *expression, const void *subject)
{
    return psw_program_value(&expression->program, NULL, expression->names, subject);
}

void psw_expression_free(psw_expression *expression)
{
    if (!expression) return;
    psw_program_free(&expression->program);
    free(expression);
}
