/* Nodes of two speeds: the teams and queues of a sweep, with computing made up. Every run once, by a team that may take
 * it, as its class and position say. On ranks that SimGrid simulates (an argument names the part) also the time: ranks
 * are busy, each counted by its speed, and no less than the plan expects; beside it the rule for nodes that are alike.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "polysweep/measure.h"
#include "sweep/crew.h"

static const double busy_least = 0.95;
static const double look_s =
    5e-5; /* between two looks for questions: of simulated ranks a tenth of the shortest runs */

static const struct {
    const char *name;
    double speed;
    int fast, of; /* so many of so many nodes */
} parts[] = {{"half_2", 2, 1, 2}, {"half_4", 4, 1, 2}, {"few_4", 4, 1, 4}, {"most_4", 4, 3, 4}};
enum { PARTS = sizeof parts / sizeof *parts };

static const char text[] =
    "schema: 1\nstudy: heavy\ndata: {kind: self_attention, preset: W2}\nmethods: [exact, softmax]\n"
    "grid: {n: {from: 256, to: 32768, factor: 2}, d: [18, 34, 66], beta: {from: 2, to: 64, step: 2}, seed: [1, 2]}\n"
    "judge: {m: 8, trials: 3}\n";

typedef struct scene {
    const psw_comm *world, *node;
    const psw_study *study;
    double speed;   /* of this rank's node */
    double slowing; /* of time: simulated ranks that wait look every ten microseconds, real ones shall end soon */
    sweep_crew crew;
    psw_runs runs;
    double *seen; /* [runs] */
    double busy_s;
} scene;

static void pass_time(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)(1e9 * (seconds - floor(seconds)))};
    nanosleep(&time, NULL);
}

static void serve(void *s)
{
    sweep_crew_serve(&((scene *)s)->crew);
}

static void compute(scene *s, const psw_run *run, int depth)
{
    double seconds = s->slowing * run->predicted_s / psw_class_speed(s->runs.classes, s->crew.class[depth]);
    for (double left_s = seconds; left_s > 0; left_s -= look_s) {
        pass_time(fmin(left_s, look_s));
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

static psw_status prepare(scene *s, bool alike)
{
    psw_cut cut = psw_cut_default;
    PSW_TRY(sweep_crew_form(s->world, s->node, &s->crew));
    PSW_TRY(sweep_crew_sort(&s->crew, s->world, s->node, s->speed));
    cut.split = &s->crew.split;
    cut.classes = alike ? NULL : &s->crew.classes;
    cut.choice = PSW_CHOICE_AUTO;
    PSW_TRY(psw_runs_create(s->study, &psw_rates_default, &cut, NULL, &s->runs));
    s->runs.classes = &s->crew.classes;
    if (alike) s->runs.lean = (psw_lean){INFINITY, 0};
    s->seen = calloc((size_t)s->runs.count + 1, sizeof *s->seen);
    return sweep_crew_open(&s->crew, s->node, &s->runs, NULL);
}

/* Share of the speeds of all ranks that computed. */
static double play(scene *s, bool alike, double *planned)
{
    psw_schedule plan;
    psw_status status = prepare(s, alike);
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
    for (ptrdiff_t k = 0; k < s->runs.count; k++) CHECK(s->seen[k] == 1, "run %td: %g times", k, s->seen[k]);
    CHECK(psw_schedule_simulate(&s->runs, &s->crew.split, INFINITY, &plan, NULL) == PSW_OK, "%s", psw_message());
    *planned = plan.utilisation;
    return s->busy_s / (took_s / s->slowing * psw_split_power(&s->crew.split, &s->crew.classes));
}

static double play_once(scene s, bool alike, double *planned)
{
    double busy = play(&s, alike, planned);
    psw_runs_free(&s.runs);
    sweep_crew_free(&s.crew);
    free(s.seen);
    return busy;
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
    double planned[2];
    s.speed = speed_of_node(s.world, s.node, part);
    double now = play_once(s, false, &planned[0]), alike = timed ? play_once(s, true, &planned[1]) : 0;
    if (!timed || s.world->rank > 0) return;
    fprintf(stderr, "%s, %d ranks: %.1f %% busy, planned %.1f %%; as if all were alike %.1f %%, planned %.1f %%\n",
            parts[part].name, s.world->size, 100 * now, 100 * planned[0], 100 * alike, 100 * planned[1]);
    CHECK(now >= busy_least && now <= 1, "busy %g", now);
    CHECK(now >= planned[0] - 0.02, "busy %g, planned %g", now, planned[0]);
}

int main(int argc, char **argv)
{
    psw_comm world, node;
    psw_study *study = NULL;
    MPI_Init(&argc, &argv);
    psw_comm_world(&world);
    if (argc > 1)
        psw_comm_split_node(&world, &node);
    else
        psw_comm_split(&world, world.rank, world.rank, &node);
    CHECK(psw_study_parse(&(psw_study_source){text, sizeof text - 1, "test", NULL, 0}, NULL, &study) == PSW_OK, "%s",
          psw_message());
    scene s = {.world = &world, .node = &node, .study = study, .slowing = argc > 1 ? 0.05 : 1e-3};
    for (int part = 0; part < PARTS; part++)
        if (argc < 2 || strcmp(argv[1], parts[part].name) == 0) play_part(s, part, argc > 1);
    psw_study_free(study);
    double counts[] = {(double)test_checks, test_failures};
    psw_comm_sum(&world, counts, 2);
    test_checks = (long)counts[0], test_failures = (int)counts[1];
    int code = world.rank == 0 ? test_end() : 0; /* a part that is unknown makes no check */
    psw_comm_free(&node);
    psw_comm_free(&world);
    MPI_Finalize();
    return code;
}
