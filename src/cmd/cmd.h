/* cmd: the command line. One table of commands, one table of options; help, parsing and manual pages come from them. */
#ifndef POLYSWEEP_CMD_H
#define POLYSWEEP_CMD_H

#include <stdio.h>

#include "polysweep/sweep.h"

#define PSW_LIST_MAX 64

/* A parsed command line. Texts point into argv; what was not given is NULL, false, 0 (time_limit_s: -1). */
typedef struct cmd_options {
    const char *files[PSW_LIST_MAX], *set[PSW_LIST_MAX], *sbatch[PSW_LIST_MAX];
    ptrdiff_t file_count, set_count, sbatch_count;
    const char *output, *where, *columns, *calibration, *compare, *budget, *prologue, *launcher, *teams,
        *counterexamples;
    const char *text; /* the study itself, made by a command, instead of the file's */
    ptrdiff_t ranks, ranks_per_node, max_fails;
    psw_part part;
    double time_limit_s, sample; /* seconds; percent */
    double watch_s;              /* seconds between two looks; 0: one look */
    bool help, version, citation, json, csv, jsonl, extrap, quiet, oversubscribe, dry_run, extend, points, slurm,
        strong, weak, no_inputs, calibrate, edges, study, prometheus, list_columns;
    const char *sort;
    ptrdiff_t limit;
    psw_progress progress;
    psw_redo redo;
    char command[4096]; /* the whole command line, for the launch table; truncated if longer */
} cmd_options;

typedef struct cmd_command {
    const char *name, *arguments, *summary;
    const char *options;  /* names of the options it takes, separated by blanks */
    const char *examples; /* lines for --help */
    bool mpi;             /* started inside MPI; otherwise no MPI call is made and world is NULL */
    bool writes;          /* a file, without MPI: of several processes of one world rank 0 alone does it */
    psw_status (*run)(const cmd_options *options, const psw_comm *world);
} cmd_command;
extern const cmd_command cmd_commands[]; /* ended by a name of NULL */

/* Fills `options` from argv[2..]; PSW_USAGE names the argument and the nearest option. */
psw_status cmd_options_parse(const cmd_command *command, int argc, char **argv, cmd_options *options);

/* An option of a command as help shows it. */
typedef struct cmd_option {
    const char *name, *argument, *help; /* argument NULL: it has none */
    char letter;                        /* 0: it has none */
} cmd_option;
/* Number `index` of those that a command takes; false behind the last. */
bool cmd_option_at(const cmd_command *command, ptrdiff_t index, cmd_option *out);

/* help.c: `polysweep help [TOPIC [OF]]`, from argv[2] on; PSW_USAGE names the nearest topic. */
psw_status cmd_help(int argc, char **argv);
const cmd_command *cmd_command_find(const char *name);         /* NULL: there is none */
void cmd_help_print(const cmd_command *command, FILE *stream); /* NULL: the list of commands and topics */

/* Topics of help that are a text, ended by a name of NULL. */
typedef struct cmd_topic {
    const char *name, *summary, *text;
} cmd_topic;
extern const cmd_topic cmd_topics[];
void cmd_citation_print(FILE *stream); /* the topic of that name without its title: BibTeX alone */

/* manual.c: what the build installs. */
void cmd_man_print(const cmd_command *command,
                   FILE *stream); /* a manual page in roff's man macros; NULL: polysweep(1) */
psw_status cmd_completion_print(const char *shell, FILE *stream); /* bash, zsh, fish; PSW_USAGE */

/* Before MPI is started: the rank of this process where its parent is a launcher that made several processes of one MPI
 * world. 0 wherever that is not certain. */
int cmd_world_rank(void);
/* The number of this process among the tasks of a step of srun, which need not be one world, where it is one of them;
 * else 0. */
int cmd_step_task(void);
bool cmd_launched(void); /* by a launcher: stdout may seem a terminal where it is a file */
/* This process was started by mpirun on this machine, whose stderr is a terminal and which passes on what ranks write
 * there as it comes: a bar can be drawn, though here stderr is a pipe. False wherever that is not certain. */
bool cmd_launcher_draws(void);

/* The study of a command line: its first file, with --set. PSW_USAGE, PSW_ENVIRONMENT. */
psw_status cmd_study_of_options(const cmd_options *options, psw_study **study);
/* The launch request of a command line; its texts are those of the options. */
psw_sweep_request cmd_request_of_options(const cmd_options *options);

psw_status cmd_run(const cmd_options *options, const psw_comm *world);
psw_status cmd_plan(const cmd_options *options, const psw_comm *world);
psw_status cmd_scale(const cmd_options *options, const psw_comm *world);
psw_status cmd_status(const cmd_options *options, const psw_comm *world);
psw_status cmd_show(const cmd_options *options, const psw_comm *world);
psw_status cmd_verify(const cmd_options *options, const psw_comm *world);
psw_status cmd_merge(const cmd_options *options, const psw_comm *world);
psw_status cmd_pack(const cmd_options *options, const psw_comm *world);
psw_status cmd_init(const cmd_options *options, const psw_comm *world);
psw_status cmd_doctor(const cmd_options *options, const psw_comm *world);

#endif
