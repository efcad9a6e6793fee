/* A kind of data is one row of a table: what its shape must be and how it makes rows, before row_norm. */
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
    psw_status (*open)(psw_data *data); /* NULL: nothing to open; scratch is freed with the data */
    void (*draw)(psw_data *data, ptrdiff_t draw); /* keys of realisation number `draw`; NULL: there is but one */
    int sets;
    bool special;                                        /* point.j3 is the token that differs */
    bool same;                                           /* before row_norm, the three sides are the same rows */
    bool (*has_negative_scores)(const psw_point *point); /* before row_norm; NULL: they can be */
    double (*threshold)(const psw_point *point);         /* NULL: no head looks at this kind */
    void (*rows)(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows);
} data_kind;

extern const data_kind data_self_attention, data_gaussian, data_sphere, data_aligned, data_scores, data_file;

/* n, d and v are at least 1, and row_norm leaves something of a row. */
psw_status data_check_widths(const psw_point *point);

/* Applies row_norm in place. */
void data_row_norm(psw_row_norm norm, ptrdiff_t count, ptrdiff_t width, double *rows);

#endif
