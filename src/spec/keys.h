/* The one table of study keys: it types, checks, explains and prints them. */
#ifndef SPEC_KEYS_H
#define SPEC_KEYS_H

#include "polysweep/spec.h"

/* Parameters of a point, in the order of their rows in the table; a psw_row holds their values as doubles. */
typedef enum spec_parameter {
    PSW_ID_METHOD,
    PSW_ID_DATA_KIND,
    PSW_ID_PRESET,
    PSW_ID_NOISE,
    PSW_ID_A_0,
    PSW_ID_A_1,
    PSW_ID_B,
    PSW_ID_C,
    PSW_ID_KAPPA,
    PSW_ID_COSINE,
    PSW_ID_DATA_DRAWS,
    PSW_ID_COMMON,
    PSW_ID_QUERIES,
    PSW_ID_REFERENCE,
    PSW_ID_REFERENCE_SCALE,
    PSW_ID_REFERENCE_BETA,
    PSW_ID_BETA,
    PSW_ID_N,
    PSW_ID_D,
    PSW_ID_V,
    PSW_ID_N_K,
    PSW_ID_MASK,
    PSW_ID_PRECISION,
    PSW_ID_J3,
    PSW_ID_ROW_NORM,
    PSW_ID_SCALE,
    PSW_ID_OFFSET,
    PSW_ID_DEN_CONSTANT,
    PSW_ID_NEGATIVE,
    PSW_ID_LAYER,
    PSW_ID_HEAD,
    PSW_ID_BATCH,
    PSW_ID_MODE,
    PSW_ID_CACHE,
    PSW_ID_BLOCK,
    PSW_ID_TEAM,
    PSW_ID_SEED,
    PSW_ID_M,
    PSW_ID_TRIALS,
    PSW_ID_R,
    PSW_ID_FEATURES,
    PSW_ID_LOCAL,
    PSW_ID_DRAWS,
    PSW_ID_WEIGHTS,
    PSW_ID_MATCH,
    PSW_ID_CENTER,
    PSW_ID_ORDER,
    PSW_ID_BY,
    PSW_ID_SINKS,
    PSW_ID_KEEP,
    PSW_ID_LANDMARKS,
    PSW_ID_LEAVES,
    PSW_ID_COMPLEX,
    PSW_ID_EPSILON,
    PSW_PARAMETERS
} spec_parameter;
#define PSW_ROW (PSW_PARAMETERS + PSW_OWN_MAX)
_Static_assert(PSW_ROW <= 64, "places of a row are bits of psw_ids");

/* Values of parameters and, behind them, own axes: what expressions read. NaN = does not apply. */
typedef struct spec_row {
    double at[PSW_ROW];
} spec_row;
#define PSW_ID(id) ((psw_ids)1 << (id)) /* psw_ids: a set of places of a row */
/* Parameters younger than schema 1's first files: they enter the identity where their value is not the default. */
#define PSW_YOUNGER_IDS                                                                                                \
    (PSW_ID(PSW_ID_DATA_DRAWS) | PSW_ID(PSW_ID_COMMON) | PSW_ID(PSW_ID_REFERENCE) | PSW_ID(PSW_ID_REFERENCE_SCALE) |   \
     PSW_ID(PSW_ID_REFERENCE_BETA) | PSW_ID(PSW_ID_N_K) | PSW_ID(PSW_ID_SCALE) | PSW_ID(PSW_ID_OFFSET) |               \
     PSW_ID(PSW_ID_LAYER) | PSW_ID(PSW_ID_BATCH) | PSW_ID(PSW_ID_MODE) | PSW_ID(PSW_ID_CACHE) | PSW_ID(PSW_ID_MATCH) | \
     PSW_ID(PSW_ID_CENTER) | PSW_ID(PSW_ID_ORDER) | PSW_ID(PSW_ID_BY) | PSW_ID(PSW_ID_SINKS) | PSW_ID(PSW_ID_KEEP) |   \
     PSW_ID(PSW_ID_LANDMARKS) | PSW_ID(PSW_ID_LEAVES) | PSW_ID(PSW_ID_COMPLEX) | PSW_ID(PSW_ID_EPSILON) |              \
     PSW_ID(PSW_ID_QUERIES))

extern const psw_yaml_key spec_keys[]; /* parameters first, at their id; ended by a name of NULL */
bool spec_key_applies(spec_parameter id, psw_method method, psw_data_kind kind);
bool spec_key_of_method(spec_parameter id, psw_method method);
bool spec_key_of_kind(spec_parameter id, psw_data_kind kind);
/* Text of a parameter's default, NULL = none. It may differ by method for a method's own parameters; method -1: the
 * first one. */
const char *spec_key_fallback(spec_parameter id, int method);
extern const char spec_block_rule[];      /* what `block: auto` stands for */
extern const char spec_draws_once[];      /* the fallback of data_draws where one draw is enough */
extern const char spec_draws_looked_at[]; /* and where trials are looked at draw by draw */
const psw_yaml_key *spec_key_find(const char *section, const char *name);
int spec_parameter_find(const char *name);       /* -1 = not a parameter */
psw_shown spec_parameter_hint(const char *name); /* as psw_hint */
/* Names of parameters by their id, for expressions: a psw_names.term. */
const char *spec_parameter_term(int id, int *vocabulary);

/* One setting, from its node or (NULL) its default. */
psw_status spec_setting_read(const psw_yaml *tree, const psw_yaml_node *node, const psw_yaml_key *key,
                             psw_settings *settings);
/* Fills the settings from a map of their section (NULL = defaults); PSW_USAGE also for unknown names. */
psw_status spec_settings_read(const psw_yaml *tree, const psw_yaml_node *map, const char *section,
                              psw_settings *settings);
/* An unknown name of a section, with the nearest. */
psw_status spec_unknown(const psw_yaml *tree, const psw_yaml_node *node, const char *section);

#endif
