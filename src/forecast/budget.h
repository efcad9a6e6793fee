/* forecast/budget: which points an allocation buys. */
#ifndef POLYSWEEP_FORECAST_BUDGET_H
#define POLYSWEEP_FORECAST_BUDGET_H

#include "polysweep/forecast.h"

/* "200nodeh" or "5000coreh". PSW_USAGE. */
psw_status forecast_budget_read(const char *text, double *hours, bool *of_nodes);
/* Fills the forecast's budget, once its runs and outcome are known. PSW_USAGE, PSW_NO_MEMORY. */
psw_status forecast_budget_spend(psw_forecast *forecast, const char *text);

#endif
