/* slurm: the time that a Slurm job has left, and job scripts. Local. */
#ifndef POLYSWEEP_SLURM_H
#define POLYSWEEP_SLURM_H

#include <stdio.h>

#include "polysweep/base.h"

/* ---- the job of this process ---- */

/* A time as Slurm prints and accepts it: M, M:S, H:M:S, D-H, D-H:M, D-H:M:S; UNLIMITED is INFINITY. False for anything
 * else (NOT_SET, INVALID, ...). Pure. */
bool psw_slurm_time(const char *text, double *seconds);
enum { PSW_SLURM_TEXT = 32 };
void psw_slurm_time_print(double seconds, char text[PSW_SLURM_TEXT]); /* rounded up */

/* Seconds that the job of this process has left, INFINITY outside a job. From SLURM_JOB_END_TIME where it is set, else
 * from squeue; if squeue fails, a note on stderr and no limit. To be called once, by one rank: it starts a process and
 * may wait 10 s. */
double psw_slurm_left_s(void);
/* The part reserved for closing the file and leaving MPI: a tenth, at most 30 s. */
double psw_slurm_margin_s(double left_s);

/* ---- job scripts ---- */

/* A request for a script. Texts may be NULL where they were not given. */
typedef struct psw_script_request {
    const char *command;            /* the command line that prints it, quoted in its first lines */
    const char *study, *study_name; /* the study file; the name of the study */
    const char *output;             /* the result file, "": the name of the study and .h5 */
    const char *where, *const *set; /* options of the run */
    ptrdiff_t sets;
    const char *const *sbatch; /* KEY=VALUE lines for sbatch */
    ptrdiff_t sbatch_count;
    const char *prologue, *launcher; /* a file of shell lines; srun or mpirun */
    bool ranks_given;                /* else they are the cores of the planning machine */
    bool memory_given;               /* run.memory_per_rank of the study */
    int threads;                     /* of a rank */
} psw_script_request;

/* What a forecast predicts for the run. */
typedef struct psw_script_prediction {
    ptrdiff_t ranks, ranks_per_node, points, too_large; /* too_large: points that the run will skip */
    double busy_s, finish_s, longest_s;                 /* of all ranks, of the run, of its longest point */
    double largest_bytes;                               /* of the arena of a rank, largest point */
    const char *rates_from;
} psw_script_prediction;

/* Checks the request before anything is measured: PSW_USAGE; PSW_ENVIRONMENT the prologue. */
psw_status psw_script_check(const psw_script_request *request);
/* Prints the script to `out`, and notes about what needs attention to stderr. PSW_USAGE, PSW_ENVIRONMENT. */
psw_status psw_script_print(const psw_script_request *request, const psw_script_prediction *prediction, FILE *out);

#endif
