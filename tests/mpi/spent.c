/* Cycles and energy of points on a team: what counters showed while they were computed is divided among them, and no
 * more than that. Counters are files and a pipe that this test fills. */
#define _DEFAULT_SOURCE
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "polysweep/point.h"

enum { SLOTS = 16, READINGS = 100 };
static const double pace_j = 3, pace_cycles = 1000; /* of a question of the watch; of a reading */

typedef struct machine {
    char root[64], file[128];
    double joules;
    int pipe[2];
    psw_counters counters;
} machine;

static void put(machine *m, const char *name, const char *text)
{
    char path[160];
    psw_format(path, sizeof path, "%s/sys/cray/pm_counters/%s", m->root, name);
    FILE *file = fopen(path, "w");
    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s cannot be made", path);
}

static void put_joules(machine *m)
{
    char text[64];
    psw_format(text, sizeof text, "%.0f J 1 us\n", m->joules);
    put(m, "energy", text);
}

static void machine_begin(machine *m)
{
    char command[200];
    *m = (machine){.root = "/tmp/polysweep-spent-XXXXXX", .joules = 70};
    CHECK(mkdtemp(m->root), "%s", m->root);
    psw_format(command, sizeof command, "mkdir -p %s/sys/cray/pm_counters", m->root);
    CHECK(system(command) == 0 && pipe(m->pipe) == 0, "a machine cannot be made");
    put_joules(m);
    psw_counters_open(m->root, &m->counters);
    if (m->counters.cycles_fd >= 0) close(m->counters.cycles_fd);
    m->counters.cycles_fd = m->pipe[0];
    for (uint64_t i = 1; i <= READINGS; i++) {
        uint64_t at[3] = {i * (uint64_t)pace_cycles / 2, 2 * i, i}; /* it ran half of the time */
        CHECK(write(m->pipe[1], at, sizeof at) == (ssize_t)sizeof at, "the pipe is full");
    }
}

static void machine_end(machine *m)
{
    char command[200];
    psw_counters_close(&m->counters);
    close(m->pipe[1]);
    psw_format(command, sizeof command, "rm -r %s", m->root);
    CHECK(system(command) == 0, "%s is left", m->root);
}

/* Time passes, and energy with it. */
static psw_status ask(void *context)
{
    machine *m = context;
    m->joules += pace_j;
    put_joules(m);
    return PSW_OK;
}

static double sum_of(const psw_comm *team, double mine)
{
    CHECK(psw_comm_sum(team, &mine, 1) == PSW_OK, "%s", psw_message());
    return mine;
}

static void check_records(const psw_comm *team, const machine *m, const psw_record *records, ptrdiff_t count)
{
    double energy = 0, cycles = 0, size = team->size, known = sum_of(team, m->counters.energy_sum_j) / size;
    ptrdiff_t groups = 0, computed = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        const psw_record *r = &records[i];
        CHECK(r->slot.status == PSW_SLOT_DONE, "slot %td is not done", i);
        bool computes = psw_method_computes(r->point.method);
        CHECK(computes ? r->cost.energy_j > 0 && r->cost.cycles > 0 : isnan(r->cost.energy_j) && isnan(r->cost.cycles),
              "slot %td: %g J, %g cycles", i, r->cost.energy_j, r->cost.cycles);
        if (!computes) continue;
        computed++;
        energy += r->cost.energy_j, cycles += r->cost.cycles;
        groups += i == 0 || r->point.n != records[i - 1].point.n || r->point.method != records[i - 1].point.method;
    }
    CHECK(computed == 9, "%td points are computed", computed);
    CHECK(energy > 0 && energy <= known * (1 + 1e-12), "%g J in points, %g J counted", energy, known);
    CHECK_NEAR(cycles, (double)groups * size * pace_cycles, 1e-12); /* degrees of a length share one reading */
}

static void check_team(const psw_comm *team)
{
    static const char text[] = "schema: 1\ndata: {preset: W2}\nmethods: [exact, closed_form, softmax]\n"
                               "grid: {beta: [2, 4], n: [64, 128, 296], d: 10, block: 64}\njudge: {m: 4, trials: 6}\n";
    psw_study *study = NULL;
    psw_record records[SLOTS], theirs[SLOTS];
    machine m;
    psw_rates rates = psw_rates_default;
    CHECK(psw_study_parse(&(psw_study_source){text, strlen(text), "s", NULL, 0}, psw_house(), &study) == PSW_OK, "%s",
          psw_message());
    if (!study) return;
    ptrdiff_t count = psw_study_slots(study);
    machine_begin(&m);
    psw_computer computer = {.study = study,
                             .rates = &rates,
                             .nodes = 1,
                             .choice = PSW_CHOICE_AUTO,
                             .any_team = true,
                             .counters = &m.counters,
                             .node_ranks = team->size,
                             .watch = {ask, &m}};
    CHECK(psw_compute(team, &computer, &(psw_slots){0, count, NULL}, records) == PSW_OK, "%s", psw_message());
    check_records(team, &m, records, count);
    memcpy(theirs, records, sizeof records);
    CHECK(psw_comm_bytes(team, 0, theirs, sizeof theirs) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t i = 0; i < count; i++)
        CHECK(memcmp(&theirs[i].cost.cycles, &records[i].cost.cycles, 2 * sizeof(double)) == 0,
              "ranks have other numbers of slot %td", i);

    computer.counters = NULL;
    CHECK(psw_compute(team, &computer, &(psw_slots){0, count, NULL}, records) == PSW_OK, "%s", psw_message());
    CHECK(isnan(records[0].cost.cycles) && isnan(records[0].cost.energy_j), "numbers without counters");
    machine_end(&m);
    psw_arena_destroy(&computer.arena);
    psw_study_free(study);
}

int main(int argc, char **argv)
{
    psw_comm world;
    MPI_Init(&argc, &argv);
    if (psw_comm_world(&world) != PSW_OK) return 2;
    check_team(&world);
    psw_comm_free(&world);
    MPI_Finalize();
    return test_end();
}
