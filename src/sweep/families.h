/* sweep/families: the families of a search on their way: which one a free team gets. Rank 0's. Pure. */
#ifndef POLYSWEEP_SWEEP_FAMILIES_H
#define POLYSWEEP_SWEEP_FAMILIES_H

#include "polysweep/search.h"

typedef enum sweep_family_state {
    SWEEP_FAMILY_FREE,
    SWEEP_FAMILY_HELD,   /* by a team, which computes a piece of its round */
    SWEEP_FAMILY_ASIDE,  /* what is left of its round is computed when nothing else is */
    SWEEP_FAMILY_LEFT,   /* no time is left for any of its round */
    SWEEP_FAMILY_OTHERS, /* of another part, or not selected: not of this launch */
    SWEEP_FAMILY_ENDED
} sweep_family_state;

typedef struct sweep_family {
    sweep_family_state state;
    int depth;       /* of the teams that take it */
    double point_s;  /* predicted rank seconds of a point, where PSW_SEARCH_WIDTH of them share their tiles */
    double expected; /* points that it is expected to take */
    double answered; /* of them */
} sweep_family;

typedef struct sweep_families {
    sweep_family *list;
    ptrdiff_t count;
} sweep_families;

/* Points that the search of a combination is expected to ask for: the coarse pass, and the brackets of the two edges of
 * a window. */
double sweep_families_expected(ptrdiff_t candidates);

/* For a team of `depth`: the free family with the most work left, so that all come to an end together; of equals the
 * first. It is held from then on. -1: there is none. */
ptrdiff_t sweep_families_take(sweep_families *families, int depth);

typedef struct sweep_outlook {
    double left, left_s; /* points that are expected yet, and their rank seconds */
    ptrdiff_t unended;   /* families of this launch */
} sweep_outlook;
sweep_outlook sweep_families_outlook(const sweep_families *families);

#endif
