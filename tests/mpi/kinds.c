/* A plan against its run: the teams and queues of a sweep, with computing made up, on nodes of two speeds and on nodes
 * that are alike. Every run once, by a team that may take it, as its class and position say. On ranks that SimGrid
 * simulates (an argument names the part) also the time: ranks are busy, each counted by its speed, and as the plan
 * says.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/measure.h"
#include "ranks.h"
#include "sweep/crew.h"

static const double off_most = 0.02; /* of the speeds of all ranks, against the plan */
/* Seconds of the sweep, which naps of 200 us shall not lengthen where ranks are simulated, and between two looks for
 * questions of rank 0, which answers them, and of others. */
static const double sweep_s = 1, real_sweep_s = 0.25, look_s = 5e-5, others_look_s = 5e-4;

static const char heavy[] =
    "schema: 1\nstudy: heavy\ndata: {kind: self_attention, preset: W2}\nmethods: [exact, softmax]\n"
    "grid: {n: {from: 256, to: 32768, factor: 2}, d: [18, 34, 66], beta: {from: 2, to: 64, step: 2}, seed: [1, 2]}\n"
    "judge: {m: 8, trials: 3}\n";
static const char long_points[] =
    "schema: 1\nstudy: long\ndata: {kind: self_attention, preset: W2}\nmethods: [exact, softmax]\n"
    "grid: {n: {from: 256, to: 262144, factor: 2}, d: [18, 34, 66], mask: [full, causal],\n"
    "       beta: {from: 2, to: 32, step: 2}}\njudge: {m: 8, trials: 3}\n"; /* 1,122 points */

static const struct {
    const char *name, *study;
    double speed;
    int fast, of; /* so many of so many nodes */
    double busy_least;
} parts[] = {{"half_2", heavy, 2, 1, 2, 0.95},
             {"half_4", heavy, 4, 1, 2, 0.95},
             {"few_4", heavy, 4, 1, 4, 0.95},
             {"most_4", heavy, 4, 3, 4, 0.95},
             {"alike", long_points, 1, 1, 1, 0}};
enum { PARTS = sizeof parts / sizeof *parts };

typedef struct scene {
    const psw_comm *world, *node;
    const char *study;
    double speed; /* of this rank's node */
    double sweep_s, look_s;
    sweep_crew crew;
    psw_runs runs;
    double planned, slowing; /* utilisation, and seconds of the run in one of the plan */
    double *seen;            /* [runs] */
    double busy_s;
} scene;

static void serve(void *s)
{
    sweep_crew_serve(&((scene *)s)->crew);
}

static void compute(scene *s, const psw_run *run, int depth)
{
    double seconds = s->slowing * run->predicted_s / psw_class_speed(s->runs.classes, s->crew.class[depth]);
    for (double left_s = seconds; left_s > 0; left_s -= s->look_s) {
        ranks_pass_time(fmin(left_s, s->look_s));
        sweep_crew_serve(&s->crew);
    }
}

static void work_depth(scene *s, int depth)
{
    const psw_comm *team = &s->crew.team[depth];
    const psw_share *share = &s->crew.share[depth];
    int class = s->crew.class[depth];
    for (;;) {
        ptrdiff_t k = team->rank == 0 ? sweep_crew_take(&s->crew, depth) : -1;
        if (team->size > 1) psw_comm_bytes_wait(team, 0, &k, sizeof k, serve, s);
        if (k < 0) return;
        CHECK(k >= share->edge[class] && k < share->edge[share->segments - class], "run %td, class %d", k, class);
        compute(s, &s->runs.list[k], depth);
        if (team->rank == 0) s->seen[k]++, s->busy_s += s->runs.list[k].busy_s;
    }
}

/* ---- the plan ---- */

static psw_status cut(scene *s)
{
    psw_study *study = NULL;
    psw_cut cut = psw_cut_default;
    psw_schedule plan = {0};
    cut.split = &s->crew.split;
    cut.classes = &s->crew.classes;
    cut.choice = PSW_CHOICE_AUTO;
    psw_status status = psw_study_parse(&(psw_study_source){s->study, strlen(s->study), "test", NULL, 0}, NULL, &study);
    if (status == PSW_OK) status = psw_runs_create(study, &psw_rates_default, &cut, NULL, &s->runs);
    if (status == PSW_OK) status = psw_schedule_simulate(&s->runs, &s->crew.split, INFINITY, &plan, NULL);
    s->planned = plan.utilisation;
    s->slowing = s->sweep_s / plan.finish_s;
    psw_study_free(study);
    return status;
}

/* Rank 0 plans: a thousand simulated ranks have one core. */
static psw_status share(scene *s)
{
    PSW_TRY(psw_comm_agree(s->world, s->world->rank == 0 ? cut(s) : PSW_OK));
    psw_run *list = s->runs.list;
    PSW_TRY(psw_comm_bytes(s->world, 0, &s->planned, sizeof s->planned));
    PSW_TRY(psw_comm_bytes(s->world, 0, &s->slowing, sizeof s->slowing));
    PSW_TRY(psw_comm_bytes(s->world, 0, &s->runs, sizeof s->runs));
    if (s->world->rank > 0) list = calloc((size_t)s->runs.count, sizeof *list);
    s->runs.list = list;
    s->runs.classes = &s->crew.classes;
    s->seen = calloc((size_t)s->runs.count, sizeof *s->seen);
    return psw_comm_bytes(s->world, 0, list, (size_t)s->runs.count * sizeof *list);
}

static psw_status prepare(scene *s)
{
    PSW_TRY(sweep_crew_form(s->world, s->node, &s->crew));
    PSW_TRY(sweep_crew_sort(&s->crew, s->world, s->node, s->speed));
    PSW_TRY(share(s));
    s->crew.split.how = s->runs.how;
    return sweep_crew_open(&s->crew, s->node, &s->runs, NULL);
}

/* ---- the run ---- */

/* Share of the speeds of all ranks that computed. */
static double play(scene *s)
{
    psw_status status = prepare(s);
    CHECK(status == PSW_OK, "%s", psw_message());
    if (status != PSW_OK) return 0;
    psw_comm_barrier(s->world);
    double start_s = psw_clock_s();
    for (int depth = 0; depth < s->crew.depths; depth++)
        if (s->crew.team[depth].size > 0) work_depth(s, depth);
    double took_s = psw_clock_s() - start_s;
    psw_comm_wait(&s->crew.order, serve, s);
    CHECK(sweep_crew_close(&s->crew) == PSW_OK, "%s", psw_message());
    psw_comm_max(s->world, &took_s, 1);
    psw_comm_sum(s->world, &s->busy_s, 1);
    psw_comm_sum(s->world, s->seen, (int)s->runs.count);
    for (ptrdiff_t k = 0; k < s->runs.count && s->world->rank == 0; k++)
        CHECK(s->seen[k] == 1, "run %td: %g times", k, s->seen[k]);
    return s->busy_s / (took_s / s->slowing * psw_split_power(&s->crew.split, &s->crew.classes));
}

/* Nodes in turn, so that the order of ranks has to be another one. */
static double speed_of_node(const psw_comm *world, const psw_comm *node, int part)
{
    double lowest = -world->rank;
    psw_comm_max(node, &lowest, 1);
    int number = (int)-lowest / node->size;
    return number % parts[part].of >= parts[part].of - parts[part].fast ? parts[part].speed : 1;
}

static void play_part(scene s, int part, bool timed)
{
    s.speed = speed_of_node(s.world, s.node, part);
    s.study = parts[part].study;
    double busy = play(&s);
    if (timed && s.world->rank == 0) {
        fprintf(stderr, "%s, %d ranks, %td runs: %.1f %% busy, planned %.1f %%\n", parts[part].name, s.world->size,
                s.runs.count, 100 * busy, 100 * s.planned);
        CHECK(busy >= parts[part].busy_least && busy <= 1, "busy %g", busy);
        CHECK(fabs(busy - s.planned) <= off_most, "busy %g, planned %g", busy, s.planned);
    }
    psw_runs_free(&s.runs);
    sweep_crew_free(&s.crew);
    free(s.seen);
}

int main(int argc, char **argv)
{
    psw_comm world, node;
    MPI_Init(&argc, &argv);
    psw_comm_world(&world);
    if (argc > 1)
        psw_comm_split_node(&world, &node);
    else
        psw_comm_split(&world, world.rank, world.rank, &node);
    scene s = {.world = &world, .node = &node, .sweep_s = real_sweep_s, .look_s = others_look_s};
    if (argc > 1) s.sweep_s = sweep_s;
    if (argc > 1 && world.rank == 0) s.look_s = look_s;
    for (int part = 0; part < PARTS; part++)
        if (argc < 2 || strcmp(argv[1], parts[part].name) == 0) play_part(s, part, argc > 1);
    psw_comm_free(&node);
    return ranks_end(&world);
}
