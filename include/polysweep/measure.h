/* measure: the clock, the rates of this machine, the launch that it runs in. The only room that reads time. Errors
 * of what is collective: those of agreement. */
#ifndef POLYSWEEP_MEASURE_H
#define POLYSWEEP_MEASURE_H

#include "polysweep/comm.h"
#include "polysweep/plan.h"
#include "polysweep/stats.h"

double psw_clock_s(void); /* monotonic seconds */
double psw_wall_s(void);  /* seconds since 1970 */
double psw_clock_resolution_s(void);

/* Is there room for what the BLAS takes at the first product? Local; PSW_ENVIRONMENT names the limit. Before the first
 * product of a process: where a limit (ulimit -v, -d) leaves no room, OpenBLAS would never return. */
psw_status psw_measure_room(void);

/* All ranks take the target (polysweep/targets.h) that the least of them can run: teams send packed rows, whose layout
 * is the target's. Collective over the world, before anything else is measured or computed. */
psw_status psw_target_share(const psw_comm *world);

/* Measures psw_rates on this rank, by running small points of both precisions through attention and head and solving
 * the cost model for its rates: in half a second, up to twice as much while two halves of the repetitions differ.
 * *spread: by how much they do in the end, the longer over the shorter. Local. */
psw_status psw_measure_rates(psw_rates *rates, double *spread);
/* Operations a second of a large product, the faster of tiles and BLAS; index = psw_precision. *spread: median time
 * over shortest, of the precision where that is larger. In about 30 ms. Local; PSW_NO_MEMORY. */
psw_status psw_measure_products(double flops_s[2], double *spread);
/* Seconds per byte of memory traffic of the calling rank, in about 30 ms. Local; PSW_NO_MEMORY. */
psw_status psw_measure_memory(double *byte_s);
/* The time of a message between two ranks of a node ([0]) and of two nodes ([1]), NaN where there are none. `order`:
 * ranks of a node are consecutive, as in `split`. Collective, in about 50 ms; the same numbers on all ranks. */
psw_status psw_measure_messages(const psw_comm *order, const psw_split *split, double latency_s[2], double byte_s[2]);

/* ---- repetitions ----
 *
 * When there are enough. The rule sees only numbers, so ranks with the same numbers decide alike; the clock, and
 * whose time counts, are the caller's. */
typedef enum psw_time_stop {                   /* why they ended; words of column time_stop */
                             PSW_TIME_NONE,    /* not ended */
                             PSW_TIME_PRECISE, /* the median's interval is narrow enough */
                             PSW_TIME_MAX_REPS,
                             PSW_TIME_BUDGET /* no time is left */
} psw_time_stop;
typedef struct psw_repeat {
    ptrdiff_t reps, max_reps;  /* at least, at most */
    double ci_rel, confidence; /* wanted width of the interval in medians; its confidence */
    double *samples, *sorted;  /* owned by the caller, max_reps numbers each: in order of time; ascending */
    ptrdiff_t count, look;     /* so far; when the interval is next checked */
} psw_repeat;
/* One more sample. Never ends before `reps`, even if `over` (no time is left). The interval is checked after
 * reps, reps + 5, reps + 10, ... samples, from 50 on after every tenth more: checked at every sample, repetitions
 * would end when it happens to be narrow, and it would contain the median in 93 of 100 cases instead of 95. */
psw_time_stop psw_repeat_add(psw_repeat *repeat, double seconds, bool over);
double psw_repeat_median(const psw_repeat *repeat);
psw_interval psw_repeat_interval(const psw_repeat *repeat); /* NaN, NaN: too few samples for the confidence */

/* What the job of this process may use of its node, the least of what its control groups (both versions, from its own
 * up to the root) and Slurm allow; 0, "": no limit is known. `files` comes before the names of all files that are read:
 * "", but in tests. Local. */
enum { PSW_FROM = 256 };
typedef struct psw_allowance {
    double memory_bytes, cores; /* cores: of processor time, or Slurm's CPUs */
    char memory_from[PSW_FROM]; /* who allows no more: "control group /sys/fs/cgroup/job", "SLURM_MEM_PER_NODE" */
    char cores_from[PSW_FROM];
} psw_allowance;
psw_allowance psw_allowance_read(const char *files);

/* The machine of this process. Local; nothing is guessed: unknown is 0 or "". */
typedef struct psw_machine {
    char host[64], cpu[96], blas_kernel[32];
    char blas_config[192]; /* configuration of the BLAS, and how tiles are multiplied */
    int cores;             /* that this process may run on (its binding); hardware threads of one core count once */
    int cores_node;        /* that this job may use on the node */
    int blas_threads;
    int blas_parallel;     /* the BLAS is built for one thread (0), threads (1), OpenMP (2), unknown (-1) */
    int expected_ranks;    /* what the launcher started (SLURM_NTASKS, OMPI_COMM_WORLD_SIZE, PMI_SIZE); 0 unknown */
    char binding[160];     /* list of hardware threads, "0-1" */
    char core_list[160];   /* of the cores they belong to, counted by hwloc over the node */
    double memory_bytes;   /* of the node, or what this job may use of it */
    psw_allowance allowed; /* where it is less than the node has, else 0 */
    bool avx2, avx512;     /* avx512: with VL, as all but the Xeon Phi have it */
} psw_machine;
psw_machine psw_machine_read(void); /* in some milliseconds */
/* The most processors that ranks x threads may fill, of `processors` that they may run on: whole ones, at least 1. */
int psw_machine_processors(const psw_machine *machine, int processors);

/* ---- speeds, kept from launch to launch ----
 *
 * What the cost model and its ceilings know of a machine takes half a second to measure, so it is kept in the user's
 * cache, $XDG_CACHE_HOME/polysweep or ~/.cache/polysweep: one file for each kind of processor, BLAS and its kernel,
 * tiles, build of the program, ranks, threads and processors of a node, and MPI library. A file counts for 30 days, of
 * a busy machine for ten minutes, and only if it is what was once written; no cache, and none that can be written, is
 * no failure. */
enum { PSW_NODE_KINDS = 8 };
typedef struct psw_node_kind {
    uint64_t key;
    char cpu[96];
    ptrdiff_t nodes;
    double speed; /* over the slowest's; kinds that differ by less than PSW_ALIKE have one, at most PSW_CLASSES_MAX in
                     all */
} psw_node_kind;
#define PSW_ALIKE 1.15

typedef struct psw_speeds {
    psw_rates rates; /* messages among them */
    double product_flops_s[2], memory_byte_s;
    double latency_s[2], byte_s[2]; /* of messages, within a node and between nodes; NaN: there are none */
    double age_s;                   /* since they were measured; 0: now; NaN: never */
    bool busy;                      /* others used the machine meanwhile */
    int kinds;                      /* of nodes, the fastest first; 0: not known */
    psw_node_kind kind[PSW_NODE_KINDS];
} psw_speeds;
typedef struct psw_speeds_request {
    const psw_machine *machine; /* of the calling rank */
    int threads;                /* that it computes with */
    const psw_comm *order;  /* with `split`, for messages, as in psw_measure_messages; NULL: they are not measured, */
    const psw_split *split; /* and what is measured is not kept */
    bool renew;             /* measure, whatever is kept */
    double *own;            /* speed of the node of the calling rank over the slowest's; NULL: not asked */
} psw_speeds_request;
/* Rank 0 reads the file of each kind of node. If one is missing, all ranks measure at the same time, as in a run, and
 * each kind's slowest node is kept. The slowest node's numbers, the same on all ranks. Collective. */
psw_status psw_speeds_find(const psw_comm *world, const psw_speeds_request *asked, psw_speeds *speeds);
/* Of a process that computes alone. Local; MPI need not be started. */
psw_status psw_speeds_alone(const psw_machine *machine, int threads, bool renew, psw_speeds *speeds);
psw_speeds psw_speeds_unknown(void); /* rates of a common core, the rest NaN */
/* Where speeds of launches of so many ranks a node, on so many nodes, are kept, and for how long already. */
typedef struct psw_kept {
    char path[1200]; /* "": there is no cache */
    double age_s;    /* NaN: nothing is kept */
    bool busy;       /* others used the machine when it was measured */
} psw_kept;
psw_kept psw_speeds_kept(const psw_machine *machine, int ranks, int threads, ptrdiff_t nodes);

/* The hosts that the command line of mpirun gave, to be put behind `mpirun -n 2`: " --host a:2,b:2", " --hostfile F";
 * "" where it gave none, or runs on another node. Local. The second: of such a command line, each word ended by a 0;
 * false if it is not of a launcher. */
void psw_launcher_hosts(char *out, size_t size);
bool psw_launcher_hosts_of(const char *arguments, size_t length, char *out, size_t size);

/* Facts about a directory. Read-only; local. */
typedef struct psw_directory {
    int why_not;             /* errno if it cannot be written to (ENOENT, ENOTDIR, EROFS, EACCES), else 0 */
    long magic;              /* of its file system, from statfs */
    char type[32];           /* "ext4", "nfs4", "lustre"; "" if neither the mount table nor the magic shows it */
    char options[256];       /* of the mount, "rw,noatime,localflock"; "" unknown */
    double free_bytes;       /* for this user */
    double file_limit_bytes; /* largest file of this process (RLIMIT_FSIZE), INFINITY = any */
} psw_directory;
psw_directory psw_directory_read(const char *path);

/* Device, inode, size and times of a file, which no write leaves as they are: as long as they hold, it has not been
 * written since. "": a write might leave them, since times have whole seconds there, or it is being written. Takes up
 * to a tick of the kernel's clock, some milliseconds. */
enum { PSW_SEAL = 160 };
void psw_seal_take(const char *path, char text[PSW_SEAL]);
bool psw_seal_holds(const char *path, const char *text);

/* Shared memory of the node, /dev/shm: free space, and what ended processes of this user left in it. */
typedef struct psw_shared_memory {
    double free_bytes;                         /* NaN: there is none */
    int segments, semaphores, semaphores_shut; /* files of MPI that no process has open; shut: opening it blocks */
    double segment_bytes;
    char semaphore[128]; /* name of a shut one */
} psw_shared_memory;
psw_shared_memory psw_shared_memory_read(void);

/* How fast ranks of a node exchange messages: bytes a second of large messages between its first two ranks, and of
 * copies inside one, for comparison. NaN where there is one rank only. Collective over the node; takes some
 * milliseconds. */
typedef struct psw_talk {
    double message_bytes_s, copy_bytes_s;
} psw_talk;
psw_status psw_measure_talk(const psw_comm *node, psw_talk *talk);

/* Sets the number of BLAS threads of this process (OpenBLAS, MKL, BLIS). */
void psw_threads_set(int threads);

/* psw_comm_agree and psw_comm_merge, timed: their time (waiting for the slowest rank, and the call) is added to
 * *wait_s; nothing for a single rank. Collective. */
psw_status psw_wait_agree(const psw_comm *team, psw_status status, double *wait_s);
psw_status psw_wait_merge(const psw_comm *team, const psw_merging *list, int count, double *wait_s);

#endif
