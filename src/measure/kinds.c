/* Nodes of one kind, and of several: a launch waits for the slowest. */
#include <math.h>

#include "measure/kept.h"

static double slower(double a, double b)
{
    return isnan(a) || isnan(b) ? NAN : fmax(a, b);
}

void measure_speeds_join(const psw_speeds *other, psw_speeds *all)
{
    if (measure_slowness(&other->rates) > measure_slowness(&all->rates)) all->rates = other->rates;
    for (int i = 0; i < 2; i++) all->product_flops_s[i] = fmin(all->product_flops_s[i], other->product_flops_s[i]);
    all->memory_byte_s = slower(all->memory_byte_s, other->memory_byte_s);
    all->age_s = fmax(all->age_s, other->age_s);
    all->busy |= other->busy;
}

static bool seen_before(const uint64_t *hashes, ptrdiff_t i)
{
    for (ptrdiff_t k = 0; k < i; k++)
        if (hashes[k] == hashes[i]) return true;
    return false;
}

bool measure_kinds_read(const uint64_t *hashes, ptrdiff_t nodes, double now, psw_speeds *all)
{
    for (ptrdiff_t i = 0; i < nodes; i++) {
        psw_speeds one;
        if (seen_before(hashes, i)) continue;
        if (!measure_kept_read(hashes[i], now, &one)) return false;
        if (i == 0) *all = one;
        measure_speeds_join(&one, all);
    }
    return nodes > 0;
}

void measure_kinds_write(const measure_node *list, ptrdiff_t nodes, double now)
{
    for (ptrdiff_t i = 0; i < nodes; i++) {
        psw_speeds kind = list[i].speeds;
        bool first = true;
        for (ptrdiff_t k = 0; k < nodes; k++) {
            if (list[k].key.hash != list[i].key.hash) continue;
            first &= k >= i;
            measure_speeds_join(&list[k].speeds, &kind);
        }
        if (first) measure_kept_write(&list[i].key, now, &kind);
    }
}
