/* theory: the closed form of self-attention data, bounds derived from it, the exact probability of success.
 *
 * All of it follows from the definitions of the data and the head (shapes: a special token, classes of equal
 * tokens, a threshold); nothing here is a constant quoted from a paper. Applies to self_attention data without noise,
 * den_constant 0, row_norm none, mask full (O(d) work for any n) or causal; methods exact (closed_form), softmax and
 * linear; NaN otherwise. Unreachable degrees are +inf. A sketch has the masses and degrees of the exact kernel that it
 * estimates, so a success due to noise alone can be recognised; how often it fires and succeeds is unknown.
 *
 * Scores are offset + scale <q, k>, so with omega = offset / (scale ln n) a power sees c^2 + omega for c^2 and a
 * softmax exponents that are scale times as large: beta_c ~ ln n / ln(1 + (a_1^2 + b^2) / (c^2 + omega)). NaN where an
 * offset leaves scores that are not positive. Degrees hold at the offset and scale of the point; with match exp these
 * follow the degree, which is then solved for along with them. Its weights tend to those of softmax, so a degree is
 * +inf where softmax does not get there either. Ratios of weights grow with the degree, and degrees have a meaning,
 * where no score is below the centre (center <= c^2 ln n); NaN otherwise. Chances and masses at the point itself hold
 * in any case.
 *
 * Under a causal mask row j3 sees the keys before it: masses and degrees are those of what it sees. The first row sees
 * only itself, so with b > kappa ordinary rows fire at every degree (beta_up_class is 0). Probabilities are exact
 * by a walk over the classes (src/theory/causal.c), O(d^3) where rows of many classes may fire; NaN where that is more
 * than 2^31 steps (d above about 1,300).
 *
 * Nothing here has a tolerance: a pre-activation of exactly 0 does not fire, whether constants cancel is decided on
 * their decimals (0.01 + 0.09 is 0.1), and a distance to a limit is computed directly, never by subtraction. */
#ifndef POLYSWEEP_THEORY_H
#define POLYSWEEP_THEORY_H

#include "polysweep/spec.h"

typedef struct psw_theory {
    double special_mass_d1, special_mass_d0;
    double success, fire_d1, fire_d0;
    double beta_fail, beta_c, beta_ok, beta_large;
    double beta_up_special, beta_up_class, beta_up_class_3s, beta_up;
    double edge_lo, edge_hi;
} psw_theory;

/* Is the kernel of the point, or the one that its sketch estimates, in closed form: are there masses? */
bool psw_theory_covers(const psw_point *point);
/* False for sketches. */
bool psw_theory_applies(const psw_point *point);

/* The probability that one sign vector fires on D_0, on D_1, on either: exact, for any n. With mask full a sign vector
 * enters only through the signs of the special feature, of the constant feature, of the class of j3, and the number of
 * +1 among the other classes, so there are only 8 (d - 2) weighted states. */
typedef struct psw_firing {
    double d0, d1, either;
} psw_firing;
psw_firing psw_theory_firing(const psw_point *point);

/* The columns of theory: NaN where they do not apply. The degrees are those of the polynomial kernel, NaN for softmax,
 * linear and favor. */
psw_theory psw_theory_point(const psw_point *point);
/* The same, NaN in part where the watch ends it. Causal masks and edges can take many seconds. */
psw_theory psw_theory_point_watched(const psw_point *point, psw_watch watch);

/* The exact edges of the window in which success is at least point.level (0 < level < 1), over real degrees in (0,
 * 1024]: lo is the least at which it reaches the level (0: it starts there, +inf: never), hi the first after that at
 * which it is below (+inf: none). A function of everything but beta; cached, so that all degrees of a case cost one
 * search. NaN where the degrees do not apply, and where a search would take minutes (causal, rows of many classes may
 * fire, d above about 200). */
typedef struct psw_edges {
    double lo, hi;
} psw_edges;
psw_edges psw_theory_edges(const psw_point *point);

/* The theory columns by name, as a table for expressions: subject is a const psw_point *. */
extern const psw_oracle psw_theory_oracle;
/* The earlier table, without causal masks and with beta_up_class_3s = 0 where it predicts nothing: expressions of
 * studies of that time select their points by it. */
extern const psw_oracle psw_theory_oracle_earlier;

#endif
