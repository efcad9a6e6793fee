/* sweep/search: what a launch searches for: the answers that there are, and how far each family has come. */
#ifndef POLYSWEEP_SWEEP_SEARCH_H
#define POLYSWEEP_SWEEP_SEARCH_H

#include "sweep/families.h"
#include "sweep/runs.h"

typedef struct sweep_search {
    psw_search *search; /* NULL: a grid, as far as this launch goes */
    ptrdiff_t most;     /* slots of the largest family */
    bool alone;         /* points are timed: one at a time in the whole job */
    bool unended;       /* families of this launch have not ended: true until their work has */
    /* of rank 0 */
    psw_answer *answers; /* of every slot */
    ptrdiff_t *asked;    /* of every slot that the file had an answer of: the round that asked for it, as the file has
                            it, 0: none; else -1 */
    sweep_families families;
    ptrdiff_t *round; /* room for one */
    psw_run *timed;   /* where points are timed, a run for each, ascending: it has its own team, as in a grid */
    ptrdiff_t timed_count;
    bool edges_stand; /* /edges is what the answers say */
    bool all_there;   /* so there is nothing to be written; on every rank, once the file was read */
} sweep_search;

/* Where the study searches and the launch is not one that fills the grid. Collective over the world. Must be freed
 * whatever it returns: PSW_USAGE, PSW_NO_MEMORY. */
psw_status sweep_search_open(const sweep_given *given, sweep_search *search);
void sweep_search_free(sweep_search *search);

/* Reads what is answered, and finds out how far families are: no slot of one that has ended is wanted any more.
 * Collective over the world, while the file is open for reading. */
psw_status sweep_search_read(const sweep_given *given, sweep_slots *slots, sweep_search *search);
/* A run for each family: it says on how many ranks. Collective over the world. */
psw_status sweep_search_cut(const sweep_given *given, const psw_rates *rates, const psw_split *split,
                            sweep_search *search, sweep_runs *runs);

/* ---- rank 0 ---- */

psw_answer sweep_search_answer(const void *answers, ptrdiff_t slot);
void sweep_search_put(sweep_search *search, ptrdiff_t slot, const psw_answer *answer);
bool sweep_search_complete(const sweep_search *search, const sweep_slots *slots); /* all families of the file */
ptrdiff_t sweep_search_asked(const sweep_search *search, ptrdiff_t slot); /* the round that asked for it; 0: none did */
/* Where a search has ended: sets `asked` of the slots of which the file has another round than the search to the
 * search's, and all others to -1. */
void sweep_search_compare_asked(sweep_search *search, const sweep_slots *slots);
/* The state of a family that nobody holds. */
void sweep_search_settle(sweep_search *search, const sweep_slots *slots, ptrdiff_t family);
/* A point that runs alone. */
psw_run sweep_search_alone(const sweep_given *given, const sweep_search *search, ptrdiff_t slot);
/* Of `slots` those that run beside others keep their places, in front; returns their number. */
ptrdiff_t sweep_search_usual(const sweep_slots *all, ptrdiff_t *slots, ptrdiff_t count);
/* The round of a family; returns the number of its slots that are not answered. */
ptrdiff_t sweep_search_round(const sweep_search *search, ptrdiff_t family, ptrdiff_t *slots, ptrdiff_t *number);

#endif
