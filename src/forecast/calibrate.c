/* What a result file knows of its machine: rates that its newest launch measured, or a common core's, and how long
 * attention and head took there to their predictions; and the nodes of that launch. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/forecast.h"

enum { CHUNK = 512 };

typedef struct sums { /* seconds, by precision */
    psw_rates base;
    psw_calibration machine; /* without its rates */
    double attention[2], attention_predicted[2], head[2], head_predicted[2];
    double latency_s[2], byte_s[2]; /* of messages: within a node, between nodes */
} sums;

/* Forward passes alone: all other rates 0. */
static psw_rates attention_only(const psw_rates *base)
{
    psw_rates r = *base;
    r.row_s = r.noise_s = 0;
    r.head_flop_s[0] = r.head_flop_s[1] = r.head_entry_s[0] = r.head_entry_s[1] = 0;
    r.sign_s = r.point_s = r.run_s = 0;
    return r;
}

/* Which do not stand in the point. */
static int threads_of(const psw_record *record)
{
    ptrdiff_t threads = record->parallel.threads;
    return threads > 0 && threads < INT_MAX ? (int)threads : 0;
}

/* A team's time over the model's prediction for such a team. */
static void add_team(const psw_record *record, const psw_point *p, const psw_rates *attention, sums *s)
{
    const psw_parallel_columns *team = &record->parallel;
    psw_group one = {p, 1};
    psw_choice choice = psw_choice_within(&one, PSW_CHOICE_AUTO, team->team, 0);
    s->attention[psw_point_single(p)] += psw_data_sets(p) * record->cost.time_median_s;
    s->attention_predicted[psw_point_single(p)] +=
        psw_cost_team_time(attention, &one, choice, team->team, team->nodes).repeat_s;
}

/* A stored time is the point's even share of its group, so the sums over a group are what can be compared. Of a sketch
 * it is that of one draw, without its errors. */
static void add(const psw_record *record, const psw_record *before, sums *s)
{
    psw_point point = record->point;
    const psw_point *p = &point;
    if (record->slot.status != PSW_SLOT_DONE || record->cost.timing == PSW_TIMING_NONE ||
        record->cost.timing == PSW_TIMING_OVERSUBSCRIBED)
        return;
    psw_rates attention = attention_only(&s->base);
    point.threads = threads_of(record);
    if (record->parallel.team > 1) {
        add_team(record, p, &attention, s);
        return;
    }
    psw_cost part = psw_cost_time(&attention, p), whole = psw_cost_time(&s->base, p);
    bool shares = record->cost.timing == PSW_TIMING_SHARED && before && before->slot.status == PSW_SLOT_DONE &&
                  psw_group_joins(&before->point, p);
    s->attention[psw_point_single(p)] += psw_data_sets(p) * record->cost.time_median_s;
    s->attention_predicted[psw_point_single(p)] += psw_sketch_has(p) ? part.repeat_s
                                                   : shares          ? part.extra_s
                                                                     : part.predicted_s;
    s->head[psw_point_single(p)] += record->cost.head_s;
    s->head_predicted[psw_point_single(p)] += whole.head_s;
}

static psw_status read_sums(psw_reader *reader, psw_record *records, sums *s)
{
    ptrdiff_t slots = psw_reader_slots(reader);
    for (ptrdiff_t first = 0; first < slots; first += CHUNK) {
        ptrdiff_t count = slots - first < CHUNK ? slots - first : CHUNK;
        PSW_TRY(psw_reader_get(reader, first, count, records));
        for (ptrdiff_t i = 0; i < count; i++) add(&records[i], i > 0 ? &records[i - 1] : NULL, s);
    }
    return PSW_OK;
}

static double ratio(double measured, double predicted)
{
    return measured > 0 && predicted > 0 ? measured / predicted : 1;
}

/* Those that no launch measures stay. A row is used whole or, where one of its numbers is no rate, not at all: rates
 * are all doubles. */
static bool take_processor(psw_rates measured, psw_rates *base)
{
    psw_rates kept = *base;
    double rate[sizeof measured / sizeof(double)];
    memcpy(rate, &measured, sizeof measured);
    for (size_t i = 0; i < sizeof rate / sizeof *rate; i++)
        if (!(rate[i] >= 0 && rate[i] < INFINITY)) return false;
    if (measured.flop_s[PSW_FP64] == 0) return false;
    *base = measured;
    base->run_s = kept.run_s;
    psw_rates_of_messages(kept.latency_s, kept.byte_s, base);
    return true;
}

static void take_machine(const psw_launch *launch, psw_calibration *machine)
{
    bool known = launch->node_cores >= 1 && launch->node_memory_bytes > 0 && launch->nodes > 0;
    psw_format(machine->cpu, sizeof machine->cpu, "%s", launch->cpu);
    machine->node_cores = known ? launch->node_cores : 0;
    machine->node_memory_bytes = known ? launch->node_memory_bytes : 0;
    machine->ranks = launch->ranks;
    machine->ranks_per_node = known ? (launch->ranks + launch->nodes - 1) / launch->nodes : 0;
    machine->busy = launch->rates_busy == 1;
}

/* The newest launch that measured the processor (else, of the machine, the newest), and the newest that had messages of
 * each kind. */
static void read_launches(psw_reader *reader, sums *s)
{
    psw_launch launch;
    bool known = false, any = false;
    for (ptrdiff_t i = psw_reader_launches(reader); i-- > 0;) {
        if (psw_reader_launch(reader, i, &launch) != PSW_OK) break; /* older ones are not kept */
        bool first = !known && take_processor(launch.rates, &s->base);
        if (first || !any) take_machine(&launch, &s->machine);
        any = true;
        known |= first;
        for (int far = 0; far < 2; far++)
            if (isnan(s->latency_s[far]))
                s->latency_s[far] = launch.latency_s[far], s->byte_s[far] = launch.byte_s[far];
    }
}

static psw_status read_file(const char *path, sums *s)
{
    psw_reader *reader;
    psw_record *records = malloc(CHUNK * sizeof *records);
    if (!records) return PSW_FAIL(PSW_NO_MEMORY, "no memory to read %s", path);
    psw_status status = psw_reader_open(path, &reader);
    if (status == PSW_OK) {
        read_launches(reader, s);
        status = read_sums(reader, records, s);
        psw_reader_close(reader);
    }
    free(records);
    return status;
}

psw_status psw_calibration_read(const char *path, psw_calibration *out)
{
    psw_rates *rates = &out->rates;
    sums s = {.base = psw_rates_default, .latency_s = {NAN, NAN}, .byte_s = {NAN, NAN}};
    PSW_TRY(read_file(path, &s));
    if (s.attention[0] + s.attention[1] <= 0)
        return PSW_FAIL(
            PSW_USAGE,
            "%s: no point has a valid time (times are invalid while ranks share cores), so it gives no rates", path);
    double factor[2], head[2];
    *out = s.machine;
    for (int i = 0; i < 2; i++) { /* a precision that was not used is taken to be as far off as the other */
        int used = s.attention[i] > 0 ? i : 1 - i;
        factor[i] = ratio(s.attention[used], s.attention_predicted[used]);
        head[i] = ratio(s.head[used], s.head_predicted[used]);
    }
    *rates = psw_rates_scaled(&s.base, PSW_FP64, factor[0], head[0]);
    *rates = psw_rates_scaled(rates, PSW_FP32, factor[1], head[1]);
    psw_rates_of_messages(s.latency_s, s.byte_s, rates);
    return PSW_OK;
}
