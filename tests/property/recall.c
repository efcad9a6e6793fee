/* Recall against brute force in long double over the same outputs: methods, masks, precisions, shapes, draws; and teams
 * against one rank, bit for bit. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "merge.h"
#include "polysweep/judge.h"
#include "polysweep/recall.h"
#include "polysweep/sketch.h"
#include "polysweep/stats.h"

static psw_point plain(psw_method method, ptrdiff_t n, ptrdiff_t d, ptrdiff_t v)
{
    return (psw_point){.data_kind = PSW_MEMORY,
                       .method = method,
                       .beta = 2,
                       .n = n,
                       .d = d,
                       .v = v,
                       .block = 16,
                       .seed = 20231030,
                       .negative = PSW_NEGATIVE_SIGNED,
                       .data_draws = 2};
}

/* ---- brute force ---- */

typedef struct counted {
    double sure, near; /* rows that are recalled; that may be, but for rounding of long double */
    long double margin;
} counted;

typedef struct oracle {
    const psw_group *group;
    const double *values; /* n x v */
    counted of[PSW_GROUP_MAX];
    psw_recall **ranks; /* each is given the leaves that are its own */
    psw_route route;
} oracle;

static long double entry(const psw_point *p, const psw_leaf *leaf, ptrdiff_t line, ptrdiff_t k)
{
    ptrdiff_t at = line * p->v + k;
    long double x = psw_point_single(p) ? (long double)((const float *)leaf->rows)[at]
                                        : (long double)((const double *)leaf->rows)[at];
    return isnan(leaf->log2_den[line]) ? -x : x;
}

/* Values are equal or differ in an entry; sums of equal ones are made in one order. */
static void count_row(oracle *o, const psw_leaf *leaf, ptrdiff_t line, ptrdiff_t asked, counted *to)
{
    const psw_point *p = o->group->points;
    long double row[256], own = 0, best = -INFINITY, square = 0;
    for (ptrdiff_t k = 0; k < p->v; k++) row[k] = entry(p, leaf, line, k), square += row[k] * row[k];
    for (ptrdiff_t j = 0; j < p->n; j++) {
        long double sum = 0;
        for (ptrdiff_t k = 0; k < p->v; k++) sum += row[k] * (long double)o->values[j * p->v + k];
        if (j == asked)
            own = sum;
        else if (sum > best)
            best = sum;
    }
    if (p->n > 1 && square > 0) to->margin += (own - best) / sqrtl(square);
    if (own != best && fabsl(own - best) < 1e-13L * sqrtl(square)) /* v entries, rounded by 2^-53 at most */
        to->near++;
    else
        to->sure += own > best;
}

static psw_status take(void *context, const psw_leaf *leaf)
{
    oracle *o = context;
    const psw_point *p = o->group->points;
    for (ptrdiff_t line = 0; line < o->group->count * leaf->count; line++)
        count_row(o, leaf, line, psw_data_first_query(p) + leaf->first + line % leaf->count,
                  &o->of[line / leaf->count]);
    return psw_recall_take(o->ranks[psw_route_owner(&o->route, leaf->index)], leaf);
}

/* ---- a group, alone or as a team ---- */

typedef struct result {
    psw_recall_columns columns[PSW_GROUP_MAX];
    counted of[PSW_GROUP_MAX];
    double rate[PSW_GROUP_MAX][64], trials[64]; /* of clusters, where no row is near */
    ptrdiff_t draws, clusters;
} result;

static double *values_of(const psw_point *p, const psw_data *data, double *to)
{
    psw_data_rows(data, 0, PSW_VALUE, 0, p->n, to);
    return to;
}

static void draw_all(oracle *o, result *r, double *values)
{
    const psw_point *p = o->group->points;
    const psw_engine *engine = psw_engine_of(p->precision);
    ptrdiff_t rows = psw_data_draws(p), tables = psw_sketch_draws(p);
    psw_arena arena;
    psw_data *data;
    CHECK(psw_arena_create(engine->bytes(o->group, NULL), &arena) == PSW_OK, "%s", psw_message());
    CHECK(psw_data_open(p, NULL, &data) == PSW_OK, "%s", psw_message());
    r->draws = psw_judge_draws(p);
    r->clusters = tables > 0 && tables < rows ? tables : rows;
    for (ptrdiff_t draw = 0; draw < r->draws; draw++) {
        counted before[PSW_GROUP_MAX];
        memcpy(before, o->of, sizeof before);
        psw_data_draw(data, draw % rows);
        o->values = values_of(p, data, values);
        for (int rank = 0; rank < o->route.size; rank++)
            CHECK(psw_recall_draw(o->ranks[rank], data, draw) == PSW_OK, "%s", psw_message());
        psw_given given = {.data = data, .sets = 1, .tables = {tables > 0 ? draw % tables : 0, NULL}};
        CHECK(engine->attend(o->group, &given, &arena, (psw_watch){0}, take, o) == PSW_OK, "%s", psw_message());
        for (ptrdiff_t i = 0; i < o->group->count; i++)
            r->rate[i][draw % r->clusters] += o->of[i].sure - before[i].sure;
        r->trials[draw % r->clusters] += (double)psw_data_queries(p);
    }
    psw_data_close(data);
    psw_arena_destroy(&arena);
}

static result recall_of(const psw_group *group, psw_layout layout, int size)
{
    const psw_point *p = group->points;
    psw_recall *ranks[TEAM_MOST];
    psw_arena arena[TEAM_MOST];
    merge_list lists[TEAM_MOST];
    result r = {0};
    ptrdiff_t leaves = (psw_data_queries(p) + p->block - 1) / p->block;
    oracle o = {.group = group, .ranks = ranks, .route = merge_route(layout, leaves, 1, size, 0)};
    double *values = malloc((size_t)(p->n * p->v) * sizeof *values);
    int count = 0;
    for (int rank = 0; rank < size; rank++) {
        CHECK(psw_arena_create(psw_recall_bytes(group), &arena[rank]) == PSW_OK, "%s", psw_message());
        CHECK(psw_recall_begin(group, (psw_watch){0}, &arena[rank], &ranks[rank]) == PSW_OK, "%s", psw_message());
        CHECK(arena[rank].used == psw_recall_bytes(group), "%zu bytes of %zu", arena[rank].used,
              psw_recall_bytes(group));
    }
    draw_all(&o, &r, values);
    for (int rank = 0; rank < size; rank++) count = psw_recall_merging(ranks[rank], lists[rank]);
    merge_all(lists, size, count);
    for (int rank = 0; rank < size; rank++) {
        psw_recall_columns columns[PSW_GROUP_MAX];
        psw_recall_end(ranks[rank], columns);
        if (rank == 0) memcpy(r.columns, columns, sizeof columns);
        CHECK(!memcmp(r.columns, columns, (size_t)group->count * sizeof *columns), "rank %d of %d", rank, size);
        psw_arena_destroy(&arena[rank]);
    }
    memcpy(r.of, o.of, sizeof r.of);
    free(values);
    return r;
}

static void describe(const psw_point *p, char *text, size_t size)
{
    psw_format(text, size, "%s beta %g n %td d %td v %td mask %d precision %d noise %g",
               psw_word(PSW_WORDS_METHOD, (int)p->method), p->beta, p->n, p->d, p->v, (int)p->mask, (int)p->precision,
               p->noise);
}

typedef struct tally {
    double recalled, missed, near, points;
} tally;

static void check_against_brute_force(const psw_group *group, result *r, tally *seen)
{
    for (ptrdiff_t i = 0; i < group->count; i++) {
        const psw_point *p = &group->points[i];
        char what[200];
        describe(p, what, sizeof what);
        double rows = (double)(psw_data_queries(p) * r->draws), hits = r->columns[i].recall * rows, samples;
        const counted *of = &r->of[i];
        CHECK(hits > of->sure - 0.5 && hits < of->sure + of->near + 0.5, "%s: %g recalled of %g and %g", what, hits,
              of->sure, of->near);
        /* products: v + 8 roundings of numbers below |o| sqrt(v); the same for |o|; a sum of rows */
        double off = fabs(r->columns[i].margin * rows - (double)of->margin);
        CHECK(p->n == 1 ? isnan(r->columns[i].margin) : off <= rows * (2 * (double)p->v + rows) * 0x1p-52,
              "%s: margin %.17g is off by %g", what, r->columns[i].margin, off / rows);
        seen->recalled += hits, seen->missed += rows - hits, seen->near += of->near, seen->points++;
        if (of->near > 0) continue;
        for (ptrdiff_t k = 0; k < r->clusters; k++) r->rate[i][k] /= r->trials[k];
        psw_interval interval = psw_draws_interval(r->rate[i], r->trials, r->clusters, &samples);
        CHECK(r->columns[i].lo == interval.lo && r->columns[i].hi == interval.hi, "%s: [%.17g, %.17g]", what,
              r->columns[i].lo, r->columns[i].hi);
    }
}

static void check_group(const psw_point *points, ptrdiff_t count, tally *seen)
{
    const psw_group group = {points, count};
    result r = recall_of(&group, PSW_CONTIGUOUS, 1);
    check_against_brute_force(&group, &r, seen);
}

static void check_teams(const psw_point *points, ptrdiff_t count)
{
    static const int sizes[] = {2, 3, 8};
    const psw_group group = {points, count};
    result alone = recall_of(&group, PSW_CONTIGUOUS, 1);
    for (psw_layout layout = PSW_CONTIGUOUS; layout < PSW_LAYOUTS; layout++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            result team = recall_of(&group, layout, sizes[s]);
            CHECK(!memcmp(team.columns, alone.columns, (size_t)count * sizeof *team.columns), "layout %d, %d ranks",
                  (int)layout, sizes[s]);
        }
}

/* ---- the points ---- */

static void check_methods(psw_mask mask, psw_precision precision, double noise, tally *seen)
{
    psw_point p = plain(PSW_EXACT, 76, 6, 7), degrees[3]; /* the last of five leaves is ragged */
    p.mask = mask, p.precision = precision, p.noise = noise;
    degrees[0] = degrees[1] = degrees[2] = p;
    degrees[1].beta = 3, degrees[2].beta = 40; /* an odd degree has negative denominators */
    check_group(degrees, 3, seen);
    if (precision == PSW_FP64) check_teams(degrees, 3);
    for (ptrdiff_t i = 0; i < 3; i++) check_group(&degrees[i], 1, seen);
    p.method = PSW_LINEAR, p.beta = NAN, check_group(&p, 1, seen);
    p.method = PSW_SOFTMAX, p.scale = 5, check_group(&p, 1, seen);
    p.method = PSW_POLYSKETCH, p.beta = 4, p.r = 8, p.draws = 3, check_group(&p, 1, seen);
    p.method = PSW_MACLAURIN, p.beta = 2, p.data_draws = 4, p.draws = 3, check_group(&p, 1, seen);
}

/* Steps of values, slabs of coordinates, pieces of both; and the smallest. */
static void check_shapes(tally *seen)
{
    static const ptrdiff_t shapes[][3] = {{1, 1, 1},   {1, 3, 4},    {2, 1, 1},    {3, 2, 1},
                                          {7, 1, 5},   {8, 4, 70},   {63, 5, 71},  {64, 5, 72},
                                          {65, 5, 75}, {128, 9, 76}, {40, 8, 145}, {129, 3, 2}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        psw_point p = plain(PSW_LINEAR, shapes[i][0], shapes[i][1], shapes[i][2]);
        check_group(&p, 1, seen);
        p.precision = PSW_FP32, p.mask = PSW_CAUSAL, check_group(&p, 1, seen);
    }
    psw_point long_one = plain(PSW_LINEAR, 2100, 24, 71);
    long_one.block = 512, long_one.data_draws = 1;
    check_group(&long_one, 1, seen);
}

static void check_others(tally *seen)
{
    psw_point p = plain(PSW_EXACT, 50, 8, 8);
    p.mode = PSW_DECODE, p.mask = PSW_CAUSAL, p.data_draws = 20, check_group(&p, 1, seen);
    p.mode = PSW_FORWARD, p.precision = PSW_BF16, check_group(&p, 1, seen);
    p.precision = PSW_FP64, p.common = 1, p.row_norm = PSW_NORM_SQRT_D, p.offset = 0.5, check_group(&p, 1, seen);
}

/* What is given is the value itself: recalled are those that no other equals. */
static void equal_values_are_not_told_apart(void)
{
    psw_point p = plain(PSW_TOPK, 40, 9, 5);
    p.keep = 1, p.data_draws = 1;
    const psw_group group = {&p, 1};
    double *values = malloc(40 * 5 * sizeof *values), single = 0;
    psw_data *data;
    CHECK(psw_data_open(&p, NULL, &data) == PSW_OK, "%s", psw_message());
    values_of(&p, data, values);
    for (ptrdiff_t i = 0; i < 40; i++) {
        int equal = 0;
        for (ptrdiff_t j = 0; j < 40; j++) equal += !memcmp(values + 5 * i, values + 5 * j, 5 * sizeof *values);
        single += equal == 1;
    }
    result r = recall_of(&group, PSW_CONTIGUOUS, 1);
    CHECK(r.columns->recall == single / 40 && single > 0 && single < 40, "%g of 40 are single", single);
    CHECK(r.columns->lo == 0.025 * (single / 40) && r.columns->hi == 1 - 0.025 * (1 - single / 40),
          "Markov's interval");
    psw_data_close(data);
    free(values);
}

static void others_have_none(void)
{
    psw_point p = plain(PSW_EXACT, 8, 4, 4);
    CHECK(psw_recall_computed(&p) && psw_recall_flops(&p) == 2.0 * 8 * 8 * 4 * 2, "%g", psw_recall_flops(&p));
    p.method = PSW_CLOSED_FORM;
    CHECK(!psw_recall_computed(&p), "theory");
    p.method = PSW_EXACT, p.data_kind = PSW_SPHERE;
    const psw_group group = {&p, 1};
    CHECK(!psw_recall_computed(&p) && psw_recall_flops(&p) == 0 && psw_recall_bytes(&group) == 0, "another kind");
}

int main(void)
{
    tally seen = {0};
    for (psw_precision precision = PSW_FP64; precision <= PSW_FP32; precision++)
        for (psw_mask mask = PSW_FULL; mask <= PSW_CAUSAL; mask++) check_methods(mask, precision, 0, &seen);
    check_methods(PSW_FULL, PSW_FP64, 0.7, &seen);
    CHECK(seen.near == 0, "%g rows are near to a tie", seen.near);
    check_shapes(&seen);
    check_others(&seen);
    equal_values_are_not_told_apart();
    others_have_none();
    CHECK(seen.recalled > 1000 && seen.missed > 1000, "%g recalled, %g not, %g near, %g points", seen.recalled,
          seen.missed, seen.near, seen.points);
    return test_end();
}
