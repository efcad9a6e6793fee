/* From the text of an expression to a program: recursive descent, each rule named after what it parses.
 *
 *   truth   = both { (or | ||) both }         both    = denial { (and | &&) denial }
 *   denial  = (not | !) denial | comparison   comparison = sum [ (== | != | < | > | <= | >=) sum ]
 *   sum     = product { (+ | -) product }     product = sign { (* | / | %) sign }
 *   sign    = (- | +) sign | power            power   = atom [ ** sign ]
 *   atom    = number | name | function(truth, ...) | (truth) */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "spec/program.h"

#define NESTING_MAX 48
#define STEPS_MAX 4096

enum { A_NUMBER = -1, A_WORD = -2 }; /* what an operand is; >= 0: a coded name, its vocabulary */

typedef struct operand {
    int kind;
    ptrdiff_t at;      /* where it stands in the text */
    ptrdiff_t literal; /* step that receives the code of a word */
    char word[PSW_NAME_MAX + 1];
} operand;

typedef struct compiler {
    const char *text;
    ptrdiff_t at;
    const psw_names *names;
    psw_program *program;
    ptrdiff_t room;
    int nesting, waiting;
    int expected; /* vocabulary of the other side of a comparison, or A_NUMBER */
    ptrdiff_t *column;
} compiler;

typedef struct function {
    const char *name;
    psw_operation operation;
    bool many; /* two or more arguments */
} function;
static const function functions[] = {
    {"min", PSW_OP_MIN, true},    {"max", PSW_OP_MAX, true},      {"abs", PSW_OP_ABS, false},
    {"ceil", PSW_OP_CEIL, false}, {"floor", PSW_OP_FLOOR, false}, {"round", PSW_OP_ROUND, false},
    {"sqrt", PSW_OP_SQRT, false}, {"exp", PSW_OP_EXP, false},     {"log", PSW_OP_LOG, false},
    {"log2", PSW_OP_LOG2, false}, {NULL, PSW_OP_NUMBER, false},
};

static psw_status truth(compiler *c, operand *out);

#define WRONG(c, where, ...) (*(c)->column = (where) + 1, PSW_FAIL(PSW_USAGE, __VA_ARGS__))

static psw_status emit(compiler *c, psw_operation operation, int argument, double number)
{
    psw_program *p = c->program;
    int grows = operation <= PSW_OP_ORACLE ? 1 : operation >= PSW_OP_ADD ? -1 : 0;
    c->waiting += grows;
    if (p->count >= STEPS_MAX || c->waiting > PSW_STACK_MAX)
        return WRONG(c, c->at, "the expression is too long; split it");
    if (p->count == c->room) {
        c->room = c->room ? 2 * c->room : 16;
        psw_step *more = realloc(p->steps, (size_t)c->room * sizeof *more);
        if (!more) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate an expression");
        p->steps = more;
    }
    p->steps[p->count++] = (psw_step){(unsigned char)operation, argument, number};
    return PSW_OK;
}

static void skip(compiler *c)
{
    while (isspace((unsigned char)c->text[c->at])) c->at++;
}

static bool is_name(char letter)
{
    return isalnum((unsigned char)letter) || letter == '_';
}

/* Takes `word` if it stands here: an operator, or a whole name. */
static bool take(compiler *c, const char *word)
{
    size_t length = strlen(word);
    skip(c);
    if (strncmp(c->text + c->at, word, length) != 0) return false;
    if (is_name(word[0]) && is_name(c->text[c->at + (ptrdiff_t)length])) return false;
    c->at += (ptrdiff_t)length;
    return true;
}

/* ---- names ---- */

static ptrdiff_t position(const char *const *names, const char *name)
{
    for (ptrdiff_t i = 0; names && names[i]; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

static psw_status unknown_name(compiler *c, const operand *o)
{
    const char *all[160];
    size_t count = 0;
    const char *const *own = c->names->own;
    for (int id = 0; c->names->parameters && id < PSW_PARAMETERS; id++) all[count++] = psw_keys[id].name;
    for (ptrdiff_t i = 0; own && own[i]; i++) all[count++] = own[i];
    for (ptrdiff_t i = 0; c->names->oracle && c->names->oracle->names[i] && count < 145; i++)
        all[count++] = c->names->oracle->names[i];
    for (const function *f = functions; f->name; f++) all[count++] = f->name;
    all[count] = NULL;
    const char *near = psw_nearest(o->word, all);
    if (near)
        return WRONG(c, o->at, "unknown name '%s' in an expression; the nearest is '%s'", psw_show(o->word).text, near);
    return WRONG(c, o->at, "unknown name '%s' in an expression", psw_show(o->word).text);
}

static psw_status unknown_word(compiler *c, const operand *o, psw_vocabulary vocabulary)
{
    const char *words[16];
    int count = 0;
    for (; psw_word(vocabulary, count); count++) words[count] = psw_word(vocabulary, count);
    words[count] = NULL;
    const char *near = psw_nearest(o->word, words);
    return WRONG(c, o->at, "'%s' is none of: %s%s%s%s", psw_show(o->word).text, psw_words_list(vocabulary).text,
                 near ? "; the nearest is '" : "", near ? near : "", near ? "'" : "");
}

static psw_status name(compiler *c, operand *out)
{
    const psw_names *n = c->names;
    ptrdiff_t at;
    if (c->expected >= 0 && psw_word_code((psw_vocabulary)c->expected, out->word) >= 0) {
        out->kind = A_WORD;
        out->literal = c->program->count;
        return emit(c, PSW_OP_NUMBER, 0, 0);
    }
    if (n->parameters && (at = psw_parameter_find(out->word)) >= 0) {
        out->kind = psw_keys[at].type == PSW_T_WORD ? psw_keys[at].vocabulary : A_NUMBER;
        c->program->reads |= PSW_ID(at);
        return emit(c, PSW_OP_ROW, (int)at, 0);
    }
    if ((at = position(n->own, out->word)) >= 0) {
        c->program->reads |= PSW_ID(PSW_PARAMETERS + at);
        return emit(c, PSW_OP_ROW, PSW_PARAMETERS + (int)at, 0);
    }
    if (n->oracle && (at = position(n->oracle->names, out->word)) >= 0) {
        if (n->oracle->vocabulary && n->oracle->vocabulary[at] >= 0) out->kind = n->oracle->vocabulary[at];
        c->program->oracle = true;
        return emit(c, PSW_OP_ORACLE, (int)at, 0);
    }
    out->kind = A_WORD; /* perhaps the word of a coded name on the other side */
    out->literal = c->program->count;
    return emit(c, PSW_OP_NUMBER, 0, 0);
}

/* An operand of anything but == and != is a number. */
static psw_status number_only(compiler *c, const operand *o)
{
    if (o->kind == A_NUMBER) return PSW_OK;
    if (o->kind == A_WORD) return unknown_name(c, o);
    return WRONG(c, o->at, "'%s' has words for values (%s); compare it with == or !=", psw_show(o->word).text,
                 psw_words_list((psw_vocabulary)o->kind).text);
}

static psw_status combine(compiler *c, operand *left, const operand *right, psw_operation operation)
{
    PSW_TRY(number_only(c, left));
    PSW_TRY(number_only(c, right));
    return emit(c, operation, 0, 0);
}

/* ---- the rules ---- */

static psw_status nest(compiler *c)
{
    if (++c->nesting > NESTING_MAX) return WRONG(c, c->at, "nested more than %d deep; simplify", NESTING_MAX);
    return PSW_OK;
}

static psw_status call(compiler *c, const function *f, operand *out)
{
    operand argument;
    int count = 0;
    do {
        PSW_TRY(truth(c, &argument));
        PSW_TRY(number_only(c, &argument));
        if (++count > 1 && f->many) PSW_TRY(emit(c, f->operation, 0, 0));
    } while (take(c, ","));
    if (!take(c, ")"))
        return WRONG(c, c->at, "')' is missing after the arguments of %s%s", f->name,
                     c->text[c->at] ? "" : "; quote an expression with a comma inside { } or [ ]");
    if (f->many ? count < 2 : count != 1)
        return WRONG(c, out->at, "%s takes %s", f->name, f->many ? "two or more arguments" : "one argument");
    return f->many ? PSW_OK : emit(c, f->operation, 0, 0);
}

static psw_status named_atom(compiler *c, operand *out)
{
    size_t length = 0;
    while (is_name(c->text[c->at + (ptrdiff_t)length])) length++;
    size_t kept = length > PSW_NAME_MAX ? PSW_NAME_MAX : length;
    memcpy(out->word, c->text + c->at, kept);
    out->word[kept] = 0;
    c->at += (ptrdiff_t)length;
    if (length > PSW_NAME_MAX) return WRONG(c, out->at, "a name of %zu letters; at most %d", length, PSW_NAME_MAX);
    if (!take(c, "(")) return name(c, out);
    for (const function *f = functions; f->name; f++)
        if (strcmp(f->name, out->word) == 0) return call(c, f, out);
    const char *names[16];
    size_t count = 0;
    for (const function *f = functions; f->name; f++) names[count++] = f->name;
    names[count] = NULL;
    const char *near = psw_nearest(out->word, names);
    return WRONG(c, out->at, "there is no function '%s'; %s%s%s", psw_show(out->word).text,
                 near ? "the nearest is '" : "there are min max abs ceil floor round sqrt exp log log2",
                 near ? near : "", near ? "'" : "");
}

static psw_status atom(compiler *c, operand *out)
{
    skip(c);
    *out = (operand){.kind = A_NUMBER, .at = c->at};
    PSW_TRY(nest(c));
    const char *here = c->text + c->at;
    size_t digits = psw_number_length(here);
    if (digits && !is_name(here[digits])) {
        c->at += (ptrdiff_t)digits;
        PSW_TRY(emit(c, PSW_OP_NUMBER, 0, strtod(here, NULL)));
    } else if (isalpha((unsigned char)*here) || *here == '_') {
        PSW_TRY(named_atom(c, out));
    } else if (take(c, "(")) {
        PSW_TRY(truth(c, out));
        if (!take(c, ")")) return WRONG(c, c->at, "')' is missing");
    } else if (!*here) {
        return WRONG(c, c->at, "the expression ends too early; a number or a name is missing");
    } else {
        return WRONG(c, c->at, "'%.*s' is no number, name or '('", digits ? (int)digits + 1 : 1, psw_show(here).text);
    }
    c->nesting--;
    return PSW_OK;
}

static psw_status sign(compiler *c, operand *out);

static psw_status power(compiler *c, operand *out)
{
    operand exponent;
    PSW_TRY(atom(c, out));
    if (!take(c, "**")) return PSW_OK;
    PSW_TRY(nest(c));
    PSW_TRY(sign(c, &exponent));
    c->nesting--;
    return combine(c, out, &exponent, PSW_OP_POWER);
}

static psw_status sign(compiler *c, operand *out)
{
    bool minus = take(c, "-"), plus = !minus && take(c, "+");
    if (!minus && !plus) return power(c, out);
    PSW_TRY(nest(c));
    PSW_TRY(sign(c, out));
    PSW_TRY(number_only(c, out));
    c->nesting--;
    return minus ? emit(c, PSW_OP_NEGATE, 0, 0) : PSW_OK;
}

static psw_status product(compiler *c, operand *out)
{
    PSW_TRY(sign(c, out));
    for (;;) {
        psw_operation operation;
        operand right;
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

static psw_status sum(compiler *c, operand *out)
{
    PSW_TRY(product(c, out));
    for (;;) {
        operand right;
        bool minus = take(c, "-");
        if (!minus && !take(c, "+")) return PSW_OK;
        PSW_TRY(product(c, &right));
        PSW_TRY(combine(c, out, &right, minus ? PSW_OP_SUBTRACT : PSW_OP_ADD));
    }
}

/* Gives the word on one side the code that the name on the other side knows it by. */
static psw_status code_word(compiler *c, const operand *coded, const operand *word)
{
    int code = psw_word_code((psw_vocabulary)coded->kind, word->word);
    if (code < 0) return unknown_word(c, word, (psw_vocabulary)coded->kind);
    c->program->steps[word->literal].number = code;
    return PSW_OK;
}

static psw_status compare(compiler *c, operand *left, psw_operation operation)
{
    operand right;
    c->expected = left->kind >= 0 ? left->kind : A_NUMBER;
    psw_status status = sum(c, &right);
    c->expected = A_NUMBER;
    PSW_TRY(status);
    bool equality = operation == PSW_OP_EQUAL || operation == PSW_OP_UNEQUAL;
    if (equality && left->kind >= 0 && right.kind == A_WORD)
        PSW_TRY(code_word(c, left, &right));
    else if (equality && right.kind >= 0 && left->kind == A_WORD)
        PSW_TRY(code_word(c, &right, left));
    else if (!(equality && left->kind >= 0 && left->kind == right.kind)) {
        PSW_TRY(number_only(c, left));
        PSW_TRY(number_only(c, &right));
    }
    left->kind = A_NUMBER;
    return emit(c, operation, 0, 0);
}

static bool take_comparison(compiler *c, psw_operation *operation)
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

static psw_status comparison(compiler *c, operand *out)
{
    psw_operation operation;
    PSW_TRY(sum(c, out));
    if (!take_comparison(c, &operation)) return PSW_OK;
    PSW_TRY(compare(c, out, operation));
    ptrdiff_t second = c->at;
    if (take_comparison(c, &operation)) return WRONG(c, second, "two comparisons in a row; write 'a < b and b < c'");
    return PSW_OK;
}

static psw_status denial(compiler *c, operand *out)
{
    if (!take(c, "not") && !(c->text[c->at] == '!' && c->text[c->at + 1] != '=' && take(c, "!")))
        return comparison(c, out);
    PSW_TRY(nest(c));
    PSW_TRY(denial(c, out));
    PSW_TRY(number_only(c, out));
    c->nesting--;
    return emit(c, PSW_OP_NOT, 0, 0);
}

static psw_status both(compiler *c, operand *out)
{
    PSW_TRY(denial(c, out));
    while (take(c, "and") || take(c, "&&")) {
        operand right;
        PSW_TRY(denial(c, &right));
        PSW_TRY(combine(c, out, &right, PSW_OP_AND));
    }
    return PSW_OK;
}

static psw_status truth(compiler *c, operand *out)
{
    int expected = c->expected; /* a word stands bare, never inside parentheses */
    c->expected = A_NUMBER;
    PSW_TRY(both(c, out));
    while (take(c, "or") || take(c, "||")) {
        operand right;
        PSW_TRY(both(c, &right));
        PSW_TRY(combine(c, out, &right, PSW_OP_OR));
    }
    c->expected = expected;
    return PSW_OK;
}

static psw_status trailing(compiler *c)
{
    if (c->text[c->at] == '=') return WRONG(c, c->at, "'=' compares nothing; write '=='");
    return WRONG(c, c->at, "'%.12s' does not continue the expression", psw_show(c->text + c->at).text);
}

psw_status psw_program_compile(const char *text, const psw_names *names, psw_program *program, ptrdiff_t *column)
{
    operand whole;
    compiler c = {.text = text, .names = names, .program = program, .expected = A_NUMBER, .column = column};
    *program = (psw_program){0};
    *column = 1;
    psw_status status = strlen(text) > PSW_SCALAR_MAX
                            ? WRONG(&c, 0, "an expression of %zu bytes; at most %d", strlen(text), PSW_SCALAR_MAX)
                            : truth(&c, &whole);
    if (status == PSW_OK) status = number_only(&c, &whole);
    if (status == PSW_OK && (skip(&c), text[c.at])) status = trailing(&c);
    if (status != PSW_OK) psw_program_free(program);
    return status;
}

psw_status psw_program_of_node(const psw_tree *tree, const psw_node *node, const psw_names *names, psw_program *program)
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
