/* cmd/verify: what a check of a file collects, and its printing. */
#ifndef POLYSWEEP_CMD_VERIFY_H
#define POLYSWEEP_CMD_VERIFY_H

#include "cmd/cmd.h"
#include "polysweep/print.h"
#include "polysweep/store.h"

enum { CMD_DIFFERENCES = 16, CMD_ROW_LINES = PSW_CONTENT_ROW_LINES };

typedef struct cmd_difference {
    ptrdiff_t slot;
    int column; /* -1 = the point could not be computed; after the columns come the lines of /rows */
    double stored, found;
} cmd_difference;

/* What one rank found; gathered as bytes. */
typedef struct cmd_findings {
    ptrdiff_t slots, kept;
    cmd_difference list[CMD_DIFFERENCES];
} cmd_findings;

/* What is wrong with a search: of a slot, or of a row of /edges. */
typedef enum cmd_search_fault { CMD_ASKED, CMD_NEEDED, CMD_EDGES, CMD_SEARCH_FAULTS } cmd_search_fault;
typedef struct cmd_search_difference {
    cmd_search_fault fault;
    ptrdiff_t slot, combination;
    const char *column; /* of /edges */
    double stored, found;
} cmd_search_difference;

/* Rank 0's, where the study searches. */
typedef struct cmd_search_check {
    psw_replay replay;
    ptrdiff_t not_needed;                      /* slots */
    ptrdiff_t before;                          /* slots that were done before the search asked for them */
    ptrdiff_t compared, unwritten, outdated;   /* combinations: of these edges are there without their search's end */
    ptrdiff_t faults[CMD_SEARCH_FAULTS], kept; /* slots, slots, combinations */
    cmd_search_difference list[CMD_DIFFERENCES];
} cmd_search_check;

typedef struct cmd_check {
    const cmd_options *options;
    const psw_comm *world;
    const char *path;
    psw_study *study;
    psw_reader *reader;
    unsigned char *state, *wanted; /* of each slot: its slot_state; is it recomputed? */
    psw_rates rates;
    psw_runs runs;
    psw_column columns[PSW_COLUMNS_MAX + CMD_ROW_LINES];
    ptrdiff_t column_count, slot_count, done, torn, altered, picked;
    double percent;           /* of the done slots: wanted, then picked */
    char part[PSW_PART_TEXT]; /* that the file was made for */
    bool in_use;              /* a run had the file open when its slots were read */
    psw_machine machine;
    ptrdiff_t known_launch; /* whose answer `known_same` is */
    bool known_same;
    psw_inputs inputs;
    psw_computer computer;
    psw_record *stored, *found; /* one run's */
    ptrdiff_t run_first;
    bool rows;             /* are kept, and compared */
    psw_rows_room room[2]; /* stored, found */
    double *row_differs;   /* [slots of the run][CMD_ROW_LINES]: 1 where a row of the calling rank differs */
    psw_status row_status; /* of reading rows */
    cmd_findings mine;
    double differs[PSW_COLUMNS_MAX + CMD_ROW_LINES]; /* slots by column */
    double loose;                                    /* slots compared within tolerances */
    double too_large;                                /* slots that do not fit the memory of all ranks together */
    ptrdiff_t older_noise;                           /* done slots whose noise this program does not draw any more */
    double with_rows;                                /* slots whose rows were compared */
    cmd_search_check search;
} cmd_check;

/* Is what a search asked for, left out and found what it makes of the done slots? Rank 0's, of an open file that no run
 * has open. */
psw_status cmd_verify_search(cmd_check *c);
ptrdiff_t cmd_verify_search_faults(const cmd_check *c);
void cmd_verify_search_print(const cmd_check *c);
void cmd_verify_search_json(const cmd_check *c, psw_json *out);

/* `all`: of every rank; `differing`: recomputed slots that differ. */
void cmd_verify_print(const cmd_check *c, const cmd_findings *all, ptrdiff_t differing);
void cmd_verify_json(const cmd_check *c, const cmd_findings *all, ptrdiff_t differing);

#endif
