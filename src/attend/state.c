#include "attend/state.h"

#include <string.h>

psw_state psw_state_take(psw_arena *arena, ptrdiff_t width, ptrdiff_t features)
{
    return (psw_state){width, features, psw_arena_take(arena, width * features, sizeof(double)), PSW_EMPTY};
}

void psw_state_clear(psw_state *state)
{
    for (ptrdiff_t i = 0; i < state->width * state->features; i++) state->at[i] = 0;
    state->exponent = PSW_EMPTY;
}

void psw_state_copy(psw_state *to, const psw_state *from)
{
    memcpy(to->at, from->at, (size_t)(from->width * from->features) * sizeof *to->at);
    to->exponent = from->exponent;
}

void psw_state_merge(psw_state *into, const psw_state *from)
{
    int top = into->exponent > from->exponent ? into->exponent : from->exponent;
    double keep = psw_scale_to(into->exponent, top), take = psw_scale_to(from->exponent, top);
    double *restrict a = into->at;
    const double *restrict b = from->at;
    for (ptrdiff_t i = 0; i < into->width * into->features; i++) a[i] = keep * a[i] + take * b[i];
    into->exponent = top;
}
