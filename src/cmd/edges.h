/* cmd/edges: show --edges: what a search found, a row an edge and one for a combination without. */
#ifndef POLYSWEEP_CMD_EDGES_H
#define POLYSWEEP_CMD_EDGES_H

#include "cmd/view.h"

/* Rows of an open view become edges: read from the file where its search has ended, else found in what is done. Columns
 * are parameters and those of /edges; a parameter with the name of one of these is point_NAME. PSW_USAGE: the study
 * does not search. */
psw_status cmd_edges_open(cmd_view *view);
/* A table for people, and what is to be known of it. */
psw_status cmd_edges_print(cmd_view *view);
/* The columns of the other forms, where none are named. */
void cmd_edges_columns(cmd_view *view);

#endif
