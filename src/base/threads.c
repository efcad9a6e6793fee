#include "polysweep/threads.h"

#include <sched.h>
#include <stdatomic.h>
#ifdef _OPENMP
#include <omp.h>
#endif

int psw_threads_of(int wanted)
{
#ifdef _OPENMP
    return wanted > 1 ? wanted : 1;
#else
    (void)wanted;
    return 1;
#endif
}

void psw_threads_unbind(void)
{
#if defined(_OPENMP) && _OPENMP >= 201511
    enum { PROCESSORS = 4096 };
    int list[PROCESSORS];
    size_t bytes = CPU_ALLOC_SIZE(PROCESSORS);
    cpu_set_t *set = omp_get_proc_bind() == omp_proc_bind_false ? NULL : CPU_ALLOC(PROCESSORS);
    if (!set) return;
    CPU_ZERO_S(bytes, set);
    for (int place = 0; place < omp_get_num_places(); place++) {
        int count = omp_get_place_num_procs(place);
        if (count <= PROCESSORS) omp_get_place_proc_ids(place, list);
        for (int i = 0; count <= PROCESSORS && i < count; i++) CPU_SET_S((size_t)list[i], bytes, set);
    }
    sched_setaffinity(0, bytes, set); /* of an empty set, or none of whose processors is there, it changes nothing */
    CPU_FREE(set);
#endif
}

static psw_status run_alone(ptrdiff_t parts, psw_watch watch, psw_thread_work work, void *context)
{
    for (ptrdiff_t part = 0; part < parts; part++) PSW_TRY(work(context, 0, part, watch));
    return PSW_OK;
}

#ifdef _OPENMP

/* What the threads share. Whoever reads what others wrote in their parts has seen `finished` reach `parts`. */
typedef struct loop {
    ptrdiff_t parts;
    psw_watch watch;
    psw_thread_work work;
    void *context;
    atomic_ptrdiff_t next, finished;
    atomic_ptrdiff_t failed; /* lowest part that has, `parts`: none */
    atomic_int stopped;      /* what the watch said */
    atomic_flag locked;      /* what follows, of part `failed` */
    psw_status status;
    char message[1024], site[96];
} loop;

typedef struct worker {
    loop *all;
    int thread;
    ptrdiff_t part;
} worker;

/* The watch of a part. Only the caller's thread may serve messages. */
static psw_status ask(void *context)
{
    const worker *w = context;
    if (w->thread == 0 && atomic_load(&w->all->stopped) == PSW_OK)
        atomic_store(&w->all->stopped, psw_watch_ask(w->all->watch));
    psw_status stopped = (psw_status)atomic_load(&w->all->stopped);
    if (stopped != PSW_OK) return stopped;
    return atomic_load(&w->all->failed) < w->part ? PSW_STOPPED : PSW_OK;
}

/* Failures are rare: whoever waits here waits for a copy of a message. */
static void fail(const worker *w, psw_status status)
{
    loop *all = w->all;
    while (atomic_flag_test_and_set(&all->locked)) sched_yield();
    if (w->part < atomic_load(&all->failed)) {
        atomic_store(&all->failed, w->part);
        all->status = status;
        psw_format(all->message, sizeof all->message, "%s", psw_message());
        psw_format(all->site, sizeof all->site, "%s", psw_message_site());
    }
    atomic_flag_clear(&all->locked);
}

static void take_parts(worker *w)
{
    loop *all = w->all;
    while ((w->part = atomic_fetch_add(&all->next, 1)) < all->parts) {
        bool wanted = atomic_load(&all->stopped) == PSW_OK && w->part < atomic_load(&all->failed);
        psw_status status = wanted ? all->work(all->context, w->thread, w->part, (psw_watch){ask, w}) : PSW_OK;
        if (status != PSW_OK && atomic_load(&all->stopped) == PSW_OK) fail(w, status);
        atomic_fetch_add(&all->finished, 1);
    }
    while (w->thread == 0 && atomic_load(&all->finished) < all->parts) {
        ask(w);
        sched_yield();
    }
}

static psw_status run_together(int threads, loop *all)
{
    atomic_store(&all->finished, 0);
    atomic_store(&all->failed, all->parts);
    atomic_store(&all->stopped, PSW_OK);
    atomic_flag_clear(&all->locked);
    atomic_store(&all->next, 0);
#pragma omp parallel num_threads(threads)
    {
        worker own = {all, omp_get_thread_num(), 0};
        take_parts(&own);
    }
    psw_status stopped = (psw_status)atomic_load(&all->stopped);
    if (stopped != PSW_OK) return stopped;
    if (atomic_load(&all->failed) == all->parts) return PSW_OK;
    psw_message_set(all->message, all->site);
    return all->status;
}

psw_status psw_threads_run(int threads, ptrdiff_t parts, psw_watch watch, psw_thread_work work, void *context)
{
    loop all = {.parts = parts, .watch = watch, .work = work, .context = context};
    if (parts < threads) threads = (int)parts;
    return threads < 2 ? run_alone(parts, watch, work, context) : run_together(threads, &all);
}

#else

psw_status psw_threads_run(int threads, ptrdiff_t parts, psw_watch watch, psw_thread_work work, void *context)
{
    (void)threads;
    return run_alone(parts, watch, work, context);
}

#endif
