/* text: what people write, not yet interpreted: words (polysweep/words.h), numbers, the nearest name, expressions,
 * YAML trees with the place of every value, and the JSON that is written back.
 *
 * Reading is strict: nothing is guessed, and a message says where the text is wrong and what is near. */
#ifndef POLYSWEEP_TEXT_H
#define POLYSWEEP_TEXT_H

#include <stdio.h>

#include "polysweep/words.h"

/* ---- in messages ---------------------------------------------------------------------------------------- */

/* A text of the user's, safe and short enough for a message. */
typedef struct psw_shown {
    char text[72];
} psw_shown;
psw_shown psw_show(const char *text);

/* The nearest of `names` (NULL-terminated) to `name`, NULL if none is near. */
const char *psw_nearest(const char *name, const char *const *names);

/* "; the nearest is 'beta'", or nothing: the end of a message about an unknown name. */
psw_shown psw_hint(const char *name, const char *const *names);
psw_shown psw_word_hint(psw_vocabulary vocabulary, const char *word);
/* Words of a vocabulary as "full, causal". */
typedef struct psw_list_text {
    char text[320];
} psw_list_text;
psw_list_text psw_words_list(psw_vocabulary vocabulary);

/* ---- numbers: strict reading, and the shortest writing that reads back to the same bits ---------------------- */

#define PSW_WHOLE_MAX 9007199254740992.0 /* 2^53: whole numbers up to here are exact in a double */

/* Length of the decimal number at the start of `text` (digits, point, exponent; no sign), 0 if there is none. */
size_t psw_number_length(const char *text);
bool psw_number_read(const char *text, double *value); /* the whole text, with an optional sign; finite */
/* Is a text that was read as the whole number `value` (0 .. 2^53) exactly that number, or was it rounded? */
bool psw_number_exact(const char *text, double value);

typedef struct psw_number {
    char text[32];
} psw_number;
psw_number psw_number_print(double value);

/* "1h30m", "45s" -> seconds; "4Gi", "2M", "1.5 GiB" -> bytes. PSW_USAGE. */
psw_status psw_parse_duration(const char *text, double *seconds);
psw_status psw_parse_size(const char *text, double *bytes);

/* ---- YAML: a tree of nodes, each with its place -------------------------------------------------------------- */

#define PSW_TEXT_MAX (4 << 20)  /* bytes of a study file */
#define PSW_SCALAR_MAX 4096     /* bytes of one value */
#define PSW_NAME_MAX 64         /* bytes of one key */
#define PSW_DEPTH_MAX 12        /* the deepest key of a study is at 5 */
#define PSW_NODES_MAX (1 << 18) /* values written one by one */

typedef struct psw_where {
    ptrdiff_t line, column; /* counted from 1; 0 = nowhere in particular */
    ptrdiff_t set;          /* 1 + number of the --set argument, 0 = the file */
} psw_where;
static inline psw_where psw_nowhere(ptrdiff_t set)
{
    return (psw_where){0, 0, set};
}

typedef enum psw_yaml_kind { PSW_SCALAR, PSW_LIST, PSW_MAP } psw_yaml_kind;

typedef struct psw_yaml_node {
    psw_yaml_kind kind;
    bool quoted;
    char *key;  /* under a map, else NULL */
    char *text; /* of a scalar */
    psw_where where, key_where;
    ptrdiff_t children;
    struct psw_yaml_node *parent, *child, *last, *next;
} psw_yaml_node;

typedef struct psw_yaml {
    const char *name; /* of the file, in messages */
    const char *const *set;
    psw_yaml_node *root;
    ptrdiff_t nodes;
} psw_yaml;

/* Fills tree->root from text; `set` marks places that come from a --set argument (0 = the file). PSW_USAGE. */
psw_status psw_yaml_load(psw_yaml *tree, const char *text, size_t length, ptrdiff_t set);
void psw_yaml_free(psw_yaml_node *node); /* with its children; does not remove it from its parent */

psw_yaml_node *psw_yaml_child(const psw_yaml_node *map, const char *key); /* NULL if there is none, or map is NULL */
void psw_yaml_append(psw_yaml_node *parent, psw_yaml_node *child);
psw_yaml_node *psw_yaml_create(psw_yaml *tree, psw_yaml_kind kind, const char *key, const char *text, psw_where where);

/* Replaces or adds what the KEY=VALUE arguments name. PSW_USAGE names the argument. */
psw_status psw_yaml_override(psw_yaml *tree, const char *const *set, ptrdiff_t sets);

/* "name:line:column: text" with PSW_USAGE. */
psw_status psw_wrong_at(const psw_yaml *tree, psw_where where, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
#define PSW_WRONG(tree, where, ...) psw_wrong_at((tree), (where), __FILE__, __LINE__, __VA_ARGS__)

/* ---- values by the key that they are given for ---------------------------------------------------------------- */

typedef enum psw_yaml_type {
    PSW_T_REAL,
    PSW_T_WHOLE,
    PSW_T_WORD,
    PSW_T_PATH, /* of parameters */
    PSW_T_AUTO,
    PSW_T_TEXT,
    PSW_T_NAME,
    PSW_T_SWITCH,
    PSW_T_DURATION,
    PSW_T_SIZE,
    PSW_T_TREE /* of settings; PSW_T_TREE: a section */
} psw_yaml_type;

typedef struct psw_yaml_key {
    const char *section, *name; /* section "" is the top level */
    psw_yaml_type type;
    int vocabulary;       /* of a word */
    double least, most;   /* range, both included */
    const char *fallback; /* text of the default (for parameters also a formula), NULL = none, or a method's own */
    const char *meaning;
    unsigned methods, kinds; /* sets of methods and of data kinds that it applies to, as their table says where 0 */
    size_t offset;           /* of a setting in the struct of settings */
} psw_yaml_key;

/* The value of a scalar by its key; checks the range. A path's number is left to the caller (value 0). PSW_USAGE. */
psw_status psw_value_read(const psw_yaml *tree, const psw_yaml_node *node, const psw_yaml_key *key, double *value);
/* Is `value` of the key's type and inside its range? `what` receives the message if not. */
bool psw_value_fits(const psw_yaml_key *key, double value, char *what, size_t size);
/* {from, to, step} | {from, to, factor} | {from, to, count, spacing}: at most `most` values, to be freed by the caller.
 * PSW_USAGE, PSW_NO_MEMORY. */
psw_status psw_range_read(const psw_yaml *tree, const psw_yaml_node *node, const psw_yaml_key *key, ptrdiff_t most,
                          double **values, ptrdiff_t *count);

/* ---- JSON that a YAML reader takes too, made in memory ------------------------------------------------------- */

typedef struct psw_writer {
    char *text; /* to be freed; NULL before anything is put */
    size_t length, room;
    bool failed; /* no memory: what follows is lost */
    bool comma;  /* an element stands before the next key */
} psw_writer;
void psw_writer_put(psw_writer *writer, const char *text);
void psw_writer_quote(psw_writer *writer, const char *text);
/* A number where it reads back as the same text, else quoted. */
void psw_writer_scalar(psw_writer *writer, const char *text);
void psw_writer_key(psw_writer *writer, const char *name); /* with the comma before it */
void psw_writer_open(psw_writer *writer, const char *bracket);
void psw_writer_close(psw_writer *writer, const char *bracket);

/* ---- expressions: compiled once to a short program, then evaluated without allocation ------------------------ */

/* Names that other rooms can give a value to (theory columns, result columns). */

typedef struct psw_oracle {
    const char *const *names; /* NULL-terminated */
    double (*value)(const void *subject, ptrdiff_t name);
    const int
        *vocabulary; /* per name: the psw_vocabulary whose words it is compared with, else -1; NULL = none has one */
} psw_oracle;

/* Names that an expression may use: values of a row, by their places, and columns of an oracle. */
typedef struct psw_names {
    const char *(*term)(int place, int *vocabulary); /* NULL past the last; vocabulary: -1 = numbers. NULL: no term */
    const char *const *own; /* more values of the row, behind the terms; NULL-terminated or NULL */
    const psw_oracle *oracle;
} psw_names;
typedef uint64_t psw_ids; /* a set of places of a row: those of bits that are set */

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

typedef struct psw_program_step {
    unsigned char operation;
    int argument;
    double number;
} psw_program_step;

typedef struct psw_program {
    psw_program_step *steps;
    ptrdiff_t count;
    psw_ids reads; /* places of the row that it names */
    bool oracle;   /* it uses a column of the oracle */
} psw_program;

/* On failure the message slot holds what is wrong and *column the position in the text (from 1). PSW_USAGE. */
psw_status psw_program_compile(const char *text, const psw_names *names, psw_program *program, ptrdiff_t *column);
/* The same, with "name: column N: what is wrong". */
psw_status psw_program_named(const char *text, const char *name, const psw_names *names, psw_program *program);
double psw_program_value(const psw_program *program, const double *row, const psw_oracle *oracle, const void *subject);
static inline bool psw_program_true(double value)
{
    return value != 0 && value == value;
}
void psw_program_free(psw_program *program);

/* The expression of a node; the message has its place. */
psw_status psw_program_of_node(const psw_yaml *tree, const psw_yaml_node *node, const psw_names *names,
                               psw_program *program);

/* An expression over the names of an oracle alone (show --where over the columns of a file). */
typedef struct psw_expression psw_expression;
/* `name` is used in messages ("--where"). */
psw_status psw_expression_create(const char *text, const char *name, const psw_oracle *names, psw_expression **out);
double psw_expression_value(const psw_expression *expression, const void *subject); /* 0 and 1 for truth */
void psw_expression_free(psw_expression *expression);

#endif
