/* The parts of a study once every key is interpreted.
 *
 * Each method has a block of the grid: its own axes, then the shared ones that it does not ignore, the axis of beta
 * last. An index into a block gives a row of values by arithmetic; a bitmap marks the indices that exist, so that slots
 * number existing points only. Blocks are in the order of methods, includes at the end. */
#ifndef SPEC_STUDY_H
#define SPEC_STUDY_H

#include "spec/keys.h"

#ifdef POLYSWEEP_FUZZ /* inputs should take milliseconds */
#define PSW_AXIS_MAX (1 << 12)
#define PSW_POINTS_MAX 5000.0
#else
#define PSW_AXIS_MAX (1 << 22)     /* values of an axis */
#define PSW_POINTS_MAX 100000000.0 /* points of a grid before exclusion */
#endif
#define PSW_ZIP_MAX 4096 /* values of a zip group */
#define PSW_RULES_MAX 64 /* exclude rules */
#define PSW_INCLUDES_MAX PSW_AGAIN_MAX
#define PSW_METHOD_KEYS (PSW_PARAMETERS - PSW_ID_R) /* methods' own */

typedef enum spec_origin { PSW_O_NONE, PSW_O_DEFAULT, PSW_O_VALUE, PSW_O_AXIS, PSW_O_FORMULA } spec_origin;

typedef struct spec_given { /* where a parameter or own axis gets its value */
    spec_origin origin;
    const char *section;
    psw_where where;
} spec_given;

typedef struct spec_axis {
    const char *name;
    psw_where where;
    ptrdiff_t members, count;
    int ids[PSW_ROW];
    double *values; /* [member][count] */
} spec_axis;

typedef struct spec_formula {
    int id;
    const char *text;
    bool derived;   /* an include skips it */
    bool automatic; /* only for the value auto, 0 */
    psw_program program;
    psw_where where;
} spec_formula;

typedef struct spec_entry { /* of the list of methods */
    psw_method method;
    psw_where where;
    spec_axis axes[PSW_METHOD_KEYS];
    ptrdiff_t count;
} spec_entry;

typedef struct spec_block_axis {
    const spec_axis *axis;
    ptrdiff_t *pick; /* indices that stay when part of a zip group is ignored, NULL = all */
    ptrdiff_t count;
    bool ambiguous; /* different indices may give equal points */
    bool ascending; /* one parameter that is in the point, in ascending order: found by bisection */
} spec_block_axis;

typedef struct spec_block {
    psw_method method;
    spec_block_axis axes[PSW_ROW];
    ptrdiff_t axis_count, total; /* total: indices, existing or not */
    spec_row base;               /* values that no axis of the block sets */
    psw_ids applies;             /* parameters and own axes that mean something here */
    bool follows;                /* some points have match exp: scale and offset are not the study's */
    bool line;                   /* the last axis is beta only, and nothing is derived from it */
    bool ambiguous;
    psw_ids rules;          /* exclude rules that may fire */
    ptrdiff_t first, slots; /* slots of existing points */
    uint64_t *bits;         /* NULL = every index exists */
    ptrdiff_t *before;      /* existing indices before each superblock of PSW_SUPERBLOCK words */
} spec_block;
#define PSW_SUPERBLOCK 8

typedef struct spec_path {
    char *text;
    ptrdiff_t r; /* of the learned weights there; 0 = not known, or not needed */
} spec_path;

struct psw_study {
    char *text, *resolved, name[256], file[512];
    psw_yaml tree;
    psw_rooms rooms;
    psw_settings settings;
    psw_data_kind kind;
    spec_given given[PSW_ROW];
    psw_ids applies[PSW_METHODS]; /* parameters and own axes that mean something for a method */
    spec_row base;
    double seed;          /* of the top level */
    bool constants_given; /* of self_attention, one by one: preset reads custom */
    const char *own[PSW_OWN_MAX + 1], *predict[PSW_PREDICT_MAX + 1];
    ptrdiff_t own_count, predict_count;
    const char *prediction[PSW_PREDICT_MAX], *claim[PSW_PREDICT_MAX]; /* texts; NULL as claim: a critical degree */
    psw_program predictions[PSW_PREDICT_MAX];
    psw_ids claim_reads[PSW_PREDICT_MAX]; /* own axes that claims name */
    spec_axis axes[PSW_ROW];
    ptrdiff_t axis_count;
    spec_formula formulas[PSW_PARAMETERS]; /* in order of evaluation */
    ptrdiff_t formula_count;
    psw_program defaults[PSW_PARAMETERS]; /* of younger parameters */
    psw_program rules[PSW_RULES_MAX];
    psw_exclusion exclusions[PSW_RULES_MAX];
    ptrdiff_t rule_count;
    spec_entry entries[PSW_METHODS];
    ptrdiff_t entry_count;
    spec_block blocks[PSW_METHODS];
    ptrdiff_t block_count;
    spec_row *includes;
    ptrdiff_t include_count, slots;
    spec_path *paths; /* number 0 is data.path */
    ptrdiff_t path_count;
    psw_file_keys file_keys; /* texts are those of the tree */
    char *file_reading;      /* they as one text, NULL = none is given */
    bool block_auto;         /* some points have block: auto */
    double block_number;     /* what it is for all of them, NaN = it differs, 0 = not known yet */
    bool sized_by_file;      /* r of learned weights is the file's: r and features apply to random tables only */
    uint64_t identity;
};

psw_names spec_study_names(const psw_study *study);
const char *spec_id_name(const psw_study *study, int id); /* of a parameter or own axis */
psw_yaml_key spec_id_key(const psw_study *study, int id);

/* axis.c: value | list | {from, to, ...}. *single: it was one bare value. Owned by the caller (free). */
psw_status spec_values_read(psw_study *study, const psw_yaml_node *node, const psw_yaml_key *key, double **values,
                            ptrdiff_t *count, bool *single);
/* No list has a value twice (zipped lists may repeat). */
psw_status spec_distinct(const psw_study *study, const psw_yaml_node *node, const psw_yaml_key *key,
                         const double *values, ptrdiff_t count);

/* policy.c: what ends the trials of a point, and what a run searches for. */
psw_status spec_trials_read(psw_study *study, const psw_yaml_node *map, const psw_yaml_node **most);
psw_status spec_search_read(psw_study *study);   /* after axes */
double spec_study_among(const psw_study *study); /* points that share judge.trials.error */
/* The default of a method's own parameter. That of `draws` depends on trials where a rule ends them: NULL, and filled
 * in by spec_draws_settle, which also makes draws of rows and of tables as many. */
const char *spec_own_fallback(const psw_study *study, int id, psw_method method);
void spec_draws_settle(const psw_study *study, spec_row *row);

/* partners.c: fills `partner`. */
psw_status spec_partners_find(const psw_study *study, psw_combinations *combinations);

/* predict.c: one entry. */
psw_status spec_predict_read(psw_study *study, const psw_yaml_node *node);

/* weights.c */
psw_status spec_path_number(psw_study *study, const char *text, double *number);
psw_status spec_weights_read(psw_study *study, const psw_yaml_node *node, double *value);
psw_status spec_weights_rows(psw_study *study, double number, psw_where where); /* r of a path is known afterwards */
bool spec_row_learned(const spec_row *row);

/* file.c: before all else that looks at the tree, since it may add to it. */
psw_status spec_file_read(psw_study *study);
bool spec_file_key(const char *key);                   /* is it a key of data that says how a file is read? */
const char *spec_file_reading(const psw_study *study); /* these keys and their values, "" = none is given */

/* declare.c, shape.c: the sections. */
psw_status spec_study_declare(psw_study *study);
psw_status spec_declare(psw_study *study, int id, spec_origin origin, const char *section, const psw_yaml_node *node);
psw_shown spec_first_place(const spec_given *given);                      /* "grid (line 7)" */
psw_status spec_axes_declare(psw_study *study, const psw_yaml_node *map); /* grid */
psw_status spec_zip_declare(psw_study *study, const psw_yaml_node *map);
psw_status spec_own_declare(psw_study *study,
                            const psw_yaml_node *list); /* own axes that occur only in points of include */
psw_status spec_methods_declare(psw_study *study, const psw_yaml_node *list);

/* formula.c */
psw_status spec_formula_add(psw_study *study, int id, const psw_yaml_node *node, bool derived);
psw_status spec_formulas_default(psw_study *study);
/* Has an entry of the list of methods this value of a parameter of its own? */
bool spec_entry_has(const spec_entry *entry, int id, double value);
/* Sets a method's own parameters that nothing gives to the defaults of its row. */
psw_status spec_own_defaults(const psw_study *study, psw_method method, spec_row *row);
psw_status spec_formulas_order(psw_study *study);
/* Everything whose value may change with `id`, itself among it. */
psw_ids spec_influence(const psw_study *study, int id);

/* block.c: `block: auto`, after every section that may say it. */
psw_status spec_block_declare(psw_study *study);
/* Takes note of the block of a row that has just been finished. */
void spec_block_note(psw_study *study, const spec_row *row);
/* Is the value `auto`, not the number that it stands for? */
bool spec_block_is_auto(const psw_study *study, int id, double value);

/* younger.c: parameters that came after schema 1's first files. */
psw_status spec_younger_read(psw_study *study); /* their defaults; refuses an own axis that has become one of them */
void spec_younger_free(psw_study *study);
/* Has the row a value there that is not the default? */
/* Default of a parameter in this study: a value or a formula, NULL = none. */
const char *spec_default_text(const psw_study *study, int id);
double spec_younger_default(const psw_study *study, const spec_row *row, int id);
bool spec_younger_tells(const psw_study *study, const spec_row *row, int id);
uint64_t spec_younger_salt(int id);

/* row.c: rows and points. */
psw_point spec_point_of_row(const psw_study *study, const spec_row *row);
spec_row spec_row_of_point(const psw_point *point);
void spec_row_preset(const psw_study *study, spec_row *row); /* constants of a preset */
/* Presets, formulas, sizes of sketches. `keep` are not computed, nor (without `derive`) derived parameters. */
void spec_row_finish(const psw_study *study, spec_row *row, psw_ids keep, bool derive);
bool spec_kind_random(psw_data_kind kind, bool noisy); /* are rows of the kind drawn, with noise or without? */
bool spec_study_random(const psw_study *study);        /* may rows of its points be drawn, by the data section? */
bool spec_row_random(const spec_row *row);             /* of a kind that data_draws applies to: are its rows drawn? */
void spec_row_blank(spec_row *row, psw_ids applies);   /* what does not apply becomes NaN or 0 */
/* Parameters whose values spec_row_settle may replace. */
#define spec_settled                                                                                                   \
    (PSW_ID(PSW_ID_SCALE) | PSW_ID(PSW_ID_OFFSET) | PSW_ID(PSW_ID_REFERENCE_SCALE) | PSW_ID(PSW_ID_REFERENCE_BETA) |   \
     PSW_ID(PSW_ID_CACHE) | PSW_ID(PSW_ID_CENTER) | PSW_ID(PSW_ID_QUERIES))
void spec_row_settle(const psw_study *study, spec_row *row); /* then: parameters that do not matter for this point */
bool spec_row_equal(const psw_study *study, const spec_row *a, const spec_row *b);

/* check.c: are the values inside their ranges (row), can the rooms compute them (point)? `names` are shown. */
psw_status spec_row_check(const psw_study *study, const spec_row *row, psw_ids names, psw_where where, bool include);
psw_status spec_point_check(const psw_study *study, const spec_row *row, psw_ids names, psw_where where);

/* grid.c, slots.c */
psw_status spec_grid_build(psw_study *study);
void spec_block_row(const psw_study *study, const spec_block *block, ptrdiff_t index, spec_row *row);
ptrdiff_t spec_block_index(const psw_study *study, const spec_block *block, const spec_row *row); /* -1 = none */
psw_ids spec_block_names(const spec_block *block);
bool spec_block_exists(const spec_block *block, ptrdiff_t index);
ptrdiff_t spec_block_rank(const spec_block *block, ptrdiff_t index); /* existing indices below it */

psw_status spec_enumerate(psw_study *study, spec_block *block);
uint64_t spec_hash_mix(uint64_t hash, uint64_t word);
uint64_t spec_bits_of(double value);                                  /* all NaN alike */
uint64_t spec_hash_row(const psw_study *study, const spec_row *row);  /* of all values but beta */
void spec_identity_add(psw_study *study, uint64_t rest, double beta); /* one more point */

bool spec_includes_any(const psw_study *study);
psw_status spec_includes_read(psw_study *study);
psw_status spec_resolved_write(psw_study *study);
psw_status spec_yaml_write(const psw_yaml_node *root, char **text);                       /* as JSON, to be freed */
void spec_node_write(const psw_study *study, const psw_yaml_node *node, psw_writer *out); /* the same of one node */

#endif
