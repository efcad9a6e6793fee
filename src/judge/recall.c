#include "judge/recall.h"

#include <math.h>
#include <string.h>

#include "judge/signs.h"
#include "polysweep/judge.h"
#include "polysweep/sketch.h"
#include "polysweep/targets.h"

#define DECLARED(type, name, target) extern const type name##_fp64_##target;
#define ENTRY(type, name, target) &name##_fp64_##target,
PSW_EACH_TARGET(DECLARED, judge_recall_reader, judge_recall_reader)
static const judge_recall_reader *const readers[] = {PSW_EACH_TARGET(ENTRY, judge_recall_reader, judge_recall_reader)};

bool psw_recall_computed(const psw_point *p)
{
    return psw_method_computes(p->method) && psw_data_kind_facts_of(p->data_kind)->recalls;
}

double psw_recall_flops(const psw_point *p)
{
    if (!psw_recall_computed(p)) return 0;
    return 2.0 * (double)psw_data_queries(p) * (double)psw_data_keys(p) * (double)p->v * (double)psw_judge_draws(p);
}

double psw_recall_values(const psw_point *p)
{
    return psw_recall_computed(p) ? (double)psw_data_keys(p) * (double)p->v * (double)psw_data_draws(p) : 0;
}

psw_recall_columns psw_recall_none(void)
{
    return (psw_recall_columns){NAN, NAN, NAN, NAN};
}

/* ---- memory ---- */

static psw_recall recall_of(const psw_group *group)
{
    const psw_point *p = group->points;
    return (psw_recall){.point = *p,
                        .points = group->count,
                        .draws = psw_judge_draws(p),
                        .leaves = (psw_data_first(p, PSW_QUERY) + psw_data_queries(p) + p->block - 1) / p->block,
                        .values = psw_data_keys(p),
                        .groups = judge_signs_groups(p->v),
                        .rows = -1};
}

static void lay_products(psw_recall *r, psw_arena *arena)
{
    ptrdiff_t slab = r->groups < JUDGE_SLAB ? r->groups : JUDGE_SLAB;
    r->signs = psw_arena_take(arena, r->values * r->groups, sizeof *r->signs);
    r->tables = psw_arena_take(arena, slab * JUDGE_ENTRIES, JUDGE_LINE);
    r->lines = psw_arena_take(arena, slab * JUDGE_GROUP, JUDGE_LINE);
    r->tile = psw_arena_take(arena, RECALL_STEP, JUDGE_LINE);
    if (r->groups > slab) r->sums = psw_arena_take(arena, RECALL_PIECE, JUDGE_LINE);
}

static psw_recall *layout(const psw_group *group, psw_arena *arena)
{
    psw_recall *kept = psw_arena_take(arena, 1, sizeof *kept), r = recall_of(group);
    r.hits = psw_arena_take(arena, r.points * r.draws, sizeof *r.hits);
    r.margin = psw_arena_take(arena, r.points * r.draws * r.leaves, sizeof *r.margin);
    r.rate = psw_arena_take(arena, 2 * r.draws, sizeof *r.rate);
    r.made = psw_arena_take(arena, RECALL_STEP * r.point.v, sizeof *r.made);
    lay_products(&r, arena);
    if (!kept || arena->used > arena->size) return NULL;
    r.trials = r.rate + r.draws;
    for (ptrdiff_t i = 0; i < r.points * r.draws; i++) r.hits[i] = 0;
    for (ptrdiff_t i = 0; i < r.points * r.draws * r.leaves; i++) r.margin[i] = 0;
    *kept = r;
    return kept;
}

size_t psw_recall_bytes(const psw_group *group)
{
    psw_arena counting = psw_arena_counting();
    if (!psw_recall_computed(group->points)) return 0;
    layout(group, &counting);
    return counting.high;
}

psw_status psw_recall_begin(const psw_group *group, psw_watch watch, psw_arena *arena, psw_recall **recall)
{
    psw_recall *r = layout(group, arena);
    PSW_TRY(psw_arena_check(arena));
    if (!r) return PSW_FAIL(PSW_BUG, "the recall of a group was given no memory");
    r->watch = watch;
    *recall = r;
    return PSW_OK;
}

/* ---- values ---- */

/* Signs of a value, those past the last coordinate being of coordinates that are 0. */
static void pack(const double *value, ptrdiff_t v, uint16_t *offsets)
{
    for (ptrdiff_t first = 0; first < v; first += JUDGE_GROUP) {
        int entry = 0;
        for (ptrdiff_t k = 0; k < JUDGE_GROUP && first + k < v; k++) entry |= (value[first + k] > 0) << k;
        *offsets++ = (uint16_t)(entry * JUDGE_LINE);
    }
}

/* Every rank holds all values: signs, a hundredth of what rows take. */
static psw_status load(psw_recall *r, const psw_data *data)
{
    ptrdiff_t v = r->point.v;
    for (ptrdiff_t first = 0; first < r->values; first += RECALL_STEP) {
        ptrdiff_t left = r->values - first, count = left < RECALL_STEP ? left : RECALL_STEP;
        psw_data_raw_rows(data, 0, PSW_VALUE, first, count, r->made);
        for (ptrdiff_t i = 0; i < count; i++) pack(r->made + i * v, v, r->signs + (first + i) * r->groups);
        PSW_TRY(psw_watch_ask(r->watch));
    }
    return PSW_OK;
}

psw_status psw_recall_draw(psw_recall *r, const psw_data *data, ptrdiff_t draw)
{
    ptrdiff_t rows = draw % psw_data_draws(&r->point);
    PSW_TRY(psw_fault("judge.recall"));
    r->draw = draw;
    if (rows == r->rows) return PSW_OK;
    PSW_TRY(load(r, data));
    r->rows = rows;
    return PSW_OK;
}

/* ---- leaves ---- */

psw_status psw_recall_take(void *recall, const psw_leaf *leaf)
{
    psw_recall *r = recall;
    size_t bytes = psw_point_single(&r->point) ? sizeof(float) : sizeof(double);
    if (leaf->points != r->points || leaf->sets != 1 || leaf->width != r->point.v || leaf->index >= r->leaves)
        return PSW_FAIL(PSW_BUG, "a leaf of %td points and %d sets for the recall of %td", leaf->points, leaf->sets,
                        r->points);
    for (ptrdiff_t point = 0; point < r->points; point++) {
        ptrdiff_t at = point * r->draws + r->draw;
        judge_recall_rows rows = {.at = (const char *)leaf->rows + (size_t)(point * leaf->count * leaf->width) * bytes,
                                  .log2_den = leaf->log2_den + point * leaf->count,
                                  .count = leaf->count,
                                  .asked = psw_data_first_query(&r->point) + leaf->first};
        judge_recall_sums sums = {0};
        PSW_TRY(readers[psw_target()]->read(r, &rows, &sums));
        r->hits[at] += sums.hits;
        r->margin[at * r->leaves + leaf->index] += sums.margin;
    }
    return PSW_OK;
}

int psw_recall_merging(psw_recall *r, psw_merging list[PSW_MERGING_MAX])
{
    list[0] = (psw_merging){PSW_ADD, r->hits, r->points * r->draws};
    list[1] = (psw_merging){PSW_ADD, r->margin, r->points * r->draws * r->leaves};
    return 2;
}

/* ---- the columns ---- */

/* Draws that share neither rows nor tables: draw k is of cluster k mod their number. Rows are always drawn. */
static ptrdiff_t clusters_of(const psw_point *p)
{
    ptrdiff_t tables = psw_sketch_draws(p), rows = psw_data_draws(p);
    return tables > 0 && tables < rows ? tables : rows;
}

static psw_interval interval_of(const psw_recall *r, const double *hits)
{
    ptrdiff_t clusters = clusters_of(&r->point);
    double samples;
    for (ptrdiff_t k = 0; k < clusters; k++) r->rate[k] = r->trials[k] = 0;
    for (ptrdiff_t draw = 0; draw < r->draws; draw++) {
        r->rate[draw % clusters] += hits[draw];
        r->trials[draw % clusters] += (double)psw_data_queries(&r->point);
    }
    for (ptrdiff_t k = 0; k < clusters; k++) r->rate[k] /= r->trials[k];
    return psw_draws_interval(r->rate, r->trials, clusters, &samples);
}

void psw_recall_end(const psw_recall *r, psw_recall_columns *columns)
{
    double queries = (double)psw_data_queries(&r->point) * (double)r->draws;
    for (ptrdiff_t point = 0; point < r->points; point++) {
        const double *hits = r->hits + point * r->draws, *margin = r->margin + point * r->draws * r->leaves;
        double recalled = 0, sum = 0;
        for (ptrdiff_t draw = 0; draw < r->draws; draw++) recalled += hits[draw];
        for (ptrdiff_t i = 0; i < r->draws * r->leaves; i++) sum += margin[i];
        psw_interval interval = interval_of(r, hits);
        columns[point] = (psw_recall_columns){.recall = recalled / queries,
                                              .lo = interval.lo,
                                              .hi = interval.hi,
                                              .margin = r->values > 1 ? sum / queries : NAN};
    }
}
