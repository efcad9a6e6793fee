#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spec/keys.h"

psw_status psw_unknown(const psw_tree *tree, const psw_node *node, const char *section)
{
    const char *names[64];
    size_t count = 0;
    for (const psw_key *key = psw_keys; key->name && count < 63; key++)
        if (strcmp(key->section, section) == 0)
            names[count++] = strcmp(key->name, "data_kind") == 0 ? "kind" : key->name;
    names[count] = NULL;
    psw_shown hint = psw_hint(node->key, names);
    char all[200] = "; there are: ";
    for (size_t i = 0; i < count; i++)
        psw_format(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", names[i]);
    return PSW_WRONG(tree, node->key_where, "unknown key '%s' in %s%s", psw_show(node->key).text,
                     *section ? section : "a study", *hint.text ? hint.text : all);
}

static const char *noun(const psw_key *key)
{
    return key->type == PSW_T_WHOLE || key->type == PSW_T_AUTO ? "a whole number" : "a number";
}

bool psw_value_fits(const psw_key *key, double value, char *what, size_t size)
{
    if (isnan(value) || ((key->type == PSW_T_WHOLE || key->type == PSW_T_AUTO) && value != floor(value)))
        return psw_format(what, size, "%s = %s is not %s", key->name, psw_number_print(value).text, noun(key)), false;
    if (value < key->least)
        return psw_format(what, size, "%s = %s is too small; the least is %s", key->name, psw_number_print(value).text,
                          psw_number_print(key->least).text),
               false;
    if (value > key->most || isinf(value))
        return psw_format(what, size, "%s = %s is too large; the most is %s", key->name, psw_number_print(value).text,
                          psw_number_print(key->most).text),
               false;
    return true;
}

static psw_status word_read(const psw_tree *tree, const psw_node *node, const psw_key *key, double *value)
{
    psw_vocabulary vocabulary = (psw_vocabulary)key->vocabulary;
    int code = psw_word_code(vocabulary, node->text);
    *value = code;
    if (code >= 0) return PSW_OK;
    return PSW_WRONG(tree, node->where, "'%s' is not a %s%s; there are: %s", psw_show(node->text).text, key->name,
                     psw_word_hint(vocabulary, node->text).text, psw_words_list(vocabulary).text);
}

static psw_status number_read(const psw_tree *tree, const psw_node *node, const psw_key *key, double *value)
{
    char what[160];
    if (!psw_number_read(node->text, value))
        return PSW_WRONG(tree, node->where, "%s is %s, not '%s'", key->name, noun(key), psw_show(node->text).text);
    if (!psw_value_fits(key, *value, what, sizeof what)) return PSW_WRONG(tree, node->where, "%s", what);
    if (key->type == PSW_T_REAL || psw_number_exact(node->text, *value)) return PSW_OK;
    return PSW_WRONG(tree, node->where, "%s = %s would be rounded to %s; whole numbers go up to %.0f", key->name,
                     psw_show(node->text).text, psw_number_print(*value).text, PSW_WHOLE_MAX);
}

psw_status psw_value_read(const psw_tree *tree, const psw_node *node, const psw_key *key, double *value)
{
    psw_status status = PSW_OK;
    *value = 0;
    if (node->kind != PSW_SCALAR)
        return PSW_WRONG(tree, node->where, "%s is one value here, not a %s", key->name,
                         node->kind == PSW_LIST ? "list" : "map");
    if (!*node->text && !node->quoted && key->type != PSW_T_TEXT)
        return PSW_WRONG(tree, node->where, "%s has no value", key->name);
    switch (key->type) {
    case PSW_T_WORD: return word_read(tree, node, key, value);
    case PSW_T_AUTO:
        if (strcmp(node->text, "auto") == 0) return PSW_OK;
        return number_read(tree, node, key, value);
    case PSW_T_DURATION: status = psw_parse_duration(node->text, value); break;
    case PSW_T_SIZE: status = psw_parse_size(node->text, value); break;
    case PSW_T_REAL:
    case PSW_T_WHOLE: return number_read(tree, node, key, value);
    default: return PSW_OK;
    }
    if (status == PSW_OK) return PSW_OK;
    char words[256]; /* psw_wrong_at writes the message it would read */
    psw_format(words, sizeof words, "%s", psw_message());
    return PSW_WRONG(tree, node->where, "%s: %s", key->name, words);
}

/* ---- settings ---- */

static psw_status text_set(const psw_tree *tree, const psw_node *node, const psw_key *key, char *text, size_t size)
{
    const char *given = node ? node->text : key->fallback;
    if (psw_format(text, size, "%s", given)) return PSW_OK;
    return PSW_WRONG(tree, node->where, "%s is longer than %zu bytes", key->name, size - 1);
}

static psw_status switch_set(const psw_tree *tree, const psw_node *node, const psw_key *key, bool *flag)
{
    const char *text = node ? node->text : key->fallback;
    *flag = strcmp(text, "true") == 0;
    if (*flag || strcmp(text, "false") == 0) return PSW_OK;
    return PSW_WRONG(tree, node->where, "%s is true or false, not '%s'", key->name, psw_show(text).text);
}

/* Settings of a number are doubles, ptrdiff_t, or (threads) int. */
static void number_set(const psw_key *key, double value, psw_settings *settings)
{
    char *at = (char *)settings + key->offset;
    bool counts = key->type == PSW_T_WHOLE || key->type == PSW_T_AUTO; /* within the key's range, so they fit */
    if (key->offset == offsetof(psw_settings, threads))
        memcpy(at, &(int){(int)value}, sizeof(int));
    else if (counts)
        memcpy(at, &(ptrdiff_t){(ptrdiff_t)value}, sizeof(ptrdiff_t));
    else
        memcpy(at, &value, sizeof value);
}

psw_status psw_setting_read(const psw_tree *tree, const psw_node *node, const psw_key *key, psw_settings *settings)
{
    double value;
    char *at = (char *)settings + key->offset;
    psw_node fallback = {.text = (char *)(uintptr_t)key->fallback};
    PSW_TRY(psw_value_read(tree, node ? node : &fallback, key, &value));
    switch (key->type) {
    case PSW_T_TEXT: return text_set(tree, node, key, at, sizeof settings->file);
    case PSW_T_NAME: return text_set(tree, node, key, at, sizeof settings->route);
    case PSW_T_SWITCH: return switch_set(tree, node, key, (bool *)at);
    default: number_set(key, value, settings); return PSW_OK;
    }
}

psw_status psw_settings_read(const psw_tree *tree, const psw_node *map, const char *section, psw_settings *settings)
{
    if (map && map->kind != PSW_MAP)
        return PSW_WRONG(tree, map->where, "%s is a map of settings, as in {%s: ...}", section,
                         strcmp(section, "run") == 0    ? "time_limit"
                         : strcmp(section, "time") == 0 ? "reps"
                                                        : "file");
    for (const psw_node *child = map ? map->child : NULL; child; child = child->next)
        if (!psw_key_find(section, child->key)) return psw_unknown(tree, child, section);
    for (const psw_key *key = psw_keys; key->name; key++)
        if (strcmp(key->section, section) == 0 && key->type != PSW_T_TREE)
            PSW_TRY(psw_setting_read(tree, psw_node_child(map, key->name), key, settings));
    return PSW_OK;
}
