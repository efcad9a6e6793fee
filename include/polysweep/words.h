/* text: the words of studies, files and messages, with their codes, and what the tables of methods and of kinds of data
 * say of each.
 *
 * Coded parameters are small integers; their words stand in one table each, used for reading, for printing, and for the
 * flag_meanings of the file. */
#ifndef POLYSWEEP_WORDS_H
#define POLYSWEEP_WORDS_H

#include "polysweep/base.h"

typedef enum psw_method { /* PSW_EXACT, ...: a row each of polysweep/methods.def */
#define PSW_METHOD(word, CODE, ...) PSW_##CODE,
#include "polysweep/methods.def"
} psw_method;
typedef enum psw_mask { PSW_FULL, PSW_CAUSAL } psw_mask;
typedef enum psw_precision { PSW_FP64, PSW_FP32, PSW_BF16, PSW_FP16 } psw_precision;
typedef enum psw_row_norm { PSW_NORM_NONE, PSW_NORM_UNIT, PSW_NORM_LAYERNORM, PSW_NORM_SQRT_D } psw_row_norm;
typedef enum psw_negative {
    PSW_NEGATIVE_REFUSE,
    PSW_NEGATIVE_SIGNED,
    PSW_NEGATIVE_ABS,
    PSW_NEGATIVE_RELU
} psw_negative;
typedef enum psw_data_kind { /* PSW_GAUSSIAN, ...: a row each of polysweep/data_kinds.def */
#define PSW_DATA_KIND(word, CODE, ...) PSW_##CODE,
#include "polysweep/data_kinds.def"
} psw_data_kind;
typedef enum psw_reference { PSW_REFERENCE_OWN, PSW_REFERENCE_SOFTMAX, PSW_REFERENCE_EXACT } psw_reference;
typedef enum psw_mode { PSW_FORWARD, PSW_DECODE } psw_mode;
typedef enum psw_match { PSW_MATCH_NONE, PSW_MATCH_EXP } psw_match;
typedef enum psw_by { PSW_BY_ROWS, PSW_BY_FEATURES } psw_by; /* of a method that folds EITHER */
typedef enum psw_leaves_kind { PSW_LEAVES_GAUSSIAN, PSW_LEAVES_SRHT, PSW_LEAVES_COUNT } psw_leaves_kind;
/* Which queries are computed: of equal ones each, or one that stands for all of them. */
typedef enum psw_queries { PSW_QUERIES_ALL, PSW_QUERIES_DISTINCT } psw_queries;
/* When trials of a point end: after a number of them, when it is known on which side of the level the rate is, when its
 * interval is narrow. And why they ended. */
typedef enum psw_until { PSW_UNTIL_FIXED, PSW_UNTIL_DECIDED, PSW_UNTIL_WIDTH } psw_until;
typedef enum psw_trials_stop {
    PSW_TRIALS_FIXED,
    PSW_TRIALS_DECIDED,
    PSW_TRIALS_WIDTH,
    PSW_TRIALS_MOST
} psw_trials_stop;
/* A search: which edges it refines; what an edge is; on which side of the level a candidate is. */
typedef enum psw_edges_asked { PSW_EDGES_ALL, PSW_EDGES_FIRST, PSW_EDGES_LAST } psw_edges_asked;
typedef enum psw_edge_kind { PSW_EDGE_NONE, PSW_EDGE_RISE, PSW_EDGE_FALL } psw_edge_kind;
typedef enum psw_level_side {
    PSW_SIDE_NONE,
    PSW_SIDE_BELOW,
    PSW_SIDE_ABOVE,
    PSW_SIDE_OPEN,
    PSW_SIDE_FAILED
} psw_level_side;
typedef enum psw_preset { PSW_CUSTOM, PSW_P1, PSW_P2, PSW_P3, PSW_W1, PSW_W2 } psw_preset;

typedef enum psw_vocabulary {
    PSW_WORDS_METHOD,
    PSW_WORDS_MASK,
    PSW_WORDS_PRECISION,
    PSW_WORDS_ROW_NORM,
    PSW_WORDS_NEGATIVE,
    PSW_WORDS_DATA_KIND,
    PSW_WORDS_PRESET,
    PSW_WORDS_STATUS,
    PSW_WORDS_ERROR,
    PSW_WORDS_TIMING,
    PSW_WORDS_TIME_STOP,
    PSW_WORDS_TEAM,
    PSW_WORDS_WEIGHTS,
    PSW_WORDS_SWITCH,
    PSW_WORDS_FOLDED,
    PSW_WORDS_KERNEL,
    PSW_WORDS_REFERENCE,
    PSW_WORDS_MODE,
    PSW_WORDS_MATCH,
    PSW_WORDS_BY,
    PSW_WORDS_LEAVES,
    PSW_WORDS_QUERIES,
    PSW_WORDS_UNTIL,
    PSW_WORDS_TRIALS_STOP,
    PSW_WORDS_EDGES,
    PSW_WORDS_EDGE,
    PSW_WORDS_SIDE,
    PSW_VOCABULARIES
} psw_vocabulary;
/* Word `code` of a vocabulary, NULL past its end; and the code of a word, -1 = no such word. */
const char *psw_word(psw_vocabulary vocabulary, int code);
int psw_word_code(psw_vocabulary vocabulary, const char *word);
/* A vocabulary whose names are numbers except for a word or two: `team == auto`, `weights == none`. */
bool psw_words_open(psw_vocabulary vocabulary);
/* The code in PSW_WORDS_ERROR of a point's failure (exit codes are not dense, flag_values are). */
int psw_error_code(psw_status status);

/* ---- facts about methods and kinds of data ------------------------------------------------------- */

enum { /* how many there are */
#define PSW_METHOD(...) +1
       PSW_METHODS = 0
#include "polysweep/methods.def"
       ,
#define PSW_DATA_KIND(...) +1
       PSW_DATA_KINDS = 0
#include "polysweep/data_kinds.def"
};

/* polysweep/methods.def explains each. */
typedef enum psw_folded {
    PSW_FOLDS_NOTHING,
    PSW_FOLDS_ROWS,
    PSW_FOLDS_STATES,
    PSW_FOLDS_EITHER,
    PSW_FOLDS_LANDMARKS
} psw_folded;
typedef enum psw_kernel {
    PSW_KERNEL_POWER,
    PSW_KERNEL_EXPONENTIAL,
    PSW_KERNEL_LINEAR,
    PSW_KERNEL_OTHER,
    PSW_KERNEL_TAYLOR,
    PSW_KERNEL_FEATURES
} psw_kernel;
typedef enum psw_affine { PSW_AFFINE_NONE, PSW_AFFINE_SCALE, PSW_AFFINE_CANCELS, PSW_AFFINE_BOTH } psw_affine;
typedef struct psw_method_facts {
    const char *word;
    psw_folded folds;
    psw_kernel kernel;
    psw_affine affine;
    bool has_degree, random, bitwise, squares;
    const char *help;
} psw_method_facts;
/* For an unknown code: folds nothing, no word. */
const psw_method_facts *psw_method_facts_of(psw_method method);
/* True where there is attention to compute, false for theory only. */
static inline bool psw_method_computes(psw_method method)
{
    return psw_method_facts_of(method)->folds != PSW_FOLDS_NOTHING;
}
/* True of the kernels that theory knows: powers, exponentials and scores themselves. */
static inline bool psw_kernel_known(psw_kernel kernel)
{
    return kernel == PSW_KERNEL_POWER || kernel == PSW_KERNEL_EXPONENTIAL || kernel == PSW_KERNEL_LINEAR;
}
/* The first method that folds rows with a kernel, which is what sketches of the kernel estimate; PSW_METHODS = none. */
psw_method psw_method_of_kernel(psw_kernel kernel);
/* Words of the methods for which `holds` is true, as "exact, softmax or linear". */
typedef struct psw_word_list {
    char text[320];
} psw_word_list;
psw_word_list psw_methods_where(bool (*holds)(const psw_method_facts *facts));
psw_word_list psw_methods_of_theory(void); /* that compute no attention */

/* polysweep/data_kinds.def explains each. */
typedef enum psw_drawn { PSW_DRAWN_NEVER, PSW_DRAWN_NOISE, PSW_DRAWN_ALWAYS, PSW_DRAWN_REPEATED } psw_drawn;
typedef struct psw_data_kind_facts {
    const char *word;
    int sets;
    bool has_rows, closed_form, has_classes, recalls;
    psw_drawn drawn;
    const char *help;
} psw_data_kind_facts;
const psw_data_kind_facts *psw_data_kind_facts_of(psw_data_kind kind); /* unknown kind: rows, one set, no word */

#endif
