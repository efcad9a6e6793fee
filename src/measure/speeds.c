/* Speeds of this machine: those that are kept, or measured now and kept for the next launch. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "measure/kept.h"

/* ---- measuring ---- */

static double processor_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool measure_was_busy(double had_s, double wall_s, double products_spread, double rates_spread)
{
    return had_s < 0.9 * wall_s || products_spread > 1.25 || rates_spread > 1.1;
}

/* Local. Without room for what is read, the speed of memory is not known. */
static psw_status measure_rank(psw_speeds *s)
{
    double wall = psw_clock_s(), processor = processor_s(), products = INFINITY, rates = INFINITY;
    *s = (psw_speeds){.memory_byte_s = NAN, .latency_s = {NAN, NAN}, .byte_s = {NAN, NAN}};
    PSW_TRY(psw_measure_rates(&s->rates, &rates));
    PSW_TRY(psw_measure_products(s->product_flops_s, &products));
    psw_measure_memory(&s->memory_byte_s);
    s->busy = measure_was_busy(processor_s() - processor, psw_clock_s() - wall, products, rates);
    return PSW_OK;
}

/* The slowest of the node in what is large, since it waits for that. Ranks begin together, so that all are busy. */
static psw_status measure_together(const psw_comm *world, const psw_comm *node, psw_speeds *s)
{
    PSW_TRY(psw_comm_barrier(world));
    PSW_TRY(psw_comm_agree(world, measure_rank(s)));
    double unknown = isnan(s->memory_byte_s) ? INFINITY : s->memory_byte_s;
    double slow[] = {1 / s->product_flops_s[0], 1 / s->product_flops_s[1], unknown, s->busy};
    PSW_TRY(psw_comm_max(node, slow, 4));
    s->product_flops_s[0] = 1 / slow[0], s->product_flops_s[1] = 1 / slow[1];
    s->memory_byte_s = isinf(slow[2]) ? NAN : slow[2];
    s->busy = slow[3] > 0;
    return PSW_OK;
}

/* ---- finding ---- */

typedef struct search {
    const psw_speeds_request *asked;
    const psw_comm *world;
    psw_comm node, leaders; /* leaders: the first rank of each node; means nothing on others */
    measure_node mine;
} search;

/* `size` bytes of each leader, on rank 0 of the world; *all is the caller's to free, NULL elsewhere. */
static psw_status gather(const search *s, const void *mine, size_t size, void **all)
{
    bool root = s->world->rank == 0;
    *all = root ? malloc(size * (size_t)s->leaders.size) : NULL;
    PSW_TRY(
        psw_comm_agree(s->world, root && !*all ? PSW_FAIL(PSW_NO_MEMORY, "no memory for speeds of nodes") : PSW_OK));
    return psw_comm_agree(s->world, s->node.rank == 0 ? psw_comm_gather(&s->leaders, mine, size, *all) : PSW_OK);
}

static psw_status read_kept(const search *s, bool *found, psw_speeds *out)
{
    void *all;
    psw_status status = gather(s, &s->mine, sizeof s->mine, &all);
    *found = status == PSW_OK && all && measure_kinds_read(all, s->leaders.size, psw_wall_s());
    if (*found) *out = measure_kinds_join(all, s->leaders.size);
    free(all);
    PSW_TRY(status);
    PSW_TRY(psw_comm_bytes(s->world, 0, found, sizeof *found));
    return *found ? psw_comm_bytes(s->world, 0, out, sizeof *out) : PSW_OK;
}

static psw_status measure_messages(search *s)
{
    psw_speeds *mine = &s->mine.speeds;
    if (!s->asked->order) return PSW_OK;
    PSW_TRY(psw_measure_messages(s->asked->order, s->asked->split, mine->latency_s, mine->byte_s));
    psw_rates_of_messages(mine->latency_s, mine->byte_s, &mine->rates);
    return PSW_OK;
}

static psw_status measure_all(search *s, psw_speeds *out)
{
    void *all;
    PSW_TRY(measure_together(s->world, &s->node, &s->mine.speeds));
    PSW_TRY(measure_messages(s));
    PSW_TRY(gather(s, &s->mine, sizeof s->mine, &all));
    const measure_node *list = all;
    if (list) *out = measure_kinds_join(list, s->leaders.size);
    if (list && s->asked->order) measure_kinds_write(list, s->leaders.size, psw_wall_s());
    free(all);
    return psw_comm_bytes(s->world, 0, out, sizeof *out);
}

/* Of a kind too many: as if it were the slowest. */
static double speed_of(const psw_speeds *all, uint64_t key)
{
    for (int k = 0; k < all->kinds; k++)
        if (all->kind[k].key == key) return all->kind[k].speed;
    return 1;
}

psw_status psw_speeds_find(const psw_comm *world, const psw_speeds_request *asked, psw_speeds *out)
{
    search s = {.asked = asked, .world = world};
    bool found = false;
    PSW_TRY(psw_comm_split_node(world, &s.node));
    psw_status status = psw_comm_split(world, s.node.rank == 0 ? 0 : 1, world->rank, &s.leaders);
    if (status == PSW_OK) s.mine.key = measure_key_of(asked->machine, s.node.size, asked->threads, s.leaders.size);
    if (status == PSW_OK && !asked->renew) status = read_kept(&s, &found, out);
    if (status == PSW_OK && !found) status = measure_all(&s, out);
    if (status == PSW_OK && asked->own) *asked->own = speed_of(out, s.mine.key.hash);
    psw_comm_free(&s.leaders);
    psw_comm_free(&s.node);
    return status;
}

psw_status psw_speeds_alone(const psw_machine *machine, int threads, bool renew, psw_speeds *out)
{
    measure_key key = measure_key_of(machine, 1, threads, 1);
    if (!renew && measure_kept_read(key.hash, psw_wall_s(), out)) return PSW_OK;
    PSW_TRY(measure_rank(out));
    measure_kept_write(&key, psw_wall_s(), out);
    return PSW_OK;
}

psw_speeds psw_speeds_unknown(void)
{
    return (psw_speeds){.rates = psw_rates_default,
                        .product_flops_s = {NAN, NAN},
                        .memory_byte_s = NAN,
                        .latency_s = {NAN, NAN},
                        .byte_s = {NAN, NAN},
                        .age_s = NAN};
}

psw_kept psw_speeds_kept(const psw_machine *machine, int ranks, int threads, ptrdiff_t nodes)
{
    psw_speeds speeds;
    psw_kept kept = {.age_s = NAN};
    measure_key key = measure_key_of(machine, ranks, threads, nodes);
    if (!measure_kept_path(key.hash, kept.path, sizeof kept.path)) kept.path[0] = '\0';
    if (kept.path[0] && measure_kept_read(key.hash, psw_wall_s(), &speeds))
        kept.age_s = speeds.age_s, kept.busy = speeds.busy;
    return kept;
}
