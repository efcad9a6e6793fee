/* sweep/places: on which node every rank is, and what was heard of nodes and teams. */
#ifndef POLYSWEEP_SWEEP_PLACES_H
#define POLYSWEEP_SWEEP_PLACES_H

#include "polysweep/sweep.h"

/* What a rank says of itself. */
typedef struct sweep_word {
    double team;  /* ranks of the team that it leads; 0: none */
    double run_s; /* for how long it has been computing the run that it has; 0: it has none */
    double points;
    double heard_s; /* since then */
} sweep_word;

typedef struct sweep_places { /* rank 0; empty on others */
    int ranks, nodes;
    int *node;        /* of every rank */
    char (*host)[64]; /* of every node */
} sweep_places;

psw_status sweep_places_find(const psw_comm *world, const psw_comm *node, const char *host,
                             sweep_places *places); /* collective */
void sweep_places_free(sweep_places *places);

/* Adds what one rank says to the lists of a state, which are emptied before the first. */
void sweep_places_empty(psw_sweep_state *state);
void sweep_places_add(const sweep_places *places, int rank, const sweep_word *word, psw_sweep_state *state);

#endif
