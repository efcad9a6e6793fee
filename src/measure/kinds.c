/* Nodes of one kind, and of several: a launch waits for the slowest. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static ptrdiff_t seen_before(const measure_node *list, ptrdiff_t i)
{
    for (ptrdiff_t k = 0; k < i; k++)
        if (list[k].key.hash == list[i].key.hash) return k;
    return -1;
}

bool measure_kinds_read(measure_node *list, ptrdiff_t nodes, double now)
{
    for (ptrdiff_t i = 0; i < nodes; i++) {
        ptrdiff_t same = seen_before(list, i);
        if (same >= 0)
            list[i].speeds = list[same].speeds;
        else if (!measure_kept_read(list[i].key.hash, now, &list[i].speeds))
            return false;
    }
    return nodes > 0;
}

/* ---- how fast each kind is ---- */

static void read_cpu(const measure_key *key, char *out, size_t size)
{
    static const char word[] = "processor ";
    const char *at = strstr(key->text, word);
    size_t length = at ? strcspn(at + sizeof word - 1, "\n") : 0;
    psw_format(out, size, "%.*s", (int)(length < size ? length : size - 1), at ? at + sizeof word - 1 : "");
}

/* Where it is kept, its speed is a time at first: that of the kind's slowest node. */
static void count(const measure_node *node, psw_speeds *all)
{
    double slow_s = measure_slowness(&node->speeds.rates);
    int k = 0;
    while (k < all->kinds && all->kind[k].key != node->key.hash) k++;
    if (k == PSW_NODE_KINDS) return;
    psw_node_kind *kind = &all->kind[k];
    if (k == all->kinds) {
        *kind = (psw_node_kind){.key = node->key.hash};
        read_cpu(&node->key, kind->cpu, sizeof kind->cpu);
        all->kinds++;
    }
    kind->nodes++;
    kind->speed = fmax(kind->speed, slow_s);
}

static int by_time(const void *a, const void *b)
{
    const psw_node_kind *x = a, *y = b;
    if (x->speed != y->speed) return x->speed < y->speed ? -1 : 1;
    return (x->key > y->key) - (x->key < y->key);
}

/* From the slowest on: as fast as the slowest of those that are about alike. */
static void compare(psw_speeds *all)
{
    double slowest_s = measure_slowness(&all->rates), class = 1;
    int classes = 1;
    qsort(all->kind, (size_t)all->kinds, sizeof *all->kind, by_time);
    for (int k = all->kinds - 1; k >= 0; k--) {
        double speed = slowest_s / all->kind[k].speed;
        if (speed >= PSW_ALIKE * class && classes < PSW_CLASSES_MAX) classes++, class = speed;
        all->kind[k].speed = class;
    }
}

psw_speeds measure_kinds_join(const measure_node *list, ptrdiff_t nodes)
{
    psw_speeds all = list[0].speeds;
    all.kinds = 0;
    for (ptrdiff_t i = 0; i < nodes; i++) measure_speeds_join(&list[i].speeds, &all);
    for (ptrdiff_t i = 0; i < nodes; i++) count(&list[i], &all);
    compare(&all);
    return all;
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
