#include <math.h>

#include "sketch/shape.h"

/* With T, T' independent and Gaussian G, G' (norms N = |T x|^2 |T y|^2, products C = <T x, T y>^2), Isserlis' theorem
 * gives E <g,x>^2 <g,y>^2 = N + 2 C, so for a node of degree p = p1 + p2, with all letters expectations,
 *     C_p = C_p1 C_p2 + (1/r) [(N_p1 + 2 C_p1) (N_p2 + 2 C_p2) - C_p1 C_p2]
 *     N_p = (1 - 1/r) N_p1 N_p2 + (1/r) (N_p1 + 2 C_p1) (N_p2 + 2 C_p2). */
typedef struct second {
    double norms, squared; /* N, C */
} second;

static second tree_second(ptrdiff_t p, double r, second leaf)
{
    if (p == 1) return leaf;
    second a = tree_second((p + 1) / 2, r, leaf), b = p % 2 ? tree_second(p / 2, r, leaf) : a;
    double both = (a.norms + 2 * a.squared) * (b.norms + 2 * b.squared) / r, rest = 1 - 1 / r;
    return (second){rest * a.norms * b.norms + both, rest * a.squared * b.squared + both};
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

static psw_moments squared_tree(const psw_point *point, double r, double norms, double c)
{
    ptrdiff_t p = sketch_degree(point);
    double mean = tree_second(p, r, (second){norms, c * c}).squared;
    if (p == 1) return (psw_moments){c * c, 0};
    return (psw_moments){mean, p == 2 ? fourth_of_degree_two(r, norms, c) - mean * mean : NAN};
}

/* Four indices drawn from x, y, x, y meet in pairs; per factor c^2, a = norms - squares or g = c^2 - squares are the
 * sums over the three pairings. A factor of pairing a (g) adds the same uniform shift to both hash differences
 * (opposite ones): both vanish with probability 1/r, or where shifts of both kinds occur gcd(2, r) / r^2. */
static double tensorsketch_variance(double p, ptrdiff_t r, double norms, double c, double squares)
{
    double e = c * c, a = norms - squares, g = e - squares, one = 1 / (double)r;
    double plain = pow(e, p), with_a = pow(e + a, p), with_g = pow(e + g, p), all = pow(e + a + g, p);
    return one * (with_a - plain + with_g - plain) + (r % 2 ? 1 : 2) * one * one * (all - with_a - with_g + plain);
}

psw_moments psw_sketch_moments(const psw_point *point, double norms, double product, double squares)
{
    double p = (double)sketch_degree(point), c = product, r = (double)psw_sketch_shape_of(point).r;
    double power = pow(c, p), square = power * power;
    switch (point->method) {
    case PSW_MONOMIAL: return (psw_moments){power, 0};
    case PSW_POLYSKETCH: return sketch_learned(point) ? (psw_moments){NAN, NAN} : squared_tree(point, r, norms, c);
    case PSW_TREE:
        if (p == 1) return (psw_moments){c, 0};
        return (psw_moments){power, tree_second((ptrdiff_t)p, r, (second){norms, c * c}).squared - square};
    case PSW_TENSORSKETCH: return (psw_moments){power, tensorsketch_variance(p, (ptrdiff_t)r, norms, c, squares)};
    case PSW_SRHT: /* distinct columns are uncorrelated: two rows of H drawn independently average to the identity */
    case PSW_MACLAURIN: /* E <w,x>^2 <w,y>^2 = norms + 2 (c^2 - squares) for signs w */
        return (psw_moments){power, (pow(norms + 2 * (c * c - squares), p) - square) / r};
    case PSW_FAVOR: return (psw_moments){exp(c), NAN};
    default: return (psw_moments){NAN, NAN};
    }
}
