/* forecast, inside: the pieces of a forecast. */
#ifndef POLYSWEEP_FORECAST_INSIDE_H
#define POLYSWEEP_FORECAST_INSIDE_H

#include "polysweep/forecast.h"
#include "polysweep/print.h"

/* Whole nodes first. Lives as long as the outlook. */
psw_split forecast_split(const psw_forecast *o, ptrdiff_t ranks);
/* Ranks that a run is meant for; of a refused one those that were asked for, else 1. */
ptrdiff_t forecast_team(const psw_run *run, const psw_level *levels);

/* limits.c: the schedule of `runs` and what limits it. */
psw_status forecast_judge(const psw_forecast *o, const psw_runs *runs, const psw_split *split, psw_forecast_outcome *outcome);
psw_status forecast_cut(const psw_forecast *o, const psw_split *split, double memory_bytes, psw_runs *runs);
const char *forecast_limit_word(psw_forecast_limit limit);

/* psw_forecast_budget: "200nodeh" or "5000coreh". PSW_USAGE. */
psw_status forecast_budget_read(const char *text, double *hours, bool *of_nodes);
psw_status forecast_budget_spend(psw_forecast *o, const char *text);

/* The largest number of ranks compared of which nine tenths are busy, -1 = none. */
ptrdiff_t forecast_knee(const psw_forecast *o);

/* plan_points: each point by itself on its team. Too many are refused before anything is planned: PSW_USAGE. The runs
 * are found before anything is printed: PSW_NO_MEMORY. */
psw_status forecast_points_check(const psw_forecast *o);
psw_status forecast_points_find(psw_forecast *o);
void forecast_points_print(const psw_forecast *o);
void forecast_points_json(psw_json *json, const psw_forecast *o);

#endif
