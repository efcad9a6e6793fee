/* Inside the compiler of expressions: its state, and the meaning of names. */
#ifndef TEXT_COMPILE_H
#define TEXT_COMPILE_H

#include "polysweep/text.h"

enum { A_NUMBER = -1, A_WORD = -2 }; /* kind of an operand; >= 0: the vocabulary of a coded name */

typedef struct operand {
    int kind, words;   /* words: the vocabulary that it may be compared with, -1 = numbers only */
    ptrdiff_t at;      /* its position in the text */
    ptrdiff_t literal; /* step that receives the code of a word; -1 = not a single name */
    char word[PSW_NAME_MAX + 1];
} operand;

typedef struct compiler {
    const char *text;
    ptrdiff_t at;
    const psw_names *names;
    psw_program *program;
    ptrdiff_t room;
    int nesting, waiting;
    int expected; /* vocabulary of the other side of a comparison, or -1 */
    ptrdiff_t *column;
} compiler;

typedef struct function {
    const char *name;
    psw_operation operation;
    bool many; /* two or more arguments */
} function;
extern const function psw_functions[]; /* ended by a name of NULL */

#define WRONG(c, where, ...) (*(c)->column = (where) + 1, PSW_FAIL(PSW_USAGE, __VA_ARGS__))

psw_status psw_emit(compiler *c, psw_operation operation, int argument, double number);
/* Resolves out->word: a parameter, an own axis, a column, or (for now) a word of a coded name. */
psw_status psw_name_resolve(compiler *c, operand *out);
/* An operand of anything but == and != is a number. */
psw_status psw_number_only(compiler *c, const operand *o);
/* Sets the word on one side of == to its code in the vocabulary of the name on the other side. */
psw_status psw_word_resolve(compiler *c, const operand *named, const operand *word);
/* Is a single name on one side of == a word of the name on the other? It may also be a name itself. */
bool psw_word_fits(const operand *named, const operand *word);
psw_status psw_function_unknown(compiler *c, const operand *o);

#endif
