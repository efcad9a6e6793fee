/* What stands in a row of a table: parameters and results of a point, for a person and as JSON. */
#ifndef POLYSWEEP_CMD_CELLS_H
#define POLYSWEEP_CMD_CELLS_H

#include "cmd/print.h"
#include "polysweep/store.h"

/* Marks the parameters, own axes among them, that differ between points of one method: between methods they also differ
 * because one does not have them. `wanted`: 0 for slots that do not count; NULL: all do. */
void psw_cells_vary(const psw_study *study, const unsigned char *wanted, const psw_column *columns, ptrdiff_t count,
                    bool varies[PSW_COLUMNS_MAX]);

/* "predicted_s [s]": units where they say something. */
void psw_cell_heading(const char *name, const char *units, char text[PSW_CELL]);
/* Six digits do for reading; "-" for what does not apply. */
void psw_cell_text(const psw_column *column, const psw_record *record, char text[PSW_CELL]);
/* As a member of the open object, with all digits. */
void psw_cell_json(psw_json *json, const psw_column *column, const psw_record *record);

#endif
