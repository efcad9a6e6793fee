/* Can a point be computed? Ranges of its parameters here, shapes and methods in the rooms that know them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "spec/study.h"

typedef struct text {
    char text[320];
} text;

/* "method=exact beta=3 n=64 d=12" and what else varies */
static text describe(const psw_study *study, const spec_row *row, psw_ids names)
{
    text t = {""};
    names |= PSW_ID(PSW_ID_METHOD) | PSW_ID(PSW_ID_BETA) | PSW_ID(PSW_ID_N) | PSW_ID(PSW_ID_D);
    for (int id = 0; id < PSW_PARAMETERS + (int)study->own_count; id++) {
        psw_yaml_key key = spec_id_key(study, id);
        size_t used = strlen(t.text);
        if (!(names >> id & 1) || (isnan(row->at[id]) && id == PSW_ID_BETA)) continue;
        const char *word = key.type == PSW_T_WORD ? psw_word((psw_vocabulary)key.vocabulary, (int)row->at[id]) : NULL;
        if (key.type == PSW_T_PATH) word = row->at[id] > 0 ? psw_study_path(study, (ptrdiff_t)row->at[id]) : "none";
        psw_format(t.text + used, sizeof t.text - used, "%s%s=%s", used ? " " : "", key.name,
                   word ? word : psw_number_print(row->at[id]).text);
    }
    return t;
}

static psw_status refuse(const psw_study *study, const spec_row *row, psw_ids names, psw_where where, const char *what)
{
    return PSW_WRONG(&study->tree, where, "point %s: %s (exclude it, or change what gives it)",
                     describe(study, row, names).text, what);
}

/* Where the study gives a parameter; `where` if that is not one place. */
static psw_where place_of(const psw_study *study, const spec_row *row, int id, psw_where where)
{
    if (study->given[id].origin > PSW_O_DEFAULT) return study->given[id].where;
    for (ptrdiff_t i = 0; i < study->entry_count && id >= PSW_ID_R; i++)
        if (study->entries[i].method == (psw_method)row->at[PSW_ID_METHOD]) return study->entries[i].where;
    return where;
}

static bool sizes_fit(const spec_row *row, char *what, size_t size)
{
    double features = row->at[PSW_ID_FEATURES], r = floor((sqrt(8 * features + 1) - 1) / 2);
    if (!isnan(row->at[PSW_ID_R]) || !isfinite(features)) return true;
    if (row->at[PSW_ID_COMPLEX] == 1)
        psw_format(what, size, "features = %s: a complex column is two features; take %.0f or %.0f",
                   psw_number_print(features).text, features - 1, features + 1);
    else
        psw_format(what, size, "features = %s is not r(r+1)/2; take %.0f (r = %.0f) or %.0f (r = %.0f)",
                   psw_number_print(features).text, r * (r + 1) / 2, r, (r + 1) * (r + 2) / 2, r + 1);
    return false;
}

/* A match to an exponential needs its scale; every scale is above 0: of rows its square root is taken. */
static int scale_broken(const spec_row *row, psw_ids applies, char *what, size_t size)
{
    double scale = row->at[PSW_ID_SCALE], sigma = row->at[PSW_ID_REFERENCE_SCALE];
    if (!(applies & PSW_ID(PSW_ID_SCALE)) || scale > 0) return -1;
    if (row->at[PSW_ID_MATCH] != PSW_MATCH_EXP)
        return psw_format(what, size, "scale = %s: it is a number above 0", psw_number_print(scale).text), PSW_ID_SCALE;
    if (isnan(sigma))
        psw_format(what, size,
                   "match: exp follows e^(reference_scale (<q, k> - center)), and these data have no <q, k>");
    else
        psw_format(what, size, "reference_scale = %s: match: exp follows it, so it is a number above 0",
                   psw_number_print(sigma).text);
    return PSW_ID_MATCH;
}

/* Those that compute the nearest `local` rows exactly, block by block; of others `local` is free of blocks. */
static bool folds_states(double method)
{
    return psw_method_facts_of((psw_method)method)->folds == PSW_FOLDS_STATES;
}

/* The parameter that breaks a rule between parameters, -1 = none does. */
static int relations_broken(const spec_row *row, psw_ids applies, char *what, size_t size)
{
    const double *at = row->at;
    int scale = scale_broken(row, applies, what, size);
    if (scale >= 0) return scale;
    if ((applies & PSW_ID(PSW_ID_R)) && !sizes_fit(row, what, size)) return PSW_ID_FEATURES;
    if ((applies & PSW_ID(PSW_ID_J3)) && at[PSW_ID_J3] >= at[PSW_ID_N]) {
        psw_format(what, size, "j3 = %.0f is not a token; tokens are numbered 0 to n - 1", at[PSW_ID_J3]);
        return PSW_ID_J3;
    }
    if ((applies & PSW_ID(PSW_ID_MATCH)) && at[PSW_ID_MATCH] == PSW_MATCH_EXP && !(at[PSW_ID_BETA] > 0)) {
        psw_format(what, size, "match: exp divides by beta, which must be above 0");
        return PSW_ID_MATCH;
    }
    if ((applies & PSW_ID(PSW_ID_DATA_DRAWS)) && at[PSW_ID_DATA_DRAWS] == 0 && spec_row_random(row)) {
        psw_format(what, size, "data_draws = 0, but its rows are random: at least 1");
        return PSW_ID_DATA_DRAWS;
    }
    if (!(applies & PSW_ID(PSW_ID_LOCAL))) return -1;
    if (!folds_states(at[PSW_ID_METHOD]) && at[PSW_ID_LOCAL] == 0) {
        psw_format(what, size, "local = 0 is a window without a key; 1 is the query's own");
        return PSW_ID_LOCAL;
    }
    if (!folds_states(at[PSW_ID_METHOD]) || at[PSW_ID_LOCAL] == 0) return -1;
    if (at[PSW_ID_MASK] != PSW_CAUSAL) {
        psw_format(what, size, "local = %.0f needs mask causal", at[PSW_ID_LOCAL]);
        return PSW_ID_LOCAL;
    }
    if (fmod(at[PSW_ID_LOCAL], at[PSW_ID_BLOCK]) != 0) {
        psw_format(what, size, "local = %.0f is not a multiple of block = %.0f", at[PSW_ID_LOCAL], at[PSW_ID_BLOCK]);
        return PSW_ID_LOCAL;
    }
    return -1;
}

psw_status spec_row_check(const psw_study *study, const spec_row *row, psw_ids names, psw_where where, bool include)
{
    char what[300];
    psw_ids applies = study->applies[(int)row->at[PSW_ID_METHOD]];
    int broken = relations_broken(row, applies, what, sizeof what);
    for (int id = 0; id < PSW_PARAMETERS && broken < 0; id++) {
        bool settled = (id == PSW_ID_REFERENCE_SCALE || id == PSW_ID_REFERENCE_BETA) && isnan(row->at[id]);
        if (!(applies >> id & 1) || spec_keys[id].type == PSW_T_WORD || settled) continue;
        if (!psw_value_fits(&spec_keys[id], row->at[id], what, sizeof what)) broken = id;
    }
    if (broken < 0) return PSW_OK;
    return refuse(study, row, names, include ? where : place_of(study, row, broken, where), what);
}

psw_status spec_point_check(const psw_study *study, const spec_row *row, psw_ids names, psw_where where)
{
    if (!study->rooms.check) return PSW_OK;
    psw_point point = spec_point_of_row(study, row);
    psw_status status = study->rooms.check(&point);
    if (status == PSW_OK) return PSW_OK;
    char what[300];
    psw_format(what, sizeof what, "%s", psw_message());
    return refuse(study, row, names, where, what);
}
