/* measure: the clock, the rates of this machine, the launch it finds itself in. The only room that reads time. */
#ifndef POLYSWEEP_MEASURE_H
#define POLYSWEEP_MEASURE_H

#include "polysweep/comm.h"
#include "polysweep/plan.h"

double psw_clock_s(void);      /* monotonic seconds */
double psw_wall_s(void);       /* seconds since 1970 */
double psw_clock_resolution_s(void);

/* Measures psw_rates in about 0.3 s on this rank, by running small points of both precisions through attention and
 * head and solving the cost model for its rates. Local. */
psw_status psw_measure_rates(psw_rates *rates);
/* Every rank measures at the same time, as a run keeps all cores busy; one rank a node is heard, and the slowest
 * one's rates are everybody's. */
psw_status psw_measure_rates_agreed(const psw_comm *comm, psw_rates *rates);

/* What this process runs on. Local; no function guesses: an unknown is 0 or "". */
typedef struct psw_machine {
    char host[64], cpu[96], blas_kernel[32];
    char blas_config[192];  /* what BLAS says of itself, and what products of tiles are made of */
    int cores;              /* this process may run on (its binding); hardware threads of one core count once */
    int cores_node;         /* that this job may use on the node */
    int blas_threads;
    int expected_ranks;     /* what the launcher started (SLURM_NTASKS, OMPI_COMM_WORLD_SIZE, PMI_SIZE); 0 unknown */
    char binding[160];      /* list of cores, "0-1" */
    double memory_bytes;    /* of the node, or the limit of its control group */
    bool avx2, avx512;
} psw_machine;
psw_machine psw_machine_read(void);

/* Sets the number of BLAS threads of this process (OpenBLAS, MKL, BLIS). */
void psw_threads_set(int threads);

/* Largest resident size of this process so far, in bytes. */
double psw_resident_bytes(void);

#endif
