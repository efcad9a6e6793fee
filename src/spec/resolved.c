/* The study as JSON with every override and default in: itself a study file of the same identity. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

typedef struct json {
    psw_writer out;
    const psw_study *study;
} json;

/* A path whose r the study has read includes it: the study then does not need the file. */
static void path(json *j, const char *text)
{
    ptrdiff_t r = 0;
    for (ptrdiff_t i = 1; i < j->study->path_count; i++)
        if (strcmp(j->study->paths[i].text, text) == 0) r = j->study->paths[i].r;
    psw_writer_put(&j->out, r > 0 ? "{\"file\": " : "");
    psw_writer_scalar(&j->out, text);
    if (r == 0) return;
    psw_writer_put(&j->out, ", \"r\": ");
    psw_writer_put(&j->out, psw_number_print((double)r).text);
    psw_writer_put(&j->out, "}");
}

/* `block: auto` where all points that have it have the same number; a list may hold that number too. */
static bool is_number(const json *j, const psw_yaml_node *n)
{
    bool single = n->kind == PSW_SCALAR && n->key && strcmp(n->key, spec_keys[PSW_ID_BLOCK].name) == 0;
    return single && strcmp(n->text, "auto") == 0 && j->study && j->study->block_number > 0;
}

static void node(json *j, const psw_yaml_node *n)
{
    const char *name = n->key ? n->key : n->parent ? n->parent->key : NULL; /* of a list its items have none */
    if (n->kind == PSW_SCALAR && name && strcmp(name, "weights") == 0) {
        path(j, n->text);
        return;
    }
    if (n->kind == PSW_SCALAR) {
        psw_writer_scalar(&j->out, is_number(j, n) ? psw_number_print(j->study->block_number).text : n->text);
        return;
    }
    psw_writer_open(&j->out, n->kind == PSW_LIST ? "[" : "{");
    for (const psw_yaml_node *child = n->child; child; child = child->next) {
        if (n->kind == PSW_MAP)
            psw_writer_key(&j->out, child->key);
        else
            psw_writer_put(&j->out, j->out.comma ? ", " : "");
        node(j, child);
        j->out.comma = true;
    }
    psw_writer_close(&j->out, n->kind == PSW_LIST ? "]" : "}");
}

/* ---- sections ---- */

static bool is_formula(const char *fallback)
{
    double value;
    return !psw_number_read(fallback, &value);
}

/* Is this default one that the study uses? Constants beside a preset are not: written out they would override it. */
static bool defaulted(const psw_study *study, int id)
{
    bool constant = id >= PSW_ID_A_0 && id <= PSW_ID_KAPPA;
    if (id == PSW_ID_DATA_DRAWS && !spec_study_random(study)) return false;
    if (id == PSW_ID_REFERENCE && psw_study_before_references(study)) return false;
    return study->given[id].origin == PSW_O_DEFAULT && spec_key_of_kind((spec_parameter)id, study->kind) &&
           !(constant && study->given[PSW_ID_PRESET].origin != PSW_O_DEFAULT);
}

static void children(json *j, const psw_yaml_node *map)
{
    for (const psw_yaml_node *child = map ? map->child : NULL; child; child = child->next) {
        psw_writer_key(&j->out, child->key);
        node(j, child);
        j->out.comma = true;
    }
}

static void defaults(json *j, const psw_study *study, const char *section, bool formulas)
{
    for (int id = PSW_ID_PRESET; id < PSW_PARAMETERS; id++) {
        if (!defaulted(study, id) || strcmp(spec_keys[id].section, section) != 0) continue;
        if (spec_keys[id].type != PSW_T_WORD && is_formula(spec_keys[id].fallback) != formulas) continue;
        if (spec_keys[id].type == PSW_T_WORD && formulas) continue;
        psw_writer_key(&j->out, spec_keys[id].name);
        psw_writer_scalar(&j->out, spec_default_text(study, id));
    }
}

static void section_data(json *j, const psw_study *study, const psw_yaml_node *map)
{
    if (!psw_yaml_child(map, "kind")) {
        psw_writer_key(&j->out, "kind");
        psw_writer_quote(&j->out, psw_word(PSW_WORDS_DATA_KIND, (int)study->kind));
    }
    children(j, map);
    defaults(j, study, "data", false);
}

static void section_grid(json *j, const psw_study *study, const psw_yaml_node *map)
{
    children(j, map);
    defaults(j, study, "grid", false);
}

static void section_derive(json *j, const psw_study *study, const psw_yaml_node *map)
{
    children(j, map);
    defaults(j, study, "data", true);
    defaults(j, study, "grid", true);
}

static void section_judge(json *j, const psw_study *study, const psw_yaml_node *map)
{
    children(j, map);
    defaults(j, study, "judge", false);
    defaults(j, study, "judge", true);
    if (psw_yaml_child(map, "level")) return;
    psw_writer_key(&j->out, "level");
    psw_writer_scalar(&j->out, spec_key_find("judge", "level")->fallback);
}

static void section_decode(json *j, const psw_study *study, const psw_yaml_node *map)
{
    children(j, map);
    defaults(j, study, "decode", false);
}

static void section_settings(json *j, const char *section, const psw_yaml_node *map)
{
    for (const psw_yaml_key *k = spec_keys; k->name; k++) {
        if (strcmp(k->section, section) != 0) continue;
        const psw_yaml_node *given = psw_yaml_child(map, k->name);
        bool empty = given && given->kind == PSW_SCALAR && !*given->text && k->type == PSW_T_TREE;
        psw_writer_key(&j->out, k->name);
        if (given && !empty)
            node(j, given);
        else if (k->type == PSW_T_TREE)
            psw_writer_put(&j->out, "[]");
        else
            psw_writer_scalar(&j->out, k->fallback);
        j->out.comma = true;
    }
}

static void method_defaults(json *j, const psw_study *study, const spec_entry *entry, const psw_yaml_node *given)
{
    for (int id = PSW_ID_R; id < PSW_PARAMETERS; id++) {
        const char *fallback = spec_own_fallback(study, id, entry->method);
        if (!defaulted(study, id) || !fallback || psw_yaml_child(given, spec_keys[id].name)) continue;
        psw_writer_key(&j->out, spec_keys[id].name);
        psw_writer_scalar(&j->out, fallback);
    }
}

static void section_methods(json *j, const psw_study *study, const psw_yaml_node *list)
{
    const psw_yaml_node *item = list && list->kind == PSW_LIST ? list->child : list;
    psw_writer_put(&j->out, "[");
    for (ptrdiff_t i = 0; i < study->entry_count; i++, item = item->next) {
        const psw_yaml_node *given = item->kind == PSW_MAP ? item->child : NULL;
        psw_writer_put(&j->out, i ? ", " : "");
        psw_writer_open(&j->out, "{");
        psw_writer_key(&j->out, psw_word(PSW_WORDS_METHOD, (int)study->entries[i].method));
        psw_writer_open(&j->out, "{");
        children(j, given);
        method_defaults(j, study, &study->entries[i], given);
        psw_writer_put(&j->out, "}}");
    }
    psw_writer_close(&j->out, "]");
}

static void section(json *j, const psw_study *study, const char *name, const psw_yaml_node *given)
{
    psw_writer_put(&j->out, j->out.comma ? ",\n " : "");
    j->out.comma = false;
    psw_writer_key(&j->out, name);
    if (strcmp(name, "schema") == 0 || strcmp(name, "seed") == 0) {
        psw_writer_put(&j->out, given ? psw_number_print(name[1] == 'c' ? 1 : study->seed).text : "0");
    } else if (strcmp(name, "study") == 0) {
        psw_writer_quote(&j->out, study->name);
    } else if (strcmp(name, "methods") == 0) {
        section_methods(j, study, given);
    } else if (strcmp(name, "exclude") == 0 || strcmp(name, "include") == 0) {
        if (given && given->kind == PSW_LIST)
            node(j, given);
        else
            psw_writer_put(&j->out, "[]");
    } else if (strcmp(name, "time") == 0 && !study->settings.timing) {
        psw_writer_put(&j->out, "\"off\"");
    } else {
        psw_writer_open(&j->out, "{");
        if (strcmp(name, "data") == 0)
            section_data(j, study, given);
        else if (strcmp(name, "grid") == 0)
            section_grid(j, study, given);
        else if (strcmp(name, "derive") == 0)
            section_derive(j, study, given);
        else if (strcmp(name, "judge") == 0)
            section_judge(j, study, given);
        else if (strcmp(name, "decode") == 0)
            section_decode(j, study, given);
        else if (strcmp(name, "zip") == 0 || strcmp(name, "predict") == 0 || strcmp(name, "search") == 0)
            children(j, given);
        else
            section_settings(j, name, given);
        psw_writer_put(&j->out, "}");
    }
    j->out.comma = true;
}

/* Sections in the order of the file (grid before zip or after it decides the order of axes), then those it leaves to
 * their defaults. */
psw_status spec_resolved_write(psw_study *study)
{
    json j = {.study = study};
    psw_writer_put(&j.out, "{");
    for (const psw_yaml_node *child = study->tree.root->child; child; child = child->next)
        section(&j, study, child->key, child);
    for (const psw_yaml_key *k = spec_keys; k->name; k++)
        if (!*k->section && !psw_yaml_child(study->tree.root, k->name)) section(&j, study, k->name, NULL);
    psw_writer_put(&j.out, "}\n");
    study->resolved = j.out.text;
    return j.out.failed ? PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the resolved study") : PSW_OK;
}

void spec_node_write(const psw_study *study, const psw_yaml_node *n, psw_writer *out)
{
    json j = {*out, study};
    node(&j, n);
    *out = j.out;
}

psw_status spec_yaml_write(const psw_yaml_node *root, char **text)
{
    json j = {0};
    node(&j, root);
    psw_writer_put(&j.out, "\n");
    *text = j.out.failed ? NULL : j.out.text;
    if (!j.out.failed) return PSW_OK;
    free(j.out.text);
    return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the text of a study");
}
