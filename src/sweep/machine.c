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

/* Where they differ in speed. */
static void print_kinds(const psw_speeds *s)
{
    if (s->kinds < 2 || s->kind[0].speed <= 1) return;
    psw_print(stderr, "polysweep: %d kinds of nodes:", s->kinds);
    for (int k = 0; k < s->kinds; k++) {
        psw_print(stderr, "%s %td x %s", k > 0 ? "," : "", s->kind[k].nodes, s->kind[k].cpu);
        if (s->kind[k].speed > 1) psw_print(stderr, ", %.1f times as fast", s->kind[k].speed);
    }
    psw_print(stderr, "\n");
}

psw_status sweep_machine_find(const sweep_given *g, const sweep_crew *crew, bool needed, psw_speeds *speeds,
                              double *own)
{
    psw_speeds_request asked = {&g->machine,  (int)g->settings->threads, &crew->order,
                                &crew->split, g->request->calibrate,     own};
    *speeds = psw_speeds_unknown();
    if (!needed && !asked.renew) return PSW_OK;
    PSW_TRY(psw_speeds_find(g->world, &asked, speeds));
    if (g->world->rank == 0 && !g->request->quiet) print_kinds(speeds);
    if (speeds->busy && g->world->rank == 0 && !g->request->quiet)
        psw_print(stderr,
                  "polysweep: note: other processes used this machine while it was measured%s; "
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
    launch->node_kinds = launch->node_speed = NAN;
    if (s->kinds > 0) launch->node_kinds = s->kinds, launch->node_speed = s->kind[0].speed;
    launch->memory_bytes_s = 1 / s->memory_byte_s;
    for (int i = 0; i < 2; i++) {
        launch->product_flops_s[i] = s->product_flops_s[i];
        launch->latency_s[i] = s->latency_s[i];
        launch->byte_s[i] = s->byte_s[i];
    }
}
