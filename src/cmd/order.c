#include "cmd/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 16 };

struct cmd_order {
    ptrdiff_t limit, taken; /* 0: none; rows of the present walk */
    struct {
        const psw_column *column;
        bool descending;
    } key[KEYS_MAX];
    int keys;
    const psw_column *kept[PSW_COLUMNS_MAX + 2]; /* the shown columns, and what a failure is looked up by */
    ptrdiff_t kept_count;
    size_t row_bytes; /* of a row: keys, its number, its slot, kept columns */
    unsigned char *rows;
    ptrdiff_t count, room, seen;
    /* while rows are printed: what they are passed on to */
    cmd_view_row *row;
    void *state;
    psw_status status;
};

psw_status cmd_order_column(const cmd_view *v, const char *option, const char *name, const psw_column **column)
{
    for (ptrdiff_t i = 0; i < v->count; i++)
        if (strcmp(v->all[i].name, name) == 0) return *column = &v->all[i], PSW_OK;
    const char *near = psw_nearest(name, v->names);
    return PSW_FAIL(PSW_USAGE, "%s: there is no column \"%s\"%s%s", option, name, near ? ", did you mean " : "",
                    near ? near : "");
}

static psw_status read_keys(const cmd_view *v, const char *list, cmd_order *o)
{
    for (const char *at = list; *at;) {
        char name[PSW_COLUMN_NAME];
        bool descending = *at == '-';
        at += descending;
        size_t length = strcspn(at, ", ");
        if (length >= sizeof name)
            return PSW_FAIL(PSW_USAGE, "--sort: a name is longer than %zu letters", sizeof name - 1);
        if (o->keys == KEYS_MAX) return PSW_FAIL(PSW_USAGE, "--sort: more than %d columns", KEYS_MAX);
        memcpy(name, at, length);
        name[length] = '\0';
        PSW_TRY(cmd_order_column(v, "--sort", name, &o->key[o->keys].column));
        o->key[o->keys++].descending = descending;
        at += length + strspn(at + length, ", ");
    }
    return o->keys > 0 ? PSW_OK : PSW_FAIL(PSW_USAGE, "--sort: no column is named");
}

static void choose_kept(const cmd_view *v, cmd_order *o)
{
    static const char *const always[] = {"status", "attempt"};
    for (ptrdiff_t i = 0; i < v->shown_count; i++) o->kept[o->kept_count++] = v->shown[i];
    for (ptrdiff_t i = 0; i < v->count; i++)
        for (int k = 0; k < 2; k++)
            if (strcmp(v->all[i].name, always[k]) == 0) o->kept[o->kept_count++] = &v->all[i];
    o->row_bytes = ((size_t)o->keys + 2 + (size_t)o->kept_count) * sizeof(double);
}

/* ---- rows in memory ---- */

static double *keys_of(const cmd_order *o, ptrdiff_t i)
{
    return (double *)(void *)(o->rows + (size_t)i * o->row_bytes);
}

/* Below 0: row a comes before row b. What has no value comes last, in either direction; equal rows as they came. */
static int compare(const cmd_order *o, const double *a, const double *b)
{
    for (int k = 0; k < o->keys; k++) {
        bool none = isnan(a[k]), other = isnan(b[k]);
        if (none != other) return none ? 1 : -1;
        if (!none && a[k] != b[k]) return (a[k] < b[k]) == !o->key[k].descending ? -1 : 1;
    }
    return a[o->keys] < b[o->keys] ? -1 : a[o->keys] > b[o->keys];
}

static void swap(cmd_order *o, ptrdiff_t i, ptrdiff_t j)
{
    double *a = keys_of(o, i), *b = keys_of(o, j);
    for (size_t k = 0; k < o->row_bytes / sizeof(double); k++) {
        double kept = a[k];
        a[k] = b[k];
        b[k] = kept;
    }
}

/* Below i the largest is on top. */
static void sift(cmd_order *o, ptrdiff_t i, ptrdiff_t count)
{
    for (ptrdiff_t next; (next = 2 * i + 1) < count; i = next) {
        if (next + 1 < count && compare(o, keys_of(o, next), keys_of(o, next + 1)) < 0) next++;
        if (compare(o, keys_of(o, i), keys_of(o, next)) >= 0) return;
        swap(o, i, next);
    }
}

static bool make_room(cmd_order *o)
{
    enum { FIRST = 256 };
    if (o->count < o->room) return true;
    ptrdiff_t room = o->room ? 2 * o->room : FIRST;
    if (o->limit > 0 && room > o->limit + 1) room = o->limit + 1;
    unsigned char *rows = realloc(o->rows, (size_t)room * o->row_bytes);
    if (!rows) return false;
    o->rows = rows;
    o->room = room;
    return true;
}

/* With a limit the rows are a heap whose top is the first to go. */
static void keep_row(cmd_view *v, void *state, const psw_record *record)
{
    cmd_order *o = state;
    if (!make_room(o)) {
        o->status = PSW_FAIL(PSW_NO_MEMORY, "no memory to sort %td rows; --limit keeps but so many", o->seen);
        v->enough = true;
        return;
    }
    double *row = keys_of(o, o->count);
    for (int k = 0; k < o->keys; k++) row[k] = psw_column_value(o->key[k].column, record);
    row[o->keys] = (double)o->seen++;
    row[o->keys + 1] = (double)v->slot;
    bool full = o->limit > 0 && o->count == o->limit;
    if (full && compare(o, row, keys_of(o, 0)) >= 0) return;
    for (ptrdiff_t i = 0; i < o->kept_count; i++) psw_column_pack(o->kept[i], record, 1, &row[o->keys + 2 + i]);
    if (full) {
        swap(o, 0, o->count);
        sift(o, 0, o->count);
    } else if (++o->count == o->limit) {
        for (ptrdiff_t i = o->count / 2; i-- > 0;) sift(o, i, o->count);
    }
}

static void sort(cmd_order *o)
{
    for (ptrdiff_t i = o->count / 2; i-- > 0;) sift(o, i, o->count);
    for (ptrdiff_t end = o->count; end-- > 1;) {
        swap(o, 0, end);
        sift(o, 0, end);
    }
}

/* ---- from end to end ---- */

psw_status cmd_order_make(cmd_view *v, const char *list, ptrdiff_t limit, cmd_order **order)
{
    cmd_order *o = *order = calloc(1, sizeof *o);
    if (!o) return PSW_FAIL(PSW_NO_MEMORY, "no memory for an order of rows");
    o->limit = limit;
    if (!list) return PSW_OK;
    PSW_TRY(read_keys(v, list, o));
    choose_kept(v, o);
    PSW_TRY(cmd_view_walk(v, keep_row, o));
    PSW_TRY(o->status);
    sort(o);
    return PSW_OK;
}

/* As they come: no more than there is room for. */
static void pass_on(cmd_view *v, void *state, const psw_record *record)
{
    cmd_order *o = state;
    if (o->limit > 0 && o->taken >= o->limit) return;
    o->taken++;
    o->row(v, o->state, record);
    v->enough |= o->limit > 0 && o->taken == o->limit;
}

psw_status cmd_order_walk(cmd_view *v, cmd_order *o, cmd_view_row *row, void *state)
{
    o->row = row;
    o->state = state;
    o->taken = 0;
    if (o->keys == 0) return cmd_view_walk(v, pass_on, o);
    for (ptrdiff_t i = 0; i < o->count && !ferror(stdout); i++) {
        const double *kept = keys_of(o, i);
        psw_edge_row edge = {.record = {.slot = {.status = PSW_SLOT_EMPTY}}}; /* a record, or one of an edge */
        for (ptrdiff_t k = 0; k < o->kept_count; k++)
            psw_column_unpack(o->kept[k], &kept[o->keys + 2 + k], 1, &edge.record);
        v->slot = (ptrdiff_t)kept[o->keys + 1];
        row(v, state, &edge.record);
    }
    return PSW_OK;
}

void cmd_order_free(cmd_order *o)
{
    if (o) free(o->rows);
    free(o);
}
