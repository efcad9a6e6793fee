/* A kind of data is one row, in a file of its own: the shape that it needs, how it makes rows (before row_norm), and
 * their cost. polysweep/data_kinds.def lists them. */
#ifndef POLYSWEEP_DATA_KIND_H
#define POLYSWEEP_DATA_KIND_H

#include "polysweep/data.h"
#include "polysweep/random.h"

struct psw_data {
    psw_point point;
    const psw_arrays *arrays;
    psw_key noise, side[PSW_SIDES], pairs; /* of the sequences a kind draws from */
    double *scratch;                       /* one row */
};

typedef struct data_kind {
    psw_status (*check)(const psw_point *point, const psw_arrays *arrays);
    psw_status (*open)(psw_data *data);               /* NULL: nothing to open; scratch is freed with the data */
    void (*draw)(psw_data *data, ptrdiff_t draw);     /* keys of realisation number `draw`; NULL: there is only one */
    bool same;                                        /* before row_norm, the three sides are the same rows */
    psw_least_score (*least)(const psw_point *point); /* of <q, k> after row_norm; NULL: only the norm bounds it */
    bool (*has_zero_scores)(const psw_point *point);  /* NULL: none is 0 except by chance */
    double (*threshold)(const psw_point *point);      /* NULL: the threshold head does not apply */
    void (*rows)(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows);
    psw_data_work (*work)(const psw_point *point); /* NULL: elements are stored, or made without random numbers */
} data_kind;

#define PSW_DATA_KIND(word, ...) extern const data_kind data_##word;
#include "polysweep/data_kinds.def"

/* What kinds of standard normals share. A key holds side, width and draw, never n or the kind: longer sequences begin
 * with shorter ones, and rows of one kind are made from those of another. */
psw_status data_normal_check(const psw_point *point, const psw_arrays *arrays);
void data_normal_draw(psw_data *data, ptrdiff_t draw);
void data_normal_rows(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows);
psw_data_work data_normal_work(const psw_point *point);
psw_least_score data_unit_least(const psw_point *point); /* of queries and keys that are directions */

/* Powers of offset + scale <q, k> have a meaning only where it is positive: refuses an offset at which the least score
 * of a kind is not, `least` its <q, k>; `what` names it, as in "c^2 ln n". */
psw_status data_check_offset(const psw_point *point, double least, const char *what);

/* n, d and v are at least 1, and row_norm does not leave empty rows. */
psw_status data_check_widths(const psw_point *point);

/* Rows of d numbers become rows of psw_point_width: sqrt(scale) times them, and the coordinate of the offset. There
 * must be room. */
void data_affine(const psw_point *point, psw_side side, ptrdiff_t count, double *rows);

/* Applies row_norm in place. */
void data_row_norm(psw_row_norm norm, ptrdiff_t count, ptrdiff_t width, double *rows);

#endif
