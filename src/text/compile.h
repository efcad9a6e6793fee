/* Inside the compiler of expressions: its state, and the meaning of names. */
#ifndef TEXT_COMPILE_H
#define TEXT_COMPILE_H

#include "polysweep/text.h"

enum { A_NUMBER = -1, A_WORD = -2 }; /* kind of an operand; >= 0: the vocabulary of a coded name */

typedef struct text_operand {
    int kind, words;   /* words: the vocabulary that it may be compared with, -1 = numbers only */
    ptrdiff_t at;      /* its position in the text */
    ptrdiff_t literal; /* step that receives the code of a word; -1 = not a single name */
    char word[PSW_NAME_MAX + 1];
} text_operand;

typedef struct text_compiler {
    const char *text;
    ptrdiff_t at;
    const psw_names *names;
    psw_program *program;
    ptrdiff_t room;
    int nesting, waiting;
    int expected; /* vocabulary of the other side of a comparison, or -1 */
    ptrdiff_t *column;
} text_compiler;

typedef struct text_function {
    const char *name;
    psw_operation operation;
    bool many; /* two or more arguments */
} text_function;
extern const text_function text_functions[]; /* ended by a name of NULL */

#define WRONG(c, where, ...) (*(c)->column = (where) + 1, PSW_FAIL(PSW_USAGE, __VA_ARGS__))

psw_status text_emit(text_compiler *c, psw_operation operation, int argument, double number);
/* Resolves out->word: a parameter, an own axis, a column, or (for now) a word of a coded name. */
psw_status text_name_resolve(text_compiler *c, text_operand *out);
/* An operand of anything but == and != is a number. */
psw_status text_number_only(text_compiler *c, const text_operand *o);
/* Sets the word on one side of == to its code in the vocabulary of the name on the other side. */
psw_status text_word_resolve(text_compiler *c, const text_operand *named, const text_operand *word);
/* Is a single name on one side of == a word of the name on the other? It may also be a name itself. */
bool text_word_fits(const text_operand *named, const text_operand *word);
psw_status text_function_unknown(text_compiler *c, const text_operand *o);

#endif
