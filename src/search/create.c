/* A search of a study. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/search.h"

/* ---- columns ---- */

static const psw_column *column_named(const psw_search *search, ptrdiff_t count, const char *name)
{
    for (ptrdiff_t i = 0; name && i < count; i++)
        if (strcmp(search->columns[i].name, name) == 0) return &search->columns[i];
    return NULL;
}

/* Columns of `intervals` have one in the two others. */
static const char *const intervals[][3] = {{"success_rate", "success_lo", "success_hi"},
                                           {"time_median_s", "time_lo_s", "time_hi_s"}};

static psw_status column_check(const psw_search *search, const psw_column *column, const char *name)
{
    const char *study = psw_study_name(search->study);
    if (!column || psw_column_parameter(column))
        return PSW_FAIL(PSW_USAGE, "%s: search: '%s' is not a column that a point is given", study,
                        psw_show(name).text);
    if (column->vocabulary >= 0)
        return PSW_FAIL(PSW_USAGE, "%s: search: %s holds words, so it crosses no level; take a column of numbers",
                        study, name);
    if (!column->bitwise && isinf(column->other[0]) && !psw_study_settings(search->study)->timing)
        return PSW_FAIL(PSW_USAGE,
                        "%s: search: %s differs from run to run; search it in a study that repeats points, as with "
                        "`time: {reps: 6}`, or take a column "
                        "of results",
                        study, name);
    return PSW_OK;
}

/* The rule has decided on which side of judge.level a rate is, and of no other. */
static psw_status level_check(const psw_search *search)
{
    const psw_settings *settings = psw_study_settings(search->study);
    const psw_search_keys *keys = search->keys;
    bool decided = settings->until == PSW_UNTIL_DECIDED && search->column[SEARCH_STOP];
    if (!decided || keys->level == settings->level) return PSW_OK;
    return PSW_FAIL(
        PSW_USAGE,
        "%s: search.level is not judge.level (%s), but trials that end when they are `decided` tell sides of "
        "that alone; make them equal, or end trials by {width: 0.05}",
        psw_study_name(search->study), psw_number_print(settings->level).text);
}

static psw_status columns_find(psw_search *search)
{
    const psw_search_keys *keys = search->keys;
    ptrdiff_t count = psw_columns_of(search->study, search->columns);
    const char *names[SEARCH_ALL] = {[SEARCH_VALUE] = keys->column,
                                     [SEARCH_LEVEL] = keys->level_column,
                                     [SEARCH_TRIALS] = "trials_done",
                                     [SEARCH_FLOPS] = "flops",
                                     [SEARCH_HEAD_FLOPS] = "head_flops"};
    for (size_t i = 0; i < sizeof intervals / sizeof *intervals; i++) {
        if (strcmp(keys->column, intervals[i][0]) != 0) continue;
        names[SEARCH_LO] = intervals[i][1];
        names[SEARCH_HI] = intervals[i][2];
    }
    if (strcmp(keys->column, intervals[0][0]) == 0) names[SEARCH_STOP] = "trials_stop";
    for (int i = 0; i < SEARCH_ALL; i++) search->column[i] = column_named(search, count, names[i]);
    PSW_TRY(column_check(search, search->column[SEARCH_VALUE], keys->column));
    if (keys->level_column) PSW_TRY(column_check(search, search->column[SEARCH_LEVEL], keys->level_column));
    return level_check(search);
}

/* ---- families ---- */

typedef struct family_size {
    ptrdiff_t slots, members;
} family_size;

static int ascending(const void *a, const void *b)
{
    ptrdiff_t x = *(const ptrdiff_t *)a, y = *(const ptrdiff_t *)b;
    return (x > y) - (x < y);
}

/* Slots by family; returns the sizes of the largest. */
static family_size slots_sort(psw_search *search)
{
    const psw_combinations *all = &search->all;
    family_size largest = {0, 0};
    ptrdiff_t count = 0;
    for (ptrdiff_t f = 0; f < all->families; f++) {
        ptrdiff_t start = search->family_start[f] = count;
        for (ptrdiff_t k = all->family_first[f]; k < all->family_first[f + 1]; k++) {
            ptrdiff_t c = all->member[k];
            for (ptrdiff_t i = all->first[c]; i < all->first[c + 1]; i++) {
                search->family_slot[count++] = all->slot[i];
                search->position[all->slot[i]] = i;
            }
        }
        qsort(search->family_slot + start, (size_t)(count - start), sizeof *search->family_slot, ascending);
        ptrdiff_t members = all->family_first[f + 1] - all->family_first[f];
        if (count - start > largest.slots) largest.slots = count - start;
        if (members > largest.members) largest.members = members;
    }
    search->family_start[all->families] = count;
    return largest;
}

static psw_status rooms_make(psw_search *search)
{
    const psw_combinations *all = &search->all;
    const size_t slots = (size_t)psw_study_slots(search->study), combinations = (size_t)all->count;
    search->position = malloc(slots * sizeof *search->position + 1);
    search->family_slot = malloc(slots * sizeof *search->family_slot + 1);
    search->family_start = malloc(((size_t)all->families + 1) * sizeof *search->family_start);
    search->edges = malloc(combinations * sizeof *search->edges + 1);
    search->edges_known = calloc(combinations + 1, 1);
    bool made = search->position && search->family_slot && search->family_start && search->edges && search->edges_known;
    family_size largest = {0, 0};
    if (made) largest = slots_sort(search);
    search->curves = made ? malloc((size_t)largest.members * sizeof *search->curves + 1) : NULL;
    search->marks = made ? malloc((size_t)largest.slots * sizeof *search->marks + 1) : NULL;
    if (search->curves && search->marks) return PSW_OK;
    return PSW_FAIL(PSW_NO_MEMORY, "no memory for a search of %zu points", slots);
}

/* ---- all of it ---- */

static psw_status make(psw_search *search)
{
    PSW_TRY(columns_find(search));
    PSW_TRY(psw_combinations_create(search->study, &search->all));
    return rooms_make(search);
}

psw_status psw_search_create(const psw_study *study, psw_search **out)
{
    psw_search *search = *out = calloc(1, sizeof *search);
    if (!search) return PSW_FAIL(PSW_NO_MEMORY, "no memory for a search");
    search->study = study;
    search->keys = psw_study_search(study);
    psw_status status = search->keys ? make(search) : PSW_FAIL(PSW_BUG, "a search of a study that has none");
    if (status == PSW_OK) return PSW_OK;
    psw_search_free(search);
    *out = NULL;
    return status;
}

void psw_search_free(psw_search *search)
{
    if (!search) return;
    psw_combinations_free(&search->all);
    free(search->position);
    free(search->family_slot);
    free(search->family_start);
    free(search->edges);
    free(search->edges_known);
    free(search->curves);
    free(search->marks);
    free(search);
}

const psw_combinations *psw_search_combinations(const psw_search *search)
{
    return &search->all;
}

ptrdiff_t psw_search_slots(const psw_search *search, ptrdiff_t family, const ptrdiff_t **slots)
{
    *slots = search->family_slot + search->family_start[family];
    return search->family_start[family + 1] - search->family_start[family];
}

ptrdiff_t psw_search_family(const psw_search *search, ptrdiff_t slot)
{
    const psw_combinations *all = &search->all;
    ptrdiff_t low = 0, high = all->count - 1, position = search->position[slot];
    while (low < high) {
        ptrdiff_t middle = (low + high + 1) / 2;
        if (all->first[middle] <= position)
            low = middle;
        else
            high = middle - 1;
    }
    return all->family[low];
}
