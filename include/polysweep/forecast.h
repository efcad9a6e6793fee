/* forecast: the cost of a study on any number of ranks: teams over time, memory, what limits it, what an allocation
 * buys. Local; needs no MPI world. */
#ifndef POLYSWEEP_FORECAST_H
#define POLYSWEEP_FORECAST_H

#include "polysweep/measure.h"
#include "polysweep/store.h"

/* A request; texts may be NULL, numbers 0 where they are not given. */
typedef struct psw_forecast_request {
    const char *where;               /* only points for which it holds */
    psw_part part;                   /* of the study */
    const char *calibration;         /* a result file whose rates and nodes are used; NULL: those of this machine */
    bool calibrate;                  /* measure it, whatever is kept */
    const char *compare;             /* "1,2,4": other numbers of ranks */
    const char *budget;              /* "200nodeh" or "5000coreh" */
    bool points;                     /* list each point */
    ptrdiff_t ranks, ranks_per_node; /* 0: as the launch of the calibration, else the cores of this machine */
} psw_forecast_request;

/* What a result file knows of the machine of its run. */
typedef struct psw_calibration {
    psw_rates rates; /* from the times of its points, as factors on those that its newest launch measured or on those of
                        a common core */
    bool busy;       /* others used the machine while that launch measured it */
    char cpu[96];
    double node_cores, node_memory_bytes; /* 0: an older file, which does not say */
    ptrdiff_t ranks, ranks_per_node;      /* of that launch */
} psw_calibration;
/* PSW_USAGE if it has no valid time; PSW_ENVIRONMENT, PSW_NO_MEMORY. */
psw_status psw_calibration_read(const char *path, psw_calibration *calibration);

enum { PSW_FORECAST_METHODS = PSW_METHODS, PSW_FORECAST_COMPARE_MAX = 32 };
enum { PSW_FORECAST_RANKS_MAX = 1 << 24 };

typedef struct psw_forecast_tally { /* points of one method */
    ptrdiff_t points;
    double alone_s, flops, head_flops;
} psw_forecast_tally;

typedef struct psw_forecast_point { /* a point that stands out */
    ptrdiff_t slot;                 /* -1 = none */
    double value;
    ptrdiff_t team; /* ranks that will compute it */
} psw_forecast_point;

/* Why a schedule does not end earlier. */
typedef enum psw_forecast_limit {
    PSW_LIMIT_WORK,   /* nine tenths of the ranks' time is computation */
    PSW_LIMIT_POINT,  /* one point on its best team takes nine tenths of it */
    PSW_LIMIT_MEMORY, /* with enough memory it would take a tenth less */
    PSW_LIMIT_TEAMS,  /* ranks of teams wait: fewer leaves than ranks, or the network */
    PSW_LIMIT_ENDS,   /* ranks are idle at the end: too few runs */
    PSW_LIMIT_ROUNDS  /* a search waits for the answers of each round */
} psw_forecast_limit;

typedef struct psw_forecast_outcome { /* of the study on a number of ranks */
    psw_schedule schedule;
    psw_forecast_point critical; /* the point that takes longest on its best team */
    psw_forecast_limit limit;
    ptrdiff_t block;          /* PSW_LIMIT_POINT: of the smaller blocks the one with which that point ends first, ... */
    psw_forecast_point other; /* ... and when; block 0: none ends it a tenth earlier */
    double speed_up;          /* over one rank that computes the same points */
    ptrdiff_t refused;        /* points for which no team has the memory or the ranks */
} psw_forecast_outcome;

typedef struct psw_forecast_purchase { /* points of one method and length */
    psw_method method;
    ptrdiff_t n, points, of;
} psw_forecast_purchase;

typedef struct psw_forecast_budget {
    const char *text; /* as it was given; NULL = none */
    double node_hours, deadline_s;
    double needs_node_hours; /* the whole study */
    ptrdiff_t points;        /* bought */
    psw_forecast_purchase *table;
    ptrdiff_t rows;
} psw_forecast_budget;

typedef struct psw_forecast_bound {
    ptrdiff_t points;
    double busy_s, finish_s; /* rank seconds; on the ranks of the forecast */
} psw_forecast_bound;

/* Of a study that searches, whose wanted points are those that it is expected to ask for. */
typedef struct psw_forecast_search {
    ptrdiff_t combinations; /* 0: the study does not search */
    ptrdiff_t unknown;      /* of them: theory says nothing, and one edge in the middle is expected */
    struct forecast_guess *guess;
    psw_forecast_bound least, most; /* hints and the coarse pass alone; all candidates */
} psw_forecast_search;

typedef struct psw_forecast_node { /* what is supposed of every node */
    const char *cpu, *from;        /* from: the calibration, "this machine" */
    double cores, memory_bytes;
    const char *silent; /* the calibration, where it does not say; else NULL */
} psw_forecast_node;

typedef struct psw_forecast {
    const psw_study *study;
    const char *rates_from;
    bool rates_busy; /* others used the machine while they were measured */
    psw_rates rates;
    psw_choice choice;
    psw_machine machine; /* this one */
    psw_calibration calibration;
    psw_forecast_node each;
    psw_part part;
    ptrdiff_t slots, points;
    unsigned char *wanted;
    psw_forecast_tally methods[PSW_FORECAST_METHODS];
    psw_forecast_point longest, largest; /* seconds on one rank; bytes of a rank of its team */
    ptrdiff_t *node;                     /* first ranks of nodes */
    psw_runs runs;
    psw_forecast_outcome outcome;
    double sent_bytes, messages; /* of a pass of outcome.critical on its team, over all ranks */
    psw_forecast_outcome compare[PSW_FORECAST_COMPARE_MAX];
    ptrdiff_t compared, ranks, ranks_per_node, too_large;
    double alone_s;          /* the whole study on one rank */
    double memory_bytes;     /* one rank may have */
    const char *memory_from; /* who allows this machine's ranks no more; "": the machine, or the study */
    double file_bytes;
    psw_forecast_search search;
    psw_forecast_budget budget;
    ptrdiff_t *run_of; /* --points: the run of each slot that is wanted; else NULL */
} psw_forecast;

/* The study must outlive the forecast. PSW_USAGE for a wrong request, before anything is measured;
 * PSW_ENVIRONMENT the calibration; PSW_NO_MEMORY. Must be freed whatever it returns. */
psw_status psw_forecast_make(const psw_study *study, const psw_forecast_request *request, psw_forecast *forecast);
void psw_forecast_free(psw_forecast *forecast);

void psw_forecast_print(const psw_forecast *forecast); /* for people, on stdout */
void psw_forecast_json(const psw_forecast *forecast);

#endif
