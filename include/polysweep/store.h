/* store: the result file. The only room that knows HDF5.
 *
 * One process creates everything at full size under a temporary name, closes and renames; all reopen it through
 * MPI-IO and write raw data, without collective calls, into slots that are theirs. The commit word is written last.
 * Nothing outside raw data changes after creation, so a killed run leaves a readable file. */
#ifndef POLYSWEEP_STORE_H
#define POLYSWEEP_STORE_H

#include "polysweep/comm.h"
#include "polysweep/record.h"

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

/* What spec asks other rooms for: theory columns, whether a point can be computed, the size of learned weights. */
const psw_rooms *psw_house(void);

/* What a file holds, read without MPI. PSW_ENVIRONMENT for foreign, truncated, damaged or newer files. HDF5 may crash or
 * loop over a damaged one: opening lets it at the file in a child process, which says where the numbers lie; they are
 * then read without HDF5. */
typedef struct psw_reader psw_reader;
psw_status psw_reader_open(const char *path, psw_reader **reader);
void psw_reader_close(psw_reader *reader);
ptrdiff_t psw_reader_slots(const psw_reader *reader);
uint64_t psw_reader_identity(const psw_reader *reader);
const char *psw_reader_study(const psw_reader *reader); /* the resolved study, itself a study file */
/* The study of an open file, or of one by its name; the caller frees it. PSW_ENVIRONMENT where it cannot be read or has
 * other points than the file. */
psw_status psw_study_stored(const psw_reader *reader, const char *path, psw_study **study);
psw_status psw_study_of_file(const char *path, psw_study **study);
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

#endif
