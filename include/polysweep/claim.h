/* record: claims: does a result contradict what its study claims of the point?
 *
 * A claim {when: W, then: T} is about the points where predict_NAME is 1. T is a conjunction of parts. A part that
 * compares success_rate, fire_rate_d1 or fire_rate_d0 with something known before (parameters, own axes, theory,
 * predictions, numbers) by <, <=, >, >= or == is about the true rate p: "p <= e" is tested by P(X >= k), "p >= e" by
 * P(X <= k), X binomial with e and as many trials as the rate has independent samples (exact and one-sided, Clopper and
 * Pearson's; == by both). A part that compares anything else contradicts as it is: the other columns have no error of
 * chance, or none that is known.
 *
 * Independent samples: success_samples, which trials that share draws are worth; for the other two rates, of which no
 * such number is kept, the clusters of draws (polysweep/judge.h). Where trials were ended by a rule that looks at them,
 * the p-value is one that holds at any end, exp(-psw_trials_evidence); under draws of several trials each, whose means
 * are not kept, half of the point's trials_error (a bound's share of it) where that bound of success_rate's interval
 * has passed e, else 1.
 *
 * p of a point: the smallest of its parts' times their number (Bonferroni), 0 where a part that is not tested is false.
 * Over the points that the claim is about, computed or not, p-values are corrected by Holm's rule (1979). */
#ifndef POLYSWEEP_CLAIM_H
#define POLYSWEEP_CLAIM_H

#include "polysweep/record.h"

typedef struct psw_claim psw_claim;
/* Number of a prediction (psw_study_predict) that is a claim. `study` must outlive it. PSW_USAGE where a column is not
 * known; PSW_NO_MEMORY. */
psw_status psw_claim_create(const psw_study *study, ptrdiff_t number, psw_claim **claim);
void psw_claim_free(psw_claim *claim);

/* Results that it names. Returns their number. */
ptrdiff_t psw_claim_columns(const psw_claim *claim, const psw_column *const **columns);
bool psw_claim_tested(const psw_claim *claim); /* a part is tested */
/* A rate is compared in a part that is not tested: with another result, in a sum, behind `or` or `not`. */
bool psw_claim_untested_rate(const psw_claim *claim);

typedef struct psw_claim_answer {
    bool about, known; /* known: about it, computed, and no column that is named is NaN */
    bool holds;        /* as it was measured */
    bool tested;       /* p is of a test; else 0 or 1, as it was measured */
    double p;          /* of the claim */
    double beyond;     /* by how much a compared value is on the wrong side, the largest; NaN: nothing is compared */
} psw_claim_answer;
psw_claim_answer psw_claim_ask(const psw_claim *claim, const psw_record *record);

typedef struct psw_claim_finding {
    ptrdiff_t slot;
    psw_claim_answer answer;
    double corrected; /* p among `points` */
} psw_claim_finding;
/* Strongest first: by p, by how far beyond, by slot. Fills `corrected`, among `points` that the claim is about. */
void psw_claim_findings_sort(psw_claim_finding *list, ptrdiff_t count, ptrdiff_t points);

#endif
