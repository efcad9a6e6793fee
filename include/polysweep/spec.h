/* spec: the study. A study file (a strict subset of YAML 1.2) becomes a study: settings, and a grid whose points are
 * computed from their slot, never listed. */
#ifndef POLYSWEEP_SPEC_H
#define POLYSWEEP_SPEC_H

#include <stdio.h>

#include "polysweep/narrow.h"
#include "polysweep/text.h"

/* ---- a point -------------------------------------------------------------------------------------------- */

#define PSW_OWN_MAX 8     /* own axes: named by the user */
#define PSW_PREDICT_MAX 8 /* the user's predictions */

/* The values of one point. An integer that does not apply is 0; beta of a method without a degree is NaN. Lengths are
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
    ptrdiff_t weights;    /* learned weights of a sketch: number of their path in the study, 0 = none */
    /* Scores are offset + scale <q, k>. 0 as scale: it does not apply, or is 1 of a point that nobody set. */
    double scale, offset;
    psw_match match; /* of a method's own: what set them, and its centre */
    double center;
    psw_reference reference;                /* what outputs are compared with */
    double reference_scale, reference_beta; /* of its scores; of reference exact, NaN: the point's beta */
    psw_mode mode;
    psw_precision cache;    /* of keys and values while generating */
    ptrdiff_t n_k;          /* keys; 0: as many as queries */
    ptrdiff_t layer, batch; /* of a file */
    ptrdiff_t order;        /* of a partial sum */
    psw_by by;
    ptrdiff_t sinks, keep, landmarks;
    psw_leaves_kind leaves;
    int is_complex; /* tables are complex numbers */
    double epsilon;
    psw_queries queries; /* distinct: only where some are equal (psw_data_times) */
    double own[PSW_OWN_MAX];
    /* Of the study, and no values of the point: judge.level, and the rule that ends its trials. */
    double level, until_width, until_error; /* until_error: the chance of a wrong side that this point may take */
    psw_until until;
    int threads; /* run.threads, with which a rank computes it; 0 of a point that nobody set: one */
} psw_point;

/* How it folds. */
static inline psw_folded psw_point_folds(const psw_point *point)
{
    psw_folded folds = psw_method_facts_of(point->method)->folds;
    if (folds != PSW_FOLDS_EITHER) return folds;
    return point->by == PSW_BY_FEATURES ? PSW_FOLDS_STATES : PSW_FOLDS_ROWS;
}
static inline double psw_point_scale(const psw_point *point)
{
    return point->scale > 0 ? point->scale : 1;
}
/* Width of the rows that products see: an offset takes a coordinate of its own. */
static inline ptrdiff_t psw_point_width(const psw_point *point)
{
    return point->d + (point->offset != 0);
}
/* Products are in single precision: fp32, and the formats that are rounded to before them. */
static inline bool psw_point_single(const psw_point *point)
{
    return point->precision != PSW_FP64;
}
/* What the operands of products are rounded to; NULL: the type that they are held in. */
const psw_narrow *psw_point_narrow(const psw_point *point);

/* How heads are read from a file of kind `file`: data.names, kv_heads, padding, rope. */
typedef struct psw_file_keys {
    const char *names[3];  /* of queries, keys and values; {layer} stands for the layer's number. NULL: the defaults */
    ptrdiff_t kv_heads;    /* heads of keys and values; 0: as many as there are */
    const char *padding;   /* array of the lengths of sequences; NULL: all are whole */
    double rope_base;      /* queries and keys are rotated by angles position / base^(2 i / width); 0: they are not */
    ptrdiff_t rope_width;  /* columns that are rotated, from the first on; 0: all */
    bool rope_interleaved; /* pairs are columns 2 i and 2 i + 1, else i and i + width / 2 */
} psw_file_keys;

/* What such a file says of itself; 0 where it does not say. */
enum { PSW_LAYERS_MOST = 1024 };
typedef struct psw_file_facts {
    double scale;     /* of its model's scores */
    char source[512]; /* the model and the text */
    ptrdiff_t n, n_k, d, v, heads, batches;
    ptrdiff_t layers, layer[PSW_LAYERS_MOST]; /* numbers of layers, ascending */
} psw_file_facts;

/* What spec needs from later rooms; any member may be NULL, all must outlive the study. */
typedef struct psw_rooms {
    const psw_oracle *theory;                    /* columns that expressions may use; subject: const psw_point * */
    psw_status (*check)(const psw_point *point); /* PSW_OK where the point can be computed, else why not */
    const char *const *reserved;                 /* names that an own axis must not have, NULL-terminated */
    const int *reserved_words;                /* per name: vocabulary of its words, -1 = numbers. NULL: all of them */
    bool (*negative)(const psw_point *point); /* can a score be negative? NULL: it can */
    /* Have some queries of a point equal outputs? Where not, `queries: distinct` is all of them. NULL: they have. */
    bool (*repeats)(const psw_point *point);
    /* Read a study as the first program of schema 1 did: `negative` does not apply to linear; mask, noise, j3, row_norm
     * and den_constant do not apply to closed_form; and points of include take no values from grid. */
    bool first_files;
    /* The study comes from a result file, which has every default of the program that made it written out: without
     * `reference` in it there were no references, and the outputs of heads are compared with their own kernels. */
    bool stored;
    /* Size r of the sketch whose learned weights are in a file. PSW_ENVIRONMENT, PSW_USAGE. NULL: no file is opened,
     * and a study that needs one is an error. */
    psw_status (*learned_r)(const char *path, ptrdiff_t *r);
    /* What a file of heads says. PSW_ENVIRONMENT. NULL: no file is opened; what the study leaves to the file keeps its
     * default, and is an error where there is none. */
    psw_status (*file_facts)(const char *path, const psw_file_keys *keys, psw_file_facts *facts);
} psw_rooms;

/* ---- a study -------------------------------------------------------------------------------------------- */

/* `search`: which points a run computes to find where a column crosses a level along an axis. */
typedef struct psw_search_keys {
    const char *over, *column; /* an axis; a column. NULL: no search */
    double level; /* NaN: that of `level_column` at the point with the same values for which `level_where` holds */
    const char *level_column, *level_where;
    psw_edges_asked edges;
    double within; /* an edge is known when its bracket is no wider, in units of the axis */
} psw_search_keys;

typedef struct psw_settings {
    char file[512];               /* output.file */
    double time_limit_s;          /* 0 = none */
    double memory_per_rank_bytes; /* 0 = all of the machine's */
    double point_limit;           /* times the predicted time */
    ptrdiff_t team;               /* 0 = auto */
    int threads;
    bool oversubscribe, keep_samples, keep_rows, pack;
    char route[16], layout[16], scan[16]; /* auto or a name in dist's tables */
    double level;                         /* judge.level: rate of success at the edges */
    psw_until until;                      /* judge.trials, with what follows */
    double until_width, error;            /* error: chance that any point is said to be on the wrong side */
    ptrdiff_t among;                      /* points that share it; 0: those of the study */
    psw_search_keys search;
    bool timing, beside; /* beside: copies on all teams of a size at once */
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
typedef struct psw_study_source {
    const char *text;
    size_t length;
    const char *name;
    const char *const *set;
    ptrdiff_t sets;
} psw_study_source;
psw_status psw_study_parse(const psw_study_source *source, const psw_rooms *rooms, psw_study **study);
void psw_study_free(psw_study *study);

const char *psw_study_name(const psw_study *study);
const char *psw_study_text(const psw_study *study);     /* as it was read */
const char *psw_study_resolved(const psw_study *study); /* as JSON with every override and default; itself a study */
const psw_settings *psw_study_settings(const psw_study *study);
bool psw_study_earlier(const psw_study *study); /* read with rooms.first_files */
/* Was a study read with rooms.stored made before there were references? And would another, whose default has become
 * another reference since, be read differently as a stored one? */
bool psw_study_before_references(const psw_study *study);
bool psw_study_reference_open(const psw_study *study);

/* A hash over the schema, the points in the order of their slots, and the paths that they name. Comments, order of keys
 * where it does not move a slot (all but methods, their keys and axes), `run`, `output`, `predict` and `time` do not
 * enter; a team enters only as an axis. Two descriptions of the same points are the same study. */
uint64_t psw_study_identity(const psw_study *study);
/* What differs between two studies, one line each ("grid.beta: 2, 4 here, 2, 4, 8 in the file"), for people. */
void psw_study_difference(const psw_study *asked, const psw_study *stored, char *text, size_t size);
/* The same for what does not enter the identity but fixes a file's layout (predictions, own axes, output.keep, time);
 * empty if a file of one can be used for the other. */
void psw_study_layout_difference(const psw_study *asked, const psw_study *stored, char *text, size_t size);
/* The part that even a new file cannot change, since the slots that it takes over are fixed in it: keep, time, what
 * ends trials, search. */
void psw_study_kept_difference(const psw_study *asked, const psw_study *stored, char *text, size_t size);

ptrdiff_t psw_study_slots(const psw_study *study);
psw_point psw_study_point(const psw_study *study, ptrdiff_t slot); /* pure */
/* The same for many slots: consecutive ones are cheap, since often nothing but beta changes. Starts as
 * psw_cursor_begin; the point is valid until the next call. */
typedef struct psw_cursor {
    const psw_study *study;
    const void *block; /* that the point is of, and its row without beta */
    ptrdiff_t line;
    psw_point point;
} psw_cursor;
static inline psw_cursor psw_cursor_begin(const psw_study *study)
{
    return (psw_cursor){.study = study};
}
const psw_point *psw_cursor_at(psw_cursor *cursor, ptrdiff_t slot);
ptrdiff_t psw_study_slot(const psw_study *study, const psw_point *point); /* the inverse; -1 = no such point */
/* The slot of the point with the same values as a point of another study (own axes by name, learned weights by path; a
 * team only where it is an axis); -1 = none. */
ptrdiff_t psw_study_find(const psw_study *study, const psw_study *other, const psw_point *point);

ptrdiff_t psw_study_exclusions(const psw_study *study, const psw_exclusion **list);
ptrdiff_t psw_study_own(const psw_study *study, const char *const **names); /* own axes, in point.own's order */
/* Predictions ("mine", ...): critical degrees and claims. Of a claim the value is 1 where it says something, else 0. */
ptrdiff_t psw_study_predict(const psw_study *study, const char *const **names);
/* What each claim says there, an expression over columns of the result; NULL: a critical degree. */
const char *const *psw_study_claims(const psw_study *study);
const char *psw_study_prediction(const psw_study *study, ptrdiff_t number); /* the expression of its value */
void psw_study_predictions(const psw_study *study, const psw_point *point, double values[PSW_PREDICT_MAX]);
const psw_file_keys *psw_study_file_keys(const psw_study *study);
const char *psw_study_data_source(const psw_study *study); /* the model and text that heads are of; "" = not said */
/* Path number `index`: 0 is data.path ("" without one), from 1 those that point.weights counts; NULL past the end. */
const char *psw_study_path(const psw_study *study, ptrdiff_t index);

/* ---- combinations: the curves that a search follows ------------------------------------------------------------ */

/* NULL: the study has no `search`. */
const psw_search_keys *psw_study_search(const psw_study *study);
/* The points of a study that differ in the searched axis alone, ascending along it. An axis that is a member of a zip
 * group stands for the group. A point whose method ignores the axis, or that is an include, is a combination of one.
 * Combinations that a level of other points joins, and those points' own, are one family: they are searched together,
 * for a family is what one team works at. Without such a level every combination is a family. */
typedef struct psw_combinations {
    ptrdiff_t count, families;
    ptrdiff_t *first;        /* [count + 1]: candidates of combination c are first[c] .. first[c + 1] of what follows */
    ptrdiff_t *slot;         /* [slots] */
    double *value;           /* [slots]: of the searched axis, ascending in a combination; NaN where it is ignored */
    ptrdiff_t *partner;      /* [slots]: position, as of `slot`, of the candidate whose column is its level; -1 = none.
                                NULL: the level is a number */
    ptrdiff_t *family;       /* [count]: ascending by the first slot */
    ptrdiff_t *family_first; /* [families + 1]: combinations of family f are member[family_first[f]] .. */
    ptrdiff_t *member;       /* [count] */
} psw_combinations;
/* Combinations in the order of their first slots. PSW_USAGE where the level's `where` holds for no candidate of the
 * same values, or for several; PSW_NO_MEMORY. The caller frees, whatever it returns. */
psw_status psw_combinations_create(const psw_study *study, psw_combinations *combinations);
void psw_combinations_free(psw_combinations *combinations);

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

/* ---- some points once more ------------------------------------------------------------------------------------- */

/* The text of a study file that has these points as its include, with other seeds than any of the study, `trials[i]` as
 * trials (where the point has any), and `more[i]` times as many draws of rows and of tables, to the nearest whole
 * number, at least 1. Predictions, data and how to run are the study's; the result file is not. To be freed. PSW_USAGE
 * where that is no study. */
typedef struct psw_again {
    const char *name; /* of the new study */
    const ptrdiff_t *slots;
    const double *trials, *more;
    ptrdiff_t count; /* at most PSW_AGAIN_MAX */
} psw_again;
enum { PSW_AGAIN_MAX = 4096 };
psw_status psw_study_again(const psw_study *study, const psw_again *asked, char **text);

/* ---- a filter: --where over parameters, own axes, theory columns ------------------------------------------ */

typedef struct psw_filter psw_filter;
/* PSW_USAGE, also where it holds for no point (likely a mistake). No expression (NULL): no filter (NULL). */
psw_status psw_filter_create(const psw_study *study, const char *expression, psw_filter **filter);
bool psw_filter_keeps(const psw_filter *filter, const psw_point *point);
void psw_filter_free(psw_filter *filter);

bool psw_is_parameter(const char *name); /* of a point: an own axis cannot have this name */

/* Prints study keys (name, type, default, meaning), of one section or (NULL) all; returns how many. `markdown`: a
 * table. */
ptrdiff_t psw_keys_print(FILE *stream, const char *section, bool markdown);
/* Prints methods (with their own parameters) and kinds of data. */
void psw_methods_print(FILE *stream, bool markdown);
/* Prints a JSON Schema of studies: keys, types, words and ranges, for editors. */
void psw_schema_print(FILE *stream);

#endif
