/* store: the result file. The only room that knows HDF5.
 *
 * One process creates everything at full size under a temporary name, closes and renames; all reopen it through
 * MPI-IO and write raw data, without collective calls, into their own slots. The commit word is written last.
 * Nothing outside raw data changes after creation, so a killed run leaves a readable file. Errors: PSW_ENVIRONMENT
 * where a file cannot be made, read or written, or is damaged; PSW_MISMATCH where it is not what its study or schema
 * says. */
#ifndef POLYSWEEP_STORE_H
#define POLYSWEEP_STORE_H

#include "polysweep/comm.h"
#include "polysweep/plan.h"
#include "polysweep/record.h"
#include "polysweep/replay.h"

enum { PSW_LAUNCHES = 64 }; /* rows of the table of launches; a new launch replaces the oldest */
typedef struct psw_launch_row {
    ptrdiff_t number; /* -1 = free */
    psw_launch launch;
} psw_launch_row;

/* ---- creating, checking: local, one process; needs no MPI ------------------------------------------------- */

/* To be called first in main, before MPI_Init: sets what MPI-IO and HDF5 need on shared machines (the user's
 * environment takes precedence), and makes a full disk an error code instead of a signal. */
void psw_store_environment(void);

/* The version of HDF5 in use, "1.14.3". */
void psw_store_library(char *text, size_t size);

/* Creates the file for a study: every object at full size, the points' parameters filled in, under the temporary name
 * FILE.new, then renamed; never over a file that exists. POLYSWEEP_HDF5_FORMAT in the environment: earliest (default,
 * readable by any HDF5 since 1.8) or latest that this library writes. PSW_ENVIRONMENT: directory, space, permission. */
psw_status psw_store_create(const char *path, const psw_study *study);
/* The same for a part of the study; mine[slot] is 0 for slots of other parts, whose results are holes where the file
 * system has them: anyone who reads an empty slot without polysweep finds zeros there. */
psw_status psw_store_create_part(const char *path, const psw_study *study, const psw_part *part,
                                 const unsigned char *mine);
double psw_store_bytes(const psw_study *study); /* exact size of the file to be; NaN if memory ran out */

/* What spec needs from other rooms: theory columns, whether a point can be computed, the size of learned weights. */
const psw_rooms *psw_house(void);
/* The same for the text of a study that a result file holds. */
const psw_rooms *psw_stored_house(void);

/* Reads a file without MPI. PSW_ENVIRONMENT for foreign, truncated, damaged or newer files. HDF5 may crash or loop on a
 * damaged one, so a child process opens the file with HDF5 and reports where the numbers are; they are then read
 * without HDF5. */
typedef struct psw_reader psw_reader;
psw_status psw_reader_open(const char *path, psw_reader **reader);
void psw_reader_close(psw_reader *reader);
ptrdiff_t psw_reader_slots(const psw_reader *reader);
uint64_t psw_reader_identity(const psw_reader *reader);
const char *psw_reader_study(const psw_reader *reader);               /* the resolved study, itself a study file */
psw_status psw_reader_part(const psw_reader *reader, psw_part *part); /* that the file was made for; all 0: the whole */
/* Its part has these slots, [slots] of 0 and 1; true also of a file that does not say which it has. */
bool psw_reader_part_is(const psw_reader *reader, const unsigned char *mine);
/* The study of an open file, or of a file by name; the caller frees it. PSW_ENVIRONMENT if it cannot be read or its
 * points are not the file's. */
psw_status psw_study_stored(const psw_reader *reader, const char *path, psw_study **study);
psw_status psw_study_of_file(const char *path, psw_study **study);
psw_status psw_reader_text(psw_reader *reader, char **text); /* the study as it was written; the caller frees it */
ptrdiff_t psw_reader_launches(const psw_reader *reader);
/* Names of the own axes that the file was made with; returns their number. */
ptrdiff_t psw_reader_own(const psw_reader *reader, const char *names[PSW_OWN_MAX]);
/* A column that the file is too old to have and whose value for the point is not the default; NULL = none. */
const psw_column *psw_reader_lacks(const psw_reader *reader, const psw_point *point);
bool psw_reader_packed(const psw_reader *reader); /* psw_store_unpack makes a file of it that a run can write to */
bool psw_reader_older(const psw_reader *reader); /* than some column: else it lacks none */
/* Launch number `launch`; PSW_ENVIRONMENT if its row was replaced by a newer one (the table keeps the last 64). */
psw_status psw_reader_launch(psw_reader *reader, ptrdiff_t launch, psw_launch *row);
/* The rows in use, by number. */
psw_status psw_reader_launch_rows(psw_reader *reader, psw_launch_row rows[PSW_LAUNCHES], ptrdiff_t *count);
/* Reads slots first .. first+count. A slot is done only if its status says so and its commit word is right. In a file
 * older than data_draws, noise was drawn once: its records have data_draws 1 and random_version 1. */
psw_status psw_reader_get(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_record *records);
/* The same, and a done slot counts only if what is kept of it beside its columns is what was put: its rows and samples
 * are read. */
psw_status psw_reader_get_whole(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_record *records);
/* The states of slots first .. first+count, with the rule of psw_reader_get_whole; in large pieces, so cheaper than
 * reading records. */
psw_status psw_reader_slots_get(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_slot *slots);
/* Several ranks read one file. open_shared: rank 0 looks into it, the others are told where its parts are. each: every
 * rank gets the states of its share of the slots, in pieces, in order; join: `bytes`, one of each slot and filled by
 * each rank for its share, is whole on all ranks. Collective over `comm`. */
psw_status psw_reader_open_shared(const psw_comm *comm, const char *path, psw_reader **reader);
typedef psw_status psw_states_take(void *context, ptrdiff_t first, ptrdiff_t count, const psw_slot *slots);
psw_status psw_reader_states_each(const psw_comm *comm, psw_reader *reader, psw_states_take *take, void *context);
psw_status psw_reader_states_join(const psw_comm *comm, const psw_reader *reader, void *bytes);
psw_status psw_reader_schema(psw_reader *reader); /* types, shapes and attributes of all columns: PSW_MISMATCH */
/* /rows is present, complete and laid out for the study's points: else PSW_MISMATCH; PSW_OK if the study keeps none. */
psw_status psw_reader_rows(psw_reader *reader, const psw_study *study);
/* Kept rows `first` to `first + count` of a data set of a slot whose point is `point`: `output` takes v values a row,
 * the others one. PSW_ENVIRONMENT if the file keeps no rows or they lie outside it. */
psw_status psw_reader_rows_get(psw_reader *reader, ptrdiff_t slot, const psw_point *point, psw_row_span at,
                               psw_kept_rows rows);
psw_status psw_reader_samples(psw_reader *reader, const psw_study *study); /* as psw_reader_rows, of time_s */
/* The kept repetitions of a slot, in order; count = 0 if the study keeps none. `seconds`: time.max_reps. */
psw_status psw_reader_samples_get(psw_reader *reader, const psw_study *study, ptrdiff_t slot, double *seconds,
                                  ptrdiff_t *count);
/* /edges is present and laid out for the study's combinations: else PSW_MISMATCH; PSW_OK if the study does not search.
 */
psw_status psw_reader_edges(const psw_reader *reader, const psw_study *study);
/* The rows of combinations first .. first+count, PSW_SEARCH_EDGES each; their `record` stays as it is. `slot` is -1
 * where no search has ended. PSW_ENVIRONMENT if they lie outside the file. */
psw_status psw_reader_edges_get(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_edge_row *rows);
/* What the search of an open file, of its part of the study, has come to. Freed by the caller, whatever it returns. */
psw_status psw_reader_replay(psw_reader *reader, const psw_study *study, psw_replay *replay);
/* What of a combination stands in these rows; their `record` stays as it is. */
void psw_edge_rows(const psw_crossings *found, ptrdiff_t combination, psw_edge_row rows[PSW_SEARCH_EDGES]);
/* The message of a failed slot, "" if none is kept: its row is slot modulo 4096, and the newest is kept. */
psw_status psw_reader_failure(psw_reader *reader, ptrdiff_t slot, char *message, size_t size);

/* ---- a new file with slots copied from others: local, one process; needs no MPI ------------------------- */

typedef struct psw_origin { /* where a slot's rows and failure message come from; NULL: nowhere */
    psw_reader *reader;
    ptrdiff_t slot;
} psw_origin;

/* Where the study searches, slots are as a search of it on all of these results has them: `asked` is the round that
 * asks for the slot, one that was not needed is empty again unless its family's search has ended, and when all have,
 * /edges has what they found. */
typedef struct psw_copy {
    const psw_study *study;
    const char *text, *history;     /* the study as it was written; a note for attribute history */
    const psw_launch_row *launches; /* of ascending number */
    ptrdiff_t launch_count;
    bool replaces;     /* an existing file is replaced, in one step; else it is refused */
    ptrdiff_t *needed; /* out: slots that were not needed, and are empty again; NULL */
    /* Fills slots first .. first+count: records come blank, with their points, and stay so where there is no result. A
     * finished one must be complete (its commit word is recomputed; it is unchanged where point and columns are); of an
     * unfinished one only status, attempt and deaths are copied. */
    psw_status (*take)(void *context, ptrdiff_t first, ptrdiff_t count, psw_record *records, psw_origin *origins);
    void *context;
} psw_copy;

/* Writes FILE.new, reads it back, flushes it to disk and renames it: at any moment `path` is either the old file or the
 * complete new one. */
psw_status psw_store_copy(const char *path, const psw_copy *copy);

/* ---- a file that shrinks: local, one process; needs no MPI ----------------------------------------------- */

/* A packed file has the objects, names, attributes and values of the file that it was made from, commit words too, and
 * at its root the attribute `packed` = 1. Columns, rows, samples and tables are in chunks, shuffled and deflated, in
 * HDF5's earliest format: every HDF5 since 1.8 reads it. What is all fill value takes no room. Every reader here reads
 * it; nothing can be written to it, so a run that continues unpacks it first. An unpacked file is the one that a run
 * writes: every dataset contiguous and at full size, except those that had no storage before they were packed.
 * Cost: to pack reads the file twice and takes some 10 s a GB; a point is left with its commit word (8 bytes) and with
 * each measured time (about 6), which nothing makes smaller, and little else. Reading a slot inflates a chunk of every
 * column that varies. */
typedef struct psw_packing {
    bool replaces;        /* an existing file is replaced, in one step; else it is refused. `to` may be `path` */
    double before, after; /* out: bytes of the two files */
    ptrdiff_t ended;      /* out: slots with a final status whose commit word, rows and samples are right */
    ptrdiff_t torn;       /* out: those where they are not; they are the same in both files */
} psw_packing;

/* Writes TO.new, reads it back without HDF5, compares every value with the file it comes from and checks all commit
 * words, flushes it to disk and renames it: at any moment `to` is what it was or complete. `path` stays as it is.
 * Packing a packed file, or unpacking one that is not packed, copies it. PSW_ENVIRONMENT: it is damaged, holds objects
 * that are not polysweep's and cannot be copied, or there is no room. The caller has the lock of `path`. */
psw_status psw_store_pack(const char *path, const char *to, psw_packing *packing);
psw_status psw_store_unpack(const char *path, const char *to, psw_packing *packing);

/* ---- other files ------------------------------------------------------------------------------------------ */

/* Heads of data kind file from any supported format: HDF5, else what psw_tensors_open opens; and what such a file says
 * of itself. HDF5, here and for weights, is read twice: by a child process and, if that survives, by the caller. */
psw_status psw_store_arrays(const char *path, const psw_wanted *wanted, psw_arrays *arrays);
psw_status psw_store_file_facts(const char *path, const psw_file_keys *keys, psw_file_facts *facts);
/* Learned weights of a polysketch: datasets STACK/LEVEL/{gain,shift,up,down} of an HDF5 file, stacks and levels counted
 * from 0; a missing one is left empty. PSW_ENVIRONMENT names the dataset. */
psw_status psw_store_weights(const char *path, psw_weights *weights);
void psw_store_weights_free(psw_weights *weights);

/* ---- writing through MPI-IO ------------------------------------------------------------------------------ */

typedef struct psw_store psw_store;
/* Rank 0 adds the launch. `read`: of the same file, which is not read once more by rank 0 before all ranks open it;
 * NULL: it is. Collective. */
psw_status psw_store_open(const psw_comm *comm, const char *path, const psw_study *study, const psw_launch *launch,
                          const psw_reader *read, psw_store **store);
psw_status psw_store_close(const psw_comm *comm, psw_store *store); /* collective */

/* Not collective: the slots are the caller's. mark: status running, attempts and deaths so far, before work starts; a
 * slot that is still running when the next launch opens the file has crashed once more. unmark: empty again, for a run
 * that was given up. put: all columns of the run, then the commit words (it fills slot.launch and slot.commit).
 * failure: the row of /failures. */
typedef struct psw_mark {
    ptrdiff_t attempt, deaths;
} psw_mark;
psw_status psw_store_mark(psw_store *store, ptrdiff_t first, ptrdiff_t count, const psw_mark *marks);
psw_status psw_store_unmark(psw_store *store, ptrdiff_t first, ptrdiff_t count);
psw_status psw_store_put(psw_store *store, ptrdiff_t first, ptrdiff_t count, psw_record *records);
/* The same of slots that were never put, and of records that are blank but for their slots. */
psw_status psw_store_put_empty(psw_store *store, ptrdiff_t first, ptrdiff_t count, psw_record *records);
/* Of a record as it was read, with a commit word, that says another `asked` now: only that, and the commit word, are
 * written, so its launch stays the one that computed it. */
psw_status psw_store_asked(psw_store *store, ptrdiff_t slot, psw_record *record);
/* Where the study keeps rows: a leaf of the attention of the point in `slot`, point number `index` of those that the
 * leaf holds, goes to its rows in /rows; a leaf may hold the first data set alone. In any order, from any rank that has
 * it, before the slot is put; each row once in an attempt, and those of an unfinished slot are simply written again.
 * `sum` is the caller's share of the slot's content_checksum: shares of all ranks are added up before the slot is put.
 * Where something is drawn, the caller passes draw 0. */
psw_status psw_store_rows(psw_store *store, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf,
                          ptrdiff_t index, uint64_t *sum);
/* Where the study keeps samples: every repetition's seconds of the point in `slot`, before the slot is put; adds to its
 * content_checksum. */
psw_status psw_store_samples(psw_store *store, ptrdiff_t slot, const double *seconds, ptrdiff_t count, uint64_t *sum);
psw_status psw_store_failure(psw_store *store, ptrdiff_t slot, ptrdiff_t attempt, const char *site,
                             const char *message);
/* Where the study searches, when the search has ended: what was found of combinations first .. first+count (numbers of
 * psw_search_combinations) goes to their rows of /edges, which say until then that nothing is known. Any rank may write
 * any of them, again too. PSW_BUG where the study does not search. */
psw_status psw_store_edges(psw_store *store, ptrdiff_t first, ptrdiff_t count, const psw_crossings *found);
/* Flushes this writer's data to disk (fdatasync), and looks whether the file still has its name and its length. */
psw_status psw_store_sync(psw_store *store);
/* If the file was deleted while it was written, what is open is copied to a new one, whose name is returned; else "".
 * One process, when all have written. */
psw_status psw_store_save(const psw_store *store, char *name, size_t size);

#endif
