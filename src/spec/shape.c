/* The sections that make the shape of the grid: grid, zip, methods. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

const char *spec_id_name(const psw_study *study, int id)
{
    return id < PSW_PARAMETERS ? spec_keys[id].name : study->own[id - PSW_PARAMETERS];
}

psw_yaml_key spec_id_key(const psw_study *study, int id)
{
    if (id < PSW_PARAMETERS) return spec_keys[id];
    return (psw_yaml_key){.name = spec_id_name(study, id), .type = PSW_T_REAL, .least = -HUGE_VAL, .most = HUGE_VAL};
}

psw_names spec_study_names(const psw_study *study)
{
    return (psw_names){.term = spec_parameter_term, .own = study->own, .oracle = study->rooms.theory};
}

static bool listed(const char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (strcmp(*names, name) == 0) return true;
    return false;
}

static psw_status own_name_check(const psw_study *study, const psw_yaml_node *node)
{
    const char *name = node->key;
    static const char *const operators[] = {"and", "or", "not", NULL};
    bool proper = isalpha((unsigned char)*name) || *name == '_';
    for (const char *at = name; *at; at++) proper = proper && (isalnum((unsigned char)*at) || *at == '_');
    if (!proper || strlen(name) > 32 || listed(operators, name))
        return PSW_WRONG(&study->tree, node->key_where,
                         "'%s' cannot name an axis; a name has at most 32 letters, digits and _", psw_show(name).text);
    if ((study->rooms.theory && listed(study->rooms.theory->names, name)) || listed(study->rooms.reserved, name))
        return PSW_WRONG(&study->tree, node->key_where, "'%s' is a column of the result; take another name", name);
    if (study->own_count == PSW_OWN_MAX)
        return PSW_WRONG(&study->tree, node->key_where, "'%s' would be own axis number %d; at most %d", name,
                         PSW_OWN_MAX + 1, PSW_OWN_MAX);
    return PSW_OK;
}

/* A method that has a parameter of its own. */
static const char *taker_of(spec_parameter id)
{
    psw_method method = 0;
    while (!spec_key_of_method(id, method)) method++;
    return psw_word(PSW_WORDS_METHOD, (int)method);
}

/* The place in a row of a name that is not a parameter; a new one becomes an own axis. */
static psw_status own_id(psw_study *study, const psw_yaml_node *node, int *id)
{
    for (*id = 0; *id < study->own_count; ++*id)
        if (strcmp(study->own[*id], node->key) == 0) break;
    if (*id == study->own_count) {
        PSW_TRY(own_name_check(study, node));
        study->own[study->own_count++] = node->key;
    }
    *id += PSW_PARAMETERS;
    return PSW_OK;
}

/* The place in a row of a name in grid or zip. */
static psw_status id_of(psw_study *study, const psw_yaml_node *node, int *id)
{
    *id = spec_parameter_find(node->key);
    if (*id == PSW_ID_METHOD)
        return PSW_WRONG(&study->tree, node->key_where, "methods are listed under 'methods', not in grid or zip");
    if (*id == PSW_ID_DATA_KIND)
        return PSW_WRONG(&study->tree, node->key_where, "data_kind is written data.kind, one for a study");
    if (*id >= PSW_ID_R)
        return PSW_WRONG(&study->tree, node->key_where, "%s belongs to a method; write '- %s: {%s: ...}' under methods",
                         node->key, taker_of((spec_parameter)*id), node->key);
    return *id >= 0 ? PSW_OK : own_id(study, node, id);
}

static psw_status axis_add(psw_study *study, int id, const psw_yaml_node *node, const char *section)
{
    psw_yaml_key key = spec_id_key(study, id);
    double *values;
    ptrdiff_t count;
    bool single;
    PSW_TRY(spec_values_read(study, node, &key, &values, &count, &single));
    spec_axis *axis = &study->axes[study->axis_count];
    *axis = (spec_axis){key.name, node->where, 1, count, {id}, values};
    psw_status status = spec_distinct(study, node, &key, values, count);
    if (status == PSW_OK) status = spec_declare(study, id, single ? PSW_O_VALUE : PSW_O_AXIS, section, node);
    if (single) study->base.at[id] = values[0];
    if (status == PSW_OK && !single)
        study->axis_count++;
    else
        *axis = (spec_axis){0}, free(values);
    return status;
}

psw_status spec_axes_declare(psw_study *study, const psw_yaml_node *map)
{
    if (map->kind != PSW_MAP && !(map->kind == PSW_SCALAR && !*map->text))
        return PSW_WRONG(&study->tree, map->where, "grid is a map of axes, as in {beta: [2, 4], n: 1024}");
    for (const psw_yaml_node *node = map->child; node; node = node->next) {
        int id;
        PSW_TRY(id_of(study, node, &id));
        PSW_TRY(axis_add(study, id, node, "grid"));
    }
    return PSW_OK;
}

static psw_status member_add(psw_study *study, spec_axis *axis, const psw_yaml_node *node)
{
    int id;
    double *values, *all;
    ptrdiff_t count;
    bool single;
    PSW_TRY(id_of(study, node, &id));
    psw_yaml_key key = spec_id_key(study, id);
    PSW_TRY(spec_declare(study, id, PSW_O_AXIS, "zip", node));
    PSW_TRY(spec_values_read(study, node, &key, &values, &count, &single));
    psw_status status = PSW_OK;
    if (count > PSW_ZIP_MAX)
        status = PSW_WRONG(&study->tree, node->where, "%s has %td values; a zip group has at most %d", key.name, count,
                           PSW_ZIP_MAX);
    else if (axis->members > 0 && count != axis->count)
        status = PSW_WRONG(&study->tree, node->where,
                           "%s has %td values, %s has %td; lists of a zip group go together one by one", key.name,
                           count, spec_id_name(study, axis->ids[0]), axis->count);
    all = status == PSW_OK ? realloc(axis->values, (size_t)(axis->members + 1) * (size_t)count * sizeof *all) : NULL;
    if (all) {
        memcpy(all + axis->members * count, values, (size_t)count * sizeof *all);
        axis->values = all;
        axis->count = count;
        axis->ids[axis->members++] = id;
    } else if (status == PSW_OK) {
        status = PSW_FAIL(PSW_NO_MEMORY, "cannot allocate an axis");
    }
    free(values);
    return status;
}

static bool same_entries(const spec_axis *axis, ptrdiff_t a, ptrdiff_t b)
{
    for (ptrdiff_t m = 0; m < axis->members; m++)
        if (axis->values[m * axis->count + a] != axis->values[m * axis->count + b]) return false;
    return true;
}

static psw_status group_add(psw_study *study, const psw_yaml_node *group)
{
    spec_axis *axis = &study->axes[study->axis_count];
    if (group->kind != PSW_MAP || group->children == 0)
        return PSW_WRONG(&study->tree, group->where,
                         "a zip group is a map of lists, as in shape: {n: [256, 1024], d: [18, 66]}");
    *axis = (spec_axis){.name = group->key, .where = group->where};
    study->axis_count++; /* freed with the study, whatever happens below */
    for (const psw_yaml_node *node = group->child; node; node = node->next) PSW_TRY(member_add(study, axis, node));
    for (ptrdiff_t a = 0; a < axis->count; a++)
        for (ptrdiff_t b = 0; b < a; b++)
            if (same_entries(axis, a, b))
                return PSW_WRONG(&study->tree, group->where,
                                 "entries %td and %td of the zip group '%s' are equal; remove one", b + 1, a + 1,
                                 psw_show(group->key).text);
    return PSW_OK;
}

psw_status spec_zip_declare(psw_study *study, const psw_yaml_node *map)
{
    if (map->kind != PSW_MAP && !(map->kind == PSW_SCALAR && !*map->text))
        return PSW_WRONG(&study->tree, map->where,
                         "zip is a map of groups, as in {shape: {n: [256, 1024], d: [18, 66]}}");
    for (const psw_yaml_node *group = map->child; group; group = group->next) PSW_TRY(group_add(study, group));
    return PSW_OK;
}

psw_status spec_own_declare(psw_study *study, const psw_yaml_node *list)
{
    for (const psw_yaml_node *item = list ? list->child : NULL; item; item = item->next)
        for (const psw_yaml_node *node = item->kind == PSW_MAP ? item->child : NULL; node; node = node->next) {
            int id;
            if (spec_parameter_find(node->key) >= 0) continue;
            PSW_TRY(own_id(study, node, &id));
            if (study->given[id].origin == PSW_O_NONE) study->given[id].where = node->key_where;
        }
    return PSW_OK;
}

/* ---- methods ---- */

static psw_status method_key(psw_study *study, spec_entry *entry, const psw_yaml_node *node)
{
    int id = spec_parameter_find(node->key);
    const char *method = psw_word(PSW_WORDS_METHOD, (int)entry->method);
    if (id < PSW_ID_R) return spec_unknown(&study->tree, node, "method");
    if (!spec_key_of_method((spec_parameter)id, entry->method))
        return PSW_WRONG(&study->tree, node->key_where, "%s is not a parameter of %s", node->key, method);
    if (study->given[id].origin > PSW_O_DEFAULT)
        return PSW_WRONG(&study->tree, node->key_where, "%s is given twice, here and in %s; remove one", node->key,
                         spec_first_place(&study->given[id]).text);
    spec_axis *axis = &entry->axes[entry->count];
    bool single;
    *axis = (spec_axis){.name = spec_keys[id].name, .where = node->where, .members = 1, .ids = {id}};
    PSW_TRY(spec_values_read(study, node, &spec_keys[id], &axis->values, &axis->count, &single));
    entry->count++;
    return spec_distinct(study, node, &spec_keys[id], axis->values, axis->count);
}

static bool has_key(const psw_study *study, const spec_entry *entry, int id)
{
    for (ptrdiff_t i = 0; i < entry->count; i++)
        if (entry->axes[i].ids[0] == id) return true;
    return study->given[id].origin > PSW_O_DEFAULT;
}

bool spec_entry_has(const spec_entry *entry, int id, double value)
{
    for (ptrdiff_t i = 0; i < entry->count; i++)
        for (ptrdiff_t k = 0; entry->axes[i].ids[0] == id && k < entry->axes[i].count; k++)
            if (entry->axes[i].values[k] == value) return true;
    return false;
}

/* Has the method points with learned weights, and without? */
static void weights_of(const spec_entry *entry, bool *learned, bool *random)
{
    *learned = false, *random = true;
    for (ptrdiff_t i = 0; i < entry->count; i++) {
        const spec_axis *axis = &entry->axes[i];
        if (axis->ids[0] != PSW_ID_WEIGHTS) continue;
        *random = false;
        for (ptrdiff_t k = 0; k < axis->count; k++) *(axis->values[k] > 0 ? learned : random) = true;
    }
}

/* What a method cannot do without, sizes of sketches apart. */
static psw_status own_check(const psw_study *study, const spec_entry *entry)
{
    const psw_ids sizes = PSW_ID(PSW_ID_R) | PSW_ID(PSW_ID_FEATURES) | PSW_ID(PSW_ID_WEIGHTS);
    const char *method = psw_word(PSW_WORDS_METHOD, (int)entry->method);
    for (int id = PSW_ID_R; id < PSW_PARAMETERS; id++) {
        bool needed = spec_key_of_method((spec_parameter)id, entry->method) && !(sizes >> id & 1);
        if (!needed || spec_key_fallback((spec_parameter)id, (int)entry->method) || has_key(study, entry, id)) continue;
        return PSW_WRONG(&study->tree, entry->where, "%s needs %s, as in {%s: 2}; %s", method, spec_keys[id].name,
                         spec_keys[id].name, spec_keys[id].meaning);
    }
    return PSW_OK;
}

static psw_status sizes_check(psw_study *study, const spec_entry *entry)
{
    bool r = has_key(study, entry, PSW_ID_R), features = has_key(study, entry, PSW_ID_FEATURES), learned, random;
    const char *method = psw_word(PSW_WORDS_METHOD, (int)entry->method);
    if (!spec_key_of_method(PSW_ID_R, entry->method)) return PSW_OK;
    weights_of(entry, &learned, &random);
    study->sized_by_file |= learned && (random || (!r && !features));
    if (r != features || (!random && !r)) return PSW_OK;
    return PSW_WRONG(
        &study->tree, entry->where,
        r ? "%s has both r and features; give one" : "%s needs its size: give r or features, as in {r: 32}", method);
}

static psw_status method_add(psw_study *study, const psw_yaml_node *item)
{
    const psw_yaml_node *named = item->kind == PSW_MAP && item->children == 1 ? item->child : item;
    if (item->kind == PSW_LIST || (item->kind == PSW_MAP && item->children != 1))
        return PSW_WRONG(&study->tree, item->where, "a method is a name or {name: {its parameters}}");
    psw_yaml_node word = {
        .kind = PSW_SCALAR, .text = item->kind == PSW_MAP ? named->key : named->text, .where = item->where};
    double code;
    PSW_TRY(psw_value_read(&study->tree, &word, &spec_keys[PSW_ID_METHOD], &code));
    for (ptrdiff_t i = 0; i < study->entry_count; i++)
        if (study->entries[i].method == (psw_method)code)
            return PSW_WRONG(&study->tree, item->where, "%s is listed twice; give its parameters as lists in one place",
                             word.text);
    spec_entry *entry = &study->entries[study->entry_count++];
    *entry = (spec_entry){.method = (psw_method)code, .where = item->where};
    if (item->kind == PSW_MAP && named->kind == PSW_LIST)
        return PSW_WRONG(&study->tree, named->where, "parameters of %s are a map, as in {r: 32}", word.text);
    if (item->kind == PSW_MAP && named->kind == PSW_SCALAR && *named->text)
        return PSW_WRONG(&study->tree, named->where, "parameters of %s are a map, as in {r: 32}", word.text);
    for (const psw_yaml_node *node = item->kind == PSW_MAP ? named->child : NULL; node; node = node->next)
        PSW_TRY(method_key(study, entry, node));
    PSW_TRY(own_check(study, entry));
    return sizes_check(study, entry);
}

/* Is the scale or offset of the study that of any point? With match exp it is not, nor is an offset that cancels. */
static bool scores_are_taken(const psw_study *study, int id)
{
    for (ptrdiff_t i = 0; i < study->entry_count; i++) {
        const spec_entry *entry = &study->entries[i];
        psw_affine affine = psw_method_facts_of(entry->method)->affine;
        bool cancels = id == PSW_ID_OFFSET && affine == PSW_AFFINE_CANCELS;
        bool follows = spec_entry_has(entry, PSW_ID_MATCH, PSW_MATCH_EXP);
        bool alone = !spec_entry_has(entry, PSW_ID_MATCH, PSW_MATCH_NONE);
        if (!(study->applies[entry->method] >> id & 1) || (follows && alone)) continue;
        if (!cancels || study->given[PSW_ID_DEN_CONSTANT].origin > PSW_O_DEFAULT) return true;
    }
    return false;
}

/* The defaults may be written out, as in a resolved study. */
static psw_status match_check(const psw_study *study)
{
    const spec_parameter ids[] = {PSW_ID_SCALE, PSW_ID_OFFSET};
    const double usual[] = {1, 0};
    const spec_entry *entry = study->entries, *end = entry + study->entry_count;
    while (entry < end && !spec_entry_has(entry, PSW_ID_MATCH, PSW_MATCH_EXP)) entry++;
    for (int i = 0; entry < end && i < 2; i++) {
        const spec_given *given = &study->given[ids[i]];
        if (given->origin <= PSW_O_DEFAULT || scores_are_taken(study, ids[i])) continue;
        if (given->origin == PSW_O_VALUE && study->base.at[ids[i]] == usual[i]) continue;
        return PSW_WRONG(&study->tree, given->where,
                         "match: exp sets scale and offset of %s; remove %s (the exponential that is followed has "
                         "data.reference_scale and center)",
                         psw_word(PSW_WORDS_METHOD, (int)entry->method), spec_keys[ids[i]].name);
    }
    return PSW_OK;
}

psw_status spec_methods_declare(psw_study *study, const psw_yaml_node *list)
{
    if (list->kind == PSW_SCALAR && *list->text) return method_add(study, list);
    if (list->kind != PSW_LIST || (list->children == 0 && !spec_includes_any(study)))
        return PSW_WRONG(&study->tree, list->where, "methods is a list, as in [exact, softmax]");
    for (const psw_yaml_node *item = list->child; item; item = item->next) PSW_TRY(method_add(study, item));
    return match_check(study);
}
