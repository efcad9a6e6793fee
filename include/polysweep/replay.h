/* search: what a search has come to: the answers of all slots, what it has asked for, which families have ended. Pure.
 */
#ifndef POLYSWEEP_REPLAY_H
#define POLYSWEEP_REPLAY_H

#include "polysweep/search.h"

typedef struct psw_replay {
    psw_search *search;
    ptrdiff_t slots;
    psw_answer *answer;               /* [slots]; none until it is taken */
    ptrdiff_t *asked;                 /* [slots], once it has run: the round that asked for the slot, 0: none did */
    unsigned char *ended, *elsewhere; /* [families]: once it has run; in other parts of the study */
    ptrdiff_t families, open;         /* of the part, and of these those whose search has not ended */
    /* Where a family may have many combinations, what was found in each; [combinations], NULL: a family is one. */
    psw_crossings *found;
    unsigned char *found_known; /* [families]: since its answers were taken */
} psw_replay;

/* As psw_search_create. To be freed whatever it returns. */
psw_status psw_replay_create(const psw_study *study, psw_replay *replay);
void psw_replay_free(psw_replay *replay);
/* Only families of slots that are `mine`, [slots] of 0 and 1, are of the part; else all are. */
void psw_replay_part(psw_replay *replay, const unsigned char *mine);
void psw_replay_take(psw_replay *replay, ptrdiff_t slot, const psw_record *record);
psw_status psw_replay_run(psw_replay *replay);                   /* PSW_NO_MEMORY */
bool psw_replay_ended(const psw_replay *replay, ptrdiff_t slot); /* has its family's search? */
bool psw_replay_elsewhere(const psw_replay *replay, ptrdiff_t slot);
/* What a slot of a finished search is, whatever it was: one with an answer is asked for in the round in which the
 * search does so; one that is not needed is that while its family's search has ended without it, else it is empty. */
void psw_replay_settle(const psw_replay *replay, ptrdiff_t slot, psw_record *record);
void psw_replay_crossings(const psw_replay *replay, ptrdiff_t combination, psw_crossings *found);

#endif
