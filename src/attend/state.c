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

/* ---- packed ---- */

size_t psw_state_packed(ptrdiff_t width, ptrdiff_t features)
{
    return (size_t)(1 + width * features) * sizeof(double);
}

static psw_state view(void *packed, ptrdiff_t width, ptrdiff_t features)
{
    psw_state state = {width, features, (double *)packed + 1, 0};
    memcpy(&state.exponent, packed, sizeof state.exponent);
    return state;
}

static psw_state view_bytes(void *packed, size_t bytes)
{
    return view(packed, 1, (ptrdiff_t)(bytes / sizeof(double)) - 1);
}

void psw_state_pack(const psw_state *state, void *packed)
{
    memset(packed, 0, sizeof(double));
    memcpy(packed, &state->exponent, sizeof state->exponent);
    memcpy((double *)packed + 1, state->at, (size_t)(state->width * state->features) * sizeof(double));
}

void psw_state_add_packed(psw_state *into, const void *packed)
{
    psw_state from = view((void *)packed, into->width, into->features);
    psw_state_merge(into, &from);
}

void psw_states_merge(void *into, const void *from, size_t bytes)
{
    psw_state a = view_bytes(into, bytes), b = view_bytes((void *)from, bytes);
    psw_state_merge(&a, &b);
    memcpy(into, &a.exponent, sizeof a.exponent);
}

void psw_states_clear(void *packed, size_t bytes)
{
    psw_state state = view_bytes(packed, bytes);
    psw_state_clear(&state);
    memcpy(packed, &state.exponent, sizeof state.exponent);
}
