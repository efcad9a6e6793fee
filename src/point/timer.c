/* Repeated forward passes. Results are of the pass before them, so nothing that is computed depends on how often. */
#include <stdlib.h>

#include "polysweep/point.h"

psw_status psw_timer_create(const psw_settings *settings, psw_timer *timer)
{
    size_t most = (size_t)settings->max_reps;
    *timer = (psw_timer){.warmup = settings->warmup};
    timer->repeat = (psw_repeat){.reps = settings->reps,
                                 .max_reps = settings->max_reps,
                                 .ci_rel = settings->ci_rel,
                                 .confidence = settings->confidence,
                                 .samples = calloc(most, sizeof(double)),
                                 .sorted = calloc(most, sizeof(double))};
    if (timer->repeat.samples && timer->repeat.sorted) return PSW_OK;
    return PSW_FAIL(PSW_NO_MEMORY, "no memory for %zu repetitions (time.max_reps)", most);
}

void psw_timer_free(psw_timer *timer)
{
    free(timer->repeat.samples);
    free(timer->repeat.sorted);
    *timer = (psw_timer){0};
}

void psw_timer_begin(psw_timer *timer)
{
    timer->repeat.count = timer->repeat.look = 0;
    timer->stop = PSW_TIME_NONE;
    timer->met = false;
}

psw_status psw_timer_agree(psw_timer *timer, psw_status status)
{
    bool met = timer->met;
    timer->met = true;
    return timer->beside && !met ? psw_comm_agree(timer->beside, status) : status;
}

static psw_status ignore_leaf(void *context, const psw_leaf *leaf)
{
    (void)context, (void)leaf;
    return PSW_OK;
}

/* With the teams beside this one. */
static const psw_comm *all_of(const psw_timer *timer, const psw_team_task *task)
{
    return timer->beside ? timer->beside : task->team;
}

static psw_status one_pass(const psw_timer *timer, const psw_team_task *task, psw_traffic *traffic)
{
    const psw_comm *all = all_of(timer, task);
    PSW_TRY(psw_comm_barrier(all));
    psw_status status = psw_dist_pass(task, ignore_leaf, NULL, traffic);
    return all == task->team ? status : psw_comm_agree(all, status);
}

static void add(psw_traffic *sum, const psw_traffic *one)
{
    sum->pass_s += one->pass_s;
    sum->busy_s += one->busy_s;
    sum->comm_s += one->comm_s;
    sum->sent_bytes += one->sent_bytes;
    sum->messages += one->messages;
}

/* All ranks use the slowest rank's time and the first rank's clock, so all decide alike. */
static psw_status repeat(psw_timer *timer, const psw_team_task *task, psw_traffic *sum)
{
    const psw_comm *all = all_of(timer, task);
    psw_traffic one;
    PSW_TRY(one_pass(timer, task, &one));
    bool over = all->rank == 0 && timer->over && timer->over(timer->context, one.pass_s);
    double values[] = {one.pass_s, over};
    PSW_TRY(psw_comm_max(all, values, 2));
    timer->stop = psw_repeat_add(&timer->repeat, values[0] / psw_data_sets(task->point), values[1] > 0);
    add(sum, &one);
    return PSW_OK;
}

psw_status psw_timer_run(psw_timer *timer, const psw_team_task *task, psw_traffic *sum)
{
    psw_traffic unused;
    PSW_TRY(psw_timer_agree(timer, PSW_OK));
    *sum = (psw_traffic){0};
    for (ptrdiff_t i = 0; i < timer->warmup; i++) PSW_TRY(one_pass(timer, task, &unused));
    while (timer->stop == PSW_TIME_NONE) PSW_TRY(repeat(timer, task, sum));
    return PSW_OK;
}
