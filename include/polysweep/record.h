/* record: the record of a point: everything that a slot holds, its columns, and the comparison of records. Pure:
 * no MPI, no HDF5. */
#ifndef POLYSWEEP_RECORD_H
#define POLYSWEEP_RECORD_H

#include "polysweep/attend.h"
#include "polysweep/errors.h"
#include "polysweep/plan.h"
#include "polysweep/print.h"
#include "polysweep/recall.h"
#include "polysweep/reference.h"
#include "polysweep/theory.h"

typedef enum psw_slot_status {
    PSW_SLOT_EMPTY,
    PSW_SLOT_RUNNING,
    PSW_SLOT_DONE,
    PSW_SLOT_FAILED,
    PSW_SLOT_SKIPPED,
    PSW_SLOT_TIMEOUT,
    PSW_SLOT_NOT_NEEDED /* by a search that has ended */
} psw_slot_status;

typedef enum psw_timing {
    PSW_TIMING_NONE,
    PSW_TIMING_ALONE,
    PSW_TIMING_SHARED,
    PSW_TIMING_OVERSUBSCRIBED,
    PSW_TIMING_BESIDE
} psw_timing;

typedef struct psw_cost_columns {
    psw_timing timing;
    int time_stop;
    double time_median_s, time_lo_s, time_hi_s;
    double head_s, io_s;
    double wait_s; /* at agreements, barriers and sums, not for messages; largest of the team; 0 on one rank */
    double flops, head_flops, bytes, gflops, peak_gflops;
    double memory_bytes, predicted_s, predicted_pass_s, predicted_bytes;
    double cycles, energy_j; /* of all that was computed for the point, sums over the team; NaN: not known */
} psw_cost_columns;

/* One token while generating; NaN where nothing is decoded. */
typedef struct psw_decode_columns {
    double kv_bytes, state_total_bytes, flops, bytes, seconds;
} psw_decode_columns;

typedef struct psw_parallel_columns {
    ptrdiff_t team, idle, nodes, ranks_per_node, threads, first_rank; /* ranks are numbered node by node */
    double start_s, end_s;                                            /* since the launch began */
    double load_balance, comm_efficiency, parallel_efficiency, sent_bytes, comm_s;
} psw_parallel_columns;

typedef struct psw_slot {
    psw_slot_status status;
    psw_status error_code; /* why a point failed */
    ptrdiff_t attempt;     /* 1 = first */
    ptrdiff_t deaths;      /* crashes: earlier attempts that ended with the program (killed, crashed, the node lost) */
    ptrdiff_t asked;       /* round of the search that asked for it, from 1; 0: none did */
    ptrdiff_t launch;      /* number of the launch in /provenance, from 0 */
    ptrdiff_t random_version;  /* psw_data_random_version of the program that computed it */
    uint64_t launch_checksum;  /* psw_launch_checksum of that launch; 0: a file from before commit words, version 2 */
    uint64_t content_checksum; /* sum of psw_content_sum over its rows and samples */
    uint64_t commit;           /* checksum over the slot's columns except itself and launch; never 0 */
    bool torn;    /* when reading: a final status, and the commit word, the launch or what is kept is not what was put;
                     status is then running */
    bool altered; /* torn, and only what is kept beside the columns is wrong */
} psw_slot;

/* Everything a slot holds; columns.def maps members to columns. Members that do not apply are NaN or 0: start from
 * psw_record_blank. */
typedef struct psw_record {
    psw_point point;
    psw_slot slot;
    psw_verdict verdict;
    psw_theory theory;
    double success_z;
    double predict[PSW_PREDICT_MAX];
    psw_sketch_columns sketch;
    psw_reference_columns reference;
    psw_recall_columns recall;
    psw_cost_columns cost;
    psw_decode_columns decode;
    psw_parallel_columns parallel;
} psw_record;
psw_record psw_record_blank(const psw_point *point);

/* One launch: a row of /provenance. */
typedef struct psw_launch {
    char started[32]; /* ISO 8601, UTC */
    char version[64], command[512], hosts[512], binding[512], cpu[96];
    char mpi[128], mpi_io[64], hdf5[32], blas[192], blas_kernel[32];
    ptrdiff_t ranks, nodes, threads;
    double node_cores, node_memory_bytes; /* that a job may use, of the node that has least; NaN: not known */
    double clock_resolution_s;
    /* Ceilings and rates as this launch measured them, for one rank while all work; index: psw_precision, or for
     * messages within a node, between nodes. NaN: not measured. */
    double product_flops_s[2], memory_bytes_s, latency_s[2], byte_s[2];
    psw_rates rates;    /* of the cost model; flop_s[0] = 0: an older file without rates, or a launch that needed none.
                           Messages are above */
    double rates_age_s; /* all of these: seconds since they were measured; 0: by this launch; NaN: not, or not known */
    double node_kinds, node_speed; /* nodes of how many speeds; the fastest over the slowest; NaN: not known */
    double rates_busy; /* 1: others used the machine while they were measured; 0: nobody did; NaN: as above */
} psw_launch;

/* Of what tells a launch from any other: start, hosts, version, BLAS; never 0. */
uint64_t psw_launch_checksum(const psw_launch *launch);

/* A range of a point's rows, and buffers for them. */
typedef struct psw_row_span {
    ptrdiff_t set, first, count;
} psw_row_span;
typedef struct psw_kept_rows {
    double *special_mass, *log2_den, *output;
} psw_kept_rows;

/* ---- the table of columns, for files, show, help and tests ------------------------------------------------ */

enum { PSW_COLUMN_NAME = 80, PSW_COLUMN_TEXT = 256 }; /* bytes of texts, with their ends: longer ones are refused */
typedef enum psw_column_type { PSW_F8, PSW_I8, PSW_U8, PSW_U1 } psw_column_type;
typedef struct psw_column {
    char name[PSW_COLUMN_NAME];
    const char *units, *long_name;
    psw_column_type type;
    bool bitwise;    /* row folds: reproducible bit for bit, or not at all */
    double other[2]; /* relative tolerance of state folds and across kernels, fp64 and fp32; inf = no promise */
    int vocabulary;  /* of a coded column, -1 = none */
    size_t offset;   /* of the member in psw_record */
    bool younger;    /* added after schema 1's first files, where it is blank */
    double plain;    /* of a younger one: the default, which (like blank) enters no commit word; NaN = none */
} psw_column;

/* The fixed columns, in the file's order. */
const psw_column *psw_columns(ptrdiff_t *count);
/* All columns of a study: fixed, own axes, predict_NAME. Returns their number. */
enum { PSW_COLUMNS_MAX = 240 };
ptrdiff_t psw_columns_of(const psw_study *study, psw_column columns[PSW_COLUMNS_MAX]);

/* What a column holds, as a formula, NULL: its long name says it; and what a study must have for it ("" : nothing). */
const char *psw_column_definition(const psw_column *column);
const char *psw_column_applies(const psw_column *column);
/* Prints name, unit and long name of the fixed columns, a line each; with `pattern` (part of a name, or one with * and
 * ?) all that is known of those that it matches, and the symbols. Returns how many there are. */
ptrdiff_t psw_columns_print(FILE *stream, const char *pattern);
void psw_columns_markdown(FILE *stream); /* the same as tables */

/* The lines of /rows that hold results: special_mass, log2_den, output, in the order of psw_kept_rows. */
const psw_column *psw_row_columns(ptrdiff_t *count);

/* A row of /edges, and in front of it a record that has the point of the combination's first slot: so what takes a
 * record and a column takes it with those of psw_edge_columns, too. */
typedef struct psw_edge_row {
    psw_record record;
    ptrdiff_t combination, slot, count;
    psw_edge_kind kind;
    double position, lo, hi, theory, theory_z;
    ptrdiff_t evaluations, trials;
    double flops;
    psw_level_side starts;
    ptrdiff_t missed, open;
} psw_edge_row;
/* The datasets of /edges, in the file's order; `bitwise`: whatever is searched. */
const psw_column *psw_edge_columns(ptrdiff_t *count);

/* A parameter of the point: written when the file is created. */
bool psw_column_parameter(const psw_column *column);
/* Words that an expression may compare it with, also where a number has a word among its values; -1 = none. */
int psw_column_vocabulary(const psw_column *column);
double psw_column_value(const psw_column *column, const psw_record *record); /* codes as numbers; u8 loses digits */
/* Gives a younger parameter its default, where that is a number. */
void psw_column_put_plain(const psw_column *column, psw_record *record);
bool psw_column_blank(const psw_column *column, const psw_record *record); /* NaN, 0 */
/* For people: words for codes, 17 digits where needed, "" for NaN. */
void psw_column_text(const psw_column *column, const psw_record *record, char *text, size_t size);

/* Columns as a file stores them, `count` records packed in `buffer` (8 bytes each, 1 for U1). */
void psw_column_pack(const psw_column *column, const psw_record *records, ptrdiff_t count, void *buffer);
void psw_column_unpack(const psw_column *column, const void *buffer, ptrdiff_t count, psw_record *records);
size_t psw_column_bytes(const psw_column *column);
ptrdiff_t psw_column_words(const psw_column *column); /* words of its vocabulary */

/* ---- the commit word ---------------------------------------------------------------------------------------- */

/* The columns of one file, and the positions of special ones. */
typedef struct psw_column_set {
    psw_column list[PSW_COLUMNS_MAX];
    uint64_t salt[PSW_COLUMNS_MAX]; /* hash of the name: a value is hashed together with its column */
    bool absent[PSW_COLUMNS_MAX];   /* the file is older than the column: not written, not in the commit word */
    ptrdiff_t count;                /* and the positions of some: */
    ptrdiff_t commit, launch, status, attempt, deaths, asked, data_draws, random_version;
} psw_column_set;
/* `claims`: as psw_study_claims has them, for their long names; NULL: they do not matter. */
void psw_column_set_make(const char *const *own, ptrdiff_t owns, const char *const *predict, ptrdiff_t predicts,
                         const char *const *claims, psw_column_set *out);
/* Columns that are blank in every slot, whatever a run does: their points have no value, or nothing that they are
 * about. Conservative: a column that may be filled is not blank. */
void psw_columns_blank(const psw_study *study, const psw_column_set *all, bool blank[PSW_COLUMNS_MAX]);
/* Does its value enter the commit word: not blank and, for a younger column, not the default? */
bool psw_column_enters_commit(const psw_column *column, const psw_record *record);
uint64_t psw_record_checksum(const psw_column_set *all, const psw_record *record);
/* The same for many slots, a column at a time: sums begin at 0, every column but `commit` and `launch` is added, packed
 * as a file has it, in any order. */
void psw_checksum_add(const psw_column_set *all, ptrdiff_t column, const void *packed, ptrdiff_t count, uint64_t *sums);
uint64_t psw_checksum_end(uint64_t sum);
/* Sets the commit word of a record in a file with `owns` own axes and `predicts` predictions; further ones are blanked,
 * and absent columns do not enter. */
void psw_records_seal(const psw_column_set *all, ptrdiff_t owns, ptrdiff_t predicts, psw_record *records,
                      ptrdiff_t count);
uint64_t psw_hash_word(uint64_t word);
uint64_t psw_hash_text(uint64_t seed, const char *text);
/* What is kept of a slot beside its columns. A line: of psw_row_columns, or the samples of times. */
enum { PSW_CONTENT_ROW_LINES = 3, PSW_CONTENT_SAMPLES = PSW_CONTENT_ROW_LINES };
/* Sum of hashes of values first .. first+count of a line of the slot, modulo 2^64, in double as files have them. NaN,
 * which stands where nothing was written, adds nothing. So parts add up, whoever has them, in any order. */
uint64_t psw_content_sum(int line, ptrdiff_t first, ptrdiff_t count, const double *values);
uint64_t psw_content_sum_single(int line, ptrdiff_t first, ptrdiff_t count, const float *values);

/* ---- do two results of one point agree, within their columns' reproducibility? ----------------------------------- */

/* Launches of one version with one BLAS, on one kernel. */
bool psw_same_build(const psw_launch *a, const psw_launch *b);

/* Always true for a column without a promise, and where one record is older than the column or than what it counts
 * (ties, causal theory). Else `exactly` requires equal bits for bitwise columns; otherwise the tolerance for other
 * kernels and state folds applies. */
bool psw_column_agrees(const psw_column *column, const psw_record *a, const psw_record *b, bool exactly);

/* Compares rows of one data set of a point. The first value that differs; line = -1: none. */
typedef struct psw_row_difference {
    int line; /* of psw_row_columns */
    ptrdiff_t row;
    double a, b;
} psw_row_difference;
psw_row_difference psw_rows_compare(const psw_point *point, ptrdiff_t rows, psw_kept_rows a, psw_kept_rows b,
                                    bool exactly);

/* A buffer for kept rows, allocated once for the widest point; a point's rows are read in pieces that fit. */
typedef struct psw_rows_room {
    ptrdiff_t values;
    psw_kept_rows rows;
} psw_rows_room;
psw_status psw_rows_room_make(const psw_study *study, psw_rows_room *room);
void psw_rows_room_free(psw_rows_room *room);
ptrdiff_t psw_rows_that_fit(const psw_rows_room *room, const psw_point *point);

/* ---- cells of a printed table: parameters and results of a point, for people and as JSON ------------ */

/* "exact beta=4 n=1024 d=66 fp64": what distinguishes a point from its neighbours. */
void psw_point_text(const psw_point *point, char *text, size_t size);
/* Marks the parameters, own axes among them, that differ between points of one method: between methods they also differ
 * where one method lacks them. `wanted`: 0 for slots that do not count; NULL: all do. */
void psw_cells_vary(const psw_study *study, const unsigned char *wanted, const psw_column *columns, ptrdiff_t count,
                    bool varies[PSW_COLUMNS_MAX]);

/* "predicted_s [s]": units where there are any. */
void psw_cell_heading(const char *name, const char *units, char text[PSW_CELL]);
/* Six digits, for people; "-" for what does not apply. */
void psw_cell_text(const psw_column *column, const psw_record *record, char text[PSW_CELL]);
/* As a member of the open JSON object, with all digits. */
void psw_cell_json(psw_json *json, const psw_column *column, const psw_record *record);

#endif
