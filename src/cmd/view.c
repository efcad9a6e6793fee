#include "cmd/view.h"

#include <ctype.h>
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
} subject;

static double column_value(const void *of, ptrdiff_t name)
{
    const subject *s = of;
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

psw_status cmd_view_where(cmd_view *v, const char *where)
{
    if (v->count == 0) v->count = psw_columns_of(v->study, v->all);
    v->every_status = names_status(where);
    for (ptrdiff_t i = 0; i < v->count; i++) {
        v->names[i] = v->all[i].name;
        v->vocabulary[i] = psw_column_vocabulary(&v->all[i]);
    }
    v->oracle = (psw_oracle){v->names, column_value, v->vocabulary};
    return where ? psw_expression_create(where, "--where", &v->oracle, &v->where) : PSW_OK;
}

bool cmd_view_keeps(const cmd_view *v, const psw_record *record)
{
    subject s = {v, record};
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

static psw_status walk_slots(cmd_view *v, cmd_view_row *row, void *state)
{
    psw_status status = PSW_OK;
    v->left_out = 0;
    ptrdiff_t slots = psw_reader_slots(v->reader);
    for (ptrdiff_t first = 0; status == PSW_OK && first < slots; first += CHUNK) {
        ptrdiff_t count = slots - first < CHUNK ? slots - first : CHUNK;
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
