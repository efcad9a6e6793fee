/* The study as JSON with every override and default in: itself a study file of the same identity. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

typedef struct json {
    const psw_study *study;
    char *text;
    size_t length, room;
    bool failed;
    bool comma; /* an element precedes */
} json;

static void add(json *j, const char *text, size_t length)
{
    if (j->length + length + 1 > j->room && !j->failed) {
        size_t room = 2 * (j->length + length) + 256;
        char *more = realloc(j->text, room);
        j->failed = !more;
        if (more) j->text = more, j->room = room;
    }
    if (j->failed) return;
    memcpy(j->text + j->length, text, length);
    j->length += length;
    j->text[j->length] = 0;
}

static void put(json *j, const char *text)
{
    add(j, text, strlen(text));
}

/* Characters that a YAML reader takes for line ends or refuses: C1 controls, U+2028, U+2029, U+FEFF. Returns how many
 * bytes to escape. */
static size_t special(const unsigned char *at, unsigned *code)
{
    if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) return *code = at[1], 2;
    if (at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9)) return *code = 0x2000u + at[2] - 0x80u, 3;
    if (at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf) return *code = 0xfeff, 3;
    if (at[0] < 32 || at[0] == 127) return *code = at[0], 1;
    return 0;
}

static void quote(json *j, const char *text)
{
    put(j, "\"");
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        unsigned code;
        char escape[8];
        size_t length = special(at, &code);
        if (length) {
            psw_format(escape, sizeof escape, "\\u%04x", code);
            put(j, escape);
        } else {
            if (*at == '"' || *at == '\\') put(j, "\\");
            add(j, (const char *)at, length = 1);
        }
        at += length;
    }
    put(j, "\"");
}

/* A number where it reads back as the same text; types come from the key, so a quoted one is as good. */
static void scalar(json *j, const char *text)
{
    double value;
    if (psw_number_read(text, &value) && strcmp(psw_number_print(value).text, text) == 0)
        put(j, text);
    else
        quote(j, text);
}

static void key(json *j, const char *name)
{
    put(j, j->comma ? ", " : "");
    quote(j, name);
    put(j, ": ");
    j->comma = true;
}

static void open(json *j, const char *bracket)
{
    put(j, bracket);
    j->comma = false;
}

static void close(json *j, const char *bracket)
{
    put(j, bracket);
    j->comma = true;
}

/* A path whose r the study has read includes it: the study then does not need the file. */
static void path(json *j, const char *text)
{
    ptrdiff_t r = 0;
    for (ptrdiff_t i = 1; i < j->study->path_count; i++)
        if (strcmp(j->study->paths[i].text, text) == 0) r = j->study->paths[i].r;
    put(j, r > 0 ? "{\"file\": " : "");
    scalar(j, text);
    if (r == 0) return;
    put(j, ", \"r\": ");
    put(j, psw_number_print((double)r).text);
    put(j, "}");
}

static void node(json *j, const psw_node *n)
{
    const char *name = n->key ? n->key : n->parent ? n->parent->key : NULL; /* of a list its items have none */
    if (n->kind == PSW_SCALAR && name && strcmp(name, "weights") == 0) {
        path(j, n->text);
        return;
    }
    if (n->kind == PSW_SCALAR) {
        scalar(j, n->text);
        return;
    }
    open(j, n->kind == PSW_LIST ? "[" : "{");
    for (const psw_node *child = n->child; child; child = child->next) {
        if (n->kind == PSW_MAP)
            key(j, child->key);
        else
            put(j, j->comma ? ", " : "");
        node(j, child);
        j->comma = true;
    }
    close(j, n->kind == PSW_LIST ? "]" : "}");
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
    if (id == PSW_ID_DATA_DRAWS && !psw_study_random(study)) return false;
    return study->given[id].origin == PSW_O_DEFAULT && psw_key_of_kind((psw_parameter)id, study->kind) &&
           !(constant && study->given[PSW_ID_PRESET].origin != PSW_O_DEFAULT);
}

static void children(json *j, const psw_node *map)
{
    for (const psw_node *child = map ? map->child : NULL; child; child = child->next) {
        key(j, child->key);
        node(j, child);
        j->comma = true;
    }
}

static void defaults(json *j, const psw_study *study, const char *section, bool formulas)
{
    for (int id = PSW_ID_PRESET; id < PSW_PARAMETERS; id++) {
        if (!defaulted(study, id) || strcmp(psw_keys[id].section, section) != 0) continue;
        if (psw_keys[id].type != PSW_T_WORD && is_formula(psw_keys[id].fallback) != formulas) continue;
        if (psw_keys[id].type == PSW_T_WORD && formulas) continue;
        key(j, psw_keys[id].name);
        scalar(j, psw_default_text(study, id));
    }
}

static void section_data(json *j, const psw_study *study, const psw_node *map)
{
    if (!psw_node_child(map, "kind")) {
        key(j, "kind");
        quote(j, psw_word(PSW_WORDS_DATA_KIND, (int)study->kind));
    }
    children(j, map);
    defaults(j, study, "data", false);
}

static void section_grid(json *j, const psw_study *study, const psw_node *map)
{
    children(j, map);
    defaults(j, study, "grid", false);
}

static void section_derive(json *j, const psw_study *study, const psw_node *map)
{
    children(j, map);
    defaults(j, study, "data", true);
    defaults(j, study, "grid", true);
}

static void section_judge(json *j, const psw_study *study, const psw_node *map)
{
    children(j, map);
    defaults(j, study, "judge", false);
    defaults(j, study, "judge", true);
    if (psw_node_child(map, "level")) return;
    key(j, "level");
    scalar(j, psw_key_find("judge", "level")->fallback);
}

static void section_settings(json *j, const char *section, const psw_node *map)
{
    for (const psw_key *k = psw_keys; k->name; k++) {
        if (strcmp(k->section, section) != 0) continue;
        const psw_node *given = psw_node_child(map, k->name);
        bool empty = given && given->kind == PSW_SCALAR && !*given->text && k->type == PSW_T_TREE;
        key(j, k->name);
        if (given && !empty)
            node(j, given);
        else if (k->type == PSW_T_TREE)
            put(j, "[]");
        else
            scalar(j, k->fallback);
        j->comma = true;
    }
}

static void method_defaults(json *j, const psw_study *study, const psw_entry *entry, const psw_node *given)
{
    for (int id = PSW_ID_R; id < PSW_PARAMETERS; id++) {
        const char *fallback = psw_key_fallback((psw_parameter)id, (int)entry->method);
        if (!defaulted(study, id) || !fallback || psw_node_child(given, psw_keys[id].name)) continue;
        key(j, psw_keys[id].name);
        scalar(j, fallback);
    }
}

static void section_methods(json *j, const psw_study *study, const psw_node *list)
{
    const psw_node *item = list && list->kind == PSW_LIST ? list->child : list;
    put(j, "[");
    for (ptrdiff_t i = 0; i < study->entry_count; i++, item = item->next) {
        const psw_node *given = item->kind == PSW_MAP ? item->child : NULL;
        put(j, i ? ", " : "");
        open(j, "{");
        key(j, psw_word(PSW_WORDS_METHOD, (int)study->entries[i].method));
        open(j, "{");
        children(j, given);
        method_defaults(j, study, &study->entries[i], given);
        put(j, "}}");
    }
    close(j, "]");
}

static void section(json *j, const psw_study *study, const char *name, const psw_node *given)
{
    put(j, j->comma ? ",\n " : "");
    j->comma = false;
    key(j, name);
    if (strcmp(name, "schema") == 0 || strcmp(name, "seed") == 0) {
        put(j, given ? psw_number_print(name[1] == 'c' ? 1 : study->seed).text : "0");
    } else if (strcmp(name, "study") == 0) {
        quote(j, study->name);
    } else if (strcmp(name, "methods") == 0) {
        section_methods(j, study, given);
    } else if (strcmp(name, "exclude") == 0 || strcmp(name, "include") == 0) {
        if (given && given->kind == PSW_LIST)
            node(j, given);
        else
            put(j, "[]");
    } else if (strcmp(name, "time") == 0 && !study->settings.timing) {
        put(j, "\"off\"");
    } else {
        open(j, "{");
        if (strcmp(name, "data") == 0)
            section_data(j, study, given);
        else if (strcmp(name, "grid") == 0)
            section_grid(j, study, given);
        else if (strcmp(name, "derive") == 0)
            section_derive(j, study, given);
        else if (strcmp(name, "judge") == 0)
            section_judge(j, study, given);
        else if (strcmp(name, "zip") == 0 || strcmp(name, "predict") == 0)
            children(j, given);
        else
            section_settings(j, name, given);
        put(j, "}");
    }
    j->comma = true;
}

/* Sections in the order of the file (grid before zip or after it decides the order of axes), then those it leaves to
 * their defaults. */
psw_status psw_resolved_write(psw_study *study)
{
    json j = {.study = study};
    put(&j, "{");
    for (const psw_node *child = study->tree.root->child; child; child = child->next)
        section(&j, study, child->key, child);
    for (const psw_key *k = psw_keys; k->name; k++)
        if (!*k->section && !psw_node_child(study->tree.root, k->name)) section(&j, study, k->name, NULL);
    put(&j, "}\n");
    study->resolved = j.text;
    return j.failed ? PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the resolved study") : PSW_OK;
}

psw_status psw_node_write(const psw_node *root, char **text)
{
    json j = {0};
    node(&j, root);
    put(&j, "\n");
    *text = j.failed ? NULL : j.text;
    if (!j.failed) return PSW_OK;
    free(j.text);
    return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the text of a study");
}
