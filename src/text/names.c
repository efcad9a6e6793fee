/* The meaning of a name in an expression, and the steps it becomes. */
#include <stdlib.h>
#include <string.h>

#include "text/compile.h"

#define STEPS_MAX 4096

const text_function text_functions[] = {
    {"min", PSW_OP_MIN, true},    {"max", PSW_OP_MAX, true},      {"abs", PSW_OP_ABS, false},
    {"ceil", PSW_OP_CEIL, false}, {"floor", PSW_OP_FLOOR, false}, {"round", PSW_OP_ROUND, false},
    {"sqrt", PSW_OP_SQRT, false}, {"exp", PSW_OP_EXP, false},     {"log", PSW_OP_LOG, false},
    {"log2", PSW_OP_LOG2, false}, {NULL, PSW_OP_NUMBER, false},
};

psw_status text_emit(text_compiler *c, psw_operation operation, int argument, double number)
{
    psw_program *p = c->program;
    int grows = operation <= PSW_OP_ORACLE ? 1 : operation >= PSW_OP_ADD ? -1 : 0;
    c->waiting += grows;
    if (p->count >= STEPS_MAX || c->waiting > PSW_STACK_MAX)
        return WRONG(c, c->at, "the expression is too long; split it");
    if (p->count == c->room) {
        c->room = c->room ? 2 * c->room : 16;
        psw_program_step *more = realloc(p->steps, (size_t)c->room * sizeof *more);
        if (!more) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate an expression");
        p->steps = more;
    }
    p->steps[p->count++] = (psw_program_step){(unsigned char)operation, argument, number};
    return PSW_OK;
}

static ptrdiff_t position(const char *const *names, const char *name)
{
    for (ptrdiff_t i = 0; names && names[i]; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

static int terms(const psw_names *names)
{
    int count = 0, words;
    while (names->term && names->term(count, &words)) count++;
    return count;
}

static bool find_term(const psw_names *names, const char *name, int *place, int *words)
{
    const char *term;
    for (*place = 0; names->term && (term = names->term(*place, words)) != NULL; ++*place)
        if (strcmp(term, name) == 0) return true;
    return false;
}

static psw_status unknown_name(text_compiler *c, const text_operand *o)
{
    const char *all[160];
    size_t count = (size_t)terms(c->names);
    int words;
    const char *const *own = c->names->own;
    for (int place = 0; place < (int)count; place++) all[place] = c->names->term(place, &words);
    for (ptrdiff_t i = 0; own && own[i]; i++) all[count++] = own[i];
    for (ptrdiff_t i = 0; c->names->oracle && c->names->oracle->names[i] && count < 145; i++)
        all[count++] = c->names->oracle->names[i];
    for (const text_function *f = text_functions; f->name; f++) all[count++] = f->name;
    all[count] = NULL;
    return WRONG(c, o->at, "unknown name '%s' in an expression%s", psw_show(o->word).text, psw_hint(o->word, all).text);
}

static psw_status unknown_word(text_compiler *c, const text_operand *o, psw_vocabulary vocabulary)
{
    return WRONG(c, o->at, "'%s' is not one of: %s%s", psw_show(o->word).text, psw_words_list(vocabulary).text,
                 psw_word_hint(vocabulary, o->word).text);
}

static void knows_words(text_operand *out, int vocabulary)
{
    out->words = vocabulary;
    if (vocabulary >= 0 && !psw_words_open((psw_vocabulary)vocabulary)) out->kind = vocabulary;
}

psw_status text_name_resolve(text_compiler *c, text_operand *out)
{
    const psw_names *n = c->names;
    ptrdiff_t at;
    int place, words;
    out->literal = c->program->count;
    if (c->expected >= 0 && psw_word_code((psw_vocabulary)c->expected, out->word) >= 0) {
        out->kind = A_WORD;
        return text_emit(c, PSW_OP_NUMBER, 0, 0);
    }
    if (find_term(n, out->word, &place, &words)) {
        knows_words(out, words);
        return text_emit(c, PSW_OP_ROW, place, 0);
    }
    if ((at = position(n->own, out->word)) >= 0) return text_emit(c, PSW_OP_ROW, terms(n) + (int)at, 0);
    if (n->oracle && (at = position(n->oracle->names, out->word)) >= 0) {
        knows_words(out, n->oracle->vocabulary ? n->oracle->vocabulary[at] : -1);
        return text_emit(c, PSW_OP_ORACLE, (int)at, 0);
    }
    out->kind = A_WORD; /* perhaps of the name on the other side */
    return text_emit(c, PSW_OP_NUMBER, 0, 0);
}

psw_status text_number_only(text_compiler *c, const text_operand *o)
{
    if (o->kind == A_NUMBER) return PSW_OK;
    if (o->kind == A_WORD) return unknown_name(c, o);
    return WRONG(c, o->at, "'%s' has words for values (%s); compare it with == or !=", psw_show(o->word).text,
                 psw_words_list((psw_vocabulary)o->kind).text);
}

psw_status text_word_resolve(text_compiler *c, const text_operand *named, const text_operand *word)
{
    int code = psw_word_code((psw_vocabulary)named->words, word->word);
    if (code < 0) return unknown_word(c, word, (psw_vocabulary)named->words);
    c->program->steps[word->literal] = (psw_program_step){PSW_OP_NUMBER, 0, code};
    return PSW_OK;
}

bool text_word_fits(const text_operand *named, const text_operand *word)
{
    if (named->words < 0 || word->literal < 0) return false;
    return word->kind == A_WORD || psw_word_code((psw_vocabulary)named->words, word->word) >= 0;
}

psw_status text_function_unknown(text_compiler *c, const text_operand *o)
{
    const char *names[16];
    size_t count = 0;
    for (const text_function *f = text_functions; f->name; f++) names[count++] = f->name;
    names[count] = NULL;
    psw_shown hint = psw_hint(o->word, names);
    return WRONG(c, o->at, "unknown function '%s'%s", psw_show(o->word).text,
                 *hint.text ? hint.text : "; there are: min, max, abs, ceil, floor, round, sqrt, exp, log, log2");
}
