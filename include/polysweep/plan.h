/* plan: cost and memory model, runs of slots, order, simulation of the schedule. Sees numbers only: no clock, no
 * MPI, no file. Both a run and `plan` schedule by this code. */
#ifndef POLYSWEEP_PLAN_H
#define POLYSWEEP_PLAN_H

#include "polysweep/judge.h"

/* Rates of a machine, measured by measure/ or read from a file; index = psw_precision. Seconds per unit. */
typedef struct psw_rates {
    double flop_s[2];               /* a flop of attention's products */
    double score_s[2];              /* one score through the fold: mask, maximum, scaling, sums */
    double weigh_s[2];              /* one score through a weigh function, per multiplication of its power */
    double transcend_s[2];          /* one score through log2 and exp2 */
    double exponential_s[2];        /* one through exp2 alone */
    double sketch_flop_s[2];        /* a flop of a sketch's products */
    double feature_s[2];            /* a feature of a sketch, or an entry of its state, through memory */
    double head_flop_s[2];          /* a flop of the head's products, a multiplication and an addition a sign */
    double head_entry_s[2];         /* one pre-activation through the threshold */
    double sign_s;                  /* one random sign */
    double row_s, noise_s;          /* one element of generated data, made and packed; of its noise */
    double point_s;                 /* fixed cost of a point: theory, bookkeeping */
    double run_s;                   /* fixed cost of a run: dispatch, writing */
    double latency_s[2], byte_s[2]; /* of a message between two ranks: of one node, of two */
} psw_rates;
extern const psw_rates psw_rates_default; /* of a common core; every table that uses it names it */

/* Sets the measured rates of messages; NaN: unchanged. */
void psw_rates_of_messages(const double latency_s[2], const double byte_s[2], psw_rates *rates);

typedef struct psw_cost { /* of one point */
    double flops;         /* one forward pass of one data set */
    double head_flops;    /* both data sets */
    double bytes;
    double memory_bytes; /* of a run of one: the arena, by construction */
    double pass_s;       /* one forward pass of one data set */
    double head_s;       /* the head of both data sets, signs included */
    double predicted_s;  /* computed alone: both data sets, data, head */
    double extra_s;      /* added to a group that already shares its scores and data */
    double repeat_s;     /* one more forward pass over all data sets (of one draw) */
} psw_cost;
psw_cost psw_cost_point(const psw_rates *rates, const psw_point *point);
/* The same without memory_bytes (0): cheap enough for millions of points. */
psw_cost psw_cost_time(const psw_rates *rates, const psw_point *point);

/* Rates with every predicted attention (threshold head) time `attention` (`head`) times as long. */
psw_rates psw_rates_scaled(const psw_rates *rates, psw_precision precision, double attention, double head);

/* How many points a group that starts with `point` may have: sharing pays in time and costs accumulators, so a group
 * ends at 256 MiB of arena, or at PSW_GROUP_MAX. No result depends on it. */
ptrdiff_t psw_group_most(const psw_point *point);
/* Slots that are computed one after another, ascending: first .. first+count, or those of a list. */
typedef struct psw_slots {
    ptrdiff_t first, count;
    const ptrdiff_t *list; /* NULL: consecutive */
} psw_slots;
static inline ptrdiff_t psw_slots_at(const psw_slots *slots, ptrdiff_t i)
{
    return slots->list ? slots->list[i] : slots->first + i;
}
/* The points of the slots from number `at` on that are computed together: how slots divide into groups, for planning
 * and for computing. Returns their number, at least 1. */
ptrdiff_t psw_group_fill(const psw_study *study, const psw_slots *slots, ptrdiff_t at, psw_point points[PSW_GROUP_MAX]);

/* Bytes of the arena for a group; a run needs as much as its largest group. `route`: the calling rank's part
 * in a team, NULL alone. */
size_t psw_memory_group(const psw_group *group, const psw_route *route);
/* How a team of `size` computes a group: where the pattern of a row fold is auto, the first of ring, all-gather and
 * stream with which no rank needs more than memory_bytes (0 = any). The same on every rank. */
psw_choice psw_choice_within(const psw_group *group, psw_choice choice, ptrdiff_t size, double memory_bytes);

/* ---- teams ----
 *
 * The world starts as one team (depth 0), or as several trunks. A team takes runs of its depth until none is left, then
 * splits in two and each half continues at the next depth, down to single ranks. No team waits for another. */

/* How ranks form teams. The results of no point depend on it.
 *
 * Halves: the world splits between whole nodes first, at the boundary nearest to the middle, then into floor and
 * ceiling. Trunks: it is cut at once into the largest power of two of whole nodes, the largest of the rest, and so on
 * (a last node with fewer ranks: into what nodes split into), and each trunk begins at the depth at which teams have
 * its size, so that all teams of a depth have the same number of nodes. Of nodes that differ there are no trunks. */
typedef struct psw_split_how {
    bool trunks;
    ptrdiff_t used; /* only the first ranks form teams; 0: all */
} psw_split_how;

/* A world of ranks. A single rank is unchanged at every further depth. Pure. */
typedef struct psw_split {
    ptrdiff_t ranks, nodes;
    const ptrdiff_t *node; /* first rank of each node, ascending; NULL: ranks of a node are ceil(ranks / nodes) */
    psw_split_how how;
} psw_split;
enum { PSW_DEPTHS_MAX = 64 }; /* a team is at most half as large two depths further down */
typedef struct psw_team {
    ptrdiff_t first, size; /* ranks; size 0: a rank that is in no team at that depth */
    ptrdiff_t nodes;       /* that it spans */
} psw_team;
psw_team psw_split_team(const psw_split *split, int depth, ptrdiff_t rank);              /* the one that has `rank` */
void psw_split_halves(const psw_split *split, const psw_team *team, psw_team halves[2]); /* of a team of two or more */

typedef struct psw_trunk { /* a team that begins */
    psw_team team;
    int depth;
} psw_trunk;
enum { PSW_TRUNKS_MAX = 192 };
/* In the order of their ranks and of depth; returns their number. */
int psw_split_trunks(const psw_split *split, psw_trunk trunks[PSW_TRUNKS_MAX]);
bool psw_split_is_even(const psw_split *split); /* do all nodes but the last have the same number of ranks? */
static inline ptrdiff_t psw_split_used(const psw_split *split)
{
    return split->how.used > 0 ? split->how.used : split->ranks;
}

typedef struct psw_level {        /* the teams of a depth */
    ptrdiff_t teams, least, most; /* their number, ranks of the smallest and of the largest */
    ptrdiff_t nodes;              /* largest number that one spans */
} psw_level;
/* All depths; returns their number. The last one is the first with single ranks only. */
int psw_split_levels(const psw_split *split, psw_level levels[PSW_DEPTHS_MAX]);
int psw_split_depths(const psw_split *split);
ptrdiff_t psw_split_least(const psw_split *split, int depth); /* ranks of the smallest team */
ptrdiff_t psw_split_teams(const psw_split *split, int depth); /* number of teams */

ptrdiff_t psw_split_node(const psw_split *split, ptrdiff_t rank); /* number of the node that has it */

/* Nodes of different speed. All costs are of the slowest class; a team is as fast as the slowest of its nodes. Runs
 * that are alone or take turns, and the rounds of a search, go to who is free, whatever its class. */
enum { PSW_CLASSES_MAX = 4 };
typedef struct psw_classes {
    int count;                     /* 1: all nodes are alike */
    double speed[PSW_CLASSES_MAX]; /* the fastest first; of the slowest 1 */
    const unsigned char *of;       /* class of each node */
} psw_classes;
/* NULL: all nodes are alike. */
int psw_class_of(const psw_classes *classes, const psw_split *split, const psw_team *team);
double psw_class_speed(const psw_classes *classes, int number);
double psw_split_power(const psw_split *split, const psw_classes *classes); /* sum of the speeds of all ranks */

/* The cost of one group on a team of `size` ranks on `nodes` nodes, without dispatching and writing a run
 * (rates.run_s). For `size` 1 the seconds are those of psw_cost_time, summed over a group that shares. */
typedef struct psw_team_cost {
    double seconds;              /* of its slowest rank */
    double busy_s;               /* computing, summed over ranks */
    double repeat_s;             /* one more forward pass */
    double memory_bytes;         /* of the rank that needs most */
    double sent_bytes, messages; /* of one forward pass over all data sets, summed over ranks: exactly those of
                                    psw_traffic (polysweep/dist.h) */
} psw_team_cost;
psw_team_cost psw_cost_team(const psw_rates *rates, const psw_group *group, psw_choice choice, ptrdiff_t size,
                            ptrdiff_t nodes);
/* memory_bytes alone. */
double psw_team_memory(const psw_group *group, psw_choice choice, ptrdiff_t size);
/* The same without memory_bytes, sent_bytes and messages (0), for millions of points: those take time proportional to
 * the size of the team. */
psw_team_cost psw_cost_team_time(const psw_rates *rates, const psw_group *group, psw_choice choice, ptrdiff_t size,
                                 ptrdiff_t nodes);

/* ---- runs ---- */

typedef struct psw_run { /* slots for one team, as in psw_slots */
    ptrdiff_t first, count;
    const ptrdiff_t *list; /* psw_runs_create: NULL */
    double predicted_s;    /* on the smallest team of its depth */
    double alone_s;        /* on one rank */
    double busy_s;         /* computing, summed over the ranks of its team */
    int depth;
    ptrdiff_t team; /* ranks requested; 0 = any team that takes it */
    bool refused;   /* no team has the memory or the ranks that it needs: it takes no time and is reported when taken */
} psw_run;

static inline psw_slots psw_slots_of_run(const psw_run *run)
{
    return (psw_slots){run->first, run->count, run->list};
}

/* How much slower teams leave to faster ones (psw_runs_share); INFINITY, 0: nothing. */
typedef struct psw_lean {
    double first; /* they begin with a run that they end within this part of the sweep */
    double last;  /* how many of the last runs: in units of what faster teams do while they compute one */
} psw_lean;

typedef struct psw_runs {
    psw_run *list; /* by depth, then longest first */
    ptrdiff_t count, points;
    ptrdiff_t first[PSW_DEPTHS_MAX + 1]; /* runs of depth k are first[k] .. first[k + 1] */
    int depths;
    double predicted_s;         /* sum over runs of predicted_s times the ranks of the smallest team of its depth */
    psw_split_how how;          /* in which the world splits */
    const psw_classes *classes; /* those of the cut */
    psw_lean lean;
} psw_runs;

/* How to divide: at least least_s (to pay for dispatch and writing), at most most_s of predicted work unless a single
 * point is longer, never more than most_slots; alone = every point its own run (timing). Between least_s and most_s
 * the length is chosen so that each of `ranks` workers gets about twenty runs. */
typedef struct psw_cut {
    double least_s, most_s;
    ptrdiff_t most_slots, ranks;
    bool alone;             /* with a split: of depth 0, on the first ranks of the world, while the others idle */
    bool turns;             /* each run stands for many short ones, which teams of its depth take turns at (a search) */
    double passes;          /* forward passes of a point beyond the one that gives its results */
    const psw_split *split; /* it then gives the ranks; NULL: every run is for one rank, of depth 0 */
    const psw_classes *classes; /* of the nodes of the split; NULL: all are alike; must outlive the runs */
    psw_choice choice;          /* how teams work */
    double memory_bytes;        /* limit of a rank; 0 = none. Only for teams: without `split` nothing is refused */
} psw_cut;
extern const psw_cut psw_cut_default; /* 10 ms .. 1 s, 1024 slots, one rank, no teams */
void psw_cut_time(psw_cut *cut,
                  const psw_settings *settings); /* sets `alone` and the passes (at most) from the study's `time` */

/* Divides the slots for which wanted[slot] != 0 (NULL = all) into runs. Same input, same output, on every rank.
 *
 * With a split each run gets a depth. A forced team (point.team = g): the deepest depth at which every team has g
 * ranks. A point that does not fit one rank: at least the smallest teams in which it fits. Beyond that, seconds decide:
 * of all thresholds t, each run on the smallest team that ends it within t (the fastest, where none does), the one
 * whose simulated schedule ends first. Only a run that is one group is given to a team. PSW_NO_MEMORY, PSW_USAGE.
 *
 * The same decides how the world splits (runs->how; what split->how says does not matter): of halves and trunks of all
 * ranks, and of the 2^k first ranks for all 2^k below their number, what refuses the fewest points, then what ends
 * first. So no world is planned to end later than a smaller one of 2^k ranks on the same nodes. Runs that are alone or
 * take turns, and nodes of several classes, always have halves of all ranks. */
psw_status psw_runs_create(const psw_study *study, const psw_rates *rates, const psw_cut *cut,
                           const unsigned char *wanted, psw_runs *runs);
void psw_runs_free(psw_runs *runs);

/* Which runs of a depth a team may take, where nodes differ in speed: list scheduling on uniform processors (Gonzalez,
 * Ibarra and Sahni 1977, SIAM J. Comput. 6, 155) gives each run, the longest first, to who ends it first. As positions
 * in the order of runs alone, so that counters carry it out: a class leaves the longest to faster teams, if these end
 * them before it would (or the sweep before that), and of the last depth so many of the last as these do while it
 * computes one. So classes have ranges one inside the other; their ends cut the runs into segments. Class c takes from
 * segments c, c + 1, .. segments - 1 - c, as a whole the longest first. */
typedef struct psw_share {
    int segments;                        /* 2 * classes - 1; all alike: 1 */
    ptrdiff_t edge[2 * PSW_CLASSES_MAX]; /* segment k is runs edge[k] .. edge[k + 1] */
} psw_share;
/* For each depth. Pure: the same for the simulated schedule and for queues. */
void psw_runs_share(const psw_runs *runs, const psw_split *split, psw_share share[PSW_DEPTHS_MAX]);
/* Sets runs->lean so that, of some, the simulated schedule ends first; so none ends later than if nothing were left. */
psw_status psw_runs_lean(psw_runs *runs, const psw_split *split);

/* How many of the `left` runs at rank 0 another node is given at a time, to hold until its teams take them: an eighth
 * of its share, so that spans shrink towards the end (guided self-scheduling, Polychronopoulos and Kuck 1987, IEEE
 * Trans. Comput. 36, 1425); few for each of its teams, for the first runs are the longest. It asks for more while it
 * holds fewer than `ahead`; from 16 runs a team on that is none, for one that is held may be longer than all that is
 * left to others. `share` of the speeds of all teams that take is the asker's, who has `teams` of them. Pure. */
typedef struct psw_deal {
    ptrdiff_t length; /* 1 .. 4 teams, and of those that are left */
    ptrdiff_t ahead;  /* 0 .. teams */
} psw_deal;
psw_deal psw_deal_of(ptrdiff_t left, double share, ptrdiff_t teams);

/* ---- parts of a study ---- */

/* K of N, from 1: what one of several launches on files of their own computes. of = 0: the whole study. */
typedef struct psw_part {
    ptrdiff_t number, of;
} psw_part;
enum { PSW_PARTS_MAX = 1000000, PSW_PART_TEXT = 32 };

bool psw_part_read(const char *text, psw_part *part);                /* "2/10"; false for anything else */
void psw_part_print(const psw_part *part, char text[PSW_PART_TEXT]); /* "" for the whole study */
/* The file of a part: NAME.K.h5 for NAME.h5; false if it does not fit. */
bool psw_part_path(const psw_part *part, const char *path, char *out, size_t size);
/* Sets mine[slot] to 1 for slots of the part, else 0; `points`: how many. Every slot is in exactly one of N parts.
 * Points that share tiles are dealt together, by what they cost on a common core (psw_rates_default): the same for
 * every machine, number of ranks and build. Groups that weigh little stay with their neighbours, so that a part's slots
 * are long stretches. Of a study that searches, whole families are dealt (psw_combinations). PSW_NO_MEMORY, and what
 * psw_combinations_create returns. */
psw_status psw_part_slots(const psw_study *study, const psw_part *part, unsigned char *mine, ptrdiff_t *points);

/* ---- the simulated run ---- */

typedef struct psw_stage { /* the work of one depth, without refused runs */
    psw_level level;
    ptrdiff_t runs, points;
    double from_s, until_s; /* first start, last end */
    double busy_s, held_s;  /* rank seconds: computing; of teams at work */
} psw_stage;

typedef struct psw_schedule {
    double finish_s;
    double busy_s, held_s; /* rank seconds: computing; of teams at work */
    double utilisation;    /* busy_s over finish_s times ranks; where nodes differ: times the sum of their speeds */
    ptrdiff_t ranks, runs; /* runs taken: all but those that would end after the deadline */
    int depths;
    psw_stage stage[PSW_DEPTHS_MAX];
} psw_schedule;

typedef struct psw_turn { /* a team at work */
    ptrdiff_t run;        /* index in the list */
    psw_team team;
    double start_s, end_s;
} psw_turn;

/* The world splits as the runs have it (runs->how). A free team takes the next run of its depth, of those that are its
 * class's, one that ends within `deadline_s` (INFINITY: none); without one it splits; single ranks are thus scheduled
 * as by Graham 1969. busy_s and held_s are of the slowest class. Where nodes are alike no rank idles while its depth or
 * a later one has runs, so the schedule ends within held_s / ranks plus the seconds of the run that ends last. Fills
 * `turns` (room for runs->count; may be NULL), by start. PSW_NO_MEMORY, PSW_USAGE. */
psw_status psw_schedule_simulate(const psw_runs *runs, const psw_split *split, double deadline_s,
                                 psw_schedule *schedule, psw_turn *turns);

/* ---- the time that is left ----
 *
 * Runs differ in how well they are predicted, by kind: their method, and whether the head is most of them. */
enum { PSW_KINDS = 2 * PSW_METHODS, PSW_REMAINING_STEPS = 1000 };
typedef struct psw_pace {                        /* of finished runs, by kind */
    double cost_s[PSW_KINDS], busy_s[PSW_KINDS]; /* psw_run_cost; measured, times the same ranks */
} psw_pace;
typedef struct psw_remaining_work {
    const psw_study *study;
    const psw_rates *rates;
    const psw_split *split;
    const psw_runs *usual, *quarantined; /* quarantined: after all others, one by one */
} psw_remaining_work;
typedef struct psw_remaining {
    ptrdiff_t ranks;
    double total_s, finish_s;                  /* rank seconds of all runs; end of their simulated schedule */
    double kind_s[PSW_KINDS];                  /* of total_s */
    double reached_s[PSW_REMAINING_STEPS + 1]; /* when so many thousandths of total_s are done in it */
} psw_remaining;
int psw_run_kind(const psw_study *study, const psw_rates *rates, const psw_run *run); /* of its first point */
/* Predicted rank seconds that it holds: those of the smallest team of its depth; 0 of one that is refused. */
double psw_run_cost(const psw_run *run, const psw_split *split);
psw_status psw_remaining_create(const psw_remaining_work *work, psw_remaining *remaining); /* PSW_NO_MEMORY */
/* Seconds until the last run ends, `since_s` after the first began and `since_end_s` after one ended last (none yet:
 * the first began). Pure. */
double psw_remaining_s(const psw_remaining *remaining, const psw_pace *done, double since_s, double since_end_s);

#endif
