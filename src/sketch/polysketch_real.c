#include <math.h>

#include "sketch/tree.h"

/* <T x, T y>^2 for a tree T of half the degree: the packed square of what the tree stores (Kacham, Mirrokni, Zhong
 * 2023). Of degree 2 the square of the row itself. */

extern const sketch_map SKETCH_MAP(learned);

static psw_status check_triangle(const psw_point *point)
{
    ptrdiff_t features = point->features, r = (ptrdiff_t)((sqrt(8 * (double)features + 1) - 1) / 2 + 1e-9);
    if (r * (r + 1) / 2 == features) return PSW_OK;
    return PSW_FAIL(
        PSW_USAGE, "%s: features = %td is not r (r + 1) / 2 for any r; nearest: %td (r = %td) or %td (r = %td)",
        psw_method_facts_of(point->method)->word, features, r * (r + 1) / 2, r, (r + 1) * (r + 2) / 2, r + 1);
}

static psw_status check(const psw_point *point)
{
    double beta = point->beta;
    PSW_TRY(sketch_check_degree(point, 2));
    if (fmod(beta, 2) != 0)
        return PSW_FAIL(PSW_USAGE,
                        "polysketch: beta = %g: a self-tensored sketch needs an even degree, %g or %g; the signed "
                        "method tree takes odd ones",
                        beta, beta - 1, beta + 1);
    if (sketch_degree(point) <= 1 && point->weights == 0) return PSW_OK;
    PSW_TRY(sketch_check_size(point));
    return point->r == 0 ? check_triangle(point) : PSW_OK;
}

static psw_sketch_shape shape(const psw_point *point, ptrdiff_t r)
{
    ptrdiff_t p = sketch_degree(point);
    psw_sketch_shape shape = {.r = r, .stored = r, .weigh = PSW_WEIGH_SQUARE};
    if (p <= 1) shape.r = 0, shape.stored = psw_point_width(point);
    shape.exact = sketch_tree_exact(point);
    shape.flops = sketch_tree_flops(point, (double)r);
    return shape;
}

/* E[(mean of r independent Z)^4] for Z = A A', A = <g,x><g,y>, A' its independent copy: moments of A by Isserlis,
 * of Z their squares, then the multinomial count of equal indices. */
static double fourth_of_degree_two(double r, double norms, double c)
{
    double a1 = c, a2 = norms + 2 * c * c, a3 = 9 * norms * c + 6 * c * c * c;
    double a4 = 9 * norms * norms + 72 * norms * c * c + 24 * c * c * c * c;
    double m1 = a1 * a1, m2 = a2 * a2, m3 = a3 * a3, m4 = a4 * a4;
    double sum =
        m4 + (r - 1) * (4 * m3 * m1 + 3 * m2 * m2 + (r - 2) * (6 * m2 * m1 * m1 + (r - 3) * m1 * m1 * m1 * m1));
    return sum / (r * r * r);
}

/* Of degree 4 the fourth moments of normal leaves are known; others depend on more than norms, product and squares. */
static psw_moments moments(const psw_point *point, double norms, double product, double squares)
{
    ptrdiff_t p = sketch_degree(point);
    double c = product, r = (double)psw_sketch_shape_of(point).r;
    if (sketch_tree_exact(point)) return (psw_moments){p == 1 ? c * c : pow(c, 4), 0};
    double mean = sketch_tree_second(p, r, sketch_tree_leaf(point, norms, product, squares)).squared;
    bool known = p == 2 && point->leaves == PSW_LEAVES_GAUSSIAN;
    return (psw_moments){mean, known ? fourth_of_degree_two(r, norms, c) - mean * mean : NAN};
}

const sketch_map SKETCH_MAP(polysketch) = {.check = check,
                                           .shape = shape,
                                           .moments = moments,
                                           .row_work = sketch_tree_row_work,
                                           .table_work = sketch_tree_table_work,
                                           .learned = &SKETCH_MAP(learned),
                                           .lay = sketch_tree_lay,
                                           .start = sketch_tree_start,
                                           .draw = sketch_tree_draw,
                                           .map = sketch_tree_map,
                                           .unit = true};
