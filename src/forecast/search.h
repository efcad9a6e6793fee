/* forecast/search: the points that a search asks for: at least, as theory expects, at most. */
#ifndef POLYSWEEP_FORECAST_SEARCH_H
#define POLYSWEEP_FORECAST_SEARCH_H

#include "polysweep/forecast.h"

typedef enum forecast_supposed { FORECAST_LEAST, FORECAST_EXPECTED, FORECAST_MOST } forecast_supposed;

/* Begins with the wanted points, of a study that searches. PSW_USAGE, PSW_NO_MEMORY. */
psw_status forecast_search_begin(psw_forecast *forecast);
/* The points that are asked for become the wanted ones: at least, without an edge; as theory expects; all,
 * each in a round of its own. */
void forecast_search_suppose(psw_forecast *forecast, forecast_supposed supposed);
void forecast_search_free(psw_forecast *forecast);

/* Seconds of all rounds on one rank, candidates of each computed together. */
double forecast_search_alone(const psw_forecast *forecast);
/* The wanted points as runs of one point: all of a family on teams of the depth that its costliest point gets, of equal
 * length. PSW_NO_MEMORY. */
psw_status forecast_search_cut(const psw_forecast *forecast, const psw_cut *cut, psw_runs *runs);
/* Seconds of the family that takes longest: its rounds follow each other. */
double forecast_search_longest(const psw_forecast *forecast, const psw_runs *runs);

#endif
