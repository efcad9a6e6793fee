/* bench_sketch_fp64, bench_sketch_fp32 [degree d method]: feature maps, or those of one method, on one core, blocks of
 * 256 rows (lifts in pieces of 32, that stay in cache). Prints microseconds a row of map and lift, the map's flops a
 * second over those of BLAS's own 1024^3 product measured in turns with it, and the time of one draw. Not a test: it
 * prints, for a person to judge. Times are of the processor. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "unit/sketch_run.h"

enum { ROWS = 256, PIECE = 32, SIDE = 1024, TURNS = 7 };

static double processor_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static psw_real *numbers(ptrdiff_t count)
{
    psw_real *x = malloc((size_t)count * sizeof *x);
    for (ptrdiff_t i = 0; i < count; i++) x[i] = (psw_real)(i % 97 - 48) / 97;
    return x;
}

static double product_rate(psw_real *abc)
{
    double start = processor_s();
    psw_rows a = psw_rows_of(abc, SIDE, SIDE), b = psw_rows_of(abc + SIDE * SIDE, SIDE, SIDE);
    psw_product_nn(psw_read(a), psw_read(b), psw_rows_of(abc + 2 * SIDE * SIDE, SIDE, SIDE));
    return 2.0 * SIDE * SIDE * SIDE / (processor_s() - start);
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static const char *only; /* of this name; NULL: all */

static void bench(const char *name, psw_method method, double beta, ptrdiff_t d, ptrdiff_t r, psw_real *abc)
{
    if (only && strcmp(only, name) != 0) return;
    psw_point point = sketch_point(method, beta, d, r);
    sketched s = sketch_open(&point, ROWS, NULL);
    ptrdiff_t stored = s.shape.stored, features = s.shape.features;
    psw_real *x = numbers(ROWS * d), *m = numbers(ROWS * stored), *phi = numbers(ROWS * features);
    double scale[ROWS], map_s = 1e9, lift_s = 1e9, draw_s = 1e9, rate = 0;
    int repeat = 1 + (int)(3e-3 * 2e9 / (1 + s.shape.flops * ROWS));
    for (int turn = 0; turn < TURNS; turn++) {
        double start = processor_s();
        sketcher()->draw(s.map, turn, (psw_watch){0});
        draw_s = least(draw_s, processor_s() - start);
        start = processor_s();
        for (int i = 0; i < repeat; i++)
            sketcher()->map(s.map, psw_read(psw_rows_of(x, ROWS, d)), psw_rows_of(m, ROWS, stored), scale);
        map_s = least(map_s, (processor_s() - start) / repeat);
        start = processor_s();
        for (int i = 0; i < repeat; i++)
            for (ptrdiff_t first = 0; first < ROWS; first += PIECE)
                sketcher()->lift(s.map, psw_part(psw_read(psw_rows_of(m, ROWS, stored)), first, PIECE),
                                 psw_rows_of(phi, PIECE, features));
        lift_s = least(lift_s, (processor_s() - start) / repeat);
        rate = fmax(rate, product_rate(abc));
    }
    printf("%-12s %6.0f %4td %6td %8td   %8.3f %6.1f %6.2f   %8.3f %8.2f\n", name, beta, d, stored, features,
           map_s / ROWS * 1e6, s.shape.flops * ROWS / map_s * 1e-9, s.shape.flops * ROWS / map_s / rate,
           lift_s / ROWS * 1e6, draw_s * 1e3);
    free(x), free(m), free(phi);
    sketch_close(&s);
}

int main(int count, char **words)
{
    double beta = count > 1 ? atof(words[1]) : 4;
    ptrdiff_t d = count > 2 ? atol(words[2]) : 64;
    psw_real *abc = numbers(3 * SIDE * SIDE);
    only = count > 3 ? words[3] : NULL;
    printf("method       degree  d   stored features   map us/row  GF/s /BLAS   lift us/row  draw ms\n");
    for (ptrdiff_t r = 16; r <= 64; r *= 2) bench("polysketch", PSW_POLYSKETCH, beta, d, r, abc);
    for (int i = 0; i < 2; i++) {
        ptrdiff_t features = i ? 2080 : 528;
        bench("tree", PSW_TREE, beta, d, features, abc);
        bench("maclaurin", PSW_MACLAURIN, beta, d, features, abc);
        bench("tensorsketch", PSW_TENSORSKETCH, beta, d, features, abc);
        bench("srht", PSW_SRHT, beta, d, features, abc);
        bench("favor", PSW_FAVOR, NAN, d, features, abc);
    }
    bench("tensorsketch", PSW_TENSORSKETCH, beta, d, 512, abc);
    bench("monomial", PSW_MONOMIAL, beta, 16, 0, abc);
    bench("monomial", PSW_MONOMIAL, 2, 64, 0, abc);
    free(abc);
    return 0;
}
