/* What every feature map promises: what its bits depend on, strides, rows of any size, memory. */
#include "check.h"

#include <string.h>

#include "unit/sketch_run.h"

static const double tolerance = 2e-13; /* as in sketch_maps.c */

/* Blocks of 16 rows out of 41, in another order, by another sketch that has made another draw before. */
static void bits_depend_on_nothing_else(psw_point point)
{
    enum { N = 41, B = 16, D = 20 };
    sketched a = sketch_open(&point, B, NULL), b = sketch_open(&point, B + 5, NULL);
    double x[N * D], forward_scale[N], backward_scale[N];
    ptrdiff_t width = a.shape.stored;
    psw_real *forward = malloc((size_t)(2 * N * width) * sizeof *forward), *backward = forward + N * width;
    random_rows(9, N, D, x);
    sketcher()->draw(b.map, 1, (psw_watch){0});
    sketcher()->draw(b.map, 0, (psw_watch){0});
    sketcher()->draw(a.map, 0, (psw_watch){0});
    for (ptrdiff_t i = 0; i < 3; i++)
        for (int way = 0; way < 2; way++) {
            ptrdiff_t first = (way ? 2 - i : i) * B, count = N - first < B ? N - first : B;
            psw_real *to = (way ? backward : forward) + first * width;
            sketcher()->map(way ? b.map : a.map, (psw_const_rows){x + first * D, count, D, D},
                            psw_rows_of(to, count, width), (way ? backward_scale : forward_scale) + first);
        }
    CHECK(!memcmp(forward, backward, (size_t)(N * width) * sizeof *forward), "method %d", (int)point.method);
    CHECK(!memcmp(forward_scale, backward_scale, sizeof forward_scale), "method %d", (int)point.method);
    if (point.method != PSW_MONOMIAL) {
        sketcher()->draw(b.map, 1, (psw_watch){0});
        sketcher()->map(b.map, (psw_const_rows){x, B, D, D}, psw_rows_of(backward, B, width), backward_scale);
        CHECK(memcmp(forward, backward, (size_t)(B * width) * sizeof *forward), "draws of method %d are alike",
              (int)point.method);
    }
    free(forward);
    sketch_close(&a);
    sketch_close(&b);
}

/* Rows and features inside wider arrays. */
static void strides(psw_point point)
{
    enum { N = 5, D = 20, MORE = 3 };
    sketched s = sketch_open(&point, N, NULL);
    ptrdiff_t width = s.shape.stored, wide = width + MORE;
    double x[N * D], loose[N * (D + MORE)], scale[N];
    psw_real *out = malloc((size_t)(N * wide) * sizeof *out);
    random_rows(9, N, D, x);
    for (int i = 0; i < N; i++) memcpy(loose + i * (D + MORE), x + i * D, D * sizeof *x);
    for (ptrdiff_t i = 0; i < N * wide; i++) out[i] = 77;
    sketcher()->draw(s.map, 0, (psw_watch){0});
    psw_real *m = mapped(&s, N, D, x, scale);
    sketcher()->map(s.map, (psw_const_rows){loose, N, D, D + MORE}, (psw_rows){out, N, width, wide}, scale);
    for (ptrdiff_t i = 0; i < N; i++)
        for (ptrdiff_t j = 0; j < wide; j++)
            if (j < width)
                CHECK_NEAR((double)out[i * wide + j], (double)m[i * width + j], tolerance);
            else
                CHECK(out[i * wide + j] == 77, "method %d wrote beside its row", (int)point.method);
    free(out), free(m);
    sketch_close(&s);
}

/* Rows of any size: only the scale notices. Zero rows. */
static void sizes_of_rows(psw_point point)
{
    enum { D = 20 };
    sketched s = sketch_open(&point, 4, NULL);
    double x[4 * D] = {0}, scale[4];
    ptrdiff_t width = s.shape.stored;
    random_rows(9, 1, D, x);
    for (int j = 0; j < D; j++) x[D + j] = ldexp(x[j], 1000), x[2 * D + j] = ldexp(x[j], -1000);
    sketcher()->draw(s.map, 0, (psw_watch){0});
    psw_real *m = mapped(&s, 4, D, x, scale);
    CHECK_NEAR(scale[1] - scale[0], 4000.0, 1e-14);
    CHECK_NEAR(scale[2] - scale[0], -4000.0, 1e-14);
    CHECK(scale[3] == -INFINITY, "scale of a zero row: %g", scale[3]);
    for (ptrdiff_t j = 0; j < width; j++) {
        CHECK(fabs(m[width + j] - m[j]) < 1e-14 && fabs(m[2 * width + j] - m[j]) < 1e-14, "method %d",
              (int)point.method);
        CHECK(m[3 * width + j] == 0, "feature of a zero row: %g", (double)m[3 * width + j]);
    }
    x[3] = NAN;
    free(m);
    m = mapped(&s, 1, D, x, scale);
    CHECK(isnan(scale[0]), "method %d hides a NaN", (int)point.method);
    free(m);
    sketch_close(&s);
}

static void arena_is_exact(psw_point point)
{
    sketched s = sketch_open(&point, 33, NULL);
    CHECK(s.arena.high == s.arena.size && s.arena.size == sketcher()->bytes(&point, 33), "method %d",
          (int)point.method);
    sketch_close(&s);
    psw_arena counting = psw_arena_counting();
    psw_sketch *none;
    CHECK(sketcher()->create(&point, 33, NULL, &counting, &none) == PSW_OK && !none, "method %d", (int)point.method);
    sketcher()->destroy(none);
}

static void promises(psw_point point)
{
    bits_depend_on_nothing_else(point);
    strides(point);
    if (point.method != PSW_FAVOR) sizes_of_rows(point);
    arena_is_exact(point);
}

int main(void)
{
    static const psw_method methods[] = {PSW_MONOMIAL, PSW_POLYSKETCH, PSW_TREE, PSW_TENSORSKETCH,
                                         PSW_SRHT,     PSW_MACLAURIN,  PSW_FAVOR};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        promises(sketch_point(methods[i], methods[i] == PSW_FAVOR ? NAN : 4, 20, 24));
    for (int i = 0; i < SKETCH_VARIANTS; i++) promises(sketch_variant(i, 4, 20, 24));
    return test_end();
}
