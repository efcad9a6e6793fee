/* Rates are the same numbers on every rank, bit for bit; messages inside a node have a rate where there are any. */
#include <string.h>

#include "check.h"
#include "polysweep/measure.h"

static void test_messages(const psw_comm *world)
{
    /* all on one node, and as if each rank were a node of its own */
    ptrdiff_t first[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    psw_split one = {world->size, 1, first}, many = {world->size, world->size, first};
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

int main(int argc, char **argv)
{
    psw_comm world;
    psw_rates mine, first;
    MPI_Init(&argc, &argv);
    CHECK(psw_comm_world(&world) == PSW_OK, "%s", psw_message());
    CHECK(psw_measure_rates_agreed(&world, &mine) == PSW_OK, "%s", psw_message());
    first = mine;
    CHECK(psw_comm_bytes(&world, 0, &first, sizeof first) == PSW_OK, "%s", psw_message());
    CHECK(memcmp(&first, &mine, sizeof first) == 0, "rank %d has rates of its own", world.rank);
    CHECK(mine.flop_s[0] > 0 && mine.point_s > 0, "flop_s %g", mine.flop_s[0]);
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
