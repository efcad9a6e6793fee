/* Threads of a rank change no bit: 2, 3 and 4 against one, alone and in teams, over methods, masks, precisions, groups
 * and both data sets; the caller's thread alone asks its watch; of several failures the first is told. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "polysweep/threads.h"
#include "team.h"

enum { MOST = 4 };

static bool same_bits(const result *a, const result *b)
{
    size_t rows = (size_t)(a->points * a->sets * a->n);
    return memcmp(a->bits, b->bits, rows * (size_t)a->v * a->real_bytes) == 0 &&
           memcmp(a->special, b->special, rows * sizeof(double)) == 0 &&
           memcmp(a->log2_den, b->log2_den, rows * sizeof(double)) == 0;
}

static const char *describe(const psw_point *p, int threads)
{
    static char text[160];
    psw_format(text, sizeof text, "method %d beta %g mask %d precision %d n %td, %d threads", (int)p->method, p->beta,
               (int)p->mask, (int)p->precision, p->n, threads);
    return text;
}

/* Two passes of one attention. */
static void alone(psw_point *points, ptrdiff_t count)
{
    result one, some;
    CHECK(run_group(points, count, &one) == PSW_OK, "%s", psw_message());
    source.passes = 1;
    for (int threads = 2; threads <= MOST; threads++) {
        for (ptrdiff_t i = 0; i < count; i++) points[i].threads = threads;
        psw_status status = run_group(points, count, &some);
        CHECK(status == PSW_OK, "%s: %s", describe(points, threads), psw_message());
        CHECK(same_bits(&one, &some), "%s", describe(points, threads));
        result_free(&some);
    }
    for (ptrdiff_t i = 0; i < count; i++) points[i].threads = 0;
    source.passes = 0;
    result_free(&one);
}

static void in_teams(psw_point *points, ptrdiff_t count, int size)
{
    result one, some;
    CHECK(run_group(points, count, &one) == PSW_OK, "%s", psw_message());
    for (int layout = 0; layout < PSW_LAYOUTS; layout++)
        for (int pattern = layout % 2; pattern < PSW_PATTERNS; pattern += 2) {
            team t;
            int threads = 2 + (layout + pattern) % (MOST - 1);
            for (ptrdiff_t i = 0; i < count; i++) points[i].threads = threads;
            psw_status status = team_open(&t, points, count, source.sets, (psw_choice){layout, pattern, -1, 0}, size);
            if (status == PSW_OK) status = team_run(&t, 3, &some);
            CHECK(status == PSW_OK, "%s: %s", describe(points, threads), psw_message());
            CHECK(status != PSW_OK || same_bits(&one, &some), "%s, layout %d, pattern %d", describe(points, threads),
                  layout, pattern);
            if (status == PSW_OK) result_free(&some);
            team_close(&t);
        }
    for (ptrdiff_t i = 0; i < count; i++) points[i].threads = 0;
    result_free(&one);
}

static psw_point kind_of(int kind, psw_mask mask, psw_precision precision, ptrdiff_t block)
{
    static const psw_method methods[] = {PSW_EXACT,   PSW_SOFTMAX, PSW_LINEAR, PSW_TAYLOR,
                                         PSW_UNIFORM, PSW_WINDOW,  PSW_TOPK};
    psw_point p = point_of(methods[kind], kind == 0 ? 4 : NAN, mask, precision, block);
    p.order = 3, p.by = PSW_BY_ROWS, p.keep = 9;
    if (methods[kind] == PSW_WINDOW) p.local = 70, p.sinks = 5;
    return p;
}

/* Leaves of several strips, the last of each and the last leaf shorter; fewer strips than threads. */
static void methods(psw_precision precision, psw_mask mask, ptrdiff_t n, ptrdiff_t block, ptrdiff_t special)
{
    enum { KINDS = 7, DEGREES = 3 };
    static const double degrees[DEGREES] = {4, 2.5, 7};
    source_make((uint64_t)(n + block), n, 7, 5, special, false, false);
    source_fine();
    bool narrow = precision != PSW_FP64 && precision != PSW_FP32; /* emulated, so slow */
    for (int kind = 0; kind < (narrow ? 2 : KINDS); kind++) {
        psw_point p = kind_of(kind, mask, precision, block);
        alone(&p, 1);
        if (!narrow && (kind < 2 || kind == 6)) in_teams(&p, 1, 2 + kind % 2);
    }
    if (narrow) return;
    psw_point group[DEGREES];
    for (int i = 0; i < DEGREES; i++) group[i] = kind_of(0, mask, precision, block), group[i].beta = degrees[i];
    alone(group, DEGREES);
    in_teams(group, DEGREES, 3);
}

/* ---- failures ---- */

/* Rows of several strips are not finite: the lowest is told, as by one thread, with any number of them. */
static void bad_rows(void)
{
    static const ptrdiff_t rows[] = {700, 399, 300, 250};
    result r;
    psw_point p = {.threads = 0};
    for (int round = 0; round < 12; round++) {
        source_make(31, 900, 4, 3, -1, false, false);
        p = point_of(PSW_EXACT, 4, PSW_FULL, PSW_FP64, 256);
        p.threads = 2 + round % 3;
        for (int i = 0; i <= round % 4; i++) source.rows[0][PSW_QUERY][rows[i] * 4] = INFINITY;
        char expected[64];
        psw_format(expected, sizeof expected, "row %td of data set 0", rows[round % 4]);
        CHECK(run_group(&p, 1, &r) == PSW_NOT_FINITE && strstr(psw_message(), expected), "%s, not %s", psw_message(),
              expected);
        CHECK(strncmp(psw_message_site(), "attend/", 7) == 0, "%s", psw_message_site());
        result_free(&r);
    }
}

/* Scores down to -1 that a point refuses: of equal ones that which one thread sees first. */
static void smallest(void)
{
    result r;
    char told[256] = "";
    for (int threads = 1; threads <= MOST; threads++) {
        source_make(33, 600, 4, 3, 500, false, true);
        for (ptrdiff_t i = 100; i < 600; i += 90)
            for (ptrdiff_t c = 0; c < 4; c++)
                source.rows[0][PSW_QUERY][i * 4 + c] = -64, source.rows[1][PSW_QUERY][i * 4 + c] = -64;
        for (ptrdiff_t c = 0; c < 4; c++)
            for (ptrdiff_t i = 7; i < 600; i += 40)
                source.rows[0][PSW_KEY][i * 4 + c] = source.rows[1][PSW_KEY][i * 4 + c] = 1;
        psw_point p = point_of(PSW_EXACT, 3, PSW_FULL, PSW_FP64, 128);
        p.negative = PSW_NEGATIVE_REFUSE, p.d = 3, p.offset = 1; /* the last column is its own */
        p.threads = threads;
        psw_status status = run_group(&p, 1, &r);
        CHECK(status == PSW_USAGE, "%s: %s", psw_status_word(status), psw_message());
        if (threads == 1) psw_format(told, sizeof told, "%s", psw_message());
        CHECK(strcmp(told, psw_message()) == 0, "%d threads: %s, not %s", threads, psw_message(), told);
        result_free(&r);
    }
}

typedef struct asker {
    pthread_t thread;
    int left, others, after;
} asker;

static psw_status ask(void *context)
{
    asker *a = context;
    a->others += !pthread_equal(a->thread, pthread_self());
    a->after += a->left < 0;
    return --a->left < 0 ? PSW_FAIL(PSW_TIMEOUT, "no more time") : PSW_OK;
}

/* Stopped at any time: what the watch says, from the caller's thread, and never asked again. */
static void stops(void)
{
    source_make(32, 900, 4, 3, -1, false, false);
    for (int left = 4; left < 60; left += 7) {
        psw_point p = point_of(PSW_EXACT, 2, PSW_FULL, PSW_FP64, 256);
        p.threads = 2 + left % 3;
        psw_group group = {&p, 1};
        const psw_engine *engine = psw_engine_of(PSW_FP64);
        psw_arena arena;
        result r;
        asker a = {pthread_self(), left, 0, 0};
        result_make(&p, 1, 1, &r);
        CHECK(psw_arena_create(engine->bytes(&group, NULL), &arena) == PSW_OK, "%s", psw_message());
        psw_status status =
            engine->attend(&group, &(psw_given){.sets = 1}, &arena, (psw_watch){ask, &a}, result_take, &r);
        CHECK(a.others == 0, "%d asks by other threads", a.others);
        CHECK(a.left >= 0 || (status == PSW_TIMEOUT && strcmp(psw_message(), "no more time") == 0), "%s: %s",
              psw_status_word(status), psw_message());
        CHECK(a.after == 0, "asked %d times after it said stop", a.after);
        CHECK(arena.used == 0, "the arena is left as it was");
        psw_arena_destroy(&arena);
        result_free(&r);
    }
}

/* ---- the loop itself ---- */

typedef struct marks {
    atomic_int done[64], higher;
    ptrdiff_t bad;
} marks;

static psw_status mark(void *context, int thread, ptrdiff_t part, psw_watch watch)
{
    marks *m = context;
    atomic_fetch_add(&m->done[part], 1);
    if (part > m->bad) atomic_store(&m->higher, 1);
    for (int i = 0; part == m->bad && i < 200; i++) { /* fails after another one, if there is another thread */
        for (int k = 0; k < 1000 && !atomic_load(&m->higher); k++) sched_yield();
        sched_yield();
    }
    if (part >= m->bad) return PSW_FAIL(PSW_NOT_FINITE, "part %td of thread %s", part, thread < MOST ? "some" : "none");
    return psw_watch_ask(watch);
}

static void loops(void)
{
    for (int threads = 1; threads <= MOST; threads++)
        for (ptrdiff_t parts = 0; parts <= 64; parts += 16)
            for (ptrdiff_t bad = parts; bad >= 0; bad -= 13) {
                marks m = {.bad = bad};
                psw_status status = psw_threads_run(threads, parts, (psw_watch){NULL, NULL}, mark, &m);
                CHECK(status == (bad < parts ? PSW_NOT_FINITE : PSW_OK), "%s", psw_status_word(status));
                char expected[32];
                psw_format(expected, sizeof expected, "part %td of thread some", bad);
                CHECK(bad == parts || strcmp(psw_message(), expected) == 0, "%s", psw_message());
                for (ptrdiff_t i = 0; i < parts; i++)
                    CHECK(atomic_load(&m.done[i]) == 1 || (i > bad && atomic_load(&m.done[i]) == 0), "part %td: %d", i,
                          atomic_load(&m.done[i]));
            }
}

int main(void)
{
    loops();
    for (psw_mask mask = PSW_FULL; mask <= PSW_CAUSAL; mask++)
        for (psw_precision precision = PSW_FP64; precision <= PSW_FP16; precision++) {
            methods(precision, mask, 430, 200, 410);
        }
    methods(PSW_FP32, PSW_CAUSAL, 150, 512, -1);
    methods(PSW_FP64, PSW_FULL, 460, 100, 0);
    bad_rows();
    smallest();
    stops();
    source_free();
    return test_end();
}
