/* Cycles are read for each group, energy, which takes longer to read than a small point, for a run. */
#include "point/spent.h"

#include <math.h>

point_spent point_spent_begin(const psw_computer *computer)
{
    psw_counters *counters = computer->counters;
    point_spent spent = {.computer = computer, .energy_j = NAN, .cycles = NAN};
    if (!counters) return spent;
    spent.energy_j = psw_counters_energy_j(counters);
    spent.start_s = spent.at_s = psw_clock_s();
    spent.cycles = psw_counters_cycles(counters);
    return spent;
}

static bool computed(const psw_record *record)
{
    return record->slot.status == PSW_SLOT_DONE && psw_method_computes(record->point.method);
}

void point_spent_group(point_spent *spent, psw_record *records, ptrdiff_t count)
{
    const psw_counters *counters = spent->computer->counters;
    if (!counters) return;
    double cycles = psw_counters_cycles(counters), now_s = psw_clock_s();
    for (ptrdiff_t i = 0; i < count; i++) {
        if (!computed(&records[i])) continue;
        records[i].cost.cycles = (cycles - spent->cycles) / (double)count;
        records[i].cost.energy_j = (now_s - spent->at_s) / (double)count;
    }
    spent->cycles = cycles;
    spent->at_s = now_s;
}

/* In portions, since runs are long and stacks are not. */
static psw_status sum_over(const psw_comm *team, psw_record *records, ptrdiff_t count)
{
    enum { PORTION = 64 };
    for (ptrdiff_t first = 0; team->size > 1 && first < count; first += PORTION) {
        double sums[2 * PORTION];
        int points = (int)(count - first < PORTION ? count - first : PORTION);
        for (int i = 0; i < points; i++) {
            sums[2 * i] = records[first + i].cost.cycles;
            sums[2 * i + 1] = records[first + i].cost.energy_j;
        }
        PSW_TRY(psw_comm_sum(team, sums, 2 * points));
        for (int i = 0; i < points; i++) {
            records[first + i].cost.cycles = sums[2 * i];
            records[first + i].cost.energy_j = sums[2 * i + 1];
        }
    }
    return PSW_OK;
}

psw_status point_spent_end(point_spent *spent, const psw_comm *team, psw_record *records, ptrdiff_t count)
{
    const psw_computer *c = spent->computer;
    if (!c->counters) return PSW_OK;
    double run_s = psw_clock_s() - spent->start_s;
    double energy_j = (psw_counters_energy_j(c->counters) - spent->energy_j) / (double)c->node_ranks;
    for (ptrdiff_t i = 0; i < count; i++) records[i].cost.energy_j *= energy_j / run_s;
    return sum_over(team, records, count);
}
