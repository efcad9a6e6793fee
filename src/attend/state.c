#include "attend/state.h"

#include <string.h>

attend_state attend_state_take(psw_arena *arena, ptrdiff_t width, ptrdiff_t features)
{
    return (attend_state){width, features, psw_arena_take(arena, width * features, sizeof(double)), PSW_EMPTY};
}

void attend_state_clear(attend_state *state)
{
    for (ptrdiff_t i = 0; i < state->width * state->features; i++) state->at[i] = 0;
    state->exponent = PSW_EMPTY;
}

void attend_state_copy(attend_state *to, const attend_state *from)
{
    memcpy(to->at, from->at, (size_t)(from->width * from->features) * sizeof *to->at);
    to->exponent = from->exponent;
}

void attend_state_merge(attend_state *into, const attend_state *from)
{
    int top = into->exponent > from->exponent ? into->exponent : from->exponent;
    double keep = attend_scale_to(into->exponent, top), take = attend_scale_to(from->exponent, top);
    double *restrict a = into->at;
    const double *restrict b = from->at;
    for (ptrdiff_t i = 0; i < into->width * into->features; i++) a[i] = keep * a[i] + take * b[i];
    into->exponent = top;
}

/* ---- packed ---- */

size_t attend_state_packed(ptrdiff_t width, ptrdiff_t features)
{
    return (size_t)(1 + width * features) * sizeof(double);
}

static attend_state view(void *packed, ptrdiff_t width, ptrdiff_t features)
{
    attend_state state = {width, features, (double *)packed + 1, 0};
    memcpy(&state.exponent, packed, sizeof state.exponent);
    return state;
}

static attend_state view_bytes(void *packed, size_t bytes)
{
    return view(packed, 1, (ptrdiff_t)(bytes / sizeof(double)) - 1);
}

void attend_state_pack(const attend_state *state, void *packed)
{
    memset(packed, 0, sizeof(double));
    memcpy(packed, &state->exponent, sizeof state->exponent);
    memcpy((double *)packed + 1, state->at, (size_t)(state->width * state->features) * sizeof(double));
}

void attend_state_add_packed(attend_state *into, const void *packed)
{
    attend_state from = view((void *)packed, into->width, into->features);
    attend_state_merge(into, &from);
}

void psw_states_merge(void *into, const void *from, size_t bytes)
{
    attend_state a = view_bytes(into, bytes), b = view_bytes((void *)from, bytes);
    attend_state_merge(&a, &b);
    memcpy(into, &a.exponent, sizeof a.exponent);
}

void psw_states_clear(void *packed, size_t bytes)
{
    attend_state state = view_bytes(packed, bytes);
    attend_state_clear(&state);
    memcpy(packed, &state.exponent, sizeof state.exponent);
}
