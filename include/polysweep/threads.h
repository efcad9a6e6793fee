/* base: threads of this process that share a loop (OpenMP). Its parts are independent: what each writes is its own, so
 * results depend neither on the number of threads nor on which of them did what. */
#ifndef POLYSWEEP_THREADS_H
#define POLYSWEEP_THREADS_H

#include "polysweep/base.h"

/* How many threads compute where `wanted` are asked for (0: one): one in a program that was built without OpenMP. What
 * lays out memory for each of them asks here, as what runs them does. */
int psw_threads_of(int wanted);

/* The calling thread, which is the only one yet, may run wherever OpenMP may put threads. Where variables bind them
 * (OMP_PROC_BIND, OMP_PLACES) a process begins bound to the first of its places alone, and would take that for all that
 * it may use. */
void psw_threads_unbind(void);

/* One part, by thread number `thread` (0: the caller), which has scratch of its own. */
typedef psw_status (*psw_thread_work)(void *context, int thread, ptrdiff_t part, psw_watch watch);
/* Parts 0 .. parts - 1. Each thread takes the lowest one that is left; fewer threads than asked for do the same work.
 * `watch` is asked by the caller's thread alone, which also asks while it waits for the others; what the others are
 * given says PSW_STOPPED once the caller's said stop, or once a lower part has failed. Returns what the watch said,
 * else the failure of the lowest part that failed, with its message: with one thread it would have been the first. */
psw_status psw_threads_run(int threads, ptrdiff_t parts, psw_watch watch, psw_thread_work work, void *context);

#endif
