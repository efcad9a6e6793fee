/* record: exact tests of the true value behind a measured rate (polysweep/claim.h says which). */
#ifndef RECORD_RATES_H
#define RECORD_RATES_H

#include "polysweep/record.h"

typedef struct record_rate record_rate;
const record_rate *record_rate_of(const psw_column *column); /* NULL: it is none that is tested */

/* p-values of "the rate is at most e" and "at least e", for a point that is done. */
double record_rate_at_most(const record_rate *rate, const psw_record *record, double e);
double record_rate_at_least(const record_rate *rate, const psw_record *record, double e);

#endif
