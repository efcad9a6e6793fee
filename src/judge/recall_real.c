/* Outputs against all values, a block of rows at a time, in double whatever the precision: compiled for it alone. */
#include "judge/lookup.h"
#include "judge/recall.h"

#ifndef PSW_SINGLE
#include <math.h>

typedef struct block {
    psw_recall *r;
    const judge_recall_rows *of;
    ptrdiff_t first, rows; /* of the leaf */
    double own[JUDGE_ROWS], best[JUDGE_ROWS], square[JUDGE_ROWS];
    judge_lookup look;
} block;

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

/* Entry k of the numerator of a row, but for a positive factor. */
static double entry_of(const block *b, ptrdiff_t lane, ptrdiff_t k)
{
    ptrdiff_t row = b->first + lane, at = row * b->r->point.v + k;
    double x =
        psw_point_single(&b->r->point) ? (double)((const float *)b->of->at)[at] : ((const double *)b->of->at)[at];
    return isnan(b->of->log2_den[row]) ? -x : x;
}

/* Coordinates of a slab, one after another: 0 past the last, and no numbers in rows that are missing. */
static void lay_lines(const block *b, ptrdiff_t group)
{
    ptrdiff_t first = group * JUDGE_GROUP, count = b->look.groups * JUDGE_GROUP;
    double *line = b->r->lines;
    for (ptrdiff_t k = 0; k < count; k++, line += JUDGE_ROWS)
        for (ptrdiff_t i = 0; i < JUDGE_ROWS; i++)
            line[i] = i >= b->rows ? NAN : first + k < b->r->point.v ? entry_of(b, i, first + k) : 0;
}

/* Takes the products with own values out of a step; true where there were some. */
static bool take_own(block *b, ptrdiff_t first)
{
    double *tile = b->r->tile;
    bool some = false;
    for (ptrdiff_t i = 0; i < b->rows; i++) {
        ptrdiff_t at = b->of->asked + b->first + i - first;
        if (at < 0 || at >= b->look.columns) continue;
        b->own[i] = tile[at * JUDGE_ROWS + i];
        tile[at * JUDGE_ROWS + i] = -INFINITY;
        some = true;
    }
    return some;
}

static void raise_best(block *b, const double *product)
{
    for (ptrdiff_t i = 0; i < JUDGE_ROWS; i++)
        if (product[i] > b->best[i]) b->best[i] = product[i];
}

static void end_step(block *b, ptrdiff_t first)
{
    const double *tile = b->r->tile;
    bool own = take_own(b, first);
    if (!own) raise_best(b, (const double *)b->look.largest);
    for (ptrdiff_t c = 0; own && c < b->look.columns; c++) raise_best(b, tile + c * JUDGE_ROWS);
}

/* A slab of coordinates against the values first .. end. */
static void take_slab(block *b, ptrdiff_t slab, ptrdiff_t first, ptrdiff_t end)
{
    psw_recall *r = b->r;
    judge_lookup *look = &b->look;
    bool last = slab + JUDGE_SLAB >= r->groups;
    look->groups = least(r->groups - slab, JUDGE_SLAB);
    lay_lines(b, slab);
    judge_lookup_tables(look, r->lines);
    for (ptrdiff_t at = first; at < end; at += RECALL_STEP) {
        double *sums = r->sums ? (double *)r->sums + (at - first) * JUDGE_ROWS : NULL;
        look->signs = r->signs + at * r->groups + slab;
        look->columns = least(end - at, RECALL_STEP);
        look->from = slab > 0 ? sums : NULL, look->to = last ? r->tile : sums;
        for (int part = 0; part < JUDGE_PARTS; part++) look->largest[part] = (psw_lanes){0} - INFINITY;
        judge_lookup_sums(look);
        if (last) end_step(b, at);
    }
}

static double length_of(const block *b, ptrdiff_t lane)
{
    double sum = 0;
    for (ptrdiff_t k = 0; k < b->r->point.v; k++) sum += entry_of(b, lane, k) * entry_of(b, lane, k);
    return sqrt(sum);
}

static void end_block(const block *b, judge_recall_sums *sums)
{
    double size = sqrt((double)b->r->point.v); /* of a vector of signs */
    for (ptrdiff_t i = 0; i < b->rows; i++) {
        double length = length_of(b, i);
        sums->hits += b->own[i] > b->best[i];
        sums->margin += length > 0 ? (b->own[i] - b->best[i]) / (length * size) : 0;
    }
}

/* Now and then, as products with few values take less time than asking. */
static psw_status ask(psw_recall *r, double products)
{
    const double often = 0x1p22;
    r->unasked += products;
    if (r->unasked < often) return PSW_OK;
    r->unasked = 0;
    return psw_watch_ask(r->watch);
}

static psw_status read(psw_recall *r, const judge_recall_rows *rows, judge_recall_sums *sums)
{
    ptrdiff_t piece = r->sums ? RECALL_PIECE : r->values;
    block b = {.r = r, .of = rows, .look = {.tables = r->tables, .stride = r->groups}};
    for (; b.first < rows->count; b.first += JUDGE_ROWS) {
        b.rows = least(rows->count - b.first, JUDGE_ROWS);
        for (ptrdiff_t i = 0; i < JUDGE_ROWS; i++) b.best[i] = -INFINITY;
        for (ptrdiff_t first = 0; first < r->values; first += piece)
            for (ptrdiff_t slab = 0; slab < r->groups; slab += JUDGE_SLAB)
                take_slab(&b, slab, first, least(first + piece, r->values));
        end_block(&b, sums);
        PSW_TRY(ask(r, (double)b.rows * (double)r->values * (double)r->point.v));
    }
    return PSW_OK;
}

extern const judge_recall_reader PSW_PRECISION_NAME(judge_recall_reader);
const judge_recall_reader PSW_PRECISION_NAME(judge_recall_reader) = {read};
#endif
