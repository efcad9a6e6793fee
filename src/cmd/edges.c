#include "cmd/edges.h"

#include <math.h>
#include <string.h>

#include "polysweep/plain.h"

static const psw_combinations *combinations_of(const cmd_view *v)
{
    return psw_search_combinations(v->replay.search);
}

/* ---- columns: parameters, and those of /edges ---- */

static void add_parameters(cmd_view *v, const psw_column *edges, ptrdiff_t count)
{
    psw_column all[PSW_COLUMNS_MAX];
    ptrdiff_t columns = psw_columns_of(v->study, all);
    for (ptrdiff_t i = 0; i < columns; i++) {
        if (!psw_column_parameter(&all[i])) continue;
        psw_column *out = &v->all[v->count++];
        *out = all[i];
        for (ptrdiff_t k = 0; k < count; k++)
            if (strcmp(all[i].name, edges[k].name) == 0)
                psw_format(out->name, sizeof out->name, "point_%s", all[i].name);
    }
}

static void add_columns(cmd_view *v)
{
    ptrdiff_t count;
    const psw_column *edges = psw_edge_columns(&count);
    add_parameters(v, edges, count);
    for (ptrdiff_t i = 0; i < count; i++) v->all[v->count++] = edges[i];
}

/* ---- rows ---- */

static ptrdiff_t first_slot(const psw_combinations *all, ptrdiff_t combination)
{
    ptrdiff_t first = all->slot[all->first[combination]];
    for (ptrdiff_t i = all->first[combination]; i < all->first[combination + 1]; i++)
        if (all->slot[i] < first) first = all->slot[i];
    return first;
}

/* Has the search ended, and is all of it in the file? Rows that are of other slots are of no use. */
static psw_status is_written(cmd_view *v, bool *written)
{
    const psw_combinations *all = combinations_of(v);
    psw_edge_row rows[PSW_SEARCH_EDGES];
    *written = v->replay.open == 0 && psw_reader_edges(v->reader, v->study) == PSW_OK;
    for (ptrdiff_t c = 0; *written && c < all->count; c++) {
        if (psw_replay_elsewhere(&v->replay, all->slot[all->first[c]])) continue;
        PSW_TRY(psw_reader_edges_get(v->reader, c, 1, rows));
        for (int k = 0; k < PSW_SEARCH_EDGES; k++)
            *written &= rows[k].combination == c && rows[k].slot == first_slot(all, c);
    }
    return PSW_OK;
}

static psw_status rows_of(cmd_view *v, ptrdiff_t combination, psw_edge_row rows[PSW_SEARCH_EDGES])
{
    psw_crossings found;
    if (!v->replayed) return psw_reader_edges_get(v->reader, combination, 1, rows);
    psw_replay_crossings(&v->replay, combination, &found);
    psw_edge_rows(&found, combination, rows);
    return PSW_OK;
}

/* Points that are nothing but the level of others have no edges. */
static bool is_level(const psw_combinations *all, ptrdiff_t combination)
{
    ptrdiff_t i = all->first[combination];
    while (all->partner && i < all->first[combination + 1] && all->partner[i] == i) i++;
    return i == all->first[combination + 1];
}

static psw_status walk(cmd_view *v, cmd_view_row *row, void *state)
{
    const psw_combinations *all = combinations_of(v);
    psw_edge_row rows[PSW_SEARCH_EDGES];
    for (ptrdiff_t c = 0; c < all->count; c++) {
        if (is_level(all, c) || psw_replay_elsewhere(&v->replay, all->slot[all->first[c]])) continue;
        psw_point point = psw_study_point(v->study, v->slot = all->slot[all->first[c]]);
        for (int k = 0; k < PSW_SEARCH_EDGES; k++) rows[k].record = psw_record_blank(&point);
        PSW_TRY(rows_of(v, c, rows));
        for (int k = 0; k < PSW_SEARCH_EDGES; k++)
            if ((k == 0 || rows[k].kind != PSW_EDGE_NONE) && cmd_view_keeps(v, &rows[k].record))
                row(v, state, &rows[k].record);
    }
    return PSW_OK;
}

psw_status cmd_edges_open(cmd_view *v)
{
    bool written;
    if (!psw_study_search(v->study))
        return PSW_FAIL(
            PSW_USAGE,
            "--edges: the study of this file searches for none; give it `search: {over: beta, level: 0.9}` and "
            "run it into another file, or use polysweep.edges in Python on a grid");
    PSW_TRY(psw_reader_replay(v->reader, v->study, &v->replay));
    PSW_TRY(is_written(v, &written));
    v->replayed = !written;
    v->walk = walk;
    add_columns(v);
    return PSW_OK;
}

/* ---- which columns ---- */

/* Of all but the searched axis. */
static ptrdiff_t varying(const cmd_view *v, const psw_column *shown[PSW_COLUMNS_MAX])
{
    const psw_search_keys *search = psw_study_search(v->study);
    ptrdiff_t count = 0;
    bool varies[PSW_COLUMNS_MAX];
    psw_cells_vary(v->study, NULL, v->all, v->count, varies);
    for (ptrdiff_t i = 0; i < v->count; i++)
        if (varies[i] && strcmp(v->all[i].name, search->over) != 0) shown[count++] = &v->all[i];
    return count;
}

void cmd_edges_columns(cmd_view *v)
{
    ptrdiff_t edges;
    psw_edge_columns(&edges);
    v->shown_count = varying(v, v->shown);
    for (ptrdiff_t i = v->count - edges; i < v->count; i++) v->shown[v->shown_count++] = &v->all[i];
}

/* ---- for people ---- */

enum { EDGE, POSITION, BETWEEN, EVALUATIONS, TRIALS, THEORY, THEORY_Z, CELLS };

typedef struct lines {
    psw_table table;
    const psw_column *shown[PSW_COLUMNS_MAX];
    ptrdiff_t count, rows, missed, open;
} lines;

static void print_head(lines *l, const cmd_view *v)
{
    const char *words[CELLS] = {[EDGE] = "edge",        [POSITION] = psw_study_search(v->study)->over,
                                [BETWEEN] = "in",       [EVALUATIONS] = "evaluations",
                                [TRIALS] = "trials",    [THEORY] = "theory",
                                [THEORY_Z] = "theory_z"};
    const char *cells[PSW_COLUMNS_MAX];
    for (ptrdiff_t i = 0; i < l->count; i++) cells[i] = l->shown[i]->name;
    memcpy(cells + l->count, words, sizeof words);
    psw_table_row(&l->table, cells);
}

static void number(double value, char text[PSW_CELL])
{
    psw_format(text, PSW_CELL, "-");
    if (!isnan(value)) psw_format(text, PSW_CELL, "%.6g", value);
}

/* Is every candidate that was asked on a side of the level, and did the coarse pass leave no wider gap than it may? */
static bool is_settled(const cmd_view *v, const psw_edge_row *row)
{
    const psw_combinations *all = combinations_of(v);
    const psw_replay *r = &v->replay;
    ptrdiff_t first = all->first[row->combination], end = all->first[row->combination + 1];
    bool settled = psw_replay_ended(r, row->slot) && row->missed < psw_search_gap(end - first);
    for (ptrdiff_t i = first; settled && i < end; i++) {
        ptrdiff_t partner = all->partner ? all->partner[i] : -1;
        if (r->asked[all->slot[i]] == 0) continue;
        psw_level_side side =
            psw_search_side(r->search, &r->answer[all->slot[i]], partner >= 0 ? &r->answer[all->slot[partner]] : NULL);
        settled = side == PSW_SIDE_BELOW || side == PSW_SIDE_ABOVE;
    }
    return settled;
}

/* Of a combination without an edge: the candidates between which there is none, and their side of the level, as far as
 * that is known of all that were asked. */
static void print_none(const cmd_view *v, const psw_edge_row *row, char text[CELLS][PSW_CELL])
{
    const psw_combinations *all = combinations_of(v);
    double from = all->value[all->first[row->combination]], to = all->value[all->first[row->combination + 1] - 1];
    const bool known = row->starts != PSW_SIDE_NONE && row->starts != PSW_SIDE_FAILED;
    const char *side = psw_word(PSW_WORDS_SIDE, (int)row->starts);
    if (!psw_replay_ended(&v->replay, row->slot)) {
        psw_format(text[EDGE], PSW_CELL, known ? "none yet, first %s" : "none yet", side);
        psw_format(text[BETWEEN], PSW_CELL, "of %.6g..%.6g", from, to);
    } else if (is_settled(v, row)) {
        psw_format(text[EDGE], PSW_CELL, "none, %s throughout", side);
        psw_format(text[BETWEEN], PSW_CELL, "none in %.6g..%.6g", from, to);
    } else {
        psw_format(text[EDGE], PSW_CELL, known ? "none found, first %s" : "none found", side);
        psw_format(text[BETWEEN], PSW_CELL, "not settled in %.6g..%.6g", from, to);
    }
    if (isnan(from)) psw_format(text[BETWEEN], PSW_CELL, "-");
}

static void print_row(cmd_view *v, void *state, const psw_record *record)
{
    lines *l = state;
    const psw_edge_row *row = (const psw_edge_row *)record;
    char parameter[PSW_COLUMNS_MAX][PSW_CELL], text[CELLS][PSW_CELL];
    const char *cells[PSW_COLUMNS_MAX];
    for (ptrdiff_t i = 0; i < l->count; i++) {
        psw_cell_text(l->shown[i], record, parameter[i]);
        cells[i] = parameter[i];
    }
    number(row->position, text[POSITION]);
    number(row->theory, text[THEORY]);
    number(row->theory_z, text[THEORY_Z]);
    psw_format(text[EVALUATIONS], PSW_CELL, "%td", row->evaluations);
    psw_format(text[TRIALS], PSW_CELL, "%td", row->trials);
    psw_format(text[EDGE], PSW_CELL, "%s", psw_word(PSW_WORDS_EDGE, (int)row->kind));
    psw_format(text[BETWEEN], PSW_CELL, "(%.6g, %.6g]", row->lo, row->hi);
    if (row->kind == PSW_EDGE_NONE) print_none(v, row, text);
    for (int i = 0; i < CELLS; i++) cells[l->count + i] = text[i];
    psw_table_row(&l->table, cells);
    l->rows++;
    if (row->missed > l->missed) l->missed = row->missed;
    if (row->open > l->open) l->open = row->open;
}

static void print_notes(const cmd_view *v, const lines *l)
{
    const psw_search_keys *search = psw_study_search(v->study);
    psw_print(stdout, "\n");
    if (v->replayed && v->replay.open > 0)
        psw_print(stdout,
                  "the search has not ended for %td of %td: found in what is done so far; run the study on "
                  "the file again to end it\n",
                  v->replay.open, v->replay.families);
    else if (v->replayed)
        psw_print(stdout, "found in the done points: the file does not have them yet; run the study on it again\n");
    if (l->missed > 0) psw_print(stdout, "a window narrower than %td candidates may be missed\n", l->missed + 1);
    if (l->open > 0)
        psw_print(stdout,
                  "up to %td candidates of a row are on neither side of the level: their trials ended undecided\n",
                  l->open);
    if (search->edges != PSW_EDGES_ALL)
        psw_print(stdout, "only the %s edge was looked for\n", psw_word(PSW_WORDS_EDGES, (int)search->edges));
}

psw_status cmd_edges_print(cmd_view *v)
{
    lines l = {.rows = 0};
    l.count = varying(v, l.shown);
    if (!psw_table_begin(stdout, l.count + CELLS, &l.table))
        return PSW_FAIL(PSW_NO_MEMORY, "no memory for a table of %td columns", l.count + CELLS);
    print_head(&l, v);
    psw_status status = cmd_view_walk(v, print_row, &l);
    psw_table_end(&l.table);
    if (status == PSW_OK) print_notes(v, &l);
    fflush(stdout);
    return status;
}
