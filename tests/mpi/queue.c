/* Every number once: whoever is slow, whoever comes first to the end, with nodes made up of pairs of ranks. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "polysweep/comm.h"

enum { MOST = 3000 };

static psw_comm world, node;
static bool with_rank_0; /* this node has it */

typedef struct habits { /* of the ranks in one scene */
    ptrdiff_t total;
    int slow_rank, slow_us; /* a rank that computes so long between two calls; -1 = none */
    int absent_rank;        /* a rank that takes nothing and goes to the end at once; -1 = none */
    ptrdiff_t halt_after;   /* the last rank halts its node after so many numbers; -1 = never */
} habits;

static void take_all(psw_queue *queue, const habits *how, double *seen)
{
    ptrdiff_t mine = 0, last = -1;
    for (ptrdiff_t number; (number = psw_queue_take(queue)) >= 0;) {
        CHECK(number < how->total, "%td of %td", number, how->total);
        CHECK(number > last || !with_rank_0, "%td after %td", number, last); /* elsewhere an answer may come late */
        last = number;
        seen[number]++;
        mine++;
        if (world.rank == how->slow_rank) usleep((useconds_t)how->slow_us);
        if (world.rank == world.size - 1 && mine == how->halt_after) psw_queue_halt(queue);
        psw_queue_serve(queue);
    }
    CHECK(psw_queue_take(queue) == -1, "a number after the end");
}

static void play(const char *name, habits how)
{
    static double seen[MOST];
    psw_queue *queue = NULL;
    double lowest = -world.rank;
    psw_comm_max(&node, &lowest, 1);
    with_rank_0 = lowest == 0;
    CHECK(psw_queue_open(&world, &node, how.total, 1, &queue) == PSW_OK, "%s", psw_message());
    memset(seen, 0, sizeof seen);
    if (world.rank != how.absent_rank) take_all(queue, &how, seen);
    CHECK(psw_queue_close(&world, queue) == PSW_OK, "%s", psw_message());
    psw_comm_sum(&world, seen, MOST);
    ptrdiff_t twice = 0, lost = 0;
    for (ptrdiff_t i = 0; i < how.total; i++) {
        twice += seen[i] > 1;
        lost += seen[i] < 1;
    }
    CHECK(twice == 0, "%s: %td numbers twice", name, twice);
    CHECK(lost == 0 || how.halt_after >= 0, "%s: %td numbers lost", name, lost);
}

static void play_all(void)
{
    const habits fair = {MOST, -1, 0, -1, -1};
    habits scene = fair;
    play("fair", fair);
    for (scene.total = 0; scene.total <= 9; scene.total++) play("few", scene);
    scene = fair;
    scene.slow_us = 2000;
    scene.total = 300;
    for (scene.slow_rank = 0; scene.slow_rank < world.size; scene.slow_rank++) play("one is slow", scene);
    scene = fair;
    for (scene.absent_rank = 0; scene.absent_rank < world.size - 1; scene.absent_rank++) play("one is absent", scene);
    scene = fair;
    scene.halt_after = 10;
    play("a node halts", scene);
    scene.absent_rank = 0;
    play("a node halts, rank 0 waits", scene);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    if (psw_comm_world(&world) != PSW_OK) return 1;
    if (psw_comm_split(&world, world.rank / 2, world.rank, &node) != PSW_OK) return 1;
    play_all();
    psw_comm_free(&node);
    if (psw_comm_split(&world, world.rank % 2, -world.rank, &node) != PSW_OK)
        return 1; /* rank 0 not its node's first */
    play_all();
    psw_comm_free(&node);
    if (psw_comm_split_node(&world, &node) != PSW_OK) return 1;
    play_all();
    double failures = test_failures;
    psw_comm_sum(&world, &failures, 1);
    psw_comm_free(&node);
    psw_comm_free(&world);
    MPI_Finalize();
    return test_end() || failures > 0;
}
