/* doctor, inside: facts of a machine, a launch and a directory, and what is to be said about them.
 *
 * psw_doctor_read gathers facts; everything else is a pure function from facts to findings, so that machines which
 * are not at hand can be judged too. A fact that is not known is 0, "" or NULL, as its comment says, and is called
 * unknown: nothing is guessed. */
#ifndef POLYSWEEP_DOCTOR_INSIDE_H
#define POLYSWEEP_DOCTOR_INSIDE_H

#include "polysweep/doctor.h"
#include "polysweep/measure.h"
#include "polysweep/sweep.h"

/* ---- findings ---- */

typedef enum psw_grade { PSW_FINE, PSW_WARN, PSW_BAD } psw_grade;

typedef struct psw_finding {
    psw_grade grade;
    char topic[16], text[640];
    char mend[640]; /* what to type, "`export A=1`, or `unset B`"; "" only where all is fine */
} psw_finding;

enum { PSW_FINDINGS = 96 };
typedef struct psw_report {
    psw_finding list[PSW_FINDINGS];
    ptrdiff_t count, bad;
} psw_report;

/* In printf form. */
void psw_doctor_fine(psw_report *report, const char *topic, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void psw_doctor_warn(psw_report *report, const char *topic, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void psw_doctor_bad(psw_report *report, const char *topic, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What to type about the finding that was added last. */
void psw_doctor_mend(psw_report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- facts ---- */

typedef struct psw_place { /* of one rank */
    psw_machine machine;
    psw_shared_memory shared; /* of its node; only its first rank looks */
    int node, node_rank, node_size; /* node: the world's rank of its first rank */
} psw_place;

typedef struct psw_launcher { /* what the environment says of how this was started */
    bool step;                /* by srun */
    bool pmix;                /* a server of PMIx was named */
    bool open_mpi, pmi;       /* by an mpirun of Open MPI, of MPICH or its kin */
    int nodes;                /* of the allocation; 0 unknown */
    char slurm_mpi[32];       /* srun's --mpi, "none"; "" unknown */
    char plm[32];             /* OMPI_MCA_plm */
} psw_launcher;

typedef struct psw_library { /* MPI */
    char name[128];          /* "Open MPI v4.1.4" */
    bool open_mpi;
    int version[3], built[3];     /* that runs, and that the program was compiled with; 0 unknown */
    char io[64], sharedfp[64];    /* components that Open MPI may take; "" any */
    char single_copy[32];         /* of vader: "cma", "none"; "" unknown */
    psw_talk talk;
} psw_library;

typedef struct psw_variables { /* of the environment; NULL not set */
    const char *coretype, *l2_size, *blas_threads, *hdf5_locking;
} psw_variables;

typedef struct psw_build {
    bool optimised, sanitized;
    char tiles[64]; /* psw_tile_backend */
} psw_build;

typedef struct psw_attempt { /* at writing in a directory; path NULL: none was asked for */
    const char *path;
    psw_directory directory;
    psw_status status; /* of the trial */
    char why[1024];
    psw_trial trial;
} psw_attempt;

typedef struct psw_facts {
    int ranks, threads; /* of the world; run.threads */
    const psw_place *places;
    psw_launcher launcher;
    psw_library mpi;
    psw_variables variables;
    psw_build build;
    char hdf5[32];
    double clock_s; /* resolution */
    psw_attempt attempt;
} psw_facts;

/* Local; what is of the whole world (ranks, places, talk, attempt) is the caller's. */
void psw_doctor_read(psw_facts *facts);

/* ---- judgements ---- */

void psw_doctor_launch(const psw_facts *facts, psw_report *report);    /* ranks, cores, binding: doctor_launch.c */
void psw_doctor_blas(const psw_facts *facts, psw_report *report);      /* kernel, threads, build, processor */
void psw_doctor_mpi(const psw_facts *facts, psw_report *report);       /* library, settings, shared memory */
void psw_doctor_files(const psw_facts *facts, psw_report *report);     /* HDF5, the directory, the trial */
int psw_doctor_nodes(const psw_facts *facts);
bool psw_doctor_crowded(const psw_facts *facts); /* a node has more ranks x threads than cores */

#endif
