/* Parts of a study: whole groups, dealt by what they cost on a common core. Of a study that searches, whole families:
 * what is asked of a curve is a function of all that it was answered. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/plan.h"

static const double unit_s = 1e-6;    /* costs are counted in it: what libraries round differently has no say */
static const double small_share = 64; /* of what a part should have: groups below that fill what the others leave */

typedef struct group {
    ptrdiff_t first; /* slot */
    double units;    /* a whole number */
    ptrdiff_t part;  /* from 0; -1: not dealt */
} group;

typedef struct deal {
    const psw_study *study;
    ptrdiff_t slots, parts, count; /* groups */
    group *groups;
    psw_combinations curves; /* none: the study does not search; else groups are its families, in their order */
    bool alone;              /* every point is timed alone, */
    double passes;           /* so many times more */
    double all;              /* units of all groups */
    double *load, *sorted;   /* units of each part */
    ptrdiff_t *heap;         /* parts, the lightest first */
} deal;

/* ---- groups ---- */

/* Of the points that may share tiles as many as are computed together at most. What a machine's memory allows has no
 * say. */
static bool begins(const deal *d, ptrdiff_t slot, const psw_point *before, const psw_point *point)
{
    if (slot == 0 || d->alone || !psw_method_computes(point->method)) return true;
    return slot - d->groups[d->count - 1].first >= PSW_GROUP_MAX || !psw_group_joins(before, point);
}

static void weigh(deal *d, const psw_point *point, bool first)
{
    psw_point one = *point;
    one.threads = 1;
    psw_cost cost = psw_cost_time(&psw_rates_default, &one);
    double seconds = first ? cost.predicted_s + d->passes * cost.repeat_s : cost.extra_s;
    d->groups[d->count - 1].units += fmax(rint(seconds / unit_s), 1);
}

static void find_groups(deal *d)
{
    psw_point before = {0};
    psw_cursor cursor = psw_cursor_begin(d->study);
    for (ptrdiff_t slot = 0; slot < d->slots; slot++) {
        psw_point point = *psw_cursor_at(&cursor, slot);
        bool first = begins(d, slot, &before, &point);
        if (first) d->groups[d->count++] = (group){.first = slot, .part = -1};
        weigh(d, &point, first);
        before = point;
    }
}

/* By all candidates, of which a search asks for some. */
static void find_families(deal *d)
{
    const psw_combinations *all = &d->curves;
    for (ptrdiff_t f = 0; f < all->families; f++) {
        d->groups[d->count++] = (group){.first = d->slots, .part = -1};
        for (ptrdiff_t k = all->family_first[f]; k < all->family_first[f + 1]; k++) {
            psw_point before = {0};
            for (ptrdiff_t i = all->first[all->member[k]]; i < all->first[all->member[k] + 1]; i++) {
                psw_point point = psw_study_point(d->study, all->slot[i]);
                bool joins = i > all->first[all->member[k]] && !d->alone && psw_method_computes(point.method) &&
                             psw_group_joins(&before, &point);
                group *g = &d->groups[d->count - 1];
                if (all->slot[i] < g->first) g->first = all->slot[i];
                weigh(d, &point, !joins);
                before = point;
            }
        }
    }
}

/* ---- large groups: the heaviest first, each to the lightest part (Graham 1969); of equals the first ---- */

static bool lighter(const deal *d, ptrdiff_t a, ptrdiff_t b)
{
    return d->load[a] < d->load[b] || (d->load[a] == d->load[b] && a < b);
}

static void sink(deal *d, ptrdiff_t at)
{
    for (ptrdiff_t next = 2 * at + 1; next < d->parts; at = next, next = 2 * at + 1) {
        if (next + 1 < d->parts && lighter(d, d->heap[next + 1], d->heap[next])) next++;
        if (lighter(d, d->heap[at], d->heap[next])) return;
        ptrdiff_t part = d->heap[at];
        d->heap[at] = d->heap[next];
        d->heap[next] = part;
    }
}

static int by_weight(const void *a, const void *b)
{
    const group *x = a, *y = b;
    if (x->units != y->units) return x->units < y->units ? 1 : -1;
    return x->first < y->first ? -1 : 1;
}

static int by_slot(const void *a, const void *b)
{
    const group *x = a, *y = b;
    return x->first < y->first ? -1 : 1;
}

static void deal_large(deal *d)
{
    double least = d->all / ((double)d->parts * small_share);
    for (ptrdiff_t k = 0; k < d->parts; k++) d->heap[k] = k; /* all are empty: in order */
    qsort(d->groups, (size_t)d->count, sizeof *d->groups, by_weight);
    for (ptrdiff_t i = 0; i < d->count && d->groups[i].units > least; i++) {
        d->groups[i].part = d->heap[0];
        d->load[d->heap[0]] += d->groups[i].units;
        sink(d, 0);
    }
    qsort(d->groups, (size_t)d->count, sizeof *d->groups, by_slot);
}

/* ---- small ones: neighbours stay together, and fill all parts to one level ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* To which `left` units fill the lightest parts; `load` in ascending order. */
static double level_of(const double *load, ptrdiff_t parts, double left)
{
    double sum = left + load[0];
    ptrdiff_t m = 1;
    while (m < parts && load[m] < sum / (double)m) sum += load[m++];
    return sum / (double)m;
}

static void deal_small(deal *d)
{
    double left = 0, passed = 0;
    ptrdiff_t part = 0;
    for (ptrdiff_t i = 0; i < d->count; i++) left += d->groups[i].part < 0 ? d->groups[i].units : 0;
    memcpy(d->sorted, d->load, (size_t)d->parts * sizeof *d->sorted);
    qsort(d->sorted, (size_t)d->parts, sizeof *d->sorted, ascending);
    double level = level_of(d->sorted, d->parts, left), until = fmax(level - d->load[0], 0);
    for (ptrdiff_t i = 0; i < d->count; i++) {
        group *g = &d->groups[i];
        if (g->part >= 0) continue;
        double middle = passed + g->units / 2;
        while (middle >= until && part + 1 < d->parts) until += fmax(level - d->load[++part], 0);
        g->part = part;
        passed += g->units;
    }
}

/* ---- the slots of a part ---- */

static void mark_families(const deal *d, ptrdiff_t part, unsigned char *mine)
{
    const psw_combinations *all = &d->curves;
    for (ptrdiff_t c = 0; c < all->count; c++)
        for (ptrdiff_t i = all->first[c]; i < all->first[c + 1]; i++)
            mine[all->slot[i]] = d->groups[all->family[c]].part == part;
}

static void mark(const deal *d, ptrdiff_t part, unsigned char *mine)
{
    if (d->curves.count > 0) {
        mark_families(d, part, mine);
        return;
    }
    for (ptrdiff_t i = 0; i < d->count; i++) {
        ptrdiff_t first = d->groups[i].first, end = i + 1 < d->count ? d->groups[i + 1].first : d->slots;
        memset(mine + first, d->groups[i].part == part, (size_t)(end - first));
    }
}

static psw_status deal_groups(deal *d)
{
    size_t parts = (size_t)d->parts;
    d->groups = malloc((size_t)d->slots * sizeof *d->groups + 1);
    d->load = calloc(parts, sizeof *d->load);
    d->sorted = malloc(parts * sizeof *d->sorted);
    d->heap = malloc(parts * sizeof *d->heap);
    if (!d->groups || !d->load || !d->sorted || !d->heap)
        return PSW_FAIL(PSW_NO_MEMORY, "no memory to deal %td points to %td parts", d->slots, d->parts);
    if (psw_study_search(d->study)) PSW_TRY(psw_combinations_create(d->study, &d->curves));
    if (d->curves.count > 0)
        find_families(d);
    else
        find_groups(d);
    for (ptrdiff_t i = 0; i < d->count; i++) d->all += d->groups[i].units;
    deal_large(d);
    deal_small(d);
    return PSW_OK;
}

psw_status psw_part_slots(const psw_study *study, const psw_part *part, unsigned char *mine, ptrdiff_t *points)
{
    psw_cut cut = psw_cut_default;
    deal d = {.study = study, .slots = psw_study_slots(study), .parts = part->of};
    psw_status status = PSW_OK;
    psw_cut_time(&cut, psw_study_settings(study));
    d.alone = cut.alone;
    d.passes = cut.passes;
    if (part->of > 0) status = deal_groups(&d);
    if (part->of > 0 && status == PSW_OK) mark(&d, part->number - 1, mine);
    if (part->of == 0) memset(mine, 1, (size_t)d.slots);
    *points = 0;
    for (ptrdiff_t i = 0; status == PSW_OK && i < d.slots; i++) *points += mine[i];
    psw_combinations_free(&d.curves);
    free(d.groups);
    free(d.load);
    free(d.sorted);
    free(d.heap);
    return status;
}

/* ---- its name ---- */

static bool whole_number(const char **at, ptrdiff_t *number)
{
    size_t digits = strspn(*at, "0123456789");
    if (digits == 0 || digits > 9) return false;
    *number = (ptrdiff_t)strtol(*at, NULL, 10);
    *at += digits;
    return true;
}

bool psw_part_read(const char *text, psw_part *part)
{
    bool pair = whole_number(&text, &part->number) && *text++ == '/' && whole_number(&text, &part->of) && !*text;
    return pair && part->of >= 1 && part->of <= PSW_PARTS_MAX && part->number >= 1 && part->number <= part->of;
}

void psw_part_print(const psw_part *part, char text[PSW_PART_TEXT])
{
    text[0] = '\0';
    if (part->of > 0) psw_format(text, PSW_PART_TEXT, "%td/%td", part->number, part->of);
}

bool psw_part_path(const psw_part *part, const char *path, char *out, size_t size)
{
    static const char ending[] = ".h5";
    size_t length = strlen(path), tail = sizeof ending - 1;
    bool ends = length > tail && strcmp(path + length - tail, ending) == 0;
    if (part->of == 0) return psw_format(out, size, "%s", path);
    return psw_format(out, size, "%.*s.%td%s", (int)(ends ? length - tail : length), path, part->number,
                      ends ? ending : "");
}
