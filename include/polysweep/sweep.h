/* sweep: the engine of a launch: what is left to do in a result file, which ranks compute it, until when, and the
 * progress reported meanwhile.
 *
 * Running a study on its result file again is resuming: points that are complete stay as they are. */
#ifndef POLYSWEEP_SWEEP_H
#define POLYSWEEP_SWEEP_H

#include "polysweep/measure.h"
#include "polysweep/point.h"

/* AUTO: a bar where stderr is a terminal, else lines. */
typedef enum psw_progress { PSW_PROGRESS_AUTO, PSW_PROGRESS_BAR, PSW_PROGRESS_PLAIN, PSW_PROGRESS_OFF } psw_progress;

/* Points that have ended and are computed again: those that failed, timed out or were skipped; those that a search did
 * not need, as a grid of points that nobody asked for. */
typedef enum psw_redo { PSW_REDO_NONE, PSW_REDO_FAILED, PSW_REDO_NOT_NEEDED } psw_redo;

/* A request for a launch. Texts may be NULL where the comment says so. */
typedef struct psw_sweep_request {
    const char *file;       /* the study file; with `text` used only in messages */
    const char *text;       /* the study itself; NULL: it is read from the file */
    const char *const *set; /* KEY=VALUE */
    ptrdiff_t sets;
    const char *output; /* the result file; NULL: the study's. A part has a file of its own beside it */
    psw_part part;
    const char *where;   /* only points for which it holds; NULL: all */
    const char *command; /* the whole command line, for the launch table */
    psw_redo redo;
    bool extend, oversubscribe, quiet;
    bool calibrate;      /* measure the speeds of this machine, whatever is kept of them */
    ptrdiff_t max_fails; /* 0 = none */
    double time_limit_s; /* -1 = not given */
    psw_progress progress;
} psw_sweep_request;

/* Computes every point that is not complete in the result file. Collective over the world, with the same status on all
 * ranks: PSW_OK every point is done, PSW_POINTS_FAILED, PSW_USAGE, PSW_ENVIRONMENT, PSW_STOPPED work is left. */
psw_status psw_sweep_run(const psw_sweep_request *request, const psw_comm *world);

/* ---- stopping ---- */

typedef enum psw_stop { PSW_GO, PSW_STOP_SOON, PSW_STOP_NOW } psw_stop;
/* SIGUSR1: finish running points; SIGTERM, SIGINT and SIGHUP (unless it is ignored, as under nohup): give them up. A
 * second of these three ends the process at once. */
void psw_stop_listen(void);
psw_stop psw_stop_asked(void);
int psw_stop_signal(void); /* that requested the stop, 0 = none */

/* ---- launch ---- */

/* Refuses separate worlds and more threads than hardware threads, with what to type; sets the threads. Collective. */
psw_status psw_launch_check(const psw_comm *world, const psw_comm *node, const psw_machine *machine, int threads,
                            bool oversubscribe, bool *crowded);
/* What messages between nodes, and inside one, take in this launch: psw_measure_messages. Collective. */
psw_status psw_launch_messages(const psw_comm *world, const psw_comm *node, double latency_s[2], double byte_s[2]);
/* The row of the launch table; `command` is the command line. Collective; complete on rank 0. */
psw_status psw_launch_describe(const psw_comm *world, const psw_comm *node, const psw_machine *machine,
                               const char *command, int threads, psw_launch *launch);

/* ---- progress of a run ---- */

/* Of a node of a launch, or of several that are too many to be listed: points that its ranks have ended, where a team
 * has several those of its first one; the seconds since the rank was heard that has been silent for longest; NaN: it
 * has not been heard yet. */
typedef struct psw_sweep_node {
    char host[64]; /* "": several */
    ptrdiff_t nodes, ranks, points;
    double heard_s;
} psw_sweep_node;

/* Of the teams that have so many ranks at present; a point that takes longest has been computed for so long. */
typedef struct psw_sweep_team {
    ptrdiff_t ranks, teams, points;
    double longest_s, heard_s;
} psw_sweep_team;
enum { PSW_NODES_SHOWN = 32, PSW_TEAMS_SHOWN = 12 };

/* FILE.h5.status.json: the progress of a run, replaced atomically. */
typedef struct psw_sweep_state {
    char state[24]; /* running, done, failed, partial (all that --where selects), stopped_clean, interrupted */
    char study[128], host[64], started[32], updated[32];
    char part[PSW_PART_TEXT]; /* of the study, whose points are counted: 2/10; "": all of them */
    char whole[PSW_SEAL]; /* psw_seal_take of a file all of whose points were done, and were read back; "": not so */
    char launch[128];     /* POLYSWEEP_LAUNCH of the environment: by it a script knows its launch */
    ptrdiff_t points, done, failed, skipped, running, ranks, pid;
    ptrdiff_t not_needed; /* by a search that has ended; while it runs these points are still missing */
    double fraction;      /* of predicted cost */
    double elapsed_s, eta_s;
    double time_limit_s;              /* of the launch, from its start; NaN = none */
    char time_limit_from[16];         /* --time-limit, study, Slurm */
    char stop_reason[16];             /* time limit, max-fails, USR1, INT, TERM; "": not stopped */
    ptrdiff_t before;                 /* of the points that have ended: in earlier launches */
    ptrdiff_t node_count, team_count; /* what follows, as it was when the state was written; 0: an earlier program's */
    psw_sweep_node nodes[PSW_NODES_SHOWN];
    psw_sweep_team teams[PSW_TEAMS_SHOWN];
} psw_sweep_state;
psw_status psw_sweep_state_write(const char *result_path, const psw_sweep_state *state);
psw_status psw_sweep_state_read(const char *result_path, psw_sweep_state *state); /* PSW_ENVIRONMENT if missing */
/* Nodes and teams as that file has them: plain texts, which earlier programs pass over. read: false where it is none.
 */
enum { PSW_PLACES_TEXT = 6144 };
void psw_sweep_nodes_print(const psw_sweep_state *state, char text[PSW_PLACES_TEXT]);
void psw_sweep_teams_print(const psw_sweep_state *state, char text[PSW_PLACES_TEXT]);
bool psw_sweep_nodes_read(const char *text, psw_sweep_state *state);
bool psw_sweep_teams_read(const char *text, psw_sweep_state *state);

#endif
