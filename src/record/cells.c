
#include "polysweep/record.h"

#include <math.h>
#include <string.h>

static void mark(const psw_column *columns, ptrdiff_t count, const psw_record *a, const psw_record *b, bool *varies)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        if (varies[i] || !psw_column_parameter(&columns[i])) continue;
        double x = psw_column_value(&columns[i], a), y = psw_column_value(&columns[i], b);
        varies[i] = x != y && !(isnan(x) && isnan(y));
    }
}

void psw_cells_vary(const psw_study *study, const unsigned char *wanted, const psw_column *columns, ptrdiff_t count,
                    bool varies[PSW_COLUMNS_MAX])
{
    psw_record first = {0}, other = {0};
    bool begun = false, methods = false;
    psw_cursor cursor = psw_cursor_begin(study);
    memset(varies, 0, PSW_COLUMNS_MAX * sizeof *varies);
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        if (wanted && !wanted[slot]) continue;
        other.point = *psw_cursor_at(&cursor, slot);
        bool same = begun && other.point.method == first.point.method;
        methods |= begun && !same;
        if (same)
            mark(columns, count, &first, &other, varies);
        else
            first = other;
        begun = true;
    }
    for (ptrdiff_t i = 0; i < count; i++)
        if (strcmp(columns[i].name, "method") == 0) varies[i] = methods;
}

void psw_cell_heading(const char *name, const char *units, char text[PSW_CELL])
{
    bool plain = strcmp(units, "1") == 0 || strcmp(units, "count") == 0;
    psw_format(text, PSW_CELL, plain ? "%s" : "%s [%s]", name, units);
}

void psw_cell_text(const psw_column *column, const psw_record *record, char text[PSW_CELL])
{
    psw_column_text(column, record, text, PSW_CELL);
    if (column->type == PSW_F8 && text[0]) psw_format(text, PSW_CELL, "%.6g", psw_column_value(column, record));
    if (!text[0]) psw_format(text, PSW_CELL, "-");
}

void psw_cell_json(psw_json *json, const psw_column *column, const psw_record *record)
{
    char text[PSW_CELL];
    psw_column_text(column, record, text, sizeof text);
    if (column->vocabulary >= 0)
        psw_json_text(json, column->name, text);
    else if (column->type == PSW_F8)
        psw_json_number(json, column->name, psw_column_value(column, record));
    else
        psw_json_raw(json, column->name, text);
}

void psw_point_text(const psw_point *p, char *text, size_t size)
{
    char beta[32] = "", sketch[64] = "", local[32] = "";
    if (!isnan(p->beta)) snprintf(beta, sizeof beta, " beta=%.10g", p->beta);
    if (p->r > 0 || p->features > 0)
        snprintf(sketch, sizeof sketch, p->r > 0 ? " r=%td" : " features=%td", p->r > 0 ? p->r : p->features);
    if (p->local > 0) snprintf(local, sizeof local, " local=%td", p->local);
    psw_format(text, size, "%s%s%s%s n=%td d=%td%s %s", psw_word(PSW_WORDS_METHOD, (int)p->method), beta, sketch, local,
               p->n, p->d, p->mask == PSW_CAUSAL ? " causal" : "", psw_word(PSW_WORDS_PRECISION, (int)p->precision));
}
