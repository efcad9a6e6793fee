/* scale: the pieces of the scale command. */
#ifndef POLYSWEEP_CMD_SCALE_H
#define POLYSWEEP_CMD_SCALE_H

#include "cmd/cmd.h"

/* Work per rank that differs by more than this part of its base is not weak scaling. */
#define SCALE_BOUND 0.05

typedef struct cmd_scale_teams {
    ptrdiff_t size[PSW_LIST_MAX], count; /* ascending */
} cmd_scale_teams;
/* "1,2,4", none above `ranks`; NULL: 1, 2, 4, ... and `ranks`. PSW_USAGE. */
psw_status cmd_scale_teams_read(const char *list, ptrdiff_t ranks, cmd_scale_teams *teams);

/* The study with `team` as an axis and times on, as JSON that the caller frees; weak: n follows from the axis n_base,
 * so that the work per rank stays the same. PSW_USAGE. */
psw_status cmd_scale_study_make(const psw_study *base, const cmd_scale_teams *teams, bool weak, char **text);
/* Does the work per rank stay within SCALE_BOUND? PSW_USAGE names the point that deviates most. */
psw_status cmd_scale_work_check(const psw_study *made);

/* Points that differ only in their team (and in the n that grows with it). */
bool cmd_scale_same_line(const psw_point *a, const psw_point *b, bool weak);
/* Work of the flop model on each rank of the point's team. */
double cmd_scale_work(const psw_point *point);
/* Largest number of blocks of a rank over its fair share; 1 = even. */
double cmd_scale_unevenness(const psw_point *point);

/* One row of the table; unknown members are NaN. */
typedef struct cmd_scale_row {
    double speed_up, efficiency, karp_flatt, work; /* work per rank over that of the base */
} cmd_scale_row;
cmd_scale_row cmd_scale_compare(const psw_record *base, const psw_record *record, bool weak);
/* Has it a valid time: done, and without more threads than processors? */
bool cmd_scale_valid(const psw_record *record);

/* A rank's rate over the smaller of two ceilings of its launch: large products, and the record's operations per byte
 * times the memory bandwidth. NaN without a valid time. */
double cmd_scale_roof(const psw_record *record, double memory_bytes_s);

/* Prints the table of a result file. */
psw_status cmd_scale_table_print(const char *path, bool weak, bool json);

#endif
