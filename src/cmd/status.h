/* cmd/status: how far a run is, found and printed. */
#ifndef POLYSWEEP_CMD_STATUS_H
#define POLYSWEEP_CMD_STATUS_H

#include "cmd/cmd.h"

/* PSW_ENVIRONMENT: there is no such file, or it cannot be read now. */
psw_status cmd_status_find(const char *path, psw_sweep_state *state);
bool cmd_status_runs(const psw_sweep_state *state);

ptrdiff_t cmd_status_missing(const psw_sweep_state *state);
double cmd_status_rate(const psw_sweep_state *state); /* points a second of this launch; NaN: not known */
double cmd_status_age(const psw_sweep_state *state);  /* seconds since it was written, by this machine's clock; NaN */
double cmd_status_time(const char *iso);              /* seconds since 1970; NaN: it is none */

void cmd_status_print(const char *path, const psw_sweep_state *state, FILE *out); /* for people */
void cmd_status_line(const psw_sweep_state *state, FILE *out);                    /* the same on one line */
void cmd_status_json(const char *path, const psw_sweep_state *state);
void cmd_status_metrics(const char *path, const psw_sweep_state *state); /* for Prometheus */

#endif
