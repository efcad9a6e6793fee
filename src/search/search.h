/* What the files of the room share. */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H

#include "polysweep/search.h"

/* The columns that an answer is made of. */
typedef enum search_column {
    SEARCH_VALUE,
    SEARCH_LEVEL,
    SEARCH_LO,
    SEARCH_HI,
    SEARCH_TRIALS,
    SEARCH_STOP,
    SEARCH_FLOPS,
    SEARCH_HEAD_FLOPS,
    SEARCH_ALL
} search_column;

typedef struct search_mark { /* a candidate that was asked */
    ptrdiff_t at;            /* its number in the combination, from 0 */
    ptrdiff_t round;         /* from 1 */
    psw_level_side side;
} search_mark;

/* A combination, as far as a replay has come. */
typedef struct search_curve {
    ptrdiff_t combination, candidates;
    search_mark *marks; /* ascending; room for all candidates */
    ptrdiff_t count;
} search_curve;

struct psw_search {
    const psw_study *study;
    const psw_search_keys *keys;
    psw_combinations all;
    psw_column columns[PSW_COLUMNS_MAX];   /* of the study */
    const psw_column *column[SEARCH_ALL];  /* NULL: there is none */
    ptrdiff_t *position;                   /* of slots, as psw_combinations has it */
    ptrdiff_t *family_slot, *family_start; /* slots by family, ascending; where a family begins */
    psw_edges *edges;                      /* theory's, of each combination */
    unsigned char *edges_known;
    search_curve *curves; /* of the family that is replayed, with room for the largest */
    search_mark *marks;
};

/* theory.c: the edges that theory has for a combination; NaN: it says nothing. */
psw_edges search_theory_edges(const psw_search *search, ptrdiff_t combination);
/* Candidates beside an edge that is inside the combination, into at[2]; returns their number. */
ptrdiff_t search_beside(const psw_search *search, ptrdiff_t combination, double edge, ptrdiff_t at[2]);

/* marks.c */
ptrdiff_t search_mark_find(const search_curve *curve, ptrdiff_t at); /* the first mark that is not below */
bool search_marked(const search_curve *curve, ptrdiff_t at);
/* Two marks of opposite decided sides, with none of a decided side between them. Those at or above mark `from`. */
typedef struct search_bracket {
    ptrdiff_t lo, hi; /* marks; hi < 0: there is none */
} search_bracket;
search_bracket search_bracket_next(const search_curve *curve, ptrdiff_t from);
search_bracket search_bracket_last(const search_curve *curve);

/* want.c: what is to be asked next, into at[]; returns how many, 0: nothing. */
ptrdiff_t search_want(const psw_search *search, const search_curve *curve, ptrdiff_t at[PSW_SEARCH_WIDTH]);

/* round.c: a family's search as far as there are answers, in search->curves; the last round, and whether it still waits
 * for answers. */
typedef struct search_replay {
    const psw_search *search;
    ptrdiff_t family, round;
    psw_answers *answers;
    const void *context;
    bool waits;
} search_replay;
void search_replay_run(search_replay *replay);

#endif
