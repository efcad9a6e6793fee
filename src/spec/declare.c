/* The sections of a study, one function each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

psw_shown spec_first_place(const spec_given *given)
{
    psw_shown shown;
    if (given->where.line)
        psw_format(shown.text, sizeof shown.text, "%s (line %td)", given->section, given->where.line);
    else
        psw_format(shown.text, sizeof shown.text, "%s (--set)", given->section);
    return shown;
}

psw_status spec_declare(psw_study *study, int id, spec_origin origin, const char *section, const psw_yaml_node *node)
{
    spec_given *given = &study->given[id];
    if (given->origin > PSW_O_DEFAULT)
        return PSW_WRONG(&study->tree, node->key_where, "%s is given twice, in %s and here in %s; remove one",
                         spec_id_name(study, id), spec_first_place(given).text, section);
    *given = (spec_given){origin, section, node->key_where};
    return PSW_OK;
}

/* ---- data ---- */

/* Axes of a file's heads; the order of a study is that in which it gives them. */
static const struct {
    const char *key;
    spec_parameter id;
} of_heads[] = {{"layers", PSW_ID_LAYER}, {"heads", PSW_ID_HEAD}, {"batches", PSW_ID_BATCH}};

static psw_status heads_declare(psw_study *study, const psw_yaml_node *node, spec_parameter id)
{
    psw_yaml_key key = spec_keys[id];
    bool single;
    spec_axis *axis = &study->axes[study->axis_count];
    *axis = (spec_axis){.name = key.name, .where = node->where, .members = 1, .ids = {(int)id}};
    key.name = node->key;
    PSW_TRY(spec_values_read(study, node, &key, &axis->values, &axis->count, &single));
    study->axis_count++;
    PSW_TRY(spec_distinct(study, node, &key, axis->values, axis->count));
    return spec_declare(study, (int)id, PSW_O_AXIS, "data", node);
}

static psw_status path_declare(psw_study *study, const psw_yaml_node *node)
{
    if (node->kind != PSW_SCALAR) return PSW_WRONG(&study->tree, node->where, "path is a text");
    char *copy = malloc(strlen(node->text) + 1);
    if (!copy) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a path of the study");
    memcpy(copy, node->text, strlen(node->text) + 1);
    free(study->paths[0].text);
    study->paths[0].text = copy;
    return PSW_OK;
}

static psw_status data_key(psw_study *study, const psw_yaml_node *node)
{
    if (strcmp(node->key, "kind") == 0) return PSW_OK;
    for (int i = 0; i < 3; i++)
        if (strcmp(node->key, of_heads[i].key) == 0) return heads_declare(study, node, of_heads[i].id);
    if (spec_file_key(node->key)) return PSW_OK;
    if (strcmp(node->key, "path") == 0) return path_declare(study, node);
    const psw_yaml_key *key = spec_key_find("data", node->key);
    if (!key || key == &spec_keys[PSW_ID_DATA_KIND]) return spec_unknown(&study->tree, node, "data");
    int id = spec_parameter_find(node->key);
    if (node->kind != PSW_SCALAR)
        return PSW_WRONG(&study->tree, node->where, "%s is a single value under data; an axis belongs in grid",
                         node->key);
    PSW_TRY(spec_declare(study, id, PSW_O_VALUE, "data", node));
    return psw_value_read(&study->tree, node, key, &study->base.at[id]);
}

static psw_status data_declare(psw_study *study, const psw_yaml_node *map)
{
    if (map && map->kind != PSW_MAP)
        return PSW_WRONG(&study->tree, map->where, "data is a map, as in {kind: %s, preset: W2}",
                         psw_word(PSW_WORDS_DATA_KIND, 0));
    const psw_yaml_node *kind = psw_yaml_child(map, "kind");
    if (kind)
        PSW_TRY(psw_value_read(&study->tree, kind, &spec_keys[PSW_ID_DATA_KIND], &study->base.at[PSW_ID_DATA_KIND]));
    study->kind = (psw_data_kind)study->base.at[PSW_ID_DATA_KIND];
    for (const psw_yaml_node *node = map ? map->child : NULL; node; node = node->next) PSW_TRY(data_key(study, node));
    const char *word = psw_data_kind_facts_of(study->kind)->word;
    if (spec_key_of_kind(PSW_ID_HEAD, study->kind) && !*study->paths[0].text) /* heads come from a file */
        return PSW_WRONG(&study->tree, kind ? kind->where : study->tree.root->where,
                         "data of kind %s needs a path, as in {kind: %s, path: heads.h5}", word, word);
    return PSW_OK;
}

/* ---- derive, judge, exclude ---- */

static psw_status derive_key(psw_study *study, const psw_yaml_node *node)
{
    int id = spec_parameter_find(node->key);
    if (id < 0)
        return PSW_WRONG(&study->tree, node->key_where, "unknown parameter '%s' in derive%s", psw_show(node->key).text,
                         spec_parameter_hint(node->key).text);
    if (spec_keys[id].type == PSW_T_WORD || spec_keys[id].type == PSW_T_PATH)
        return PSW_WRONG(&study->tree, node->key_where,
                         "%s has words for values and cannot be derived; put it into grid", node->key);
    PSW_TRY(spec_declare(study, id, PSW_O_FORMULA, "derive", node));
    return spec_formula_add(study, id, node, true);
}

static psw_status judge_key(psw_study *study, const psw_yaml_node *node)
{
    const psw_yaml_key *key = spec_key_find("judge", node->key);
    if (!key) return spec_unknown(&study->tree, node, "judge");
    int id = spec_parameter_find(node->key);
    double value;
    if (id < 0) return PSW_OK; /* a setting */
    if (id == PSW_ID_TRIALS && node->kind == PSW_MAP) PSW_TRY(spec_trials_read(study, node, &node));
    bool number = node->kind == PSW_SCALAR && psw_number_read(node->text, &value);
    if (node->kind != PSW_SCALAR)
        return PSW_WRONG(&study->tree, node->where,
                         "%s is a number or an expression under judge; an axis belongs into grid", node->key);
    PSW_TRY(spec_declare(study, id, number ? PSW_O_VALUE : PSW_O_FORMULA, "judge", node));
    if (!number) return spec_formula_add(study, id, node, false);
    return psw_value_read(&study->tree, node, key, &study->base.at[id]);
}

static psw_status decode_key(psw_study *study, const psw_yaml_node *node)
{
    const psw_yaml_key *key = spec_key_find("decode", node->key);
    if (!key) return spec_unknown(&study->tree, node, "decode");
    int id = spec_parameter_find(node->key);
    if (node->kind != PSW_SCALAR)
        return PSW_WRONG(&study->tree, node->where, "%s is a single value under decode; an axis belongs in grid",
                         node->key);
    PSW_TRY(spec_declare(study, id, PSW_O_VALUE, "decode", node));
    return psw_value_read(&study->tree, node, key, &study->base.at[id]);
}

static psw_status each_key(psw_study *study, const char *section,
                           psw_status (*take)(psw_study *, const psw_yaml_node *))
{
    const psw_yaml_node *map = psw_yaml_child(study->tree.root, section);
    if (!map || (map->kind == PSW_SCALAR && !*map->text)) return PSW_OK;
    if (map->kind != PSW_MAP)
        return PSW_WRONG(&study->tree, map->where, "%s is a map of names and expressions, as in {%s: ...}", section,
                         strcmp(section, "judge") == 0    ? "m"
                         : strcmp(section, "derive") == 0 ? "d"
                                                          : "mine");
    for (const psw_yaml_node *node = map->child; node; node = node->next) PSW_TRY(take(study, node));
    return PSW_OK;
}

static psw_status rule_add(psw_study *study, const psw_yaml_node *rule)
{
    static const char *const keys[] = {"when", "why", NULL};
    const psw_yaml_node *when = psw_yaml_child(rule, "when"), *why = psw_yaml_child(rule, "why");
    ptrdiff_t i = study->rule_count;
    for (const psw_yaml_node *node = rule->kind == PSW_MAP ? rule->child : NULL; node; node = node->next)
        if (node != when && node != why)
            return PSW_WRONG(&study->tree, node->key_where, "unknown key '%s' in exclude%s", psw_show(node->key).text,
                             psw_hint(node->key, keys).text);
    if (!when) return PSW_WRONG(&study->tree, rule->where, "an exclude rule is {when: expression, why: reason}");
    if (why && why->kind != PSW_SCALAR) return PSW_WRONG(&study->tree, why->where, "why is a text");
    if (i == PSW_RULES_MAX) return PSW_WRONG(&study->tree, rule->where, "more than %d exclude rules", PSW_RULES_MAX);
    psw_names names = spec_study_names(study);
    PSW_TRY(psw_program_of_node(&study->tree, when, &names, &study->rules[i]));
    study->exclusions[study->rule_count++] = (psw_exclusion){when->text, why ? why->text : "", 0};
    return PSW_OK;
}

static psw_status rules_declare(psw_study *study, const psw_yaml_node *list)
{
    if (!list || (list->kind == PSW_SCALAR && !*list->text)) return PSW_OK;
    if (list->kind != PSW_LIST)
        return PSW_WRONG(&study->tree, list->where, "exclude is a list, as in [{when: n > 64 * d, why: too long}]");
    for (const psw_yaml_node *rule = list->child; rule; rule = rule->next) PSW_TRY(rule_add(study, rule));
    return PSW_OK;
}

/* ---- settings ---- */

static psw_status time_declare(psw_study *study, const psw_yaml_node *node)
{
    bool off = !node ||
               (node->kind == PSW_SCALAR &&
                (strcmp(node->text, "off") == 0 || strcmp(node->text, "false") == 0 || strcmp(node->text, "no") == 0));
    study->settings.timing = !off;
    if (!off && node->kind != PSW_MAP)
        return PSW_WRONG(&study->tree, node->where, "time is off or a map, as in {reps: 6}, not '%s'",
                         node->kind == PSW_SCALAR ? psw_show(node->text).text : "a list");
    PSW_TRY(spec_settings_read(&study->tree, off ? NULL : node, "time", &study->settings));
    if (study->settings.max_reps < study->settings.reps)
        return PSW_WRONG(&study->tree, node->where, "max_reps is below reps; raise it");
    return PSW_OK;
}

static psw_status keep_declare(psw_study *study, const psw_yaml_node *list)
{
    if (!list || (list->kind == PSW_SCALAR && !*list->text)) return PSW_OK;
    if (list->kind != PSW_LIST) return PSW_WRONG(&study->tree, list->where, "keep is a list, as in [samples, rows]");
    for (const psw_yaml_node *item = list->child; item; item = item->next) {
        const char *text = item->kind == PSW_SCALAR ? item->text : "";
        if (strcmp(text, "samples") == 0)
            study->settings.keep_samples = true;
        else if (strcmp(text, "rows") == 0)
            study->settings.keep_rows = true;
        else
            return PSW_WRONG(&study->tree, item->where, "keep takes samples and rows, not '%s'", psw_show(text).text);
    }
    return PSW_OK;
}

static psw_status settings_declare(psw_study *study)
{
    const psw_yaml_node *root = study->tree.root, *output = psw_yaml_child(root, "output");
    PSW_TRY(spec_settings_read(&study->tree, psw_yaml_child(root, "run"), "run", &study->settings));
    PSW_TRY(spec_settings_read(&study->tree, output, "output", &study->settings));
    PSW_TRY(spec_setting_read(&study->tree, psw_yaml_child(psw_yaml_child(root, "judge"), "level"),
                              spec_key_find("judge", "level"), &study->settings));
    PSW_TRY(keep_declare(study, psw_yaml_child(output, "keep")));
    return time_declare(study, psw_yaml_child(root, "time"));
}

/* ---- the whole ---- */

static psw_status heading(psw_study *study)
{
    const psw_yaml_node *root = study->tree.root, *schema = psw_yaml_child(root, "schema"),
                        *name = psw_yaml_child(root, "study"), *seed = psw_yaml_child(root, "seed");
    if (root->kind != PSW_MAP)
        return PSW_WRONG(&study->tree, root->where, "a study is a map of keys, beginning with 'schema: 1'");
    for (const psw_yaml_node *node = root->child; node; node = node->next)
        if (!spec_key_find("", node->key)) return spec_unknown(&study->tree, node, "");
    if (!schema) return PSW_WRONG(&study->tree, root->where, "schema is missing; begin with 'schema: 1'");
    if (schema->kind != PSW_SCALAR || strcmp(schema->text, "1") != 0)
        return PSW_WRONG(&study->tree, schema->where, "this program reads schema 1, not '%s'",
                         schema->kind == PSW_SCALAR ? psw_show(schema->text).text : "a list");
    if (name && name->kind != PSW_SCALAR) return PSW_WRONG(&study->tree, name->where, "study is a name");
    if (!psw_format(study->name, sizeof study->name, "%s", name ? name->text : "study"))
        return PSW_WRONG(&study->tree, name->where, "the name of the study is longer than %zu bytes",
                         sizeof study->name - 1);
    if (seed) PSW_TRY(psw_value_read(&study->tree, seed, &spec_keys[PSW_ID_SEED], &study->seed));
    study->base.at[PSW_ID_SEED] = study->seed;
    return PSW_OK;
}

static psw_status axes_in_order(psw_study *study)
{
    for (const psw_yaml_node *node = study->tree.root->child; node; node = node->next) {
        if (strcmp(node->key, "grid") == 0) PSW_TRY(spec_axes_declare(study, node));
        if (strcmp(node->key, "zip") == 0) PSW_TRY(spec_zip_declare(study, node));
    }
    return PSW_OK;
}

/* A name that is not a parameter must occur in an expression: else it is a typing error. */
static psw_status own_names_used(const psw_study *study)
{
    psw_ids reads = 0;
    for (ptrdiff_t i = 0; i < study->formula_count; i++) reads |= study->formulas[i].program.reads;
    for (ptrdiff_t i = 0; i < study->rule_count; i++) reads |= study->rules[i].reads;
    for (ptrdiff_t i = 0; i < study->predict_count; i++) reads |= study->predictions[i].reads | study->claim_reads[i];
    for (int id = PSW_PARAMETERS; id < PSW_PARAMETERS + (int)study->own_count; id++) {
        const char *name = spec_id_name(study, id);
        if (reads & PSW_ID(id)) continue;
        return PSW_WRONG(&study->tree, study->given[id].where, "'%s' is not a parameter and occurs in no expression%s",
                         name, spec_parameter_hint(name).text);
    }
    return PSW_OK;
}

/* Theory alone once left out what it could not know, as if nothing depended on it. */
static const psw_ids once_left_out = PSW_ID(PSW_ID_MASK) | PSW_ID(PSW_ID_NOISE) | PSW_ID(PSW_ID_J3) |
                                     PSW_ID(PSW_ID_ROW_NORM) | PSW_ID(PSW_ID_DEN_CONSTANT);

static void applies_set(psw_study *study)
{
    for (int method = 0; method < PSW_METHODS; method++) {
        const psw_method_facts *facts = psw_method_facts_of((psw_method)method);
        for (int id = 0; id < PSW_PARAMETERS; id++)
            if (spec_key_applies((spec_parameter)id, (psw_method)method, study->kind))
                study->applies[method] |= PSW_ID(id);
        if (study->rooms.first_files && facts->kernel == PSW_KERNEL_LINEAR)
            study->applies[method] &= ~PSW_ID(PSW_ID_NEGATIVE);
        if (study->rooms.first_files && facts->folds == PSW_FOLDS_NOTHING) study->applies[method] &= ~once_left_out;
        for (int i = 0; i < study->own_count; i++) study->applies[method] |= PSW_ID(PSW_PARAMETERS + i);
    }
}

psw_status spec_study_declare(psw_study *study)
{
    for (int id = 0; id < PSW_ROW; id++) study->base.at[id] = NAN;
    study->base.at[PSW_ID_DATA_KIND] = 0; /* the first */
    PSW_TRY(heading(study));
    const psw_yaml_node *root = study->tree.root, *methods = psw_yaml_child(root, "methods");
    PSW_TRY(settings_declare(study));
    study->base.at[PSW_ID_TEAM] = (double)study->settings.team;
    PSW_TRY(data_declare(study, psw_yaml_child(root, "data")));
    PSW_TRY(axes_in_order(study));
    PSW_TRY(spec_own_declare(study, psw_yaml_child(root, "include")));
    applies_set(study);
    PSW_TRY(each_key(study, "judge", judge_key));
    PSW_TRY(each_key(study, "decode", decode_key));
    PSW_TRY(each_key(study, "derive", derive_key));
    PSW_TRY(each_key(study, "predict", spec_predict_read));
    PSW_TRY(rules_declare(study, psw_yaml_child(root, "exclude")));
    PSW_TRY(spec_search_read(study));
    PSW_TRY(own_names_used(study));
    PSW_TRY(spec_younger_read(study));
    if (!methods && !spec_includes_any(study))
        return PSW_WRONG(&study->tree, root->where,
                         "methods are missing; list them, as in 'methods: [exact, softmax]'");
    if (methods) PSW_TRY(spec_methods_declare(study, methods));
    PSW_TRY(spec_block_declare(study));
    PSW_TRY(spec_formulas_default(study));
    return spec_formulas_order(study);
}
