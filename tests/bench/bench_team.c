/* One point on one rank against the same on a team of all ranks, in turn, in one run:
 *     mpirun -n 2 bench_team [method n d r degree mask precision repetitions route]
 * Medians with quartiles of the slowest rank's pass, the ratio, and where the time of the team went. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/dist.h"
#include "polysweep/sketch.h"
#include "polysweep/stats.h"

enum { REPETITIONS_MAX = 1000 };

static psw_choice choice = {-1, -1, -1, 0};

typedef struct side { /* one of the two that are compared */
    const psw_comm *team;
    psw_group group;
    psw_route route;
    psw_arena arena;
    psw_attention *attention;
    double seconds[REPETITIONS_MAX], busy[REPETITIONS_MAX], comm[REPETITIONS_MAX];
} side;

static psw_status ignore(void *context, const psw_leaf *leaf)
{
    (void)context, (void)leaf;
    return PSW_OK;
}

static psw_status open_side(const psw_point *p, const psw_data *data, const psw_comm *team, side *s)
{
    psw_given given = {.data = data, .sets = 1, .route = &s->route};
    s->team = team;
    s->group = (psw_group){p, 1};
    s->route = psw_attend_route(p, choice, team->size, team->rank);
    PSW_TRY(psw_arena_create(psw_engine_of(p->precision)->bytes(&s->group, &s->route), &s->arena));
    return psw_engine_of(p->precision)->prepare(&s->group, &given, &s->arena, &s->attention);
}

/* Of the slowest rank. */
static psw_status time_pass(const psw_point *p, side *s, int i)
{
    psw_traffic t;
    psw_team_task task = {s->team, psw_engine_of(p->precision), s->attention, p, &s->route, {NULL, NULL}};
    PSW_TRY(psw_dist_pass(&task, ignore, NULL, &t));
    double largest[] = {t.pass_s, t.busy_s, t.comm_s};
    PSW_TRY(psw_comm_max(s->team, largest, 3));
    s->seconds[i] = largest[0], s->busy[i] = largest[1], s->comm[i] = largest[2];
    return PSW_OK;
}

static void nothing(void *context)
{
    (void)context;
}

static void tell(const char *name, side *s, int count)
{
    double q1 = psw_quantile(s->seconds, count, 0.25), q2 = psw_quantile(s->seconds, count, 0.5),
           q3 = psw_quantile(s->seconds, count, 0.75), comm = psw_quantile(s->comm, count, 0.5);
    printf("%-6s %10.3f ms (%.3f .. %.3f), waiting %.3f ms (%.1f %%), arena %.1f MiB\n", name, 1e3 * q2, 1e3 * q1,
           1e3 * q3, 1e3 * comm, 100 * comm / q2, (double)s->arena.high / 1048576);
}

static const char *word(int argc, char **argv, int at, const char *otherwise)
{
    return argc > at ? argv[at] : otherwise;
}

static psw_point point_of(int argc, char **argv)
{
    psw_point p = {.method = (psw_method)psw_word_code(PSW_WORDS_METHOD, word(argc, argv, 1, "exact"))};
    p.n = atol(word(argc, argv, 2, "16384"));
    p.d = p.v = atol(word(argc, argv, 3, "64"));
    p.r = psw_sketch_has(&p) ? atol(word(argc, argv, 4, "32")) : 0;
    p.beta = atof(word(argc, argv, 5, "4"));
    p.mask = (psw_mask)psw_word_code(PSW_WORDS_MASK, word(argc, argv, 6, "causal"));
    p.precision = (psw_precision)psw_word_code(PSW_WORDS_PRECISION, word(argc, argv, 7, "fp32"));
    p.block = psw_sketch_has(&p) ? 256 : 512;
    p.data_kind = PSW_GAUSSIAN, p.negative = PSW_NEGATIVE_SIGNED, p.draws = 1, p.seed = 1;
    return p;
}

static psw_status compare(const psw_comm *world, const psw_point *p, int repetitions)
{
    static side alone, team;
    psw_comm self = {MPI_COMM_SELF, 0, 1};
    psw_data *data;
    double ratio[REPETITIONS_MAX];
    PSW_TRY(psw_data_open(p, NULL, &data));
    PSW_TRY(open_side(p, data, world, &team));
    if (world->rank == 0) PSW_TRY(open_side(p, data, &self, &alone));
    for (int i = -2; i < repetitions; i++) { /* two to warm up */
        if (world->rank == 0) PSW_TRY(time_pass(p, &alone, i < 0 ? 0 : i));
        PSW_TRY(psw_comm_wait(world, nothing, NULL)); /* the others sleep */
        PSW_TRY(time_pass(p, &team, i < 0 ? 0 : i));
        ratio[i < 0 ? 0 : i] = alone.seconds[i < 0 ? 0 : i] / team.seconds[i < 0 ? 0 : i];
    }
    psw_data_close(data);
    if (world->rank != 0) return PSW_OK;
    printf("%s, n %td, d %td, r %td, degree %g, %s, %s, %d repetitions\n", psw_word(PSW_WORDS_METHOD, (int)p->method),
           p->n, p->d, p->r, p->beta, psw_word(PSW_WORDS_MASK, (int)p->mask),
           psw_word(PSW_WORDS_PRECISION, (int)p->precision), repetitions);
    tell("alone", &alone, repetitions);
    tell("team", &team, repetitions);
    printf("ratio  %.3f (%.3f .. %.3f) on %d ranks\n", psw_quantile(ratio, repetitions, 0.5),
           psw_quantile(ratio, repetitions, 0.25), psw_quantile(ratio, repetitions, 0.75), world->size);
    return PSW_OK;
}

int main(int argc, char **argv)
{
    psw_comm world;
    MPI_Init(&argc, &argv);
    psw_comm_world(&world);
    psw_threads_set(1);
    psw_point p = point_of(argc, argv);
    int repetitions = atoi(word(argc, argv, 8, "15"));
    psw_status status = psw_choice_read("auto", word(argc, argv, 9, "auto"), "auto", &choice);
    if (status == PSW_OK)
        status = repetitions > REPETITIONS_MAX ? PSW_FAIL(PSW_USAGE, "at most %d repetitions", REPETITIONS_MAX)
                                               : compare(&world, &p, repetitions);
    if (status != PSW_OK) fprintf(stderr, "%s\n", psw_message());
    psw_comm_free(&world);
    MPI_Finalize();
    return (int)status;
}
