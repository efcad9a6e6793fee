#include "attend/method.h"
#include "polysweep/sketch.h"

psw_fold_kind psw_attend_kind(const psw_point *p)
{
    if (p->mode == PSW_DECODE) return PSW_ONE_RANK;
    if (psw_sketch_has(p) || psw_point_folds(p) == PSW_FOLDS_LANDMARKS) return PSW_STATE_FOLD;
    return psw_data_kind_facts_of(p->data_kind)->has_rows ? PSW_ROW_FOLD : PSW_ONE_RANK;
}

static bool keeps_scores(const psw_point *p)
{
    const attend_method_row *method = attend_method_row_of(p->method);
    return psw_attend_kind(p) == PSW_ROW_FOLD && method && method->keep;
}

static ptrdiff_t leaves_with_queries(const psw_point *p, ptrdiff_t block)
{
    return (psw_data_end(p, PSW_QUERY) - 1) / block + 1 - psw_data_first(p, PSW_QUERY) / block;
}

/* Of other folds a grid is not asked for: their ranks own leaves as in any pattern. */
static void make_grid(const psw_point *p, ptrdiff_t block, int columns, psw_route *route)
{
    if (psw_attend_kind(p) != PSW_ROW_FOLD) {
        route->pattern = PSW_RING;
        return;
    }
    if (route->layout == PSW_STRIPED) route->layout = route->causal ? PSW_ZIGZAG : PSW_CONTIGUOUS;
    route->columns = columns;
    if (columns > 0) return;
    route->columns = psw_route_shape(leaves_with_queries(p, block), route->leaves, route->causal, route->size);
}

psw_route psw_attend_route(const psw_point *p, psw_choice choice, int size, int rank)
{
    psw_fold_kind kind = psw_attend_kind(p);
    ptrdiff_t tokens = psw_data_tokens(p), block = p->block < tokens ? p->block : tokens;
    psw_route route = {.causal = p->mask == PSW_CAUSAL, .unit = 1, .size = size, .rank = rank};
    bool one_row = kind == PSW_ONE_RANK && p->mode == PSW_FORWARD;
    route.leaves = one_row ? 1 : (tokens + block - 1) / block;
    if (kind == PSW_STATE_FOLD && p->local > 0) route.unit = p->local / p->block;
    bool balance = kind == PSW_ROW_FOLD && route.causal;
    route.layout = choice.layout >= 0 ? (psw_layout)choice.layout : balance ? PSW_ZIGZAG : PSW_CONTIGUOUS;
    psw_pattern usual = psw_data_distinct(p) ? PSW_PASS_Q : PSW_RING; /* few queries: ranks share the keys */
    route.pattern = choice.pattern >= 0 ? (psw_pattern)choice.pattern : usual;
    if (keeps_scores(p)) route.pattern = PSW_ALL_GATHER; /* a row is looked at twice */
    if (route.pattern == PSW_GRID) make_grid(p, block, choice.columns, &route);
    route.scan = choice.scan >= 0 ? (psw_scan)choice.scan : PSW_DOUBLING;
    return route;
}
