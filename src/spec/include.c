/* include: single points at the end of the slots. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

static int id_of(const psw_study *study, const char *name)
{
    for (int i = 0; i < study->own_count; i++)
        if (strcmp(study->own[i], name) == 0) return PSW_PARAMETERS + i;
    return spec_parameter_find(name);
}

static psw_status value_set(psw_study *study, const psw_yaml_node *node, psw_ids applies, spec_row *row, psw_ids *given)
{
    int id = id_of(study, node->key);
    if (id < 0)
        return PSW_WRONG(&study->tree, node->key_where, "unknown parameter '%s' in include%s", psw_show(node->key).text,
                         spec_parameter_hint(node->key).text);
    psw_yaml_key key = spec_id_key(study, id);
    if (id == PSW_ID_DATA_KIND || !(applies >> id & 1))
        return PSW_WRONG(&study->tree, node->key_where, "%s is not a parameter of %s here; remove it", node->key,
                         psw_word(PSW_WORDS_METHOD, (int)row->at[PSW_ID_METHOD]));
    PSW_TRY(key.type == PSW_T_PATH ? spec_weights_read(study, node, &row->at[id])
                                   : psw_value_read(&study->tree, node, &key, &row->at[id]));
    *given |= PSW_ID(id);
    return PSW_OK;
}

static bool of_grid(const psw_study *study, int id)
{
    return study->given[id].origin == PSW_O_VALUE && strcmp(study->given[id].section, "grid") == 0;
}

/* What data, judge, single values of grid and defaults say; axes, derived parameters and own axes are the include's to
 * give. */
static spec_row start_row(const psw_study *study)
{
    spec_row row = study->base;
    for (int id = 0; id < PSW_ROW; id++)
        if (of_grid(study, id) && (id >= PSW_PARAMETERS || study->rooms.first_files)) row.at[id] = NAN;
    if (isnan(row.at[PSW_ID_SEED])) row.at[PSW_ID_SEED] = study->seed;
    if (isnan(row.at[PSW_ID_TEAM])) row.at[PSW_ID_TEAM] = (double)study->settings.team;
    return row;
}

/* The default of a parameter that the grid gives but this point does not. */
static psw_status default_set(const psw_study *study, int id, spec_row *row)
{
    const psw_yaml_key *key = &spec_keys[id];
    const char *fallback = spec_default_text(study, id);
    psw_yaml_node node = {.kind = PSW_SCALAR, .text = (char *)(uintptr_t)fallback};
    psw_names names = {.term = spec_parameter_term};
    psw_program program;
    ptrdiff_t column;
    double value;
    if (key->type == PSW_T_WORD || psw_number_read(fallback, &value))
        return psw_value_read(&study->tree, &node, key, &row->at[id]);
    PSW_TRY(psw_program_compile(fallback, &names, &program, &column));
    row->at[id] = psw_program_value(&program, row->at, NULL, NULL);
    psw_program_free(&program);
    return PSW_OK;
}

static psw_status defaults_set(const psw_study *study, spec_row *row)
{
    for (int pass = 0; pass < 2; pass++) /* values, then formulas that read them */
        for (int id = PSW_ID_PRESET; id < PSW_PARAMETERS; id++) {
            double value;
            const char *fallback = spec_keys[id].fallback;
            if (!fallback || !isnan(row->at[id])) continue;
            bool plain = spec_keys[id].type == PSW_T_WORD || psw_number_read(fallback, &value);
            if (plain == (pass == 0)) PSW_TRY(default_set(study, id, row));
        }
    return PSW_OK;
}

static psw_status missing(const psw_study *study, const psw_yaml_node *item, const spec_row *row, psw_ids applies)
{
    for (int id = 0; id < PSW_PARAMETERS; id++) {
        if (id == PSW_ID_REFERENCE_SCALE || id == PSW_ID_REFERENCE_BETA) continue; /* they may not matter */
        bool sized = id == PSW_ID_R || id == PSW_ID_FEATURES;
        if (!(applies >> id & 1) || !isnan(row->at[id]) || (sized && !isnan(row->at[PSW_ID_FEATURES]))) continue;
        return PSW_WRONG(&study->tree, item->where, "this point does not give %s%s; add it", spec_keys[id].name,
                         sized ? " or features" : "");
    }
    return PSW_OK;
}

static psw_status row_read(psw_study *study, const psw_yaml_node *item, spec_row *row, psw_ids *given)
{
    const psw_yaml_node *method = psw_yaml_child(item, "method"), *preset = psw_yaml_child(item, "preset");
    psw_ids constants = 0;
    *given = 0;
    if (!method)
        return PSW_WRONG(&study->tree, item->where,
                         "a point of include is a map with a method, as in {method: exact, beta: 12}");
    *row = start_row(study);
    PSW_TRY(psw_value_read(&study->tree, method, &spec_keys[PSW_ID_METHOD], &row->at[PSW_ID_METHOD]));
    PSW_TRY(spec_own_defaults(study, (psw_method)row->at[PSW_ID_METHOD], row));
    psw_ids applies = study->applies[(int)row->at[PSW_ID_METHOD]];
    if (preset) PSW_TRY(value_set(study, preset, applies, row, given));
    if (isnan(row->at[PSW_ID_PRESET])) row->at[PSW_ID_PRESET] = PSW_CUSTOM;
    spec_row_preset(study, row);
    for (const psw_yaml_node *node = item->child; node; node = node->next)
        if (node != preset) PSW_TRY(value_set(study, node, applies, row, given));
    for (int id = PSW_ID_A_0; id <= PSW_ID_KAPPA; id++) constants |= *given & PSW_ID(id);
    if (constants) row->at[PSW_ID_PRESET] = PSW_CUSTOM;
    return defaults_set(study, row);
}

/* Match exp sets scale and offset. */
static psw_status match_check(const psw_study *study, const psw_yaml_node *item, const spec_row *row, psw_ids given)
{
    const spec_parameter ids[] = {PSW_ID_SCALE, PSW_ID_OFFSET};
    for (int i = 0; row->at[PSW_ID_MATCH] == PSW_MATCH_EXP && i < 2; i++)
        if (given >> ids[i] & 1)
            return PSW_WRONG(&study->tree, psw_yaml_child(item, spec_keys[ids[i]].name)->key_where,
                             "match: exp sets scale and offset; remove %s", spec_keys[ids[i]].name);
    return PSW_OK;
}

static psw_status include_add(psw_study *study, const psw_yaml_node *item)
{
    spec_row row;
    psw_ids given, names;
    PSW_TRY(row_read(study, item, &row, &given));
    PSW_TRY(match_check(study, item, &row, given));
    bool sized = given & (PSW_ID(PSW_ID_R) | PSW_ID(PSW_ID_FEATURES));
    if (spec_row_learned(&row) && !sized) PSW_TRY(spec_weights_rows(study, row.at[PSW_ID_WEIGHTS], item->where));
    spec_row_finish(study, &row, given, false);
    psw_ids applies = study->applies[(int)row.at[PSW_ID_METHOD]];
    spec_row_blank(&row, applies);
    spec_row_settle(study, &row);
    spec_block_note(study, &row);
    names = given & applies;
    PSW_TRY(missing(study, item, &row, applies));
    PSW_TRY(spec_row_check(study, &row, names, item->where, true));
    PSW_TRY(spec_point_check(study, &row, names, item->where));
    psw_point point = spec_point_of_row(study, &row);
    ptrdiff_t twin = psw_study_slot(study, &point);
    if (twin >= 0)
        return PSW_WRONG(&study->tree, item->where, "this point exists already (slot %td); remove it from include",
                         twin);
    study->includes[study->include_count++] = row;
    study->slots++;
    spec_identity_add(study, spec_hash_row(study, &row), row.at[PSW_ID_BETA]);
    return PSW_OK;
}

bool spec_includes_any(const psw_study *study)
{
    const psw_yaml_node *list = psw_yaml_child(study->tree.root, "include");
    return list && list->kind == PSW_LIST && list->children > 0;
}

psw_status spec_includes_read(psw_study *study)
{
    const psw_yaml_node *list = psw_yaml_child(study->tree.root, "include");
    if (!list || (list->kind == PSW_SCALAR && !*list->text)) return PSW_OK;
    if (list->kind != PSW_LIST)
        return PSW_WRONG(&study->tree, list->where,
                         "include is a list, as in [{method: exact, beta: 12, n: 4096, d: 66}]");
    if (list->children > PSW_INCLUDES_MAX)
        return PSW_WRONG(&study->tree, list->where, "more than %d points in include; make them a grid",
                         PSW_INCLUDES_MAX);
    study->includes = malloc((size_t)(list->children + 1) * sizeof *study->includes);
    if (!study->includes) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the points of include");
    for (const psw_yaml_node *item = list->child; item; item = item->next) PSW_TRY(include_add(study, item));
    return PSW_OK;
}
