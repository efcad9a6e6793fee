/* base: output: aligned tables for people, JSON for programs. */
#ifndef POLYSWEEP_PRINT_H
#define POLYSWEEP_PRINT_H

#include <stdio.h>

#include "polysweep/base.h"

/* ---- JSON, member by member; it handles commas and escapes, and is UTF-8 whatever a text holds: bytes that are none
 * become U+FFFD, characters that terminals obey (plain.h) are \u escapes. Key NULL inside an array. NaN is null,
 * infinities are the texts "inf" and "-inf", because JSON has no numbers for them.
 * --------------------------------------- */

typedef struct psw_json {
    FILE *out;
    int depth;
    bool more[16]; /* the container at this depth already has a member */
    char close[16];
} psw_json;

psw_json psw_json_begin(FILE *out, const char *command);           /* {"polysweep_json": 1, "command": command */
psw_json psw_json_line(FILE *out);                                 /* a bare object: JSON lines, sidecars */
void psw_json_end(psw_json *json);                                 /* closes all open containers, ends the line */
void psw_json_open(psw_json *json, const char *key, char bracket); /* '{' or '[' */
void psw_json_close(psw_json *json);
void psw_json_text(psw_json *json, const char *key, const char *value);
void psw_json_number(psw_json *json, const char *key, double value);
void psw_json_count(psw_json *json, const char *key, ptrdiff_t value);
void psw_json_bool(psw_json *json, const char *key, bool value);
void psw_json_raw(psw_json *json, const char *key, const char *value); /* a number already formatted */

/* ---- for people: "3.2 s", "2h05m", "1.5 GiB" -------------------------------------------------------------- */

#define PSW_TEXT 32
void psw_format_seconds(double seconds, char text[PSW_TEXT]);
void psw_format_bytes(double bytes, char text[PSW_TEXT]);

/* Text on lines of at most PSW_LINE columns, broken at blanks: the first follows what is printed already (`used`
 * columns), the others are indented. Ends the line. */
enum { PSW_LINE = 100 };
void psw_print_wrapped(FILE *out, int used, int indent, const char *text);

/* ---- an aligned table: the first rows set the widths, so any number of rows can be streamed ----- */

enum { PSW_CELL = 48, PSW_TABLE_HELD = 256 };
typedef struct psw_table {
    FILE *out;
    ptrdiff_t columns, held; /* rows kept until widths are known; -1 = printing */
    ptrdiff_t most;          /* columns of a terminal that lines must fit into; 0: any length. The caller's to set */
    ptrdiff_t fitting;       /* columns of the table that are printed: the first of them always is */
    size_t *width;
    char (*cells)[PSW_CELL];
} psw_table;
bool psw_table_begin(FILE *out, ptrdiff_t columns, psw_table *table); /* false: no memory */
void psw_table_row(psw_table *table, const char *const *cells);
void psw_table_end(psw_table *table);

#endif
