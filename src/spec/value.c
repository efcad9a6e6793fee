#include <stdlib.h>
#include <string.h>

#include "spec/keys.h"

psw_status spec_unknown(const psw_yaml *tree, const psw_yaml_node *node, const char *section)
{
    const char *names[64];
    size_t count = 0;
    for (const psw_yaml_key *key = spec_keys; key->name && count < 63; key++)
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

static psw_status text_set(const psw_yaml *tree, const psw_yaml_node *node, const psw_yaml_key *key, char *text,
                           size_t size)
{
    const char *given = node ? node->text : key->fallback;
    if (psw_format(text, size, "%s", given)) return PSW_OK;
    return PSW_WRONG(tree, node->where, "%s is longer than %zu bytes", key->name, size - 1);
}

static psw_status switch_set(const psw_yaml *tree, const psw_yaml_node *node, const psw_yaml_key *key, bool *flag)
{
    const char *text = node ? node->text : key->fallback;
    *flag = strcmp(text, "true") == 0;
    if (*flag || strcmp(text, "false") == 0) return PSW_OK;
    return PSW_WRONG(tree, node->where, "%s is true or false, not '%s'", key->name, psw_show(text).text);
}

/* Settings of a number are doubles, ptrdiff_t, or (threads) int. */
static void number_set(const psw_yaml_key *key, double value, psw_settings *settings)
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

psw_status spec_setting_read(const psw_yaml *tree, const psw_yaml_node *node, const psw_yaml_key *key,
                             psw_settings *settings)
{
    double value;
    char *at = (char *)settings + key->offset;
    psw_yaml_node fallback = {.text = (char *)(uintptr_t)key->fallback};
    PSW_TRY(psw_value_read(tree, node ? node : &fallback, key, &value));
    switch (key->type) {
    case PSW_T_TEXT: return text_set(tree, node, key, at, sizeof settings->file);
    case PSW_T_NAME: return text_set(tree, node, key, at, sizeof settings->route);
    case PSW_T_SWITCH: return switch_set(tree, node, key, (bool *)at);
    default: number_set(key, value, settings); return PSW_OK;
    }
}

psw_status spec_settings_read(const psw_yaml *tree, const psw_yaml_node *map, const char *section,
                              psw_settings *settings)
{
    if (map && map->kind != PSW_MAP)
        return PSW_WRONG(tree, map->where, "%s is a map of settings, as in {%s: ...}", section,
                         strcmp(section, "run") == 0    ? "time_limit"
                         : strcmp(section, "time") == 0 ? "reps"
                                                        : "file");
    for (const psw_yaml_node *child = map ? map->child : NULL; child; child = child->next)
        if (!spec_key_find(section, child->key)) return spec_unknown(tree, child, section);
    for (const psw_yaml_key *key = spec_keys; key->name; key++)
        if (strcmp(key->section, section) == 0 && key->type != PSW_T_TREE)
            PSW_TRY(spec_setting_read(tree, psw_yaml_child(map, key->name), key, settings));
    return PSW_OK;
}
