/* Real messages: a team of all ranks, and teams of half of them side by side, against what each rank computes alone.
 * Row folds bit for bit in every layout and pattern; sketches with every scan; a rank that fails, a rank that is asked
 * to stop. */
#include "check.h"
#include "polysweep/dist.h"
#include "polysweep/sketch.h"
#include "unit/attend_source.h"

/* What the result file promises for sums over keys of state folds. */
static const double promised[] = {[PSW_FP64] = 1e-12, [PSW_FP32] = 5e-6};

static const char *describe(const psw_point *p, psw_choice c, int size)
{
    static char text[200];
    psw_format(text, sizeof text, "method %d mask %d precision %d n %td, layout %d pattern %d scan %d, %d ranks",
               (int)p->method, (int)p->mask, (int)p->precision, p->n, c.layout, c.pattern, c.scan, size);
    return text;
}

/* ---- a pass of a team ---- */

static psw_status team_pass(const psw_comm *team, const psw_point *p, psw_choice choice, psw_watch watch,
                            psw_leaf_sink sink, void *context, psw_traffic *traffic)
{
    const psw_engine *engine = psw_engine_of(p->precision);
    psw_route route = psw_attend_route(p, choice, team->size, team->rank);
    psw_group group = {p, 1};
    psw_given given = {.sets = source.sets, .tables = source.tables, .route = &route};
    psw_arena arena;
    psw_attention *attention;
    PSW_TRY(psw_arena_create(engine->bytes(&group, &route), &arena));
    PSW_TRY(engine->prepare(&group, &given, &arena, &attention));
    psw_status status = PSW_OK;
    for (int pass = 0; pass < 2 && status == PSW_OK; pass++)
        status = psw_dist_pass(&(psw_team_task){team, engine, attention, p, &route, watch}, sink, context, traffic);
    engine->release(attention);
    psw_arena_destroy(&arena);
    return status;
}

/* Of the leaves that came, row by row. */
typedef struct comparison {
    const psw_point *point;
    const result *alone;
    double unit, off;
    bool exactly, bits;
    ptrdiff_t rows;
} comparison;

static psw_status compare_leaf(void *context, const psw_leaf *leaf)
{
    comparison *c = context;
    const result *a = c->alone;
    size_t width = (size_t)a->v * a->real_bytes;
    c->rows += leaf->count;
    for (int s = 0; s < leaf->sets; s++)
        for (ptrdiff_t i = 0; i < leaf->count; i++) {
            ptrdiff_t from = s * leaf->count + i, to = s * a->n + leaf->first + i;
            const char *row = (const char *)leaf->rows + (size_t)from * width;
            c->bits &= memcmp(row, (const char *)a->bits + (size_t)to * width, width) == 0;
            for (ptrdiff_t k = 0; k < a->v; k++) {
                double x = a->real_bytes == 4 ? (double)((const float *)(const void *)row)[k]
                                              : ((const double *)(const void *)row)[k];
                c->off = fmax(c->off, fabs(x - a->rows[to * a->v + k]));
            }
        }
    return PSW_OK;
}

static void against_alone(const psw_comm *team, const psw_point *p, psw_choice choice, const result *alone)
{
    comparison c = {.point = p, .alone = alone, .bits = true};
    psw_traffic traffic;
    for (ptrdiff_t i = 0; i < alone->sets * alone->n * alone->v; i++) c.unit = fmax(c.unit, fabs(alone->rows[i]));
    psw_status status = team_pass(team, p, choice, (psw_watch){NULL, NULL}, compare_leaf, &c, &traffic);
    CHECK(status == PSW_OK, "%s: %s", describe(p, choice, team->size), psw_message());
    if (psw_attend_kind(p) == PSW_ROW_FOLD) CHECK(c.bits, "%s: other bits", describe(p, choice, team->size));
    CHECK(c.off <= promised[p->precision] * c.unit, "%s: off by %g of %g", describe(p, choice, team->size), c.off,
          c.unit);
    double rows = (double)c.rows, sent = traffic.sent_bytes;
    psw_comm_sum(team, &rows, 1);
    psw_comm_sum(team, &sent, 1);
    CHECK(rows == 2 * (double)p->n, "%s: %g rows", describe(p, choice, team->size), rows);
    CHECK((sent > 0) == (team->size > 1 && p->n > p->block), "%s: %g bytes", describe(p, choice, team->size), sent);
    CHECK(traffic.pass_s >= 0 && traffic.busy_s >= 0 && traffic.comm_s >= 0, "times");
    CHECK(team->size > 1 ? traffic.wait_s > 0 && isfinite(traffic.wait_s) : traffic.wait_s == 0, "wait %g",
          traffic.wait_s);
}

static const struct {
    psw_method method;
    double beta;
    ptrdiff_t r;
} kinds[] = {{PSW_EXACT, 4, 0},    {PSW_SOFTMAX, NAN, 0}, {PSW_LINEAR, NAN, 0},     {PSW_POLYSKETCH, 4, 6},
             {PSW_MONOMIAL, 3, 0}, {PSW_TREE, 4, 9},      {PSW_TENSORSKETCH, 3, 8}, {PSW_FAVOR, NAN, 12},
             {PSW_ELU1, NAN, 0},   {PSW_TAYLOR, NAN, 0}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void all_choices(const psw_comm *team, const psw_point *p)
{
    result alone;
    bool rows = psw_attend_kind(p) == PSW_ROW_FOLD;
    CHECK(run_group(p, 1, &alone) == PSW_OK, "%s", psw_message());
    for (int layout = 0; layout < PSW_LAYOUTS; layout++)
        for (int how = 0; how < (rows ? (int)PSW_PATTERNS : (int)PSW_SCANS); how++)
            against_alone(team, p, (psw_choice){layout, rows ? how : -1, rows ? -1 : how, 0}, &alone);
    result_free(&alone);
}

static void all_kinds(const psw_comm *team, ptrdiff_t n, ptrdiff_t block, ptrdiff_t special)
{
    for (int precision = 0; precision < 2; precision++)
        for (int mask = 0; mask < 2; mask++)
            for (int k = 0; k < KINDS; k++) {
                psw_point p = {.method = kinds[k].method, .order = 2, .by = PSW_BY_FEATURES};
                bool sketch = psw_sketch_has(&p);
                source_make((uint64_t)(n + block), n, 6, 6, special, true, sketch);
                source_fine();
                p = point_of(kinds[k].method, kinds[k].beta, (psw_mask)mask, (psw_precision)precision, block);
                p.order = 2, p.by = PSW_BY_FEATURES; /* of a partial sum */
                p.r = kinds[k].r, p.draws = 1;
                p.den_constant = sketch ? 1e3 : 0; /* signed estimates: off zero */
                all_choices(team, &p);
            }
}

/* ---- what goes wrong ---- */

static psw_status ignore_leaf(void *context, const psw_leaf *leaf)
{
    (void)context;
    return leaf->count > 0 ? PSW_OK : PSW_BUG;
}

static psw_status stop(void *context)
{
    return *(const bool *)context ? PSW_STOPPED : PSW_OK;
}

/* One row is not a number, which its owner alone finds: every rank returns what that rank says. */
static void one_row_is_bad(const psw_comm *team, psw_method method)
{
    psw_traffic traffic;
    source_make(5, 120, 6, 6, -1, false, false);
    for (ptrdiff_t c = 0; c < 6; c++) source.rows[0][PSW_QUERY][77 * 6 + c] = NAN;
    psw_point p = point_of(method, 4, PSW_FULL, PSW_FP64, 8);
    p.r = 6, p.draws = 1;
    for (int pattern = 0; pattern < PSW_PATTERNS; pattern++) {
        psw_choice choice = {-1, pattern, -1, 0};
        psw_status status = team_pass(team, &p, choice, (psw_watch){NULL, NULL}, ignore_leaf, NULL, &traffic);
        CHECK(status == PSW_NOT_FINITE, "rank %d: status %d, %s", team->rank, (int)status, psw_message());
        CHECK(strstr(psw_message(), "row 77"), "%s", psw_message());
    }
}

/* The last rank is asked to stop; the others learn of it when the pass is over. */
static void one_rank_stops(const psw_comm *team, psw_method method)
{
    psw_traffic traffic;
    bool asked = team->rank == team->size - 1;
    source_make(5, 120, 6, 6, -1, false, false);
    psw_point p = point_of(method, 4, PSW_CAUSAL, PSW_FP64, 8);
    p.r = 6, p.draws = 1;
    psw_status status = team_pass(team, &p, PSW_CHOICE_AUTO, (psw_watch){stop, &asked}, ignore_leaf, NULL, &traffic);
    CHECK(status == PSW_STOPPED, "rank %d: status %d, %s", team->rank, (int)status, psw_message());
}

int main(int argc, char **argv)
{
    psw_comm world, half;
    MPI_Init(&argc, &argv);
    psw_comm_world(&world);
    all_kinds(&world, 250, 32, 100);
    all_kinds(&world, 66, 33, 65); /* two leaves */
    one_row_is_bad(&world, PSW_EXACT);
    one_row_is_bad(&world, PSW_POLYSKETCH);
    one_rank_stops(&world, PSW_EXACT);
    one_rank_stops(&world, PSW_POLYSKETCH);
    psw_comm_split(&world, world.rank < world.size / 2, world.rank, &half);
    all_kinds(&half, 133, 16, -1);
    source_free();
    double failures = test_failures;
    psw_comm_sum(&world, &failures, 1);
    psw_comm_free(&half);
    psw_comm_free(&world);
    MPI_Finalize();
    test_failures = failures > 0;
    return test_end();
}
