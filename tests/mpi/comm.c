/* Agreement: the worst status and its words reach every rank, whichever rank they come from. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/comm.h"

static psw_comm world;

static void test_agree(void)
{
    CHECK(psw_comm_agree(&world, PSW_OK) == PSW_OK, "%s", psw_message());
    for (int bad = 0; bad < world.size; bad++) {
        char words[64];
        psw_format(words, sizeof words, "rank %d cannot", bad);
        psw_message_set("", "");
        psw_status mine = world.rank == bad ? PSW_FAIL(PSW_ENVIRONMENT, "%s", words) : PSW_OK;
        CHECK(psw_comm_agree(&world, mine) == PSW_ENVIRONMENT, "rank %d", bad);
        CHECK(strcmp(psw_message(), words) == 0, "%s", psw_message());
        CHECK(strstr(psw_message_site(), "comm.c:"), "%s", psw_message_site());
    }
}

/* Two fail: the worse one speaks; of equals, the lowest rank. */
static void test_worst(void)
{
    int last = world.size - 1;
    psw_status mine = PSW_FAIL(PSW_ENVIRONMENT, "from rank %d", world.rank);
    CHECK(psw_comm_agree(&world, mine) == PSW_ENVIRONMENT && strcmp(psw_message(), "from rank 0") == 0, "%s",
          psw_message());
    mine = world.rank == last ? PSW_FAIL(PSW_BUG, "worse") : PSW_FAIL(PSW_ENVIRONMENT, "bad");
    CHECK(psw_comm_agree(&world, mine) == PSW_BUG && strcmp(psw_message(), "worse") == 0, "%s", psw_message());
}

static void test_data(void)
{
    double values[2] = {world.rank, 1};
    CHECK(psw_comm_sum(&world, values, 2) == PSW_OK, "%s", psw_message());
    CHECK(values[0] == world.size * (world.size - 1) / 2.0 && values[1] == world.size, "%g %g", values[0], values[1]);
    values[0] = -world.rank;
    CHECK(psw_comm_max(&world, values, 1) == PSW_OK && values[0] == 0, "%g", values[0]);
    for (int root = 0; root < world.size; root++) {
        char text[100] = "";
        if (world.rank == root) strcpy(text, "from the root");
        CHECK(psw_comm_bytes(&world, root, text, sizeof text) == PSW_OK && strcmp(text, "from the root") == 0, "%s",
              text);
    }
}

static void test_parts(void)
{
    psw_comm pair, node;
    CHECK(psw_comm_split(&world, world.rank / 2, world.rank, &pair) == PSW_OK, "%s", psw_message());
    CHECK(pair.rank == world.rank % 2 && pair.size <= 2, "%d of %d", pair.rank, pair.size);
    double one = 1;
    psw_comm_sum(&pair, &one, 1);
    CHECK(one == pair.size, "%g", one);
    CHECK(psw_comm_split_node(&world, &node) == PSW_OK && node.size == world.size, "%d ranks on one host", node.size);
    psw_comm_free(&pair);
    psw_comm_free(&node);
    CHECK(node.handle == MPI_COMM_NULL, "not freed");
}

/* Totals posted by all are summed on rank 0, at the end everywhere. */
static void test_board(void)
{
    psw_board *board = NULL;
    double values[2] = {0, 0}, sums[2] = {-1, -1};
    CHECK(psw_board_open(&world, 2, &board) == PSW_OK, "%s", psw_message());
    for (int i = 1; i <= 1000; i++) {
        values[0] = i;
        values[1] = world.rank;
        psw_board_post(board, values);
        if (world.rank == 0 && i % 100 == 0) psw_board_read(board, i, sums);
    }
    CHECK(world.rank > 0 || (sums[0] >= 1000 && sums[0] <= 1000.0 * world.size), "%g", sums[0]);
    CHECK(psw_board_close(&world, board, sums) == PSW_OK, "%s", psw_message());
    CHECK(sums[0] == 1000.0 * world.size, "%g", sums[0]);
    CHECK(sums[1] == world.size * (world.size - 1) / 2.0, "%g", sums[1]);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    if (psw_comm_world(&world) != PSW_OK) return 1;
    test_agree();
    test_worst();
    test_data();
    test_parts();
    test_board();
    double failures = test_failures;
    psw_comm_sum(&world, &failures, 1);
    psw_comm_free(&world);
    MPI_Finalize();
    return test_end() || failures > 0;
}
