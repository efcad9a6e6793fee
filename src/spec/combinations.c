/* The curves of a search: points that differ in the searched axis alone, and those that are worked at together. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

typedef struct entry { /* of the searched axis */
    double value;
    ptrdiff_t at;
} entry;

/* A block of the grid without the searched axis: a key is what is left of an index. */
typedef struct cut {
    const spec_block *block;
    ptrdiff_t stride, count, keys;  /* of the axis; combinations, existing or not */
    entry *entries;                 /* ascending */
    ptrdiff_t *found, combinations; /* keys with points, by their first slots */
} cut;

static psw_status no_memory(const psw_study *study)
{
    return PSW_FAIL(PSW_NO_MEMORY, "no memory for the combinations of %td points", study->slots);
}

/* ---- the searched axis of a block ---- */

/* Where a zip group has it, the group; -1: the method ignores it. */
static ptrdiff_t axis_of(const spec_block *block, int id, ptrdiff_t *member)
{
    for (ptrdiff_t i = 0; i < block->axis_count; i++) {
        const spec_axis *axis = block->axes[i].axis;
        for (*member = 0; *member < axis->members; ++*member)
            if (axis->ids[*member] == id) return axis->members == 1 || (block->applies >> id & 1) ? i : -1;
    }
    return -1;
}

static int by_value(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    return x->value != y->value ? (x->value > y->value) - (x->value < y->value) : (x->at > y->at) - (x->at < y->at);
}

static psw_status entries_sort(const psw_study *study, const spec_block_axis *kept, ptrdiff_t member, cut *c)
{
    const spec_axis *axis = kept->axis;
    for (ptrdiff_t i = 0; i < c->count; i++)
        c->entries[i] = (entry){axis->values[member * axis->count + (kept->pick ? kept->pick[i] : i)], i};
    qsort(c->entries, (size_t)c->count, sizeof *c->entries, by_value);
    for (ptrdiff_t i = 1; i < c->count; i++)
        if (c->entries[i].value == c->entries[i - 1].value)
            return PSW_WRONG(&study->tree, axis->where,
                             "search.over: entries %td and %td of the zip group '%s' have equal values of %s; search "
                             "over one of it whose values differ",
                             c->entries[i - 1].at + 1, c->entries[i].at + 1, psw_show(axis->name).text,
                             psw_show(study->settings.search.over).text);
    return PSW_OK;
}

static void keys_find(cut *c)
{
    const ptrdiff_t turn = c->stride * c->count;
    unsigned char *known = (unsigned char *)(c->found + c->keys);
    memset(known, 0, (size_t)c->keys);
    for (ptrdiff_t index = 0; index < c->block->total; index++) {
        ptrdiff_t key = index / turn * c->stride + index % c->stride;
        if (known[key] || !spec_block_exists(c->block, index)) continue;
        known[key] = 1;
        c->found[c->combinations++] = key;
    }
}

static psw_status cut_make(const psw_study *study, ptrdiff_t axis, ptrdiff_t member, cut *c)
{
    c->count = c->block->axes[axis].count;
    c->stride = 1;
    for (ptrdiff_t i = axis + 1; i < c->block->axis_count; i++) c->stride *= c->block->axes[i].count;
    c->keys = c->block->total / c->count;
    c->entries = malloc((size_t)c->count * sizeof *c->entries);
    c->found = malloc((size_t)c->keys * (sizeof *c->found + 1));
    if (!c->entries || !c->found) return no_memory(study);
    PSW_TRY(entries_sort(study, &c->block->axes[axis], member, c));
    keys_find(c);
    return PSW_OK;
}

/* ---- laying them out ---- */

static void lay(psw_combinations *all, ptrdiff_t slot, double value)
{
    ptrdiff_t at = all->first[all->count + 1]++;
    all->slot[at] = slot;
    all->value[at] = value;
}

static void begin(psw_combinations *all)
{
    all->first[all->count + 1] = all->first[all->count];
}

static void lay_alone(psw_combinations *all, ptrdiff_t slot, double value)
{
    begin(all);
    lay(all, slot, value);
    all->count++;
}

static void lay_curves(psw_combinations *all, const cut *c)
{
    for (ptrdiff_t k = 0; k < c->combinations; k++, all->count++) {
        ptrdiff_t key = c->found[k], start = key / c->stride * c->stride * c->count + key % c->stride;
        begin(all);
        for (ptrdiff_t i = 0; i < c->count; i++) {
            ptrdiff_t index = start + c->entries[i].at * c->stride;
            if (!spec_block_exists(c->block, index)) continue;
            lay(all, c->block->first + spec_block_rank(c->block, index), c->entries[i].value);
        }
    }
}

static psw_status lay_block(const psw_study *study, const spec_block *block, int id, psw_combinations *all)
{
    ptrdiff_t member, axis = axis_of(block, id, &member);
    cut c = {.block = block};
    psw_status status = PSW_OK;
    for (ptrdiff_t slot = block->first; axis < 0 && slot < block->first + block->slots; slot++)
        lay_alone(all, slot, NAN);
    if (axis < 0 || block->slots == 0) return PSW_OK;
    status = cut_make(study, axis, member, &c);
    if (status == PSW_OK) lay_curves(all, &c);
    free(c.entries);
    free(c.found);
    return status;
}

static psw_status lay_all(const psw_study *study, int id, psw_combinations *all)
{
    all->first[0] = 0;
    for (ptrdiff_t i = 0; i < study->block_count; i++) PSW_TRY(lay_block(study, &study->blocks[i], id, all));
    for (ptrdiff_t i = 0; i < study->include_count; i++) {
        const spec_row *row = &study->includes[i];
        bool applies = study->applies[(int)row->at[PSW_ID_METHOD]] >> id & 1;
        lay_alone(all, study->slots - study->include_count + i, applies ? row->at[id] : NAN);
    }
    return PSW_OK;
}

/* ---- families ---- */

static ptrdiff_t root_of(ptrdiff_t *parent, ptrdiff_t c)
{
    while (parent[c] != c) c = parent[c] = parent[parent[c]];
    return c;
}

/* The root is the one with the lowest number. */
static void unite(const psw_combinations *all, ptrdiff_t *parent, const ptrdiff_t *owner)
{
    for (ptrdiff_t c = 0; c < all->count; c++)
        for (ptrdiff_t i = all->first[c]; i < all->first[c + 1]; i++) {
            if (all->partner[i] < 0) continue;
            ptrdiff_t a = root_of(parent, c), b = root_of(parent, owner[all->partner[i]]);
            parent[a > b ? a : b] = a > b ? b : a;
        }
}

static void number_families(psw_combinations *all, ptrdiff_t *parent)
{
    for (ptrdiff_t c = 0; c < all->count; c++) {
        ptrdiff_t root = root_of(parent, c);
        all->family[c] = root == c ? all->families++ : all->family[root];
    }
    for (ptrdiff_t f = 0; f <= all->families; f++) all->family_first[f] = 0;
    for (ptrdiff_t c = 0; c < all->count; c++) all->family_first[all->family[c] + 1]++;
    for (ptrdiff_t f = 0; f < all->families; f++) all->family_first[f + 1] += all->family_first[f];
    for (ptrdiff_t f = 0; f < all->families; f++) parent[f] = all->family_first[f];
    for (ptrdiff_t c = 0; c < all->count; c++) all->member[parent[all->family[c]]++] = c;
}

static psw_status families_find(const psw_study *study, psw_combinations *all)
{
    const size_t count = (size_t)all->count + 1;
    all->family = malloc(count * sizeof *all->family);
    all->family_first = malloc(count * sizeof *all->family_first);
    all->member = malloc(count * sizeof *all->member);
    ptrdiff_t *parent = malloc(count * sizeof *parent);
    ptrdiff_t *owner = all->partner ? malloc((size_t)study->slots * sizeof *owner + 1) : NULL;
    psw_status status = PSW_OK;
    if (!all->family || !all->family_first || !all->member || !parent || (all->partner && !owner))
        status = no_memory(study);
    for (ptrdiff_t c = 0; status == PSW_OK && c < all->count; c++) {
        parent[c] = c;
        for (ptrdiff_t i = all->first[c]; owner && i < all->first[c + 1]; i++) owner[i] = c;
    }
    if (status == PSW_OK && owner) unite(all, parent, owner);
    if (status == PSW_OK) number_families(all, parent);
    free(parent);
    free(owner);
    return status;
}

/* ---- all of it ---- */

static int searched_id(const psw_study *study)
{
    const char *over = study->settings.search.over;
    int id = spec_parameter_find(over);
    for (int i = 0; id < 0 && i < study->own_count; i++)
        if (strcmp(study->own[i], over) == 0) id = PSW_PARAMETERS + i;
    return id;
}

static psw_status numbers_only(const psw_study *study, int id)
{
    psw_yaml_type type = spec_id_key(study, id).type;
    const psw_yaml_node *search = psw_yaml_child(study->tree.root, "search");
    if (type != PSW_T_WORD && type != PSW_T_PATH) return PSW_OK;
    return PSW_WRONG(&study->tree, search->where,
                     "search.over: values of %s have no order in which a column could cross a level; take an axis of "
                     "numbers",
                     spec_id_name(study, id));
}

psw_status psw_combinations_create(const psw_study *study, psw_combinations *all)
{
    const size_t slots = (size_t)study->slots;
    *all = (psw_combinations){0};
    int id = searched_id(study);
    PSW_TRY(numbers_only(study, id));
    all->first = malloc((slots + 2) * sizeof *all->first);
    all->slot = malloc(slots * sizeof *all->slot + 1);
    all->value = malloc(slots * sizeof *all->value + 1);
    if (!all->first || !all->slot || !all->value) return no_memory(study);
    PSW_TRY(lay_all(study, id, all));
    ptrdiff_t *first = realloc(all->first, (size_t)(all->count + 2) * sizeof *first);
    if (first) all->first = first;
    if (study->settings.search.level_column) PSW_TRY(spec_partners_find(study, all));
    return families_find(study, all);
}

void psw_combinations_free(psw_combinations *all)
{
    ptrdiff_t *const parts[] = {all->first, all->slot, all->partner, all->family, all->family_first, all->member};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
    free(all->value);
    *all = (psw_combinations){0};
}
