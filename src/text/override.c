#include <stdlib.h>
#include <string.h>

#include "polysweep/text.h"

/* The entry of a list that stands for `key`: `methods.polysketch.r` goes through the list of methods by name. */
static psw_yaml_node *entry_of_list(psw_yaml_node *list, const char *key)
{
    for (psw_yaml_node *item = list->child; item; item = item->next) {
        if (item->kind == PSW_SCALAR && strcmp(item->text, key) == 0) return item;
        if (item->kind == PSW_MAP && item->child && strcmp(item->child->key, key) == 0) return item->child;
    }
    return NULL;
}

/* A bare method name becomes {name: {}}, so that something can be put below it. */
static psw_yaml_node *opened(psw_yaml *tree, psw_yaml_node *item)
{
    if (item->kind != PSW_SCALAR) return item;
    psw_yaml_node *map = psw_yaml_create(tree, PSW_MAP, item->text, NULL, item->where);
    if (!map) return NULL;
    free(item->text);
    item->text = NULL;
    item->kind = PSW_MAP;
    psw_yaml_append(item, map);
    return map;
}

static psw_status descend(psw_yaml *tree, psw_yaml_node **at, const char *key, psw_where where)
{
    psw_yaml_node *down = (*at)->kind == PSW_LIST ? entry_of_list(*at, key) : psw_yaml_child(*at, key);
    if (!down && (*at)->kind == PSW_LIST)
        return PSW_WRONG(tree, where, "'%s' is not in the list '%s'; give the whole list, as in '%s=[...]'",
                         psw_show(key).text, psw_show((*at)->key ? (*at)->key : "").text,
                         psw_show((*at)->key ? (*at)->key : "").text);
    bool in_list = (*at)->kind == PSW_LIST;
    if (!down) {
        down = psw_yaml_create(tree, PSW_MAP, key, NULL, where);
        if (down) psw_yaml_append(*at, down);
    } else if (down->kind == PSW_SCALAR && in_list) {
        down = opened(tree, down);
    } else if (down->kind == PSW_SCALAR) { /* `time: off`, then --set time.reps=6 */
        free(down->text);
        down->text = NULL;
        down->kind = PSW_MAP;
    }
    *at = down;
    return down ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a value of the study");
}

/* Puts `value` where `old` is, or appends it. */
static psw_status put(psw_yaml *tree, psw_yaml_node *map, const char *key, psw_yaml_node *value, psw_where where)
{
    if (map->kind != PSW_MAP) {
        psw_yaml_free(value);
        return PSW_WRONG(tree, where, "'%s' is a list; give the whole list, as in '%s=[...]'",
                         psw_show(map->key ? map->key : "").text, psw_show(map->key ? map->key : "").text);
    }
    value->key = malloc(strlen(key) + 1);
    if (!value->key) {
        psw_yaml_free(value);
        return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a value of the study");
    }
    memcpy(value->key, key, strlen(key) + 1);
    value->key_where = where;
    psw_yaml_node *old = psw_yaml_child(map, key);
    if (!old) {
        psw_yaml_append(map, value);
        return PSW_OK;
    }
    psw_yaml_node **link = &map->child;
    while (*link != old) link = &(*link)->next;
    *link = value;
    value->next = old->next;
    value->parent = map;
    if (map->last == old) map->last = value;
    psw_yaml_free(old);
    return PSW_OK;
}

static psw_status override(psw_yaml *tree, const char *argument, psw_where where)
{
    const char *equals = strchr(argument, '=');
    char path[256];
    if (!equals || equals == argument || (size_t)(equals - argument) >= sizeof path)
        return PSW_WRONG(tree, where, "this is not KEY=VALUE; write for example grid.beta=[2,4]");
    memcpy(path, argument, (size_t)(equals - argument));
    path[equals - argument] = 0;
    psw_yaml_node *at = tree->root, *root = tree->root;
    char *key = path;
    int depth = 0;
    for (char *dot; (dot = strchr(key, '.')) != NULL; key = dot + 1) {
        *dot = 0;
        if (*key == 0 || strlen(key) > PSW_NAME_MAX || ++depth > 4)
            return PSW_WRONG(tree, where, "'%s' is not a key of a study; write for example grid.beta=[2,4]",
                             psw_show(key).text);
        PSW_TRY(descend(tree, &at, key, where));
    }
    if (*key == 0 || strlen(key) > PSW_NAME_MAX)
        return PSW_WRONG(tree, where, "a key is missing before '='; write for example grid.beta=[2,4]");
    psw_status status = psw_yaml_load(tree, equals + 1, strlen(equals + 1), where.set);
    psw_yaml_node *value = tree->root;
    tree->root = root;
    if (status == PSW_OK) return put(tree, at, key, value, where);
    psw_yaml_free(value);
    return status;
}

psw_status psw_yaml_override(psw_yaml *tree, const char *const *set, ptrdiff_t sets)
{
    tree->set = set;
    for (ptrdiff_t i = 0; i < sets; i++) PSW_TRY(override(tree, set[i], (psw_where){0, 0, i + 1}));
    return PSW_OK;
}
