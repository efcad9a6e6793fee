#include "data/names.h"

#include <stdlib.h>
#include <string.h>

static const char *const letters[PSW_SIDES] = {"q", "k", "v"};
static const char *const usual[PSW_SIDES] = {"layer.{layer}.q", "layer.{layer}.k", "layer.{layer}.v"};
static const char mark[] = "{layer}";

/* ---- patterns ---- */

/* The pattern with the number in place of {layer}; false: too long for a name. */
static bool expand(const char *pattern, ptrdiff_t layer, char *out, size_t size)
{
    const char *at = strstr(pattern, mark);
    if (!at) return psw_format(out, size, "%s", pattern);
    return psw_format(out, size, "%.*s%td%s", (int)(at - pattern), pattern, layer, at + strlen(mark));
}

/* The number in a name that has the form of a pattern; -1: it has not. */
static ptrdiff_t number_in(const char *pattern, const char *name)
{
    const char *at = strstr(pattern, mark);
    char *end, again[1024];
    if (!at) return strcmp(pattern, name) == 0 ? 0 : -1;
    size_t before = (size_t)(at - pattern);
    if (strncmp(pattern, name, before) != 0 || name[before] < '0' || name[before] > '9') return -1;
    long layer = strtol(name + before, &end, 10);
    bool same = layer < PSW_WHOLE_MAX && expand(pattern, layer, again, sizeof again) && strcmp(again, name) == 0;
    return same ? layer : -1;
}

/* ---- what the file has ---- */

static const char *there(const psw_tensors *t, const char *name)
{
    const char *own;
    for (ptrdiff_t i = 0; (own = t->name(t, i)); i++)
        if (strcmp(own, name) == 0) return own;
    return NULL;
}

/* "; it has a, b, c and 7 more; the nearest is 'b'" */
static void list(const psw_tensors *t, const char *wanted, char *text, size_t size)
{
    const char *names[257] = {NULL}, *name;
    ptrdiff_t count = 0, shown = 0;
    size_t used = 0;
    for (; (name = t->name(t, count)); count++)
        if (count < 256) names[count] = name;
    for (; shown < count && shown < 8; shown++, used = strlen(text))
        psw_format(text + used, size - used, "%s%s", used ? ", " : "; it has ", psw_show(names[shown]).text);
    if (count > shown) psw_format(text + used, size - used, " and %td more", count - shown);
    used = strlen(text);
    psw_format(text + used, size - used, "%s", psw_hint(wanted, names).text);
}

static psw_status missing(const psw_tensors *t, const char *wanted, const char *also)
{
    char has[900] = "";
    list(t, wanted, has, sizeof has);
    return PSW_FAIL(PSW_ENVIRONMENT, "%s has no %s '%s%s'%s%s", t->path, t->noun, psw_show(wanted).text, t->suffix,
                    also, *has ? has : "; it has none");
}

static psw_status one_layer(const psw_tensors *t, const char *name, ptrdiff_t layer)
{
    return PSW_FAIL(PSW_ENVIRONMENT,
                    "%s: layer %td is asked for, but %s '%s' is of no layer: ask for layer 0, or write the layer's "
                    "place as {layer} under data.names",
                    t->path, layer, t->noun, psw_show(name).text);
}

/* ---- names that the study gives ---- */

static psw_status given_name(const psw_tensors *t, const char *pattern, ptrdiff_t layer, const char **name)
{
    char text[1024];
    if (!expand(pattern, layer, text, sizeof text))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s: the name %s is too long", t->path, psw_show(pattern).text);
    if (layer > 0 && !strstr(pattern, mark)) return one_layer(t, pattern, layer);
    *name = there(t, text);
    return *name ? PSW_OK : missing(t, text, "");
}

/* ---- names that it does not give ---- */

/* Something that ends in .q, /q or _q. */
static bool ends_so(const char *name, const char *letter)
{
    size_t length = strlen(name);
    return length > 1 && name[length - 1] == *letter && strchr("./_", name[length - 2]);
}

static psw_status by_ending(const psw_tensors *t, psw_side side, ptrdiff_t layer, const char **name)
{
    const char *one;
    char also[64];
    *name = NULL;
    for (ptrdiff_t i = 0; (one = t->name(t, i)); i++) {
        if (!ends_so(one, letters[side])) continue;
        if (*name)
            return PSW_FAIL(PSW_ENVIRONMENT, "%s: %s and %s both match; keep one in the file, or name it: data.names",
                            t->path, psw_show(*name).text, psw_show(one).text);
        *name = one;
    }
    if (*name && layer > 0) return one_layer(t, *name, layer);
    psw_format(also, sizeof also, ", nor 'layer.%td.%s', nor one that ends in .%s, /%s or _%s", layer, letters[side],
               letters[side], letters[side], letters[side]);
    return *name ? PSW_OK : missing(t, letters[side], also);
}

static bool has_layers(const psw_tensors *t, psw_side side)
{
    const char *one;
    for (ptrdiff_t i = 0; (one = t->name(t, i)); i++)
        if (number_in(usual[side], one) >= 0) return true;
    return false;
}

psw_status data_name_of(const data_names *names, psw_side side, ptrdiff_t layer, const char **name)
{
    const psw_tensors *t = names->tensors;
    if (names->keys && names->keys->names[side]) return given_name(t, names->keys->names[side], layer, name);
    *name = there(t, letters[side]);
    if (*name) return layer > 0 ? one_layer(t, letters[side], layer) : PSW_OK;
    if (has_layers(t, side)) return given_name(t, usual[side], layer, name);
    return by_ending(t, side, layer, name);
}

psw_status data_name_of_padding(const data_names *names, ptrdiff_t layer, const char **name)
{
    const psw_tensors *t = names->tensors;
    const char *pattern = names->keys ? names->keys->padding : NULL;
    char text[1024];
    *name = NULL;
    if (!pattern) return PSW_OK;
    if (expand(pattern, layer, text, sizeof text)) *name = there(t, text);
    return *name ? PSW_OK : missing(t, text, " (data.padding)");
}

/* ---- layers ---- */

static int ascending(const void *a, const void *b)
{
    ptrdiff_t x = *(const ptrdiff_t *)a, y = *(const ptrdiff_t *)b;
    return (x > y) - (x < y);
}

void data_name_layers(const data_names *names, psw_file_facts *facts)
{
    const psw_tensors *t = names->tensors;
    const char *given = names->keys ? names->keys->names[PSW_QUERY] : NULL, *one;
    const char *pattern = given ? given : usual[PSW_QUERY];
    bool plain = !given && there(t, letters[PSW_QUERY]);
    facts->layers = 0;
    for (ptrdiff_t i = 0; !plain && (one = t->name(t, i)) && facts->layers < PSW_LAYERS_MOST; i++) {
        ptrdiff_t layer = number_in(pattern, one);
        if (layer >= 0) facts->layer[facts->layers++] = layer;
    }
    if (facts->layers == 0) facts->layer[facts->layers++] = 0;
    qsort(facts->layer, (size_t)facts->layers, sizeof *facts->layer, ascending);
}
