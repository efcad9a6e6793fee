/* Rates are the same numbers on every rank, bit for bit; messages inside a node have a rate where there are any. */
#include <string.h>

#include "check.h"
#include "polysweep/measure.h"

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
    psw_comm_free(&world);
    MPI_Finalize();
    return test_end();
}
