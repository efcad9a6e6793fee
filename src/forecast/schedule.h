/* forecast/schedule: the simulated schedule of a study on a number of ranks, and why it does not end earlier. */
#ifndef POLYSWEEP_FORECAST_SCHEDULE_H
#define POLYSWEEP_FORECAST_SCHEDULE_H

#include "polysweep/forecast.h"

/* Whole nodes first. Lives as long as the forecast. */
psw_split forecast_split(const psw_forecast *forecast, ptrdiff_t ranks);
/* Ranks that a run is for; for a refused one those requested, else 1. */
ptrdiff_t forecast_team(const psw_run *run, const psw_level *levels);

/* Finds alone_s: the wanted points on one rank. PSW_NO_MEMORY. */
psw_status forecast_alone(psw_forecast *forecast);
/* The wanted points, divided into runs for ranks that may have that many bytes each (0 = any). PSW_NO_MEMORY. */
psw_status forecast_cut(const psw_forecast *forecast, const psw_split *split, double memory_bytes, psw_runs *runs);
/* The schedule of `runs` and what limits it. `alone_s` of the forecast is known. PSW_NO_MEMORY. */
psw_status forecast_judge(const psw_forecast *forecast, const psw_runs *runs, const psw_split *split,
                          psw_forecast_outcome *outcome);
const char *forecast_limit_word(psw_forecast_limit limit);
/* The largest number of ranks compared of which nine tenths are busy, -1 = none. */
ptrdiff_t forecast_knee(const psw_forecast *forecast);

#endif
