/* attend/state: a state, the sum over keys of phi(k) [v | 1], and the one way in which states are added. In double,
 * whatever the precision of the products; local; no BLAS. */
#ifndef POLYSWEEP_ATTEND_STATE_H
#define POLYSWEEP_ATTEND_STATE_H

#include "attend/sums.h"
#include "polysweep/attend.h"

typedef struct attend_state {
    ptrdiff_t width, features; /* width = columns of the values + 1; the last one belongs to the denominator */
    double *at;                /* width x features: transposed, as products take it */
    int exponent;              /* the sum is at * 2^exponent; PSW_EMPTY: no key yet, and every number is 0 */
} attend_state;

attend_state attend_state_take(psw_arena *arena, ptrdiff_t width, ptrdiff_t features);
void attend_state_clear(attend_state *state);
void attend_state_copy(attend_state *to, const attend_state *from);

/* into += from under the larger exponent (an exact scaling). Commutative to the bit; an empty state is the identity. */
void attend_state_merge(attend_state *into, const attend_state *from);

/* A state as a message: its exponent, then its numbers (psw_states, polysweep/attend.h). */
size_t attend_state_packed(ptrdiff_t width, ptrdiff_t features); /* bytes */
void attend_state_pack(const attend_state *state, void *packed);
void attend_state_add_packed(attend_state *into, const void *packed); /* merges */

#endif
