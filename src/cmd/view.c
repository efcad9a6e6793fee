#include "cmd/view.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 512 };

psw_status cmd_view_create(cmd_view **v)
{
    *v = calloc(1, sizeof **v);
    return *v ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for the columns");
}

psw_status cmd_view_open(cmd_view *v, const char *path)
{
    PSW_TRY(psw_study_of_file(path, &v->study));
    PSW_TRY(psw_reader_open(path, &v->reader));
    v->records = malloc(CHUNK * sizeof *v->records);
    return v->records ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for rows of the table");
}

void cmd_view_free(cmd_view *v)
{
    if (v->reader) psw_reader_close(v->reader);
    if (v->where) psw_expression_free(v->where);
    psw_replay_free(&v->replay);
    if (v->study) psw_study_free(v->study);
    free(v->records);
    free(v);
}

/* ---- rows that --where keeps ---- */

typedef struct subject {
    const cmd_view *view;
    const psw_record *record;
    bool *reads; /* of each column: is it asked for? NULL: nobody wants to know */
} subject;

static double column_value(const void *of, ptrdiff_t name)
{
    const subject *s = of;
    if (s->reads) s->reads[name] = true;
    return psw_column_value(&s->view->all[name], s->record);
}

static bool names_status(const char *where)
{
    static const char status[] = "status";
    const size_t length = sizeof status - 1;
    for (const char *at = where; at && (at = strstr(at, status)) != NULL; at += length) {
        bool begins = at == where || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
        if (begins && !isalnum((unsigned char)at[length]) && at[length] != '_') return true;
    }
    return false;
}

/* Can the study's points say which slots are no rows? Not where a file has another number of draws than its study: one
 * from before them. All of an expression is evaluated, always: once says what it reads. */
static bool is_by_point(const cmd_view *v)
{
    bool reads[PSW_COLUMNS_MAX] = {false}, by_point = v->where && v->reader && !psw_reader_older(v->reader);
    psw_record nothing = {0};
    subject s = {v, &nothing, reads};
    if (by_point) (void)psw_expression_value(v->where, &s);
    for (ptrdiff_t i = 0; by_point && i < v->count; i++)
        by_point = !reads[i] || (psw_column_parameter(&v->all[i]) && strcmp(v->names[i], "data_draws") != 0);
    return by_point;
}

psw_status cmd_view_where(cmd_view *v, const char *where)
{
    if (v->count == 0) v->count = psw_columns_of(v->study, v->all);
    v->every_status = names_status(where);
    for (ptrdiff_t i = 0; i < v->count; i++) {
        v->names[i] = v->all[i].name;
        v->vocabulary[i] = psw_column_vocabulary(&v->all[i]);
    }
    v->oracle = (psw_oracle){v->names, column_value, v->vocabulary};
    if (where) PSW_TRY(psw_expression_create(where, "--where", &v->oracle, &v->where));
    v->by_point = is_by_point(v);
    return PSW_OK;
}

bool cmd_view_keeps(const cmd_view *v, const psw_record *record)
{
    subject s = {v, record, NULL};
    return !v->where || psw_expression_value(v->where, &s) != 0;
}

static bool is_row(cmd_view *v, const psw_record *record)
{
    if (!cmd_view_keeps(v, record)) return false;
    bool out = record->slot.status == PSW_SLOT_NOT_NEEDED && !v->every_status;
    v->left_out += out;
    return !out;
}

/* Results of an empty slot are nothing, whatever the file holds: in that of a part there are holes. */
static void blank_empty(psw_record *record)
{
    psw_slot slot = record->slot;
    if (slot.status != PSW_SLOT_EMPTY) return;
    *record = psw_record_blank(&record->point);
    record->slot.attempt = slot.attempt;
    record->slot.deaths = slot.deaths;
}

/* May one of so many slots be a row? */
static bool may_be_rows(const cmd_view *v, psw_cursor *cursor, ptrdiff_t first, ptrdiff_t count)
{
    psw_record of_study = {0};
    for (ptrdiff_t i = 0; v->by_point && i < count; i++) {
        of_study.point = *psw_cursor_at(cursor, first + i);
        if (cmd_view_keeps(v, &of_study)) return true;
    }
    return !v->by_point;
}

/* As long as somebody takes what is printed. */
static psw_status walk_slots(cmd_view *v, cmd_view_row *row, void *state)
{
    psw_status status = PSW_OK;
    psw_cursor cursor = psw_cursor_begin(v->study);
    v->left_out = 0;
    v->enough = false;
    ptrdiff_t slots = psw_reader_slots(v->reader);
    for (ptrdiff_t first = 0; status == PSW_OK && !v->enough && !ferror(stdout) && first < slots; first += CHUNK) {
        ptrdiff_t count = slots - first < CHUNK ? slots - first : CHUNK;
        if (!may_be_rows(v, &cursor, first, count)) continue;
        status = psw_reader_get(v->reader, first, count, v->records);
        for (ptrdiff_t i = 0; status == PSW_OK && i < count; i++) {
            v->slot = first + i;
            blank_empty(&v->records[i]);
            if (is_row(v, &v->records[i])) row(v, state, &v->records[i]);
        }
    }
    return status;
}

psw_status cmd_view_walk(cmd_view *v, cmd_view_row *row, void *state)
{
    return (v->walk ? v->walk : walk_slots)(v, row, state);
}
