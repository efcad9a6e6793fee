/* How a study reads a file of heads (data.names, kv_heads, padding, rope), and what it takes from the file: lengths and
 * widths that it does not give, the scale of the model's scores, its name, and numbers for `all`. What is taken stands
 * in the study from then on, so that a study that is written out needs no file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "polysweep/plain.h"
#include "spec/study.h"

enum { SOURCE_MOST = 1024 };

/* ---- keys ---- */

static psw_status text_of(psw_study *study, const psw_yaml_node *node, const char **text)
{
    if (node->kind != PSW_SCALAR || !*node->text)
        return PSW_WRONG(&study->tree, node->where, "%s is the name of a tensor in the file", node->key);
    *text = node->text;
    return PSW_OK;
}

static psw_status unknown(psw_study *study, const psw_yaml_node *node, const char *section, const char *const *names)
{
    return PSW_WRONG(&study->tree, node->key_where, "unknown key '%s' in %s%s", psw_show(node->key).text, section,
                     psw_hint(node->key, names).text);
}

static psw_status names_read(psw_study *study, const psw_yaml_node *map)
{
    static const char *const sides[] = {"q", "k", "v", NULL};
    const psw_yaml_node *node = map->kind == PSW_MAP ? map->child : NULL;
    if (!node)
        return PSW_WRONG(&study->tree, map->where,
                         "names is a map, as in {q: \"h.{layer}.q\", k: \"h.{layer}.k\", v: \"h.{layer}.v\"}");
    for (; node; node = node->next) {
        int side = 0;
        while (sides[side] && strcmp(sides[side], node->key) != 0) side++;
        if (!sides[side]) return unknown(study, node, "data.names", sides);
        PSW_TRY(text_of(study, node, &study->file_keys.names[side]));
    }
    return PSW_OK;
}

static psw_status style_read(psw_study *study, const psw_yaml_node *node)
{
    static const char *const styles[] = {"half", "interleaved", NULL};
    const char *text = node->kind == PSW_SCALAR ? node->text : "";
    study->file_keys.rope_interleaved = strcmp(text, styles[1]) == 0;
    if (study->file_keys.rope_interleaved || strcmp(text, styles[0]) == 0) return PSW_OK;
    return PSW_WRONG(&study->tree, node->where,
                     "style is half (pairs are columns i and i + width / 2) or interleaved (2 i and 2 i + 1), not '%s'",
                     psw_show(text).text);
}

static psw_status rope_read(psw_study *study, const psw_yaml_node *map)
{
    static const char *const keys[] = {"base", "width", "style", NULL};
    static const psw_yaml_key base = {.name = "base", .type = PSW_T_REAL, .least = 1, .most = 1e12},
                              width = {.name = "width", .type = PSW_T_WHOLE, .least = 2, .most = PSW_WHOLE_MAX};
    double value;
    if (map->kind != PSW_MAP)
        return PSW_WRONG(&study->tree, map->where, "rope is a map, as in {base: 10000, width: 64}");
    for (const psw_yaml_node *node = map->child; node; node = node->next) {
        if (strcmp(node->key, "style") == 0) {
            PSW_TRY(style_read(study, node));
        } else if (strcmp(node->key, "base") == 0) {
            PSW_TRY(psw_value_read(&study->tree, node, &base, &study->file_keys.rope_base));
        } else if (strcmp(node->key, "width") == 0) {
            PSW_TRY(psw_value_read(&study->tree, node, &width, &value));
            study->file_keys.rope_width = (ptrdiff_t)value;
        } else {
            return unknown(study, node, "data.rope", keys);
        }
    }
    if (study->file_keys.rope_base > 0) return PSW_OK;
    return PSW_WRONG(&study->tree, map->where, "rope needs its base, as in {base: 10000}");
}

static psw_status kv_heads_read(psw_study *study, const psw_yaml_node *node)
{
    double value;
    PSW_TRY(psw_value_read(&study->tree, node, spec_key_find("data", "kv_heads"), &value));
    study->file_keys.kv_heads = (ptrdiff_t)value;
    return PSW_OK;
}

static psw_status padding_read(psw_study *study, const psw_yaml_node *node)
{
    return text_of(study, node, &study->file_keys.padding);
}

static psw_status source_read(psw_study *study, const psw_yaml_node *node)
{
    if (node->kind != PSW_SCALAR || strlen(node->text) >= SOURCE_MOST)
        return PSW_WRONG(&study->tree, node->where, "source is a text of less than %d bytes", SOURCE_MOST);
    return PSW_OK;
}

static const struct {
    const char *key;
    psw_status (*read)(psw_study *study, const psw_yaml_node *node);
} readers[] = {{"names", names_read},
               {"kv_heads", kv_heads_read},
               {"padding", padding_read},
               {"rope", rope_read},
               {"source", source_read}};
enum { READERS = sizeof readers / sizeof *readers };

bool spec_file_key(const char *key)
{
    for (int i = 0; i < READERS; i++)
        if (strcmp(readers[i].key, key) == 0) return true;
    return false;
}

static psw_status keys_read(psw_study *study, const psw_yaml_node *data)
{
    for (int i = 0; i < READERS; i++) {
        const psw_yaml_node *node = psw_yaml_child(data, readers[i].key);
        if (node && !spec_key_of_kind(PSW_ID_HEAD, study->kind))
            return PSW_WRONG(&study->tree, node->key_where, "%s is for data of a file; data of kind %s has none",
                             node->key, psw_data_kind_facts_of(study->kind)->word);
        if (node) PSW_TRY(readers[i].read(study, node));
    }
    return PSW_OK;
}

/* ---- the identity ---- */

/* The keys as a text: two studies with the same read a file in the same way. */
static psw_status keys_write(psw_study *study)
{
    const psw_file_keys *keys = &study->file_keys;
    psw_writer out = {0};
    for (int side = 0; side < 3; side++) {
        if (keys->names[side]) psw_writer_key(&out, (const char *const[]){"q", "k", "v"}[side]);
        if (keys->names[side]) psw_writer_quote(&out, keys->names[side]), out.comma = true;
    }
    if (keys->kv_heads > 0) psw_writer_key(&out, "kv_heads"), out.comma = true;
    if (keys->kv_heads > 0) psw_writer_put(&out, psw_number_print((double)keys->kv_heads).text);
    if (keys->padding) psw_writer_key(&out, "padding"), psw_writer_quote(&out, keys->padding), out.comma = true;
    if (keys->rope_base > 0) {
        psw_writer_key(&out, "rope");
        psw_writer_put(&out, psw_number_print(keys->rope_base).text);
        psw_writer_put(&out, keys->rope_interleaved ? " interleaved " : " half ");
        psw_writer_put(&out, psw_number_print((double)keys->rope_width).text);
    }
    study->file_reading = out.text;
    return out.failed ? PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the names of tensors") : PSW_OK;
}

/* ---- what the file says ---- */

static bool listed(const psw_yaml_node *map, const char *name)
{
    if (!map || map->kind != PSW_MAP) return false;
    for (const psw_yaml_node *node = map->child; node; node = node->next)
        if (strcmp(node->key, name) == 0) return true;
    return false;
}

/* Does the study give a parameter, wherever that may be? */
static bool gives(const psw_study *study, const char *name)
{
    const psw_yaml_node *root = study->tree.root, *zip = psw_yaml_child(root, "zip");
    bool found = listed(psw_yaml_child(root, "data"), name) || listed(psw_yaml_child(root, "grid"), name) ||
                 listed(psw_yaml_child(root, "derive"), name);
    for (const psw_yaml_node *group = zip && zip->kind == PSW_MAP ? zip->child : NULL; group && !found;
         group = group->next)
        found = listed(group, name);
    return found;
}

/* Do points of include give a parameter that the grid does not? */
static bool included(const psw_study *study, const char *name)
{
    const psw_yaml_node *list = psw_yaml_child(study->tree.root, "include");
    for (const psw_yaml_node *item = list ? list->child : NULL; item; item = item->next)
        if (listed(item, name)) return true;
    return false;
}

static psw_status append(psw_study *study, psw_yaml_node *to, const char *key, const char *text, psw_where where)
{
    psw_yaml_node *node = psw_yaml_create(&study->tree, PSW_SCALAR, key, text, where);
    if (!node) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a value of the study");
    node->key_where = where;
    psw_yaml_append(to, node);
    return PSW_OK;
}

/* A parameter of a section, which is made where there is none. */
static psw_status take(psw_study *study, const char *section, const char *name, double value, psw_where where)
{
    psw_yaml_node *map = psw_yaml_child(study->tree.root, section);
    if (map && map->kind == PSW_SCALAR && !*map->text) { /* `grid:` with nothing in it */
        free(map->text);
        map->text = NULL, map->kind = PSW_MAP;
    }
    if (!map) {
        map = psw_yaml_create(&study->tree, PSW_MAP, section, NULL, where);
        if (!map) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a section of the study");
        psw_yaml_append(study->tree.root, map);
    }
    return map->kind == PSW_MAP ? append(study, map, name, psw_number_print(value).text, where) : PSW_OK;
}

/* Numbers 0 to count - 1, or those of `list`, in place of the word all. */
static psw_status expand_all(psw_study *study, psw_yaml_node *node, const ptrdiff_t *list, ptrdiff_t count)
{
    free(node->text);
    node->text = NULL, node->kind = PSW_LIST;
    for (ptrdiff_t i = 0; i < count; i++)
        PSW_TRY(append(study, node, NULL, psw_number_print((double)(list ? list[i] : i)).text, node->where));
    return PSW_OK;
}

static psw_yaml_node *all_of(const psw_yaml_node *data, const char *name)
{
    psw_yaml_node *node = psw_yaml_child(data, name);
    return node && node->kind == PSW_SCALAR && strcmp(node->text, "all") == 0 ? node : NULL;
}

/* What the study cannot do without the file for. */
static const psw_yaml_node *needed(const psw_study *study, const psw_yaml_node *data)
{
    static const char *const lists[] = {"layers", "heads", "batches"};
    for (int i = 0; i < 3; i++)
        if (all_of(data, lists[i])) return all_of(data, lists[i]);
    bool whole = gives(study, "n") || included(study, "n"), wide = gives(study, "d") || included(study, "d");
    return whole && wide ? NULL : psw_yaml_child(data, "path");
}

static psw_status fill(psw_study *study, psw_yaml_node *data, const psw_file_facts *f)
{
    char source[SOURCE_MOST];
    psw_where where = psw_yaml_child(data, "path")->where;
    psw_yaml_node *layers = all_of(data, "layers"), *heads = all_of(data, "heads"), *batches = all_of(data, "batches");
    if (layers) PSW_TRY(expand_all(study, layers, f->layer, f->layers));
    if (heads) PSW_TRY(expand_all(study, heads, NULL, f->heads));
    if (batches) PSW_TRY(expand_all(study, batches, NULL, f->batches));
    bool n = !gives(study, "n") && !included(study, "n"), d = !gives(study, "d") && !included(study, "d");
    if (n) PSW_TRY(take(study, "grid", "n", (double)f->n, where));
    if (n && f->n_k != f->n && !gives(study, "n_k")) PSW_TRY(take(study, "grid", "n_k", (double)f->n_k, where));
    if (d) PSW_TRY(take(study, "grid", "d", (double)f->d, where));
    if (d && f->v != f->d && !gives(study, "v")) PSW_TRY(take(study, "grid", "v", (double)f->v, where));
    psw_plain_text(f->source, source, sizeof source);
    if (*source && !listed(data, "source")) PSW_TRY(append(study, data, "source", source, where));
    if (f->scale == 0 || gives(study, "reference_scale") || included(study, "reference_scale")) return PSW_OK;
    return take(study, "data", "reference_scale", f->scale, where);
}

/* Without the file, what needs it is an error and the rest keeps its default. */
static psw_status facts_read(psw_study *study, psw_yaml_node *data)
{
    const psw_yaml_node *path = psw_yaml_child(data, "path"), *need = needed(study, data);
    psw_file_facts *facts;
    bool text = path && path->kind == PSW_SCALAR && *path->text;
    if (!text || (!need && gives(study, "reference_scale") && listed(data, "source"))) return PSW_OK;
    if (!study->rooms.file_facts && need && need != path)
        return PSW_WRONG(&study->tree, need->where, "%s: all is not known without the file; give the numbers",
                         need->key);
    if (!study->rooms.file_facts) return PSW_OK;
    facts = malloc(sizeof *facts);
    if (!facts) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate what a file says");
    psw_status status = study->rooms.file_facts(path->text, &study->file_keys, facts);
    if (status == PSW_OK)
        status = fill(study, data, facts);
    else if (!need && status == PSW_ENVIRONMENT && access(path->text, R_OK) != 0)
        status = PSW_OK; /* who needs its numbers will say so */
    free(facts);
    return status;
}

psw_status spec_file_read(psw_study *study)
{
    const psw_yaml_node *root = study->tree.root;
    psw_yaml_node *data = root && root->kind == PSW_MAP ? psw_yaml_child(root, "data") : NULL;
    const psw_yaml_node *kind = data && data->kind == PSW_MAP ? psw_yaml_child(data, "kind") : NULL;
    double code = 0;
    if (kind && kind->kind == PSW_SCALAR) code = psw_word_code(PSW_WORDS_DATA_KIND, kind->text);
    study->kind = code >= 0 ? (psw_data_kind)code : 0;
    if (!data || data->kind != PSW_MAP) return PSW_OK;
    PSW_TRY(keys_read(study, data));
    PSW_TRY(keys_write(study));
    return spec_key_of_kind(PSW_ID_HEAD, study->kind) ? facts_read(study, data) : PSW_OK;
}

const psw_file_keys *psw_study_file_keys(const psw_study *study)
{
    return &study->file_keys;
}

const char *psw_study_data_source(const psw_study *study)
{
    const psw_yaml_node *source = psw_yaml_child(psw_yaml_child(study->tree.root, "data"), "source");
    return source ? source->text : "";
}

const char *spec_file_reading(const psw_study *study)
{
    return study->file_reading ? study->file_reading : "";
}
