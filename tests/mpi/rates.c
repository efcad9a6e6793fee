/* Rates are the same numbers on every rank, bit for bit; messages inside a node have a rate where there are any. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "polysweep/measure.h"

static void test_messages(const psw_comm *world)
{
    /* all on one node, and as if each rank were a node of its own */
    ptrdiff_t first[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    psw_split one = {world->size, 1, first, {0}}, many = {world->size, world->size, first, {0}};
    double found[2][4], root[2][4];
    CHECK(psw_measure_messages(world, &one, found[0], found[0] + 2) == PSW_OK, "%s", psw_message());
    CHECK(psw_measure_messages(world, &many, found[1], found[1] + 2) == PSW_OK, "%s", psw_message());
    memcpy(root, found, sizeof root);
    CHECK(psw_comm_bytes(world, 0, root, sizeof root) == PSW_OK, "%s", psw_message());
    for (int far = 0; far < 2; far++)
        for (int i = 0; i < 4; i++) {
            bool measured = world->size > 1 && i % 2 == far; /* [0] within a node, [1] between nodes */
            double x = found[far][i];
            CHECK(x == root[far][i] || (isnan(x) && isnan(root[far][i])), "%g on rank %d, %g on rank 0", x, world->rank,
                  root[far][i]);
            CHECK(measured ? x > 0 && x < (i < 2 ? 10 : 1e-3) : isnan(x), "number %d of split %d is %g", i, far, x);
        } /* ten seconds, a kilobyte a second: another unit, not a busy machine */
}

static psw_speeds find(const psw_comm *world, const psw_speeds_request *asked)
{
    psw_speeds mine, first;
    CHECK(psw_speeds_find(world, asked, &mine) == PSW_OK, "%s", psw_message());
    first = mine;
    CHECK(psw_comm_bytes(world, 0, &first, sizeof first) == PSW_OK, "%s", psw_message());
    CHECK(memcmp(&first, &mine, sizeof first) == 0, "rank %d has speeds of its own", world->rank);
    CHECK(mine.rates.flop_s[0] > 0 && mine.rates.point_s > 0, "flop_s %g", mine.rates.flop_s[0]);
    return mine;
}

/* The file of the launch that all ranks make up; rank 0 alone writes and reads it, wherever the others would look. */
static void test_speeds(const psw_comm *world)
{
    ptrdiff_t first = 0;
    psw_split one = {world->size, 1, &first, {0}};
    psw_machine machine = psw_machine_read();
    double own = 0;
    psw_speeds_request asked = {&machine, 1, world, &one, true, &own};
    char place[] = "/tmp/polysweep-rates-XXXXXX", directory[64];
    CHECK(world->rank != 0 || mkdtemp(place), "no directory");
    setenv("XDG_CACHE_HOME", world->rank == 0 ? place : "/proc", 1);
    psw_format(machine.cpu, sizeof machine.cpu, "a processor of the test");
    psw_speeds now = find(world, &asked);
    CHECK(now.age_s == 0, "measured now, %g s old", now.age_s);
    CHECK(own == 1 && now.kinds == 1 && now.kind[0].nodes == 1 && strcmp(now.kind[0].cpu, machine.cpu) == 0,
          "%d kinds of nodes, %s", now.kinds, now.kind[0].cpu);
    CHECK((world->size > 1) == (now.rates.latency_s[0] == now.latency_s[0]), "messages");
    asked.renew = false;
    psw_speeds kept = find(world, &asked);
    CHECK(kept.age_s > 0, "measured again");
    kept.age_s = now.age_s;
    CHECK(memcmp(&kept, &now, offsetof(psw_speeds, busy)) == 0, "other numbers were kept");
    psw_kept where = psw_speeds_kept(&machine, world->size, 1, 1);
    CHECK(world->rank != 0 || where.age_s > 0, "%s", where.path);
    CHECK(world->rank != 0 || truncate(where.path, 300) == 0, "%s", where.path);
    CHECK(find(world, &asked).age_s == 0, "half a file is believed");
    if (world->rank != 0) return;
    unlink(where.path);
    psw_format(directory, sizeof directory, "%s/polysweep", place);
    CHECK(rmdir(directory) == 0 && rmdir(place) == 0, "something was left in %s", place);
}

int main(int argc, char **argv)
{
    psw_comm world;
    MPI_Init(&argc, &argv);
    CHECK(psw_comm_world(&world) == PSW_OK, "%s", psw_message());
    test_speeds(&world);
    psw_talk talk;
    CHECK(psw_measure_talk(&world, &talk) == PSW_OK, "%s", psw_message());
    bool talks = world.size > 1 && world.rank < 2;
    CHECK(talks == (talk.message_bytes_s > 0) && talks == (talk.copy_bytes_s > 0), "rank %d of %d: %g %g", world.rank,
          world.size, talk.message_bytes_s, talk.copy_bytes_s);
    test_messages(&world);
    psw_comm_free(&world);
    MPI_Finalize();
    return test_end();
}
