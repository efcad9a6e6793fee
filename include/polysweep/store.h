/* store: the result file. The only room that knows HDF5.
 *
 * One process creates everything at full size under a temporary name, closes and renames; all reopen it through
 * MPI-IO and write raw data, without collective calls, into slots that are theirs. The commit word is written last.
 * Nothing outside raw data changes after creation, so a killed run leaves a readable file. */
#ifndef POLYSWEEP_STORE_H
#define POLYSWEEP_STORE_H

#include "polysweep/attend.h"
#include "polysweep/comm.h"
#include "polysweep/errors.h"
#include "polysweep/plan.h"
#include "polysweep/theory.h"

typedef enum psw_slot_status {
    PSW_SLOT_EMPTY, PSW_SLOT_RUNNING, PSW_SLOT_DONE, PSW_SLOT_FAILED, PSW_SLOT_SKIPPED, PSW_SLOT_TIMEOUT
} psw_slot_status;

typedef enum psw_timing {
    PSW_TIMING_NONE, PSW_TIMING_ALONE, PSW_TIMING_SHARED, PSW_TIMING_OVERSUBSCRIBED, PSW_TIMING_BESIDE
} psw_timing;

typedef struct psw_cost_columns {
    psw_timing timing;
    int time_stop;
    double time_median_s, time_lo_s, time_hi_s;
    double head_s, io_s;
    double wait_s; /* at agreements, barriers and sums of the team, not for messages: its largest; 0 on one rank */
    double flops, head_flops, bytes, gflops, peak_gflops;
    double memory_bytes, predicted_s, predicted_pass_s, predicted_bytes;
} psw_cost_columns;

typedef struct psw_parallel_columns {
    ptrdiff_t team, idle, nodes, ranks_per_node, threads, first_rank; /* ranks counted node by node */
    double start_s, end_s; /* since the launch began */
    double load_balance, comm_efficiency, parallel_efficiency, sent_bytes, comm_s;
} psw_parallel_columns;

typedef struct psw_slot {
    psw_slot_status status;
    psw_status error_code; /* reason of a failed point */
    ptrdiff_t attempt;     /* 1 = first */
    ptrdiff_t deaths;      /* earlier attempts that ended with the program: killed, crashed, the node lost */
    ptrdiff_t launch;      /* number of the launch in /provenance, from 0 */
    ptrdiff_t random_version; /* psw_data_random_version of who computed it */
    uint64_t commit;       /* checksum over the columns of the slot but itself and launch; never 0 */
    bool torn;             /* read: a final status without the right commit word; status is then running */
} psw_slot;

/* Everything a slot holds; columns.def says which member is which column. Members that do not apply are NaN or 0:
 * start from psw_record_blank. */
typedef struct psw_record {
    psw_point point;
    psw_slot slot;
    psw_verdict verdict;
    psw_theory theory;
    double success_z;
    double predict[PSW_PREDICT_MAX];
    psw_sketch_columns sketch;
    psw_cost_columns cost;
    psw_parallel_columns parallel;
} psw_record;
psw_record psw_record_blank(const psw_point *point);

/* What one launch was: a row of /provenance. */
typedef struct psw_launch {
    char started[32];   /* ISO 8601, UTC */
    char version[64], command[512], hosts[512], binding[512], cpu[96];
    char mpi[128], mpi_io[64], hdf5[32], blas[192], blas_kernel[32];
    ptrdiff_t ranks, nodes, threads;
    double clock_resolution_s;
    /* Ceilings and rates as this launch measured them, of one rank while all work; index of the first: psw_precision, of
     * messages: within a node, between nodes. NaN: not measured. */
    double product_flops_s[2], memory_bytes_s, latency_s[2], byte_s[2];
    psw_rates rates; /* of the cost model; flop_s[0] = 0: an older file, which has none. Messages are above */
} psw_launch;

enum { PSW_LAUNCHES = 64 }; /* rows of the table of launches; a later launch takes the row of the oldest */
typedef struct psw_launch_row {
    ptrdiff_t number; /* -1 = free */
    psw_launch launch;
} psw_launch_row;

/* ---- creating, checking: local, one process; needs no MPI ------------------------------------------------- */

/* To be called first in main, before MPI_Init: settings of MPI-IO and HDF5 that files on shared machines need (a user's
 * own environment wins), and a full disk becomes an error code instead of a signal. */
void psw_store_environment(void);

/* Takes FILE.lock (a kernel lock that dies with its process; host and pid inside). PSW_ENVIRONMENT when another run
 * holds it, with who. Released by psw_store_unlock or by death. */
psw_status psw_store_lock(const char *path, int *lock);
void psw_store_unlock(int lock);
bool psw_store_locked(const char *path);   /* a run holds it; looks only, changes nothing */
bool psw_store_unlocked(const char *path); /* no run does; both false where the file system has no locks */

/* The version of HDF5 in use, "1.14.3". */
void psw_store_library(char *text, size_t size);

/* Creates the file for a study: every object at full size, the points' parameters filled in, under the temporary name
 * FILE.new, then renamed; never over a file that exists. POLYSWEEP_HDF5_FORMAT in the environment: earliest (default,
 * what any HDF5 since 1.8 reads) or latest that this library writes. PSW_ENVIRONMENT: directory, space, permission. */
psw_status psw_store_create(const char *path, const psw_study *study);
double psw_store_bytes(const psw_study *study); /* exact size the file will have; NaN if memory ran out */

/* Which of a point's rows, and where they are to go. */
typedef struct psw_row_span {
    ptrdiff_t set, first, count;
} psw_row_span;
typedef struct psw_kept_rows {
    double *special_mass, *log2_den, *output;
} psw_kept_rows;

/* What a file holds, read without MPI. PSW_ENVIRONMENT for foreign, truncated, damaged or newer files. HDF5 may crash or
 * loop over a damaged one: opening lets it at the file in a child process, which says where the numbers lie; they are
 * then read without HDF5. */
typedef struct psw_reader psw_reader;
typedef struct psw_column psw_column;
psw_status psw_reader_open(const char *path, psw_reader **reader);
void psw_reader_close(psw_reader *reader);
ptrdiff_t psw_reader_slots(const psw_reader *reader);
uint64_t psw_reader_identity(const psw_reader *reader);
const char *psw_reader_study(const psw_reader *reader); /* the resolved study, itself a study file */
psw_status psw_reader_text(psw_reader *reader, char **text); /* the study as it was written; the caller frees it */
ptrdiff_t psw_reader_launches(const psw_reader *reader);
/* The axes of the study's own that the file was made with, by name; returns their number. */
ptrdiff_t psw_reader_own(const psw_reader *reader, const char *names[PSW_OWN_MAX]);
/* A column that the file is too old to have and in which the point, computed by this program, says something new; NULL
 * = there is none. */
const psw_column *psw_reader_lacks(const psw_reader *reader, const psw_point *point);
/* Launch number `launch`; PSW_ENVIRONMENT if its row has been taken by a newer one (the table keeps the last 64). */
psw_status psw_reader_launch(psw_reader *reader, ptrdiff_t launch, psw_launch *row);
/* The rows in use, by number. */
psw_status psw_reader_launch_rows(psw_reader *reader, psw_launch_row rows[PSW_LAUNCHES], ptrdiff_t *count);
/* Reads slots first .. first+count. A slot is done only if its status says so and its commit word is right. Noise of a
 * file that is older than data_draws was drawn once: the records say so, and that random_version was 1. */
psw_status psw_reader_get(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_record *records);
/* Status, attempt and error code of every slot, with the same rule; cheaper than reading records. */
psw_status psw_reader_slots_get(psw_reader *reader, psw_slot *slots);
psw_status psw_reader_schema(psw_reader *reader); /* every column there, of its type, shape and attributes: PSW_MISMATCH */
/* /rows is there, whole and with the places of the study's points: PSW_MISMATCH; PSW_OK if the study keeps none. */
psw_status psw_reader_rows(psw_reader *reader, const psw_study *study);
/* Kept rows `first` to `first + count` of a data set of a slot whose point is `point`: `output` takes v values a row,
 * the others one. PSW_ENVIRONMENT if the file keeps no rows or they do not lie in it. */
psw_status psw_reader_rows_get(psw_reader *reader, ptrdiff_t slot, const psw_point *point, psw_row_span at,
                               psw_kept_rows rows);
psw_status psw_reader_samples(psw_reader *reader, const psw_study *study); /* as psw_reader_rows, of time_s */
/* The repetitions that are kept of a slot, in order; count = 0 if the study keeps none. `seconds`: time.max_reps. */
psw_status psw_reader_samples_get(psw_reader *reader, const psw_study *study, ptrdiff_t slot, double *seconds,
                                  ptrdiff_t *count);
/* The message of a failed slot, "" if none is kept: slot modulo 4096 is its row, the newest wins. */
psw_status psw_reader_failure(psw_reader *reader, ptrdiff_t slot, char *message, size_t size);

/* ---- a new file that begins with slots of others: local, one process; needs no MPI ------------------------- */

typedef struct psw_origin { /* whose rows and message of failure go with a slot; NULL: nobody's */
    psw_reader *reader;
    ptrdiff_t slot;
} psw_origin;

typedef struct psw_copy {
    const psw_study *study;
    const char *text, *history;     /* the study as it was written; what was done, kept as an attribute */
    const psw_launch_row *launches; /* of ascending number */
    ptrdiff_t launch_count;
    bool replaces; /* a file of that name is replaced, in one step; else it is refused */
    /* Gives slots first .. first+count: records are blank, with their points, and stay so where there is nothing. A
     * finished one must be whole (its commit word is made anew; it is the old one where point and columns are), of an
     * unfinished one only status, attempt and deaths are taken. */
    psw_status (*take)(void *context, ptrdiff_t first, ptrdiff_t count, psw_record *records, psw_origin *origins);
    void *context;
} psw_copy;

/* Writes FILE.new, reads it back, brings it to the disk and renames it: whatever happens on the way, `path` is what it
 * was before or whole. */
psw_status psw_store_copy(const char *path, const psw_copy *copy);

/* ---- other files ------------------------------------------------------------------------------------------ */

/* Arrays of data kind file from any file that is known: HDF5 with datasets q, k, v, else as psw_arrays_read. HDF5, here
 * and for weights, is read twice: by a child process, and if it survives by the caller. */
psw_status psw_store_arrays(const char *path, psw_arrays *arrays);
/* Learned weights of a polysketch: datasets STACK/LEVEL/{gain,shift,up,down} of an HDF5 file, stacks and levels counted
 * from 0; a missing one is left empty. PSW_ENVIRONMENT names the dataset. */
psw_status psw_store_weights(const char *path, psw_weights *weights);
void psw_store_weights_free(psw_weights *weights);

/* ---- writing through MPI-IO ------------------------------------------------------------------------------ */

typedef struct psw_store psw_store;
psw_status psw_store_open(const psw_comm *comm, const char *path, const psw_study *study, const psw_launch *launch,
                          psw_store **store);                       /* collective; rank 0 adds the launch */
psw_status psw_store_close(const psw_comm *comm, psw_store *store); /* collective */

/* Not collective: the slots are the caller's. mark: status running, attempts and deaths so far, before work starts; a
 * slot that is still running when the next launch opens the file has seen one death more. unmark: empty again, of a run
 * that was given up. put: all columns of the run, then the commit words (it fills slot.launch and slot.commit).
 * failure: the row of /failures. */
typedef struct psw_mark {
    ptrdiff_t attempt, deaths;
} psw_mark;
psw_status psw_store_mark(psw_store *store, ptrdiff_t first, ptrdiff_t count, const psw_mark *marks);
psw_status psw_store_unmark(psw_store *store, ptrdiff_t first, ptrdiff_t count);
psw_status psw_store_put(psw_store *store, ptrdiff_t first, ptrdiff_t count, psw_record *records);
/* Where the study keeps rows: a leaf of the attention of the point in `slot`, point number `index` of those that the
 * leaf holds, goes to its rows in /rows; a leaf may hold the first data set alone. In any order, from any rank that has
 * it, before the slot is put: rows are in no commit word, so they count only with a slot that is done, and an
 * unfinished slot's are simply written again. Where something is drawn, the caller gives draw 0. */
psw_status psw_store_rows(psw_store *store, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf,
                          ptrdiff_t index);
/* Where the study keeps samples: every repetition's seconds of the point in `slot`, before the slot is put; as rows,
 * they count only with a slot that is done. */
psw_status psw_store_samples(psw_store *store, ptrdiff_t slot, const double *seconds, ptrdiff_t count);
psw_status psw_store_failure(psw_store *store, ptrdiff_t slot, ptrdiff_t attempt, const char *site, const char *message);
psw_status psw_store_sync(psw_store *store); /* this writer's data is on disk (fdatasync) */

/* ---- trying out a directory, for doctor ------------------------------------------------------------------- */

typedef struct psw_trial {
    int flock_error, fcntl_error; /* errno of each kind of lock on rank 0, 0 = it works */
    ptrdiff_t lock_unseen;        /* ranks that did not see the lock that rank 0 held */
    ptrdiff_t slots, run;         /* that each rank wrote, and at a time */
    double slot_bytes;
    double create_s, open_s;      /* to make the file (rank 0), to open it together */
    double alone_s, together_s;   /* for the slots of one rank: rank 0 alone, all at once (the slowest) */
    double sync_s;                /* until a writer's data was on disk (the slowest) */
    ptrdiff_t wrong;              /* slots that another rank did not read back as they were written */
} psw_trial;

/* In a directory of its own inside `directory`, which is gone afterwards: locks, then the file of `study` (a whole
 * number of slots for each rank, at least one), written by all ranks through MPI-IO, and read again by each rank's
 * neighbour. Collective. PSW_ENVIRONMENT: what could not be done, everywhere; the trial then holds what came before. */
psw_status psw_store_try(const psw_comm *comm, const char *directory, const psw_study *study,
                         const psw_launch *launch, psw_trial *trial);

/* ---- the table of columns, for show, help and tests ------------------------------------------------------- */

typedef enum psw_column_type { PSW_F8, PSW_I8, PSW_U8, PSW_U1 } psw_column_type;
struct psw_column {
    char name[80];
    const char *units, *long_name;
    psw_column_type type;
    bool bitwise;    /* reproducibility of row folds: bit for bit, or none */
    double other[2]; /* relative tolerance of state folds and across kernels, fp64 and fp32; inf = no promise */
    int vocabulary;  /* of a coded column, -1 = none */
    size_t offset;   /* of the member in psw_record */
    bool younger;    /* than schema 1's first files, which are without it: it is blank there */
    double plain; /* of a younger one: what says nothing new and enters no commit word, beside blank ones; NaN = none */
};

/* The fixed columns, in the file's order. */
const psw_column *psw_columns(ptrdiff_t *count);
/* All columns of a study: fixed, own axes, predict_NAME. Returns their number. */
enum { PSW_COLUMNS_MAX = 240 };
ptrdiff_t psw_columns_of(const psw_study *study, psw_column columns[PSW_COLUMNS_MAX]);

/* The lines of /rows that hold results: special_mass, log2_den, output, in the order of psw_kept_rows. */
const psw_column *psw_row_columns(ptrdiff_t *count);

/* A parameter of the point: in the file from its creation on. */
bool psw_column_parameter(const psw_column *column);
double psw_column_value(const psw_column *column, const psw_record *record); /* codes as numbers; u8 loses digits */
bool psw_column_blank(const psw_column *column, const psw_record *record);   /* NaN, 0 */
/* As a person reads it: words for codes, 17 digits where they are needed, "" for NaN. */
void psw_column_text(const psw_column *column, const psw_record *record, char *text, size_t size);

#endif
