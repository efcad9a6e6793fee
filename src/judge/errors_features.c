/* Kernels that are the product of features: those of the exact side, in double. */
#include <math.h>

#include "polysweep/real.h"

#include "judge/errors.h"

/* No row of the table of methods has such a map that is drawn, learned or lifted. */
void judge_errors_lay_features(psw_errors *e, psw_arena *arena)
{
    const ptrdiff_t rows[] = {e->rows, e->keys};
    for (int side = 0; side < 2; side++)
        e->phi[side] = psw_arena_take(arena, rows[side] * e->shape.stored, sizeof *e->phi[side]);
    if (psw_sketcher_in_double()->create(&e->point, e->block, NULL, arena, &e->own) != PSW_OK) e->own = NULL;
}

/* 2^s(x) m(x) */
static void map_side(psw_errors *e, const double *x, ptrdiff_t count, double *phi)
{
    ptrdiff_t d = psw_point_width(&e->point), stored = e->shape.stored;
    for (ptrdiff_t first = 0; first < count; first += e->block) {
        ptrdiff_t rows = count - first < e->block ? count - first : e->block;
        psw_rows to = psw_rows_of(phi + first * stored, rows, stored);
        psw_sketcher_in_double()->map(e->own, (psw_const_rows){x + first * d, rows, d, d}, to, e->key_log2);
        for (ptrdiff_t i = 0; i < rows; i++)
            for (ptrdiff_t c = 0; c < stored; c++) to.at[i * stored + c] *= exp2(e->key_log2[i]);
    }
}

void judge_errors_map(psw_errors *e)
{
    map_side(e, e->q, e->rows, e->phi[0]);
    map_side(e, e->k, e->keys, e->phi[1]);
}
