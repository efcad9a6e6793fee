#include "sweep/machine.h"

#include <math.h>

#include "polysweep/measure.h"

static psw_status measure_products(const psw_comm *world, sweep_machine *m)
{
    double flop_s[2] = {0, 0}, flops_s[2];
    psw_status status = psw_measure_products(flops_s);
    for (int i = 0; i < 2 && status == PSW_OK; i++) flop_s[i] = 1 / flops_s[i];
    PSW_TRY(psw_comm_agree(world, status));
    PSW_TRY(psw_comm_max(world, flop_s, 2));
    for (int i = 0; i < 2; i++) m->product_flops_s[i] = 1 / flop_s[i];
    return PSW_OK;
}

/* Without room for what is read, its speed is not known. */
static psw_status measure_memory(const psw_comm *world, sweep_machine *m)
{
    if (psw_measure_memory(&m->memory_byte_s) != PSW_OK) m->memory_byte_s = INFINITY;
    PSW_TRY(psw_comm_max(world, &m->memory_byte_s, 1));
    if (isinf(m->memory_byte_s)) m->memory_byte_s = NAN;
    return PSW_OK;
}

psw_status psw_launch_messages(const psw_comm *world, const psw_comm *node, double latency_s[2], double byte_s[2])
{
    sweep_crew crew;
    psw_status status = sweep_crew_form(world, node, &crew);
    if (status == PSW_OK) status = psw_measure_messages(&crew.order, &crew.split, latency_s, byte_s);
    sweep_crew_free(&crew);
    return status;
}

psw_status sweep_machine_measure(const psw_comm *world, const sweep_crew *crew, sweep_machine *m)
{
    PSW_TRY(psw_measure_rates_agreed(world, &m->rates));
    PSW_TRY(psw_comm_barrier(world));
    PSW_TRY(measure_products(world, m));
    PSW_TRY(measure_memory(world, m));
    PSW_TRY(psw_measure_messages(&crew->order, &crew->split, m->latency_s, m->byte_s));
    psw_rates_of_messages(m->latency_s, m->byte_s, &m->rates);
    return PSW_OK;
}

void sweep_machine_record(const sweep_machine *m, psw_launch *launch)
{
    launch->rates = m->rates;
    launch->memory_bytes_s = 1 / m->memory_byte_s;
    for (int i = 0; i < 2; i++) {
        launch->product_flops_s[i] = m->product_flops_s[i];
        launch->latency_s[i] = m->latency_s[i];
        launch->byte_s[i] = m->byte_s[i];
    }
}
