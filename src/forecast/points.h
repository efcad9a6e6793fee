/* forecast/points: each point by itself on its team. */
#ifndef POLYSWEEP_FORECAST_POINTS_H
#define POLYSWEEP_FORECAST_POINTS_H

#include "polysweep/forecast.h"
#include "polysweep/print.h"

/* Too many are refused before anything is planned: PSW_USAGE. The run of each is found before anything is printed:
 * PSW_NO_MEMORY. */
psw_status forecast_points_check(const psw_forecast *forecast);
psw_status forecast_points_find(psw_forecast *forecast);
void forecast_points_print(const psw_forecast *forecast);
void forecast_points_json(psw_json *json, const psw_forecast *forecast); /* as a member of the open object */

#endif
