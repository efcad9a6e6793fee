/* Every question is answered once, with the answer to it, whoever is slow, absent or in a hurry. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "polysweep/comm.h"

enum { QUESTIONS = 400, LONGEST = 900 };

static psw_comm world;

typedef struct habits { /* of the ranks in one scene */
    int slow_rank;      /* it computes between its questions */
    int absent_rank;    /* asks nothing and goes to the end at once; -1: none */
    int halt_after;     /* questions after which the last rank halts; -1: never */
} habits;

typedef struct question {
    int rank, number, length;
    unsigned char body[LONGEST];
} question;

typedef struct answer {
    int rank, number, before; /* of the question; how many came before it, of any rank */
    uint64_t sum;
    unsigned char back[LONGEST]; /* the body, reversed */
    int length;
} answer;

typedef struct desk { /* rank 0's */
    int total, of_rank[64];
    uint64_t sum;
} desk;

/* FNV-1a: what was sent is what came. */
static uint64_t sum_of(const unsigned char *body, int length)
{
    uint64_t sum = 0xcbf29ce484222325;
    for (int i = 0; i < length; i++) sum = (sum ^ body[i]) * 0x100000001b3;
    return sum;
}

static size_t make_answer(void *context, const void *asked, void *out)
{
    desk *d = context;
    const question *q = asked;
    answer *a = out;
    CHECK(q->number == d->of_rank[q->rank], "rank %d: question %d after %d", q->rank, q->number, d->of_rank[q->rank]);
    d->of_rank[q->rank]++;
    *a = (answer){.rank = q->rank, .number = q->number, .before = d->total++, .length = q->length};
    a->sum = sum_of(q->body, q->length);
    d->sum += a->sum;
    for (int i = 0; i < q->length; i++) a->back[i] = q->body[q->length - 1 - i];
    return sizeof *a;
}

static question question_of(int number)
{
    question q = {.rank = world.rank, .number = number, .length = (number * 37 + world.rank * 101) % LONGEST};
    for (int i = 0; i < q.length; i++) q.body[i] = (unsigned char)(i * i + number + 7 * world.rank);
    return q;
}

static int waited;

static void wait_a_little(void *pool)
{
    waited++;
    psw_pool_serve(pool);
}

static void ask_one(psw_pool *pool, int number, int *last)
{
    question q = question_of(number);
    answer a = {.rank = -1};
    psw_pool_ask(pool, &q, offsetof(question, body) + (size_t)q.length, &a, wait_a_little, pool);
    CHECK(a.rank == world.rank && a.number == number && a.length == q.length, "an answer to rank %d, question %d",
          a.rank, a.number);
    CHECK(a.sum == sum_of(q.body, q.length), "rank %d, question %d: another sum", world.rank, number);
    CHECK(a.before > *last, "%d after %d", a.before, *last);
    for (int i = 0; i < q.length; i++) CHECK(a.back[i] == q.body[q.length - 1 - i], "byte %d", i);
    *last = a.before;
}

static void play(const char *name, habits how)
{
    desk d = {0};
    psw_pool *pool = NULL;
    int last = -1, asked = 0;
    bool asks = world.rank != how.absent_rank;
    psw_pool_desk what = {sizeof(question), sizeof(answer), make_answer, &d};
    CHECK(psw_pool_open(&world, &what, &pool) == PSW_OK, "%s", psw_message());
    int most = how.slow_rank >= 0 ? QUESTIONS / 10 : QUESTIONS;
    for (; asks && asked < most && !psw_pool_halted(pool); asked++) {
        ask_one(pool, asked, &last);
        if (world.rank == how.slow_rank) usleep(1000);
        if (world.rank == world.size - 1 && asked == how.halt_after) psw_pool_halt(pool);
    }
    CHECK(psw_pool_close(&world, pool) == PSW_OK, "%s", psw_message());
    double counts[] = {asked, world.rank == 0 ? d.total : 0};
    psw_comm_sum(&world, counts, 2);
    CHECK(counts[0] == counts[1], "%s: %g questions, %g answers", name, counts[0], counts[1]);
    CHECK(!asks || how.halt_after >= 0 || asked == most, "%s: rank %d asked %d", name, world.rank, asked);
    CHECK(world.rank != world.size - 1 || how.halt_after < 0 || asked == how.halt_after + 1, "%s: it went on", name);
}

/* Rank 0 has nothing to do but to look: it learns of the halt of another rank. */
static void play_halt(void)
{
    desk d = {0};
    psw_pool *pool = NULL;
    psw_pool_desk what = {sizeof(question), sizeof(answer), make_answer, &d};
    CHECK(psw_pool_open(&world, &what, &pool) == PSW_OK, "%s", psw_message());
    if (world.rank == world.size - 1) psw_pool_halt(pool);
    for (int i = 0; i < 100000 && world.rank == 0 && !psw_pool_halted(pool); i++) {
        usleep(100);
        psw_pool_serve(pool);
    }
    CHECK(psw_pool_halted(pool) == (world.rank == 0 || world.rank == world.size - 1), "rank %d", world.rank);
    psw_pool_halt(pool); /* twice is once */
    CHECK(psw_pool_close(&world, pool) == PSW_OK, "%s", psw_message());
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    if (psw_comm_world(&world) != PSW_OK) return 1;
    habits fair = {-1, -1, -1}, scene = fair;
    play("fair", fair);
    for (scene.slow_rank = 0; scene.slow_rank < world.size; scene.slow_rank++) play("one is slow", scene);
    scene = fair;
    for (scene.absent_rank = 0; scene.absent_rank < world.size; scene.absent_rank++) play("one is absent", scene);
    scene = fair;
    scene.halt_after = 10;
    play("one halts", scene);
    play_halt();
    double failures = test_failures;
    psw_comm_sum(&world, &failures, 1);
    psw_comm_free(&world);
    MPI_Finalize();
    return test_end() || failures > 0;
}
