#include "sweep/machine.h"

#include <math.h>

#include "polysweep/plain.h"

psw_status psw_launch_messages(const psw_comm *world, const psw_comm *node, double latency_s[2], double byte_s[2])
{
    sweep_crew crew;
    psw_status status = sweep_crew_form(world, node, &crew);
    if (status == PSW_OK) status = psw_measure_messages(&crew.order, &crew.split, latency_s, byte_s);
    sweep_crew_free(&crew);
    return status;
}

psw_status sweep_machine_find(const sweep_given *g, const sweep_crew *crew, bool needed, psw_speeds *speeds)
{
    psw_speeds_request asked = {&g->machine, (int)g->settings->threads, &crew->order, &crew->split,
                                g->request->calibrate};
    *speeds = psw_speeds_unknown();
    if (!needed && !asked.renew) return PSW_OK;
    PSW_TRY(psw_speeds_find(g->world, &asked, speeds));
    if (speeds->busy && g->world->rank == 0 && !g->request->quiet)
        psw_print(stderr,
                  "polysweep: note: other processes used this machine while its speeds were measured%s; "
                  "--calibrate measures it again when they have ended\n",
                  speeds->age_s > 0 ? ", some minutes ago" : "");
    return PSW_OK;
}

/* Rates of a launch that measured nothing and found nothing are 0, as where an older file has none. */
void sweep_machine_record(const psw_speeds *s, psw_launch *launch)
{
    if (!isnan(s->age_s)) launch->rates = s->rates;
    launch->rates_age_s = s->age_s;
    launch->rates_busy = isnan(s->age_s) ? NAN : s->busy;
    launch->memory_bytes_s = 1 / s->memory_byte_s;
    for (int i = 0; i < 2; i++) {
        launch->product_flops_s[i] = s->product_flops_s[i];
        launch->latency_s[i] = s->latency_s[i];
        launch->byte_s[i] = s->byte_s[i];
    }
}
