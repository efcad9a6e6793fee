/* show: rows of the result table, for a person or for a program. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/counterexamples.h"
#include "cmd/edges.h"
#include "cmd/extrap.h"
#include "cmd/order.h"

#include "polysweep/plain.h"
#include "polysweep/terminal.h"

/* ---- which columns ---- */

static psw_status add_column(cmd_view *v, const char *name)
{
    const psw_column *column;
    PSW_TRY(cmd_order_column(v, "--columns", name, &column));
    if (v->shown_count < PSW_COLUMNS_MAX) v->shown[v->shown_count++] = column;
    return PSW_OK;
}

static psw_status asked_columns(cmd_view *v, const char *list)
{
    for (const char *at = list; *at;) {
        char name[80];
        size_t length = strcspn(at, ", ");
        if (length >= sizeof name)
            return PSW_FAIL(PSW_USAGE, "--columns: a name is longer than %zu letters", sizeof name - 1);
        memcpy(name, at, length);
        name[length] = '\0';
        if (length > 0) PSW_TRY(add_column(v, name));
        at += length + strspn(at + length, ", ");
    }
    return v->shown_count > 0 ? PSW_OK : PSW_FAIL(PSW_USAGE, "--columns: no column is named");
}

static psw_status add_columns(cmd_view *v, const char *const *names)
{
    for (; *names; names++) PSW_TRY(add_column(v, *names));
    return PSW_OK;
}

/* What a reader of a sweep asks first: the verdict where there are two data sets, errors where there is a sketch, and
 * how far it is from a reference. */
static psw_status default_columns(cmd_view *v)
{
    static const char *const always[] = {"status", NULL};
    static const char *const verdict[] = {"success_rate", "success_lo", "success_hi", "theory_success", "beta_c", NULL};
    static const char *const sketch[] = {"err_attn", "err_out", "bad_rows", "state_bytes", NULL};
    static const char *const recall[] = {"recall", "recall_lo", "recall_hi", NULL};
    static const char *const reference[] = {"err_out_ref", "cos_ref", "skill_ref", NULL};
    bool varies[PSW_COLUMNS_MAX], judged = false, recalled = false, sketched = false, compared = false;
    psw_cursor cursor = psw_cursor_begin(v->study);
    psw_cells_vary(v->study, NULL, v->all, v->count, varies);
    for (ptrdiff_t slot = 0; slot < psw_study_slots(v->study); slot++) {
        const psw_point *point = psw_cursor_at(&cursor, slot);
        judged |= psw_data_sets(point) == 2;
        recalled |= psw_recall_computed(point);
        sketched |= psw_sketch_has(point);
        compared |= psw_reference_computed(point);
    }
    for (ptrdiff_t i = 0; i < v->count; i++)
        if (varies[i]) v->shown[v->shown_count++] = &v->all[i];
    PSW_TRY(add_columns(v, always));
    if (judged) PSW_TRY(add_columns(v, verdict));
    if (recalled) PSW_TRY(add_columns(v, recall));
    if (sketched) PSW_TRY(add_columns(v, sketch));
    return compared ? add_columns(v, reference) : PSW_OK;
}

/* ---- why a point failed ---- */

/* "" for a point that did not. */
static void failure(cmd_view *v, const psw_record *record, char *text, size_t size)
{
    psw_slot_status status = record->slot.status;
    text[0] = '\0';
    if (status != PSW_SLOT_FAILED && status != PSW_SLOT_SKIPPED && status != PSW_SLOT_TIMEOUT) return;
    if (psw_reader_failure(v->reader, v->slot, text, size) != PSW_OK) text[0] = '\0';
}

enum { REPORTED_MOST = 20 };

/* Below a table, on stderr, so that the table stays one. */
static void print_failure(cmd_view *v, const psw_record *record)
{
    char text[512];
    failure(v, record, text, sizeof text);
    if (!text[0] || ++v->reported > REPORTED_MOST) return;
    psw_print(stderr, "slot %td, attempt %td: %s\n", v->slot, record->slot.attempt, text);
    if (v->reported == REPORTED_MOST) psw_print(stderr, "more may have failed: --jsonl prints every message\n");
}

/* ---- the forms ---- */

typedef struct form {
    void (*begin)(cmd_view *v, void *state);
    void (*row)(cmd_view *v, void *state, const psw_record *record);
    void (*end)(void *state);
    bool table;
} form;

typedef struct printer {
    psw_table table;
    psw_json json;
} printer;

static void table_begin(cmd_view *v, void *state)
{
    printer *p = state;
    char text[PSW_COLUMNS_MAX][PSW_CELL];
    const char *cells[PSW_COLUMNS_MAX];
    for (ptrdiff_t i = 0; i < v->shown_count; i++) {
        psw_cell_heading(v->shown[i]->name, v->shown[i]->units, text[i]);
        cells[i] = text[i];
    }
    psw_table_row(&p->table, cells);
}

static void table_row(cmd_view *v, void *state, const psw_record *record)
{
    printer *p = state;
    char text[PSW_COLUMNS_MAX][PSW_CELL];
    const char *cells[PSW_COLUMNS_MAX];
    for (ptrdiff_t i = 0; i < v->shown_count; i++) {
        psw_cell_text(v->shown[i], record, text[i]);
        cells[i] = text[i];
    }
    psw_table_row(&p->table, cells);
}

static void table_end(void *state)
{
    psw_table_end(&((printer *)state)->table);
}

static void csv_begin(cmd_view *v, void *state)
{
    (void)state;
    for (ptrdiff_t i = 0; i < v->shown_count; i++) psw_print(stdout, "%s%s", i ? "," : "", v->shown[i]->name);
    psw_print(stdout, "\n");
}

static void csv_row(cmd_view *v, void *state, const psw_record *record)
{
    char text[PSW_CELL];
    (void)state;
    for (ptrdiff_t i = 0; i < v->shown_count; i++) {
        psw_column_text(v->shown[i], record, text, sizeof text);
        psw_print(stdout, "%s%s", i ? "," : "", text);
    }
    psw_print(stdout, "\n");
}

static void csv_end(void *state)
{
    (void)state;
}

static void json_members(cmd_view *v, psw_json *json, const psw_record *record)
{
    for (ptrdiff_t i = 0; i < v->shown_count; i++) psw_cell_json(json, v->shown[i], record);
    char message[512];
    failure(v, record, message, sizeof message);
    if (message[0]) psw_json_text(json, "message", message);
}

static void lines_begin(cmd_view *v, void *state)
{
    (void)v;
    (void)state;
}

static void lines_row(cmd_view *v, void *state, const psw_record *record)
{
    (void)state;
    psw_json line = psw_json_line(stdout);
    json_members(v, &line, record);
    psw_json_end(&line);
}

static void name_column(psw_json *json, const psw_column *column)
{
    psw_json_text(json, "name", column->name);
    psw_json_text(json, "units", column->units);
    psw_json_text(json, "long_name", column->long_name);
}

static void json_begin(cmd_view *v, void *state)
{
    psw_json *json = &((printer *)state)->json;
    *json = psw_json_begin(stdout, "show");
    psw_json_text(json, "study", psw_study_name(v->study));
    psw_json_open(json, "columns", '[');
    for (ptrdiff_t i = 0; i < v->shown_count; i++) {
        psw_json_open(json, NULL, '{');
        name_column(json, v->shown[i]);
        psw_json_close(json);
    }
    psw_json_close(json);
    psw_json_open(json, "rows", '[');
}

static void json_row(cmd_view *v, void *state, const psw_record *record)
{
    psw_json *json = &((printer *)state)->json;
    psw_json_open(json, NULL, '{');
    json_members(v, json, record);
    psw_json_close(json);
}

static void json_end(void *state)
{
    psw_json_end(&((printer *)state)->json);
}

static const form table_form = {table_begin, table_row, table_end, true};
static const form csv_form = {csv_begin, csv_row, csv_end, false};
static const form lines_form = {lines_begin, lines_row, csv_end, false};
static const form json_form = {json_begin, json_row, json_end, false};

/* ---- from end to end ---- */

static void failure_row(cmd_view *v, void *state, const psw_record *record)
{
    (void)state;
    print_failure(v, record);
}

/* What is said below a table, on stderr, so that the table stays one. */
static psw_status print_notes(cmd_view *v, cmd_order *order)
{
    ptrdiff_t left_out = v->left_out; /* of the walk that has just ended */
    PSW_TRY(cmd_order_walk(v, order, failure_row, NULL));
    if (left_out > 0)
        psw_print(stderr,
                  "%td points that the search did not need are left out; --where \"status == not_needed\" shows "
                  "them\n",
                  left_out);
    return PSW_OK;
}

static void print_narrow(const cmd_view *v, const psw_table *table)
{
    if (table->fitting == v->shown_count) return;
    psw_print(stderr, "%td columns do not fit into %td:", v->shown_count - table->fitting, table->most);
    for (ptrdiff_t i = table->fitting; i < v->shown_count; i++) psw_print(stderr, " %s", v->shown[i]->name);
    psw_print(stderr, "; --columns chooses some, --csv has all\n");
}

/* On a terminal as much as fits; else whole lines, whoever reads them. */
static psw_status print_ordered(cmd_view *v, const form *f, cmd_order *order)
{
    printer state;
    if (f->table && !psw_table_begin(stdout, v->shown_count, &state.table))
        return PSW_FAIL(PSW_NO_MEMORY, "no memory for a table of %td columns", v->shown_count);
    if (f->table && isatty(STDOUT_FILENO) && !cmd_launched()) state.table.most = psw_terminal_columns(STDOUT_FILENO);
    f->begin(v, &state);
    psw_status status = cmd_order_walk(v, order, f->row, &state);
    f->end(&state);
    fflush(stdout);
    if (status == PSW_OK && f->table) print_narrow(v, &state.table);
    return status != PSW_OK || !f->table || v->walk ? status : print_notes(v, order);
}

static psw_status print_rows(cmd_view *v, const form *f, const cmd_options *o)
{
    cmd_order *order;
    psw_status status = cmd_order_make(v, o->sort, o->limit, &order);
    if (status == PSW_OK) status = print_ordered(v, f, order);
    cmd_order_free(order);
    return status;
}

static void note_row(cmd_view *v, void *state, const psw_record *record)
{
    (void)record;
    *(bool *)state = v->enough = true;
}

/* Known before anything is printed. */
static psw_status some_row(cmd_view *v, const char *where)
{
    bool any = false;
    if (where) PSW_TRY(cmd_view_walk(v, note_row, &any));
    if (!where || any) return PSW_OK;
    if (v->walk) return PSW_FAIL(PSW_USAGE, "--where %.200s: no edge satisfies it", where);
    return PSW_FAIL(PSW_USAGE, "--where %.200s: none of the %td rows satisfy it", where, psw_reader_slots(v->reader));
}

static void csv_text(const char *text)
{
    psw_print(stdout, "\"");
    for (; *text; text++) psw_print(stdout, *text == '"' ? "\"\"" : "%c", *text);
    psw_print(stdout, "\"");
}

/* Of the file, own axes and predictions among them; `help columns NAME` says more of those that every file has. */
static void list_columns(const cmd_view *v, const cmd_options *o)
{
    enum { NAME = 24, UNIT = 9 };
    psw_json json = {0};
    if (o->json) json = psw_json_begin(stdout, "show"), psw_json_open(&json, "columns", '[');
    if (o->csv) psw_print(stdout, "name,units,long_name\n");
    for (ptrdiff_t i = 0; i < v->count; i++) {
        const psw_column *column = &v->all[i];
        if (o->csv) {
            psw_print(stdout, "%s,%s,", column->name, column->units);
            csv_text(column->long_name);
            psw_print(stdout, "\n");
        } else if (o->json || o->jsonl) {
            psw_json line = o->json ? json : psw_json_line(stdout);
            if (o->json) psw_json_open(&line, NULL, '{');
            name_column(&line, column);
            o->json ? psw_json_close(&line) : psw_json_end(&line);
            if (o->json) json = line;
        } else {
            psw_print(stdout, "%-*s %-*s ", NAME, column->name, UNIT - 1, column->units);
            psw_print_wrapped(stdout, NAME + 1 + UNIT, NAME + 1 + UNIT, column->long_name);
        }
    }
    if (o->json) psw_json_end(&json);
}

static psw_status print(cmd_view *v, const cmd_options *o)
{
    if (o->edges) PSW_TRY(cmd_edges_open(v));
    PSW_TRY(cmd_view_where(v, o->where));
    if (o->list_columns) return list_columns(v, o), PSW_OK;
    if (o->extrap && o->columns) return PSW_FAIL(PSW_USAGE, "--extrap chooses its columns; leave --columns out");
    if (o->counterexamples && o->columns)
        return PSW_FAIL(PSW_USAGE, "--counterexamples chooses its columns; leave --columns out");
    PSW_TRY(some_row(v, o->where));
    if (o->counterexamples) return cmd_counterexamples_print(v, o);
    if (o->extrap) return cmd_extrap_print(v);
    bool others = o->json || o->jsonl || o->csv;
    if (o->edges && !o->columns && !others && !o->sort && !o->limit) return cmd_edges_print(v);
    if (o->edges && !o->columns)
        cmd_edges_columns(v);
    else
        PSW_TRY(o->columns ? asked_columns(v, o->columns) : default_columns(v));
    return print_rows(v, o->json ? &json_form : o->jsonl ? &lines_form : o->csv ? &csv_form : &table_form, o);
}

psw_status cmd_show(const cmd_options *options, const psw_comm *world)
{
    (void)world;
    if (options->file_count != 1)
        return PSW_FAIL(PSW_USAGE, "one result file is expected, %td files are named", options->file_count);
    if (options->edges && options->extrap) return PSW_FAIL(PSW_USAGE, "--edges and --extrap exclude each other");
    if (options->csv + options->jsonl + options->json + options->extrap > 1)
        return PSW_FAIL(PSW_USAGE, "--csv, --jsonl, --json and --extrap exclude each other; give one of them");
    if ((options->sort || options->limit) && (options->extrap || options->counterexamples))
        return PSW_FAIL(PSW_USAGE, "--extrap and --counterexamples have their own order; leave --sort and --limit out");
    if (options->study && !options->counterexamples)
        return PSW_FAIL(PSW_USAGE, "--study is for counterexamples: add --counterexamples NAME");
    if (options->counterexamples && (options->extrap || options->edges))
        return PSW_FAIL(PSW_USAGE, "--counterexamples, --edges and --extrap exclude each other; give one of them");
    if (options->study && options->csv + options->jsonl + options->json > 0)
        return PSW_FAIL(PSW_USAGE, "--study prints a study file; leave --csv, --jsonl and --json out");
    cmd_view *v;
    PSW_TRY(cmd_view_create(&v));
    psw_status status = cmd_view_open(v, options->files[0]);
    if (status == PSW_OK) status = print(v, options);
    cmd_view_free(v);
    return status;
}
