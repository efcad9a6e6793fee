/* spec: the study. A study file (a strict subset of YAML 1.2) becomes a study: settings, and a grid whose points are
 * computed from their slot, never listed.
 *
 * Coded parameters are small integers; their words are in one table each (psw_words), used for reading,
 * printing, and the flag_meanings of the file. */
#ifndef POLYSWEEP_SPEC_H
#define POLYSWEEP_SPEC_H

#include <stdio.h>

#include "polysweep/base.h"

/* ---- a point -------------------------------------------------------------------------------------------- */

typedef enum psw_method { /* PSW_EXACT, ...: a row each of polysweep/methods.def */
#define PSW_METHOD(word, CODE, ...) PSW_##CODE,
#include "polysweep/methods.def"
} psw_method;
typedef enum psw_mask { PSW_FULL, PSW_CAUSAL } psw_mask;
typedef enum psw_precision { PSW_FP64, PSW_FP32 } psw_precision;
typedef enum psw_row_norm { PSW_NORM_NONE, PSW_NORM_UNIT, PSW_NORM_LAYERNORM, PSW_NORM_SQRT_D } psw_row_norm;
typedef enum psw_negative { PSW_NEGATIVE_REFUSE, PSW_NEGATIVE_SIGNED, PSW_NEGATIVE_ABS } psw_negative;
typedef enum psw_data_kind { /* PSW_GAUSSIAN, ...: a row each of polysweep/data_kinds.def */
#define PSW_DATA_KIND(word, CODE, ...) PSW_##CODE,
#include "polysweep/data_kinds.def"
} psw_data_kind;
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
typedef enum psw_folded { PSW_FOLDS_NOTHING, PSW_FOLDS_ROWS, PSW_FOLDS_STATES } psw_folded;
typedef enum psw_kernel { PSW_KERNEL_POWER, PSW_KERNEL_EXPONENTIAL, PSW_KERNEL_LINEAR, PSW_KERNEL_OTHER } psw_kernel;
typedef struct psw_method_facts {
    const char *word;
    psw_folded folds;
    psw_kernel kernel;
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
/* The first method that folds rows with a kernel, which is what sketches of the kernel estimate; PSW_METHODS = none. */
psw_method psw_method_of_kernel(psw_kernel kernel);
/* Words of the methods for which `holds` is true, as "exact, softmax or linear". */
typedef struct psw_word_list {
    char text[320];
} psw_word_list;
psw_word_list psw_methods_where(bool (*holds)(const psw_method_facts *facts));
psw_word_list psw_methods_of_theory(void); /* that compute no attention */

/* polysweep/data_kinds.def explains each. */
typedef enum psw_drawn { PSW_DRAWN_NEVER, PSW_DRAWN_NOISE, PSW_DRAWN_ALWAYS } psw_drawn;
typedef struct psw_data_kind_facts {
    const char *word;
    int sets;
    bool has_rows, closed_form;
    psw_drawn drawn;
    const char *help;
} psw_data_kind_facts;
const psw_data_kind_facts *psw_data_kind_facts_of(psw_data_kind kind); /* unknown kind: rows, one set, no word */

#define PSW_OWN_MAX 8     /* own axes: named by the user */
#define PSW_PREDICT_MAX 8 /* the user's predictions */

/* The values of one point. An integer that does not apply is 0; beta of softmax and linear is NaN. Lengths are
 * in tokens (n), features (d: width of queries and keys, v: of values) and sketch rows (r). */
typedef struct psw_point {
    psw_method method;
    psw_mask mask;
    psw_precision precision;
    psw_data_kind data_kind;
    psw_preset preset;
    psw_row_norm row_norm;
    psw_negative negative;
    double beta;
    ptrdiff_t n, d, v, r, features, local, draws;
    double noise, a_0, a_1, b, c, kappa; /* constants of the data, in units of sqrt(ln n) */
    ptrdiff_t j3;                        /* special token, counted from 0 */
    ptrdiff_t m, trials;                 /* sign vectors per trial, trials */
    double den_constant, cosine;
    ptrdiff_t head, block, team;
    uint64_t seed;
    ptrdiff_t data_draws; /* realisations of random rows, 0 = not random */
    int common;           /* 1: noise of the same draw is the same for every n and noise */
    ptrdiff_t weights; /* learned weights of a sketch: number of their path in the study, 0 = none */
    double own[PSW_OWN_MAX];
    double level; /* judge.level of the study, used by the edges; not a value of the point */
} psw_point;

/* ---- names that other rooms can give a value to (theory columns, result columns) -------------------------- */

typedef struct psw_oracle {
    const char *const *names; /* NULL-terminated */
    double (*value)(const void *subject, ptrdiff_t name);
    const int
        *vocabulary; /* per name: the psw_vocabulary whose words it is compared with, else -1; NULL = none has one */
} psw_oracle;

/* What spec needs from later rooms; any member may be NULL, all must outlive the study. */
typedef struct psw_rooms {
    const psw_oracle *theory;                     /* columns that expressions may use; subject: const psw_point * */
    psw_status (*check)(const psw_point *point);  /* PSW_OK where the point can be computed, else why not */
    const char *const *reserved;                  /* names that an own axis must not have, NULL-terminated */
    bool (*negative)(const psw_point *point);     /* can a score be negative? NULL: it can */
    /* Read a study as the first program of schema 1 did: `negative` does not apply to linear; mask, noise, j3, row_norm
     * and den_constant do not apply to closed_form; and points of include take no values from grid. */
    bool first_files;
    /* Size r of the sketch whose learned weights are in a file. PSW_ENVIRONMENT, PSW_USAGE. NULL: no file is opened,
     * and a study that needs one is an error. */
    psw_status (*learned_r)(const char *path, ptrdiff_t *r);
} psw_rooms;

/* ---- a study -------------------------------------------------------------------------------------------- */

typedef struct psw_settings {
    char file[512];                                  /* output.file */
    double time_limit_s;                             /* 0 = none */
    double memory_per_rank_bytes;                    /* 0 = all of the machine's */
    double point_limit;                              /* times the predicted time */
    ptrdiff_t team;                                  /* 0 = auto */
    int threads;
    bool oversubscribe, keep_samples, keep_rows;
    char route[16], layout[16], scan[16];            /* auto or a name in dist's tables */
    double level;                                    /* judge.level: rate of success at the edges */
    bool timing, beside;                             /* beside: copies on all teams of a size at once */
    ptrdiff_t reps, max_reps, warmup;
    double ci_rel, confidence;
} psw_settings;

typedef struct psw_exclusion { /* one exclude rule and its points */
    const char *when, *why;
    ptrdiff_t points;
} psw_exclusion;

typedef struct psw_study psw_study;

/* Reads a file, or text already in memory (`name` is its name in messages). `set` are KEY=VALUE overrides; `rooms`
 * may be NULL. PSW_USAGE with "name:line:column: what is wrong; what to do" ("--set KEY=VALUE: ..." for an override);
 * PSW_ENVIRONMENT if the file cannot be read. */
psw_status psw_study_read(const char *path, const char *const *set, ptrdiff_t sets, const psw_rooms *rooms,
                          psw_study **study);
psw_status psw_study_parse(const char *text, size_t length, const char *name, const char *const *set, ptrdiff_t sets,
                           const psw_rooms *rooms, psw_study **study);
void psw_study_free(psw_study *study);

const char *psw_study_name(const psw_study *study);
const char *psw_study_text(const psw_study *study);     /* as it was read */
const char *psw_study_resolved(const psw_study *study); /* as JSON with every override and default; itself a study */
const psw_settings *psw_study_settings(const psw_study *study);
bool psw_study_earlier(const psw_study *study); /* read with rooms.first_files */

/* A hash over the schema, the points in the order of their slots, and the paths that they name. Comments, order of keys
 * where it does not move a slot (all but methods, their keys and axes), `run`, `output`, `predict` and `time` do not
 * enter; a team enters only as an axis. Two descriptions of the same points are the same study. */
uint64_t psw_study_identity(const psw_study *study);
/* What differs between two studies, one line each ("grid.beta: 2, 4 here, 2, 4, 8 in the file"), for people. */
void psw_study_difference(const psw_study *asked, const psw_study *stored, char *text, size_t size);
/* The same for what does not enter the identity but fixes a file's layout (predictions, own axes, output.keep, time);
 * empty if a file of one can be used for the other. */
void psw_study_layout_difference(const psw_study *asked, const psw_study *stored, char *text, size_t size);
/* The part that even a new file cannot change, since the slots that it takes over are fixed in it: keep, time. */
void psw_study_kept_difference(const psw_study *asked, const psw_study *stored, char *text, size_t size);

ptrdiff_t psw_study_slots(const psw_study *study);
psw_point psw_study_point(const psw_study *study, ptrdiff_t slot); /* pure */
ptrdiff_t psw_study_slot(const psw_study *study, const psw_point *point); /* the inverse; -1 = no such point */
/* The slot of the point with the same values as a point of another study (own axes by name, learned weights by path; a
 * team only where it is an axis); -1 = none. */
ptrdiff_t psw_study_find(const psw_study *study, const psw_study *other, const psw_point *point);

ptrdiff_t psw_study_exclusions(const psw_study *study, const psw_exclusion **list);
ptrdiff_t psw_study_own(const psw_study *study, const char *const **names);     /* own axes, in point.own's order */
ptrdiff_t psw_study_predict(const psw_study *study, const char *const **names); /* predictions ("mine", ...) */
void psw_study_predictions(const psw_study *study, const psw_point *point, double values[PSW_PREDICT_MAX]);
/* Path number `index`: 0 is data.path ("" without one), from 1 those that point.weights counts; NULL past the end. */
const char *psw_study_path(const psw_study *study, ptrdiff_t index);

/* ---- a study derived from another ------------------------------------------------------------------------------ */

/* A change of `grid`: `axis` gets a new name, new values, or both; NULL: unchanged. An axis that does not exist is
 * appended, with the values. Expressions keep their names. */
typedef struct psw_axis_change {
    const char *axis, *name;
    const double *values;
    ptrdiff_t count;
} psw_axis_change;
typedef struct psw_study_changes {
    const char *name; /* of the new study in messages */
    const psw_axis_change *axes;
    ptrdiff_t axis_count;
    const char *const *set; /* KEY=VALUE overrides on top */
    ptrdiff_t sets;
} psw_study_changes;
/* The new study has the defaults and overrides of the old one written out. PSW_USAGE, with "name: what is wrong": the
 * axis to rename does not exist, or the result is not a valid study. */
psw_status psw_study_change(const psw_study *study, const psw_study_changes *changes, psw_study **changed);
bool psw_study_in_grid(const psw_study *study, const char *name); /* as an axis or a single value */

/* ---- a filter: --where over parameters, own axes, theory columns ------------------------------------------ */

typedef struct psw_filter psw_filter;
/* PSW_USAGE, also where it holds for no point (likely a mistake). No expression (NULL): no filter (NULL). */
psw_status psw_filter_create(const psw_study *study, const char *expression, psw_filter **filter);
bool psw_filter_keeps(const psw_filter *filter, const psw_point *point);
void psw_filter_free(psw_filter *filter);

/* ---- an expression over any names (show --where over the columns of a file) ------------------------------- */

typedef struct psw_expression psw_expression;
/* `name` is used in messages ("--where"). */
psw_status psw_expression_create(const char *text, const char *name, const psw_oracle *names, psw_expression **out);
double psw_expression_value(const psw_expression *expression, const void *subject); /* 0 and 1 for truth */
void psw_expression_free(psw_expression *expression);

bool psw_is_parameter(const char *name); /* of a point: an own axis cannot have this name */

/* The nearest of `names` (NULL-terminated) to `name`, NULL if none is near. */
const char *psw_nearest(const char *name, const char *const *names);

/* "1h30m", "45s" -> seconds; "4Gi", "2M" -> bytes. PSW_USAGE. */
psw_status psw_parse_duration(const char *text, double *seconds);
psw_status psw_parse_size(const char *text, double *bytes);

/* Prints the table of study keys (name, type, default, meaning) to `stream`: help, README. */
void psw_keys_print(FILE *stream);
/* Prints the tables of methods (with their own parameters) and of kinds of data. */
void psw_methods_print(FILE *stream);

#endif
