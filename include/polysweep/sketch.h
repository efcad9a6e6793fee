/* sketch: feature maps, rows -> features whose inner products estimate a kernel.
 *
 * A map turns a row x into `stored` numbers m(x) and a scale s(x), so that
 *     kernel(q, k)  is estimated by  2^(s(q) + s(k)) * weigh(<m(q), m(k)>)
 * where weigh is the identity, the square, the power beta, or the partial sum of the exponential. `lift` turns m into
 * the `features` phi(x) with <phi(q), phi(k)> = weigh(<m(q), m(k)>) that a state of linear size needs (packed square: r
 * -> r (r + 1) / 2, off-diagonal products times sqrt 2). Polynomial maps work on unit rows and put beta log2 |x| into
 * the scale, so no degree overflows.
 *
 * One draw of a map is a set of random tables, keyed by (seed, method, d, r, draw, place in the tree), never by beta:
 * the tables of a low degree are part of those of a higher one. Queries and keys use the same tables.
 *
 * Sources: tree, self-tensored or not: Ahle et al. 2020, Kacham, Mirrokni, Zhong 2023 (exact at tree degree 1, where
 * it ignores r), with normal leaves, those of TensorSRHT or count sketches (OSNAP with one entry per column; Ahle et
 * al.); tensorsketch: Pham, Pagh 2013; srht: Ahle et al. 2020 (rows of the Hadamard matrix drawn with replacement);
 * maclaurin: Kar, Karnick 2012 (homogeneous, random signs); complex tables, real and imaginary parts as features:
 * Wacker, Ohana, Filippone 2022; favor: Choromanski et al. 2021 (estimates exp(<q,k>) of the rows as given: dividing by
 * sqrt d is left to row_norm; with epsilon > 0 what the code published with it computes: see favor_real.c); monomial,
 * taylor: every monomial once; elu1: Katharopoulos et al. 2020. monomial and taylor have the exact kernel; that of elu1
 * and relu is the product of their features. */
#ifndef POLYSWEEP_SKETCH_H
#define POLYSWEEP_SKETCH_H

#include "polysweep/data.h"

/* The partial sum takes m(x) as (t, x'): psw_partial_sum of t(q) t(k) and <x'(q), x'(k)>. */
typedef enum psw_weigh { PSW_WEIGH_IDENTITY, PSW_WEIGH_SQUARE, PSW_WEIGH_POWER, PSW_WEIGH_PARTIAL_SUM } psw_weigh;

/* sum over i <= order of z^i t^(order - i) / i!, which is t^order times the partial sum of e^(z / t) */
static inline double psw_partial_sum(ptrdiff_t order, double t, double z)
{
    double sum = 1, power = 1;
    for (ptrdiff_t i = order; i > 0; i--) {
        power *= t;
        sum = power + z / (double)i * sum;
    }
    return sum;
}

typedef struct psw_sketch_shape {
    ptrdiff_t r;        /* random columns, which may be complex; 0 where the map is exact */
    ptrdiff_t stored;   /* numbers kept per row */
    ptrdiff_t features; /* rows of the state */
    psw_weigh weigh;
    bool exact;        /* but for rounding, for any tables */
    bool signs;        /* estimates may be negative */
    double flops;      /* of mapping one row */
    double lift_flops; /* of lifting one row */
} psw_sketch_shape;

/* True for points that have a map: those whose method folds states. */
static inline bool psw_sketch_has(const psw_point *point)
{
    return psw_point_folds(point) == PSW_FOLDS_STATES;
}
/* From r or features (one of them is given; features are r (r + 1) / 2 of squares, 2 r of complex columns, else r), d,
 * beta; for a point that psw_sketch_check accepts. */
psw_sketch_shape psw_sketch_shape_of(const psw_point *point);
/* True where features depend on all keys of the sequence at once. */
bool psw_sketch_asks_keys(const psw_point *point);
/* Draws of the tables: point.draws, at least 1; 0 where nothing is random: exact maps, learned weights, no sketch. */
ptrdiff_t psw_sketch_draws(const psw_point *point);
/* Bytes of one state, features x (v + 1) in the point's precision; also of sizes too large to exist. */
double psw_sketch_state_bytes(const psw_point *point);
/* Bytes held while generating token by token: a state, and the keys and values of the window that `local` leaves exact
 * (n tokens at most). */
double psw_sketch_running_bytes(const psw_point *point);
/* PSW_USAGE with what to do: odd degree for a self-tensored sketch, r < 1, features not triangular, fractional degree,
 * negative degree; PSW_NO_MEMORY with the number of bytes where a state is too wide for a matrix product. */
psw_status psw_sketch_check(const psw_point *point);
/* PSW_NO_MEMORY with the number of bytes where one state needs more than `bytes`. */
psw_status psw_sketch_fits(const psw_point *point, double bytes);

/* Mean and variance of one estimate of <x,y>^beta (favor: of exp <x,y>) over the tables, for |x|^2 |y|^2 = norms,
 * <x,y> = product and sum x_i^2 y_i^2 = squares (used by the sign-based maps). Exact; the variance is NaN for favor
 * and for polysketch above degree 4 (with other leaves than normal ones: above 2), both are NaN for learned weights and
 * for favor with epsilon > 0, whose floor depends on the largest exponents. */
typedef struct psw_moments {
    double mean, variance;
} psw_moments;
psw_moments psw_sketch_moments(const psw_point *point, double norms, double product, double squares);

/* Work in addition to the flops of a shape, which count as flops of products: to map one row, and to draw the tables
 * once. Flops of rows are in the point's precision, those of tables in double. */
typedef struct psw_sketch_work {
    double flops;          /* not counted by the shape, or extra where its flops take longer than a product's */
    double normals, signs; /* random numbers */
} psw_sketch_work;
psw_sketch_work psw_sketch_row_work(const psw_point *point);
psw_sketch_work psw_sketch_table_work(const psw_point *point);

/* Learned weights of a polysketch, loaded and owned by the caller. Two stacks of two levels, each
 *     f(x) = gelu(layernorm(x) up) down,   layernorm with epsilon 1e-5, gain and shift; gelu in its tanh form,
 * m = sqrt(r) tanh(stack_1(x) * stack_2(x) / sqrt(r)), elementwise; the estimate is <m(q), m(k)>^2 whatever beta is.
 * Arrays are row-major and multiply rows from the right: up is in x 8r, down 8r x r, gain and shift 1 x in, where in
 * is d on the first level and r on the second. gain.at and shift.at may be NULL (1 and 0). */
typedef struct psw_array {
    const char *name; /* in messages */
    const double *at;
    ptrdiff_t rows, cols;
} psw_array;
typedef struct psw_weights {
    struct {
        psw_array gain, shift, up, down;
    } level[2][2]; /* [stack][level] */
} psw_weights;
/* PSW_USAGE names the array that is missing, has the wrong shape or holds a number that is not finite. */
psw_status psw_weights_check(const psw_point *point, const psw_weights *weights);

#ifdef POLYSWEEP_REAL_H /* rooms that are compiled per precision and target */

typedef struct psw_sketch psw_sketch; /* a map with its tables; lives in the arena, but for the plans of an FFT */

#define PSW_TRANSPOSED_MOST ((ptrdiff_t)(192 / sizeof(psw_real)))

typedef struct psw_sketcher {
    /* Tables and scratch for blocks of at most `rows` rows. */
    size_t (*bytes)(const psw_point *point, ptrdiff_t rows);
    /* `weights` are read here and may be freed afterwards; NULL unless point.weights asks for them. A counting
     * arena gives a NULL sketch. */
    psw_status (*create)(const psw_point *point, ptrdiff_t rows, const psw_weights *weights, psw_arena *arena,
                         psw_sketch **sketch);
    void (*destroy)(psw_sketch *sketch); /* what is not in the arena; NULL is allowed */
    /* Fills the tables of draw number `draw`; before any map. The watch's status: then there are none. */
    psw_status (*draw)(psw_sketch *sketch, ptrdiff_t draw, psw_watch watch);
    /* m(x) into stored (x.rows x stored), s(x) into log2_scale; a zero row gives zeros and scale -inf (favor: what
     * exp(0) needs). x and stored must not overlap. A row's bits depend only on the shape of its block. */
    void (*map)(psw_sketch *sketch, psw_const_rows x, psw_rows stored, double *log2_scale);
    void (*lift)(psw_sketch *sketch, psw_const_rows stored, psw_rows features);
    /* The same for at most PSW_TRANSPOSED_MOST rows, transposed: features x count from stored x count. */
    void (*lift_transposed)(psw_sketch *sketch, psw_const_rows stored, psw_rows features);
    /* map is for queries where that makes a difference (psw_sketch_asks_keys), this for keys. */
    void (*map_keys)(psw_sketch *sketch, psw_const_rows x, psw_rows stored, double *log2_scale);
    /* Where the keys are: before draw, which makes them all where psw_sketch_asks_keys, in blocks of `rows`, so that a
     * draw is the same on every rank. The data must live and have the rows that are mapped whenever draw is called. */
    void (*keys)(psw_sketch *sketch, const psw_data *data);
} psw_sketcher;
extern const psw_sketcher PSW_PRECISION_NAME(psw_sketcher);
#ifndef PSW_SINGLE
const psw_sketcher *psw_sketcher_in_double(void); /* the chosen target's, for files that are compiled once */
#endif

#endif
#endif
