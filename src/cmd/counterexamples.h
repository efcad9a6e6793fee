/* cmd/counterexamples: show --counterexamples, the points whose results contradict a claim of the study. */
#ifndef POLYSWEEP_CMD_COUNTEREXAMPLES_H
#define POLYSWEEP_CMD_COUNTEREXAMPLES_H

#include "cmd/view.h"

/* As a table, --csv, --jsonl, --json or, with --study, as a study of these points. PSW_USAGE: the study makes no such
 * claim, or there is nothing to make a study of. */
psw_status cmd_counterexamples_print(cmd_view *view, const cmd_options *options);

#endif
