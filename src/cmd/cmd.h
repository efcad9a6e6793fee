/* cmd: where rooms meet. One table of commands, one table of options; help, parsing and README come from them. */
#ifndef POLYSWEEP_CMD_H
#define POLYSWEEP_CMD_H

#include <stdio.h>

#include "polysweep/dist.h"
#include "polysweep/store.h"

#define PSW_LIST_MAX 64

typedef enum psw_progress { PSW_PROGRESS_AUTO, PSW_PROGRESS_PLAIN, PSW_PROGRESS_OFF } psw_progress;

/* What a command line said. Texts point into argv; what was not given is NULL, false, 0 (time_limit_s: -1). */
typedef struct psw_options {
    const char *files[PSW_LIST_MAX], *set[PSW_LIST_MAX], *sbatch[PSW_LIST_MAX];
    ptrdiff_t file_count, set_count, sbatch_count;
    const char *output, *where, *columns, *calibration, *compare, *budget, *redo, *prologue, *launcher, *teams;
    const char *text; /* the study itself, made by a command, in place of the file's */
    ptrdiff_t ranks, ranks_per_node, max_fails;
    double time_limit_s, sample; /* seconds; percent */
    bool help, version, json, csv, jsonl, extrap, quiet, oversubscribe, dry_run, extend, points, slurm, strong, weak,
        no_inputs;
    psw_progress progress;
    int argc; /* the whole command line, for the record of a launch */
    char **argv;
} psw_options;

typedef struct psw_command {
    const char *name, *arguments, *summary;
    const char *options;  /* names of the options it takes, separated by blanks */
    const char *examples; /* lines for --help */
    bool mpi;             /* started inside MPI; otherwise no MPI call is made and world is NULL */
    psw_status (*run)(const psw_options *options, const psw_comm *world);
} psw_command;
extern const psw_command psw_commands[]; /* ended by a name of NULL */

/* Fills `options` from argv[2..]; PSW_USAGE names the argument and the nearest option. */
psw_status psw_options_parse(const psw_command *command, int argc, char **argv, psw_options *options);
void psw_help_print(const psw_command *command, FILE *stream); /* NULL: the list of commands */

/* What spec asks other rooms for: theory columns, and whether a point can be computed. */
const psw_rooms *psw_house(void);

/* The study of a command line (its first file, with --set), or the one a result file was made from. */
psw_status psw_study_of_options(const psw_options *options, psw_study **study);
psw_status psw_study_of_file(const char *path, psw_study **study);
psw_status psw_study_stored(const psw_reader *reader, const char *path, psw_study **study); /* of an open one */

/* The filter of --where, NULL without one. PSW_USAGE also where it holds for no point: a slip, or another study. */
psw_status psw_filter_of_options(const psw_options *options, const psw_study *study, psw_filter **filter);

/* Other files that a study names: heads of `file` data, learned weights of sketches. */
typedef struct psw_inputs {
    psw_arrays arrays;
    bool has_arrays;
    psw_weights *weights; /* number k of a point stands at [k - 1] */
    ptrdiff_t weights_count;
} psw_inputs;
/* Reads them and checks every point against them. PSW_ENVIRONMENT, PSW_USAGE. The caller frees, also after a failure. */
psw_status psw_inputs_read(const psw_study *study, psw_inputs *inputs);
void psw_inputs_free(psw_inputs *inputs);

/* How passes are timed: each begins together and takes as long as its slowest rank. Times are those of one data set. */
typedef struct psw_timer {
    psw_repeat repeat;      /* the rule, and the samples of the newest point */
    psw_time_stop stop;     /* why they ended; PSW_TIME_NONE: there are none */
    ptrdiff_t warmup;
    const psw_comm *beside; /* other teams that compute the same at the same time, with this one; NULL = none */
    bool met;               /* they have begun */
    bool (*over)(void *context, double pass_s); /* no time is left for a pass so long; first rank of all; may be NULL */
    void *context;
} psw_timer;
psw_status psw_timer_create(const psw_settings *settings, psw_timer *timer); /* PSW_NO_MEMORY */
void psw_timer_free(psw_timer *timer);
void psw_timer_begin(psw_timer *timer); /* a point: no samples yet */
/* Collective over the team and those beside it: warms up, then repeats the pass of a prepared attention until the rule
 * ends it. Nothing hears of the leaves. `sum`: over the repetitions. */
psw_status psw_timer_run(const psw_comm *team, psw_timer *timer, const psw_engine *engine, psw_attention *attention,
                         const psw_point *point, const psw_route *route, psw_watch watch, psw_traffic *sum);
/* Where a team has not come to its repetitions, those beside it hear of it. Collective over all of them. */
psw_status psw_timer_agree(psw_timer *timer, psw_status status);

/* What computes: one per rank. The arena grows to the largest run seen; `failed` is told of a failed point while its
 * message is in the message slot. */
typedef struct psw_computer {
    const psw_study *study;
    const psw_rates *rates;
    double product_flops_s[2]; /* ceiling of products; index = psw_precision */
    const psw_inputs *inputs;
    psw_timer *timer;    /* NULL: the pass that results are of is timed, once */
    psw_choice choice;   /* how a team works */
    bool any_team;       /* points may be computed by other teams than they ask for */
    ptrdiff_t nodes;     /* that the team is on, for predictions */
    double memory_bytes; /* points that need more are skipped; 0 = no limit */
    double point_limit;  /* a point is given up after so many times its predicted time; 0 = never */
    double least_limit_s; /* but not before: the predictions of short points say little */
    psw_watch watch;
    void (*failed)(void *context, ptrdiff_t slot); /* on the first rank of a team; may be NULL */
    /* Rows of point number `index` of a leaf, which belong to `slot`, on whoever has them; NULL: they are not kept. */
    psw_status (*keep)(void *context, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf, ptrdiff_t index);
    void *context;
    psw_arena arena;
} psw_computer;

/* The columns that need no computing. */
void psw_compute_theory(const psw_study *study, psw_record *record);

/* Computes consecutive points (a run of slots): theory, attention, verdict, cost and parallel columns, each record's
 * status. Collective over the team that shares them; every rank gets the same records. Groups of points share their
 * tiles. PSW_STOPPED when a watch gave up; the failure of a point is its record's status, not the function's. */
psw_status psw_compute(const psw_comm *team, psw_computer *computer, ptrdiff_t first, ptrdiff_t count,
                       psw_record *records);

/* FILE.h5.status.json: how far a run is, replaced atomically. */
typedef struct psw_state {
    char state[24]; /* running, done, failed, partial (all that --where asked for), stopped_clean, interrupted */
    char study[128], host[64], started[32], updated[32];
    ptrdiff_t points, done, failed, skipped, running, ranks, pid;
    double fraction; /* of predicted cost */
    double elapsed_s, eta_s;
    double time_limit_s;      /* of the launch, from its start; NaN = none */
    char time_limit_from[16]; /* --time-limit, study, Slurm */
    char stop_reason[16];     /* time limit, max-fails, USR1, INT, TERM; "": it was not stopped */
} psw_state;
psw_status psw_state_write(const char *result_path, const psw_state *state);
psw_status psw_state_read(const char *result_path, psw_state *state); /* PSW_ENVIRONMENT if there is none */

/* Rates from the times in a result file, in proportion to those of a common core. PSW_USAGE if it has none. */
psw_status psw_rates_of_file(const char *path, psw_rates *rates);

psw_status psw_cmd_run(const psw_options *options, const psw_comm *world);
psw_status psw_cmd_plan(const psw_options *options, const psw_comm *world);
psw_status psw_cmd_scale(const psw_options *options, const psw_comm *world);
psw_status psw_cmd_status(const psw_options *options, const psw_comm *world);
psw_status psw_cmd_show(const psw_options *options, const psw_comm *world);
psw_status psw_cmd_verify(const psw_options *options, const psw_comm *world);
psw_status psw_cmd_merge(const psw_options *options, const psw_comm *world);
psw_status psw_cmd_doctor(const psw_options *options, const psw_comm *world);

#endif
