/* Words of run.layout, run.route and run.scan, and which leaves a rank owns. */
#include <string.h>

#include "route/grid.h"
#include "route/line.h"

/* ---- words ---- */

static const char *const layouts[] = {"contiguous", "zigzag", "striped", NULL};
static const char *const patterns[] = {"ring", "all_gather", "pass_q", "stream", "grid", NULL};
static const char *const scans[] = {"doubling", "chain", "exscan", "all_gather", NULL};

static psw_status read_word(const char *key, const char *word, const char *const *words, int *code)
{
    char known[128] = "auto";
    *code = -1;
    if (strcmp(word, "auto") == 0) return PSW_OK;
    for (int i = 0; words[i]; i++) {
        size_t at = strlen(known);
        if (strcmp(word, words[i]) == 0) return *code = i, PSW_OK;
        psw_format(known + at, sizeof known - at, ", %s", words[i]);
    }
    return PSW_FAIL(PSW_USAGE, "run.%s: there is no \"%s\"; it is one of %s", key, word, known);
}

psw_status psw_choice_read(const char *layout, const char *pattern, const char *scan, psw_choice *choice)
{
    PSW_TRY(read_word("layout", layout, layouts, &choice->layout));
    PSW_TRY(read_word("route", pattern, patterns, &choice->pattern));
    PSW_TRY(read_word("scan", scan, scans, &choice->scan));
    if (choice->pattern != PSW_GRID || choice->layout != PSW_STRIPED) return PSW_OK;
    return PSW_FAIL(PSW_USAGE,
                    "run.layout: striped with run.route: grid: the queries of a grid are striped over its rows "
                    "in any case, the keys of a column must be neighbours; leave run.layout out, or take "
                    "zigzag or contiguous");
}

/* ---- who owns what ---- */

static bool is_grid(const psw_route *r)
{
    return r->pattern == PSW_GRID;
}

ptrdiff_t psw_route_rounds(const psw_route *r)
{
    return route_line_rounds(r);
}

bool psw_route_down(const psw_route *r, ptrdiff_t round)
{
    return r->layout == PSW_ZIGZAG && round == 1;
}

psw_leaves psw_route_round(const psw_route *r, int rank, ptrdiff_t round)
{
    if (!is_grid(r)) return route_line_round(r, rank, round);
    psw_route columns = psw_route_columns(r);
    return route_line_round(&columns, rank % columns.size, round);
}

ptrdiff_t psw_route_count(const psw_route *r, int rank)
{
    return is_grid(r) ? route_grid_count(r, rank) : route_line_count(r, rank);
}

ptrdiff_t psw_route_leaf(const psw_route *r, int rank, ptrdiff_t place)
{
    return is_grid(r) ? route_grid_leaf(r, rank, place) : route_line_leaf(r, rank, place);
}

int psw_route_owner(const psw_route *r, ptrdiff_t leaf)
{
    return is_grid(r) ? route_grid_owner(r, leaf) : route_line_owner(r, leaf);
}

ptrdiff_t psw_route_place(const psw_route *r, ptrdiff_t leaf)
{
    return is_grid(r) ? route_grid_place(r, leaf) : route_line_place(r, leaf);
}

/* Of more ranks than leaves only owners are asked. */
ptrdiff_t psw_route_most(const psw_route *r)
{
    ptrdiff_t most = 0, asked = r->size < r->leaves ? r->size : r->leaves;
    for (ptrdiff_t i = 0; i < asked; i++) {
        ptrdiff_t count = psw_route_count(r, r->size < r->leaves ? (int)i : psw_route_owner(r, i));
        if (count > most) most = count;
    }
    return most;
}
