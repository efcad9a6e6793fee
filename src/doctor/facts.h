/* doctor/facts: facts about a machine, a launch and a directory. An unknown fact is 0, "" or NULL, as its comment says:
 * nothing is guessed. */
#ifndef POLYSWEEP_DOCTOR_FACTS_H
#define POLYSWEEP_DOCTOR_FACTS_H

#include "doctor/trial.h"
#include "polysweep/counters.h"
#include "polysweep/measure.h"

typedef struct doctor_place { /* of one rank */
    psw_machine machine;
    psw_shared_memory shared;       /* of its node; read by its first rank only */
    int node, node_rank, node_size; /* node: the world's rank of its first rank */
    char hosts[256];                /* psw_launcher_hosts */
} doctor_place;

typedef struct doctor_launcher { /* how the process was started, from the environment */
    bool step;                   /* by srun */
    bool pmix;                   /* a server of PMIx was named */
    bool open_mpi, pmi;          /* by an mpirun of Open MPI, of MPICH or its kin */
    int nodes;                   /* of the allocation; 0 unknown */
    bool job;                    /* of Slurm: mpirun finds the hosts by itself */
    char slurm_mpi[32];          /* srun's --mpi, "none"; "" unknown */
    char plm[32];                /* OMPI_MCA_plm */
} doctor_launcher;

typedef struct doctor_library { /* MPI */
    char name[128];             /* "Open MPI v4.1.4" */
    bool open_mpi;
    int version[3], built[3];  /* in use, and compiled with; 0 unknown */
    char io[64], sharedfp[64]; /* components that Open MPI may take; "" any */
    char single_copy[32];      /* of vader: "cma", "none"; "" unknown */
    psw_talk talk;
    double latency_s, byte_s; /* of a message between the first ranks of the first two nodes; 0 or NaN: unknown */
} doctor_library;

typedef struct doctor_variables { /* of the environment; NULL not set */
    const char *coretype, *l2_size, *blas_threads, *hdf5_locking;
    const char *omp_limit, *omp_dynamic, *omp_bind;
} doctor_variables;

typedef struct doctor_build {
    bool optimised, sanitized;
    bool threads;              /* with OpenMP */
    char tiles[64];            /* psw_tile_backend */
    bool fftw, hwloc;          /* with these */
    const char *target, *best; /* kernels that were chosen, and the best that this processor can run */
} doctor_build;

typedef struct doctor_attempt { /* to write in a directory; path NULL: none requested */
    const char *path;
    psw_directory directory;
    psw_status status; /* of the trial */
    char why[1024];    /* its message, for people */
    doctor_trial trial;
} doctor_attempt;

typedef struct doctor_facts {
    int ranks, threads; /* of the world; run.threads */
    const doctor_place *places;
    doctor_launcher launcher;
    doctor_library mpi;
    doctor_variables variables;
    doctor_build build;
    char hdf5[32];
    double clock_s;        /* resolution */
    psw_counters counters; /* of this process, for its texts alone: closed */
    psw_kept kept;         /* speeds, of such a launch on such a node */
    doctor_attempt attempt;
} doctor_facts;

/* Local; what is of the whole world (ranks, places, talk, attempt) is the caller's. */
void doctor_facts_read(doctor_facts *facts);

int doctor_facts_nodes(const doctor_facts *facts); /* of the world */
/* To be put behind `mpirun -n 2`: the user's own words, else hosts and ranks as they are; "": it finds them itself. */
void doctor_facts_hosts(const doctor_facts *facts, char *out, size_t size);
/* "node0, node1 and 7 more": the hosts of the places for which it holds (NULL: of all). */
typedef bool doctor_place_is(const doctor_place *place);
void doctor_facts_list(const doctor_facts *facts, doctor_place_is *is, char *out, size_t size);
/* More than one thread of a rank has something to do. */
bool doctor_facts_threads(const doctor_facts *facts);
bool doctor_facts_crowded(const doctor_facts *facts); /* a node has more ranks x threads than cores */
bool doctor_place_crowded(const doctor_facts *facts, const doctor_place *place); /* the node whose first rank this is */

#endif
