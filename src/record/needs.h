/* record/needs: what a study must have for a column to hold anything. */
#ifndef POLYSWEEP_RECORD_NEEDS_H
#define POLYSWEEP_RECORD_NEEDS_H

/* ANYTHING: any launch may write it. The others: a point of the study
 *   ROWS       makes rows (a method that computes)
 *   SETS       and has both data sets
 *   HEAD       and trials of the threshold head
 *   RULE       and a rule that ends them
 *   ONE_DRAW   has random rows that are drawn once; DRAWS: draws rows or tables; SPREAD: several times
 *   NOISE      has noise
 *   MASSES     has masses that theory knows; CHANCES, DEGREES: the same
 *   SKETCH     has features; REFERENCE: is compared with another output; COMPARED: one of both
 *   RECALL     is of associations
 *   TIMED      is timed
 *   DECODING   decodes
 *   SEARCH     may be asked for by a search
 *   KEPT       has rows or samples that are kept beside the columns */
typedef enum record_need {
    PSW_NEED_ANYTHING,
    PSW_NEED_ROWS,
    PSW_NEED_SETS,
    PSW_NEED_HEAD,
    PSW_NEED_RULE,
    PSW_NEED_ONE_DRAW,
    PSW_NEED_DRAWS,
    PSW_NEED_SPREAD,
    PSW_NEED_NOISE,
    PSW_NEED_MASSES,
    PSW_NEED_CHANCES,
    PSW_NEED_DEGREES,
    PSW_NEED_SKETCH,
    PSW_NEED_REFERENCE,
    PSW_NEED_COMPARED,
    PSW_NEED_RECALL,
    PSW_NEED_TIMED,
    PSW_NEED_DECODING,
    PSW_NEED_SEARCH,
    PSW_NEED_KEPT,
    PSW_NEEDS_COUNT
} record_need;

#endif
