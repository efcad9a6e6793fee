/* Expressions: compiled once to a short program over a row of values, then evaluated without allocation. */
#ifndef SPEC_PROGRAM_H
#define SPEC_PROGRAM_H

#include "spec/keys.h"

#define PSW_STACK_MAX 128 /* values waiting in an expression */

typedef enum psw_operation {
    PSW_OP_NUMBER,
    PSW_OP_ROW,
    PSW_OP_ORACLE,
    PSW_OP_NEGATE,
    PSW_OP_NOT,
    PSW_OP_ABS,
    PSW_OP_CEIL,
    PSW_OP_FLOOR,
    PSW_OP_ROUND,
    PSW_OP_SQRT,
    PSW_OP_EXP,
    PSW_OP_LOG,
    PSW_OP_LOG2,
    PSW_OP_ADD,
    PSW_OP_SUBTRACT,
    PSW_OP_MULTIPLY,
    PSW_OP_DIVIDE,
    PSW_OP_MODULO,
    PSW_OP_POWER,
    PSW_OP_MIN,
    PSW_OP_MAX,
    PSW_OP_EQUAL,
    PSW_OP_UNEQUAL,
    PSW_OP_LESS,
    PSW_OP_GREATER,
    PSW_OP_AT_MOST,
    PSW_OP_AT_LEAST,
    PSW_OP_AND,
    PSW_OP_OR
} psw_operation;

/* Names that an expression may use. */
typedef struct psw_names {
    bool parameters;        /* of a point, by their row */
    const char *const *own; /* own axes, behind the parameters; NULL-terminated or NULL */
    const psw_oracle *oracle;
} psw_names;

typedef struct psw_step {
    unsigned char operation;
    int argument;
    double number;
} psw_step;

typedef struct psw_program {
    psw_step *steps;
    ptrdiff_t count;
    psw_ids reads; /* parameters and own axes it names */
    bool oracle;   /* it uses a column of the oracle */
} psw_program;

/* On failure the message slot holds what is wrong and *column the position in the text (from 1). PSW_USAGE. */
psw_status psw_program_compile(const char *text, const psw_names *names, psw_program *program, ptrdiff_t *column);
double psw_program_value(const psw_program *program, const psw_row *row, const psw_oracle *oracle, const void *subject);
static inline bool psw_program_true(double value)
{
    return value != 0 && value == value;
}
void psw_program_free(psw_program *program);

/* The expression of a node; the message has its place. */
psw_status psw_program_of_node(const psw_tree *tree, const psw_node *node, const psw_names *names,
                               psw_program *program);

#endif
