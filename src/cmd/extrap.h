/* cmd/extrap: show --extrap, measurements in the JSON lines of Extra-P (github.com/extra-p/extrap,
 * docs/file-formats.md). */
#ifndef POLYSWEEP_CMD_EXTRAP_H
#define POLYSWEEP_CMD_EXTRAP_H

#include "cmd/view.h"

/* A line for each point with a time of its own. PSW_USAGE: there is none, or nothing varies. */
psw_status cmd_extrap_print(cmd_view *view);

#endif
