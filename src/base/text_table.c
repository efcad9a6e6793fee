#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/plain.h"
#include "polysweep/print.h"

void psw_format_seconds(double seconds, char text[PSW_TEXT])
{
    if (!isfinite(seconds))
        snprintf(text, PSW_TEXT, "-");
    else if (seconds == 0)
        snprintf(text, PSW_TEXT, "0 s");
    else if (seconds < 1e-6)
        snprintf(text, PSW_TEXT, "%.0f ns", 1e9 * seconds);
    else if (seconds < 1e-3)
        snprintf(text, PSW_TEXT, "%.0f us", 1e6 * seconds);
    else if (seconds < 1)
        snprintf(text, PSW_TEXT, "%.3g ms", 1e3 * seconds);
    else if (seconds < 60)
        snprintf(text, PSW_TEXT, "%.3g s", seconds);
    else if (seconds < 3600)
        snprintf(text, PSW_TEXT, "%dm%02ds", (int)(seconds / 60), (int)fmod(seconds, 60));
    else
        snprintf(text, PSW_TEXT, "%.0fh%02dm", floor(seconds / 3600), (int)(fmod(seconds, 3600) / 60));
}

void psw_format_bytes(double bytes, char text[PSW_TEXT])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    int unit = 0;
    for (; bytes >= 1024 && unit < 5; unit++) bytes /= 1024;
    snprintf(text, PSW_TEXT, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

/* ---- tables ---- */

bool psw_table_begin(FILE *out, ptrdiff_t columns, psw_table *table)
{
    *table = (psw_table){.out = out, .columns = columns};
    table->width = calloc((size_t)columns, sizeof *table->width);
    table->cells = malloc((size_t)(columns * PSW_TABLE_HELD) * sizeof *table->cells);
    return table->width && table->cells;
}

static void print_row(const psw_table *table, ptrdiff_t row)
{
    for (ptrdiff_t i = 0; i < table->fitting; i++)
        fprintf(table->out, "%s%*s", i ? "  " : "", (int)table->width[i], table->cells[row * table->columns + i]);
    fputc('\n', table->out);
}

/* Of the columns as many as a line has room for. */
static ptrdiff_t fitting(const psw_table *table)
{
    size_t used = 0;
    ptrdiff_t i = 0;
    while (i < table->columns && (table->most == 0 || i == 0 || used + table->width[i] <= (size_t)table->most))
        used += table->width[i++] + 2;
    return i;
}

static void print_held(psw_table *table)
{
    if (table->held >= 0) table->fitting = fitting(table);
    for (ptrdiff_t row = 0; row < table->held; row++) print_row(table, row);
    table->held = -1;
}

void psw_table_row(psw_table *table, const char *const *cells)
{
    ptrdiff_t row = table->held < 0 ? 0 : table->held;
    for (ptrdiff_t i = 0; i < table->columns; i++) {
        char *cell = table->cells[row * table->columns + i];
        psw_plain_text(cells[i], cell, PSW_CELL);
        if (table->held >= 0 && strlen(cell) > table->width[i]) table->width[i] = strlen(cell);
    }
    if (table->held < 0)
        print_row(table, 0);
    else if (++table->held == PSW_TABLE_HELD)
        print_held(table);
}

void psw_table_end(psw_table *table)
{
    print_held(table);
    free(table->width);
    free(table->cells);
}
