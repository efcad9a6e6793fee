/* What the assessor says of maps that are exact, of rows of any scale, and of a sample of rows. */
#include "unit/errors_case.h"

/* ---- exact maps ---- */

/* Rows rounded once, degrees multiply what is left. */
static void exact_maps_have_no_error(void)
{
    const double small = precision == PSW_FP32 ? 1e-4 : 1e-13;
    psw_point points[3] = {plain(PSW_MONOMIAL, 5), plain(PSW_POLYSKETCH, 2), plain(PSW_MONOMIAL, 300)};
    points[2].d = 2, points[2].mask = PSW_CAUSAL;
    for (int i = 0; i < 3; i++) {
        psw_sketch_columns c = kernel_errors(points[i]);
        double most = i == 2 ? 60 * small : small; /* 300 / 5 */
        CHECK(c.err_amm < most && c.err_attn < most && fabs(c.err_bias) < most, "degree %g: %g %g %g", points[i].beta,
              c.err_amm, c.err_attn, c.err_bias);
        CHECK(c.theory_err_amm == 0, "degree %g: theory %g", points[i].beta, c.theory_err_amm);
        CHECK(c.exact_map == 1, "degree %g: no exact map", points[i].beta);
        CHECK(fabs(c.min_den_ratio - 1) < 1e3 * most, "degree %g: denominators %g", points[i].beta, c.min_den_ratio);
    }
}

/* |z|^beta leaves the range of numbers for rows of any scale, the errors do not change with it. */
static void scale_does_not_matter(void)
{
    psw_point p = plain(PSW_TREE, 64);
    p.r = 8;
    psw_sketch_columns plain_rows = kernel_errors(p);
    p.row_norm = PSW_NORM_SQRT_D;
    psw_sketch_columns small_rows = kernel_errors(p);
    CHECK(isfinite(plain_rows.err_amm) && plain_rows.err_amm > 0 && isfinite(plain_rows.err_attn), "%g %g",
          plain_rows.err_amm, plain_rows.err_attn);
    /* the scaled rows round differently, and the degree multiplies it */
    CHECK_NEAR(small_rows.err_amm / plain_rows.err_amm, 1.0, 1e3 * close_to);
    CHECK_NEAR(small_rows.err_attn / plain_rows.err_attn, 1.0, 1e3 * close_to);
}

/* The prediction for data of one dimension; the map is exact where it says so. */
static double theory_of_point(psw_point p)
{
    p.d = 1, p.r = 8;
    psw_sketch_columns c = kernel_errors(p);
    bool exact = c.err_attn < (precision == PSW_FP32 ? 1e-4 : 1e-13);
    CHECK(c.exact_map == exact, "%s of degree %g in one dimension: exact_map %td, err_attn %g",
          psw_word(PSW_WORDS_METHOD, (int)p.method), p.beta, c.exact_map, c.err_attn);
    return c.theory_err_amm;
}

static double theory_of(psw_method method, double beta)
{
    return theory_of_point(plain(method, beta));
}

/* In one dimension products of signs are exact, products of normals are not; the moments say so too. */
static void one_dimension(void)
{
    static const psw_method methods[] = {PSW_MONOMIAL, PSW_TREE, PSW_TENSORSKETCH, PSW_SRHT, PSW_MACLAURIN};
    for (int i = 0; i < 5; i++)
        for (int beta = 1; beta <= 4; beta++) {
            double theory = theory_of(methods[i], beta);
            CHECK((theory < 1e-7) == (methods[i] != PSW_TREE || beta == 1), "method %d, degree %d: theory %g",
                  (int)methods[i], beta, theory);
        }
    theory_of(PSW_POLYSKETCH, 2);
    theory_of(PSW_POLYSKETCH, 4);
    for (int i = 0; i < SKETCH_VARIANTS; i++)
        for (int beta = 1; beta <= 6; beta++) {
            psw_point p = plain(PSW_TREE, beta), variant = sketch_variant(i, beta, 1, 8);
            if (variant.method == PSW_POLYSKETCH && beta % 2 != 0) continue;
            p.method = variant.method, p.leaves = variant.leaves, p.is_complex = variant.is_complex;
            theory_of_point(p);
        }
}

/* The floor of favor is in its errors: one draw against estimates of all pairs. */
static void floors(void)
{
    psw_point p = plain(PSW_FAVOR, NAN);
    p.epsilon = 0.05, p.row_norm = PSW_NORM_SQRT_D, p.draws = 1;
    static double q[N * D], k[N * D], scale[2][N];
    psw_data *data = NULL;
    CHECK(psw_data_open(&p, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_data_rows(data, 0, PSW_QUERY, 0, N, q), psw_data_rows(data, 0, PSW_KEY, 0, N, k);
    sketched s = sketch_open(&p, N, NULL);
    sketcher()->keys(s.map, data);
    CHECK(sketcher()->draw(s.map, 0, (psw_watch){0}) == PSW_OK, "%s", psw_message());
    psw_real *mq = mapped_side(&s, PSW_QUERY, N, D, q, scale[0]), *mk = mapped_side(&s, PSW_KEY, N, D, k, scale[1]);
    double off = 0, norm = 0, bias = 0, sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double exact = exp(dot_of(q + i * D, k + j * D, D)), estimate = 0;
            for (int f = 0; f < p.r; f++) estimate += (double)mq[i * p.r + f] * (double)mk[j * p.r + f];
            estimate *= exp2(scale[0][i] + scale[1][j]);
            off += (estimate - exact) * (estimate - exact), norm += exact * exact, bias += estimate - exact,
                sum += exact;
        }
    psw_sketch_columns c = kernel_errors(p);
    near("err_attn of a floor", c.err_attn, sqrt(off / norm));
    near("err_bias of a floor", c.err_bias, bias / sum);
    p.epsilon = 0;
    CHECK(fabs(kernel_errors(p).err_bias - c.err_bias) > 0.01, "a floor of %g changes nothing", 0.05);
    free(mq), free(mk);
    sketch_close(&s);
    psw_data_close(data);
}

/* ---- the sample ---- */

/* A sample of 256 of 3000 rows tells the same error as 256 others, and both nearly that of them all. */
static void a_sample_stands_for_all_rows(void)
{
    psw_point p = plain(PSW_POLYSKETCH, 4);
    p.n = 3000, p.block = 256;
    psw_sketch_columns some = kernel_errors(p);
    CHECK(some.err_rows == 256, "%td rows", some.err_rows);
    p.n = 1024;
    psw_sketch_columns all = kernel_errors(p);
    CHECK(all.err_rows == 1024, "%td rows", all.err_rows);
    /* same tables, other rows: entries are heavy tailed, seeds vary by a few percent */
    CHECK(fabs(some.err_amm / all.err_amm - 1) < 0.25, "%g and %g", some.err_amm, all.err_amm);
    CHECK(fabs(some.theory_err_amm / all.theory_err_amm - 1) < 0.25, "%g and %g", some.theory_err_amm,
          all.theory_err_amm);
}

int main(void)
{
    exact_maps_have_no_error();
    one_dimension();
    floors();
    scale_does_not_matter();
    a_sample_stands_for_all_rows();
    return test_end();
}
