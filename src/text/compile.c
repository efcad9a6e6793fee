/* From the text of an expression to a program: recursive descent, each rule named after what it parses.
 *
 *   truth   = both { (or | ||) both }         both    = denial { (and | &&) denial }
 *   denial  = (not | !) denial | comparison   comparison = sum [ (== | != | < | > | <= | >=) sum ]
 *   sum     = product { (+ | -) product }     product = sign { (* | / | %) sign }
 *   sign    = (- | +) sign | power            power   = atom [ ** sign ]
 *   atom    = number | name | function(truth, ...) | (truth) */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "text/compile.h"

#define NESTING_MAX 48

static psw_status truth(text_compiler *c, text_operand *out);

static void skip(text_compiler *c)
{
    while (isspace((unsigned char)c->text[c->at])) c->at++;
}

static bool is_name(char letter)
{
    return isalnum((unsigned char)letter) || letter == '_';
}

/* Consumes `word` if it is next: an operator, or a whole name. */
static bool take(text_compiler *c, const char *word)
{
    size_t length = strlen(word);
    skip(c);
    if (strncmp(c->text + c->at, word, length) != 0) return false;
    if (is_name(word[0]) && is_name(c->text[c->at + (ptrdiff_t)length])) return false;
    c->at += (ptrdiff_t)length;
    return true;
}

static void more_than_a_name(text_operand *o)
{
    o->kind = A_NUMBER;
    o->words = -1;
    o->literal = -1;
}

static psw_status combine(text_compiler *c, text_operand *left, const text_operand *right, psw_operation operation)
{
    PSW_TRY(text_number_only(c, left));
    PSW_TRY(text_number_only(c, right));
    more_than_a_name(left);
    return text_emit(c, operation, 0, 0);
}

/* ---- the rules ---- */

static psw_status nest(text_compiler *c)
{
    if (++c->nesting > NESTING_MAX) return WRONG(c, c->at, "nested more than %d deep; simplify", NESTING_MAX);
    return PSW_OK;
}

static psw_status call(text_compiler *c, const text_function *f, text_operand *out)
{
    text_operand argument;
    int count = 0;
    do {
        PSW_TRY(truth(c, &argument));
        PSW_TRY(text_number_only(c, &argument));
        if (++count > 1 && f->many) PSW_TRY(text_emit(c, f->operation, 0, 0));
    } while (take(c, ","));
    if (!take(c, ")"))
        return WRONG(c, c->at, "')' is missing after the arguments of %s%s", f->name,
                     c->text[c->at] ? "" : "; quote an expression with a comma inside { } or [ ]");
    if (f->many ? count < 2 : count != 1)
        return WRONG(c, out->at, "%s takes %s", f->name, f->many ? "two or more arguments" : "one argument");
    return f->many ? PSW_OK : text_emit(c, f->operation, 0, 0);
}

static psw_status named_atom(text_compiler *c, text_operand *out)
{
    size_t length = 0;
    while (is_name(c->text[c->at + (ptrdiff_t)length])) length++;
    size_t kept = length > PSW_NAME_MAX ? PSW_NAME_MAX : length;
    memcpy(out->word, c->text + c->at, kept);
    out->word[kept] = 0;
    c->at += (ptrdiff_t)length;
    if (length > PSW_NAME_MAX) return WRONG(c, out->at, "a name of %zu letters; at most %d", length, PSW_NAME_MAX);
    if (!take(c, "(")) return text_name_resolve(c, out);
    for (const text_function *f = text_functions; f->name; f++)
        if (strcmp(f->name, out->word) == 0) return call(c, f, out);
    return text_function_unknown(c, out);
}

static psw_status atom(text_compiler *c, text_operand *out)
{
    skip(c);
    *out = (text_operand){.kind = A_NUMBER, .words = -1, .at = c->at, .literal = -1};
    PSW_TRY(nest(c));
    const char *here = c->text + c->at;
    size_t digits = psw_number_length(here);
    if (digits && !is_name(here[digits])) {
        c->at += (ptrdiff_t)digits;
        PSW_TRY(text_emit(c, PSW_OP_NUMBER, 0, strtod(here, NULL)));
    } else if (isalpha((unsigned char)*here) || *here == '_') {
        PSW_TRY(named_atom(c, out));
    } else if (take(c, "(")) {
        PSW_TRY(truth(c, out));
        if (!take(c, ")")) return WRONG(c, c->at, "')' is missing");
    } else if (!*here) {
        return WRONG(c, c->at, "the expression ends too early; a number or a name is missing");
    } else {
        return WRONG(c, c->at, "'%.*s' is not a number, a name or '('", digits ? (int)digits + 1 : 1,
                     psw_show(here).text);
    }
    c->nesting--;
    return PSW_OK;
}

static psw_status sign(text_compiler *c, text_operand *out);

static psw_status power(text_compiler *c, text_operand *out)
{
    text_operand exponent;
    PSW_TRY(atom(c, out));
    if (!take(c, "**")) return PSW_OK;
    PSW_TRY(nest(c));
    PSW_TRY(sign(c, &exponent));
    c->nesting--;
    return combine(c, out, &exponent, PSW_OP_POWER);
}

static psw_status sign(text_compiler *c, text_operand *out)
{
    bool minus = take(c, "-"), plus = !minus && take(c, "+");
    if (!minus && !plus) return power(c, out);
    PSW_TRY(nest(c));
    PSW_TRY(sign(c, out));
    PSW_TRY(text_number_only(c, out));
    more_than_a_name(out);
    c->nesting--;
    return minus ? text_emit(c, PSW_OP_NEGATE, 0, 0) : PSW_OK;
}

static psw_status product(text_compiler *c, text_operand *out)
{
    PSW_TRY(sign(c, out));
    for (;;) {
        psw_operation operation;
        text_operand right;
        if (take(c, "*"))
            operation = PSW_OP_MULTIPLY;
        else if (take(c, "/"))
            operation = PSW_OP_DIVIDE;
        else if (take(c, "%"))
            operation = PSW_OP_MODULO;
        else
            return PSW_OK;
        PSW_TRY(sign(c, &right));
        PSW_TRY(combine(c, out, &right, operation));
    }
}

static psw_status sum(text_compiler *c, text_operand *out)
{
    PSW_TRY(product(c, out));
    for (;;) {
        text_operand right;
        bool minus = take(c, "-");
        if (!minus && !take(c, "+")) return PSW_OK;
        PSW_TRY(product(c, &right));
        PSW_TRY(combine(c, out, &right, minus ? PSW_OP_SUBTRACT : PSW_OP_ADD));
    }
}

static psw_status compare(text_compiler *c, text_operand *left, psw_operation operation)
{
    text_operand right;
    c->expected = left->words;
    psw_status status = sum(c, &right);
    c->expected = -1;
    PSW_TRY(status);
    bool equality = operation == PSW_OP_EQUAL || operation == PSW_OP_UNEQUAL;
    if (equality && right.kind == A_WORD && text_word_fits(left, &right))
        PSW_TRY(text_word_resolve(c, left, &right));
    else if (equality && text_word_fits(&right, left))
        PSW_TRY(text_word_resolve(c, &right, left));
    else if (!(equality && left->kind >= 0 && left->kind == right.kind)) {
        PSW_TRY(text_number_only(c, left));
        PSW_TRY(text_number_only(c, &right));
    }
    more_than_a_name(left);
    return text_emit(c, operation, 0, 0);
}

static bool take_comparison(text_compiler *c, psw_operation *operation)
{
    static const struct {
        const char *sign;
        psw_operation operation;
    } signs[] = {{"==", PSW_OP_EQUAL},    {"!=", PSW_OP_UNEQUAL}, {"<=", PSW_OP_AT_MOST},
                 {">=", PSW_OP_AT_LEAST}, {"<", PSW_OP_LESS},     {">", PSW_OP_GREATER}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (!take(c, signs[i].sign)) continue;
        *operation = signs[i].operation;
        return true;
    }
    return false;
}

static psw_status comparison(text_compiler *c, text_operand *out)
{
    psw_operation operation;
    PSW_TRY(sum(c, out));
    if (!take_comparison(c, &operation)) return PSW_OK;
    PSW_TRY(compare(c, out, operation));
    ptrdiff_t second = c->at;
    if (take_comparison(c, &operation)) return WRONG(c, second, "two comparisons in a row; write 'a < b and b < c'");
    return PSW_OK;
}

static psw_status denial(text_compiler *c, text_operand *out)
{
    if (!take(c, "not") && !(c->text[c->at] == '!' && c->text[c->at + 1] != '=' && take(c, "!")))
        return comparison(c, out);
    PSW_TRY(nest(c));
    PSW_TRY(denial(c, out));
    PSW_TRY(text_number_only(c, out));
    more_than_a_name(out);
    c->nesting--;
    return text_emit(c, PSW_OP_NOT, 0, 0);
}

static psw_status both(text_compiler *c, text_operand *out)
{
    PSW_TRY(denial(c, out));
    while (take(c, "and") || take(c, "&&")) {
        text_operand right;
        PSW_TRY(denial(c, &right));
        PSW_TRY(combine(c, out, &right, PSW_OP_AND));
    }
    return PSW_OK;
}

static psw_status truth(text_compiler *c, text_operand *out)
{
    int expected = c->expected; /* a word is never inside parentheses */
    c->expected = -1;
    PSW_TRY(both(c, out));
    while (take(c, "or") || take(c, "||")) {
        text_operand right;
        PSW_TRY(both(c, &right));
        PSW_TRY(combine(c, out, &right, PSW_OP_OR));
    }
    c->expected = expected;
    return PSW_OK;
}

static psw_status trailing(text_compiler *c)
{
    if (c->text[c->at] == '=') return WRONG(c, c->at, "'=' compares nothing; write '=='");
    return WRONG(c, c->at, "'%.12s' is not expected here", psw_show(c->text + c->at).text);
}

static void note_reads(psw_program *program)
{
    for (ptrdiff_t i = 0; i < program->count; i++) {
        const psw_program_step *step = &program->steps[i];
        if (step->operation == PSW_OP_ROW) program->reads |= (psw_ids)1 << step->argument;
        program->oracle |= step->operation == PSW_OP_ORACLE;
    }
}

psw_status psw_program_compile(const char *text, const psw_names *names, psw_program *program, ptrdiff_t *column)
{
    text_operand whole;
    text_compiler c = {.text = text, .names = names, .program = program, .expected = -1, .column = column};
    *program = (psw_program){0};
    *column = 1;
    psw_status status = strlen(text) > PSW_SCALAR_MAX
                            ? WRONG(&c, 0, "an expression of %zu bytes; at most %d", strlen(text), PSW_SCALAR_MAX)
                            : truth(&c, &whole);
    if (status == PSW_OK) status = text_number_only(&c, &whole);
    if (status == PSW_OK && (skip(&c), text[c.at])) status = trailing(&c);
    if (status != PSW_OK) psw_program_free(program);
    note_reads(program);
    return status;
}

psw_status psw_program_of_node(const psw_yaml *tree, const psw_yaml_node *node, const psw_names *names,
                               psw_program *program)
{
    ptrdiff_t column;
    if (node->kind != PSW_SCALAR)
        return PSW_WRONG(tree, node->where, "an expression is expected here, not a %s",
                         node->kind == PSW_LIST ? "list" : "map");
    psw_status status = psw_program_compile(node->text, names, program, &column);
    if (status != PSW_USAGE) return status;
    char words[512];
    psw_where where = node->where;
    psw_format(words, sizeof words, "%s", psw_message());
    if (where.column && !strchr(node->text, '\n')) where.column += column - 1 + node->quoted;
    return PSW_WRONG(tree, where, "%s", words);
}
