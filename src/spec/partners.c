/* The level of a candidate is a column of another point: of the one for which `where` holds and that has the same
 * values of all axes which both points have, those that `where` itself names apart. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

typedef struct reference { /* a point for which `where` holds */
    uint64_t hash;         /* of what it shares with the points of a method */
    ptrdiff_t position, slot;
    psw_ids applies;
} reference;

typedef struct match {
    const psw_study *study;
    psw_combinations *all;
    psw_program where;
    psw_where place;
    psw_ids axes;         /* of any method, without those that `where` names */
    ptrdiff_t *positions; /* of slots */
    ptrdiff_t *sizes;     /* of the combinations of slots */
    reference *list;      /* sorted by hash */
    ptrdiff_t count;
    psw_ids kinds[PSW_METHODS + PSW_INCLUDES_MAX]; /* sets of what applies to references */
    ptrdiff_t kind_count;
} match;

/* ---- points and what they share ---- */

typedef struct walker { /* over slots, ascending */
    psw_cursor cursor;
    ptrdiff_t block;
    spec_row row;
    psw_ids applies;
} walker;

static void walk_to(const match *m, walker *w, ptrdiff_t slot)
{
    const psw_study *study = m->study;
    w->row = spec_row_of_point(psw_cursor_at(&w->cursor, slot));
    while (w->block < study->block_count && slot >= study->blocks[w->block].first + study->blocks[w->block].slots)
        w->block++;
    w->applies =
        w->block < study->block_count ? study->blocks[w->block].applies : study->applies[(int)w->row.at[PSW_ID_METHOD]];
}

static uint64_t hash_of(const spec_row *row, psw_ids shared)
{
    uint64_t hash = shared;
    for (int id = 0; id < PSW_ROW; id++)
        if (shared >> id & 1) hash = spec_hash_mix(hash, spec_bits_of(row->at[id]));
    return hash;
}

static bool same(const spec_row *a, const spec_row *b, psw_ids shared)
{
    for (int id = 0; id < PSW_ROW; id++)
        if ((shared >> id & 1) && spec_bits_of(a->at[id]) != spec_bits_of(b->at[id])) return false;
    return true;
}

static int by_hash(const void *a, const void *b)
{
    const reference *x = a, *y = b;
    return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash) : (x->slot > y->slot) - (x->slot < y->slot);
}

/* ---- the references ---- */

static void kind_add(match *m, psw_ids applies)
{
    ptrdiff_t k = 0;
    while (k < m->kind_count && m->kinds[k] != applies) k++;
    if (k == m->kind_count) m->kinds[m->kind_count++] = applies;
}

static psw_status references_find(match *m)
{
    walker w = {.cursor = psw_cursor_begin(m->study)};
    for (ptrdiff_t slot = 0; slot < m->study->slots; slot++) {
        walk_to(m, &w, slot);
        double holds = psw_program_value(&m->where, w.row.at, m->study->rooms.theory, &w.cursor.point);
        m->all->partner[m->positions[slot]] = -1;
        if (!psw_program_true(holds)) continue;
        m->list[m->count++] = (reference){0, m->positions[slot], slot, w.applies};
        kind_add(m, w.applies);
        m->all->partner[m->positions[slot]] = m->positions[slot];
    }
    if (m->count > 0) return PSW_OK;
    return PSW_WRONG(&m->study->tree, m->place, "search.level.where: it holds for none of the %td points of the study",
                     m->study->slots);
}

/* Hashes by what they share with points to which `applies` applies. */
static void references_sort(match *m, psw_ids applies)
{
    for (ptrdiff_t i = 0; i < m->count; i++) {
        psw_point point = psw_study_point(m->study, m->list[i].slot);
        spec_row row = spec_row_of_point(&point);
        m->list[i].hash = hash_of(&row, m->axes & applies & m->list[i].applies);
    }
    qsort(m->list, (size_t)m->count, sizeof *m->list, by_hash);
}

/* ---- the one of a candidate ---- */

static ptrdiff_t first_with(const match *m, uint64_t hash)
{
    ptrdiff_t low = 0, high = m->count;
    while (low < high) {
        ptrdiff_t middle = (low + high) / 2;
        if (m->list[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How many match; `found`: the first two, as indices of the list. */
static ptrdiff_t matches(const match *m, const walker *w, ptrdiff_t found[2])
{
    ptrdiff_t count = 0;
    for (ptrdiff_t k = 0; k < m->kind_count && count < 2; k++) {
        psw_ids shared = m->axes & w->applies & m->kinds[k];
        uint64_t hash = hash_of(&w->row, shared);
        for (ptrdiff_t i = first_with(m, hash); i < m->count && m->list[i].hash == hash && count < 2; i++) {
            if (m->list[i].applies != m->kinds[k]) continue;
            psw_point point = psw_study_point(m->study, m->list[i].slot);
            spec_row row = spec_row_of_point(&point);
            if (same(&row, &w->row, shared)) found[count++] = i;
        }
    }
    return count;
}

/* "exact with beta = 2, n = 256": the values that are compared. */
static void describe(const match *m, const walker *w, char *text, size_t size)
{
    size_t length = 0;
    int listed = 0;
    psw_format(text, size, "%s", psw_word(PSW_WORDS_METHOD, (int)w->row.at[PSW_ID_METHOD]));
    for (int id = 0; id < PSW_ROW; id++) {
        if (!((m->axes & w->applies) >> id & 1)) continue;
        psw_yaml_key key = spec_id_key(m->study, id);
        double value = w->row.at[id];
        const char *word = key.type == PSW_T_WORD ? psw_word((psw_vocabulary)key.vocabulary, (int)value) : NULL;
        length = strlen(text);
        psw_format(text + length, size - length, "%s%s = %s", listed++ ? ", " : " with ", key.name,
                   word ? word : psw_number_print(value).text);
    }
}

static psw_status refuse(const match *m, const walker *w, ptrdiff_t slot, ptrdiff_t count, const ptrdiff_t found[2])
{
    psw_shown where = psw_show(m->study->settings.search.level_where);
    char text[512];
    describe(m, w, text, sizeof text);
    if (count == 0)
        return PSW_WRONG(&m->study->tree, m->place,
                         "search.level: slot %td (%s) has no point with the same values for which '%s' holds", slot,
                         text, where.text);
    return PSW_WRONG(&m->study->tree, m->place,
                     "search.level: slot %td (%s) has several points with the same values for which '%s' holds, slots "
                     "%td and %td among them; name in `where` in what they differ",
                     slot, text, where.text, m->list[found[0]].slot, m->list[found[1]].slot);
}

/* A point that is no curve may have none. */
static psw_status partners_match(match *m)
{
    walker w = {.cursor = psw_cursor_begin(m->study)};
    psw_ids sorted = 0;
    for (ptrdiff_t slot = 0; slot < m->study->slots; slot++) {
        ptrdiff_t *partner = &m->all->partner[m->positions[slot]], found[2];
        if (*partner >= 0) continue;
        walk_to(m, &w, slot);
        if (sorted != w.applies) references_sort(m, sorted = w.applies);
        ptrdiff_t count = matches(m, &w, found);
        if (count != 1 && m->sizes[slot] > 1) return refuse(m, &w, slot, count, found);
        if (count == 1) *partner = m->list[found[0]].position;
    }
    return PSW_OK;
}

/* ---- all of it ---- */

static void axes_find(match *m)
{
    for (ptrdiff_t i = 0; i < m->study->block_count; i++) m->axes |= spec_block_names(&m->study->blocks[i]);
    m->axes &= ~(m->where.reads | PSW_ID(PSW_ID_METHOD));
}

static void positions_find(match *m)
{
    const psw_combinations *all = m->all;
    for (ptrdiff_t c = 0; c < all->count; c++)
        for (ptrdiff_t i = all->first[c]; i < all->first[c + 1]; i++) {
            m->positions[all->slot[i]] = i;
            m->sizes[all->slot[i]] = all->first[c + 1] - all->first[c];
        }
}

static psw_status find(match *m)
{
    const size_t slots = (size_t)m->study->slots;
    psw_names names = spec_study_names(m->study);
    const psw_yaml_node *search = psw_yaml_child(m->study->tree.root, "search");
    m->place = psw_yaml_child(search, "level")->where;
    PSW_TRY(psw_program_named(m->study->settings.search.level_where, "search.level.where", &names, &m->where));
    m->positions = malloc(slots * sizeof *m->positions + 1);
    m->sizes = malloc(slots * sizeof *m->sizes + 1);
    m->list = malloc(slots * sizeof *m->list + 1);
    m->all->partner = malloc(slots * sizeof *m->all->partner + 1);
    if (!m->positions || !m->sizes || !m->list || !m->all->partner)
        return PSW_FAIL(PSW_NO_MEMORY, "no memory for the levels of %zu points", slots);
    positions_find(m);
    axes_find(m);
    PSW_TRY(references_find(m));
    return partners_match(m);
}

psw_status spec_partners_find(const psw_study *study, psw_combinations *all)
{
    match m = {.study = study, .all = all};
    psw_status status = find(&m);
    psw_program_free(&m.where);
    free(m.positions);
    free(m.sizes);
    free(m.list);
    return status;
}
