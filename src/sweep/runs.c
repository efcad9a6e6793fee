#include "sweep/runs.h"

#include <stdlib.h>

/* Every rank divided the same slots by the same rates; rank 0's list is used on all ranks even where libraries round
 * differently. */
static psw_status same_runs(const psw_comm *world, psw_runs *runs)
{
    ptrdiff_t count = runs->count;
    PSW_TRY(psw_comm_bytes(world, 0, &count, sizeof count));
    PSW_TRY(psw_comm_agree(
        world, count == runs->count ? PSW_OK : PSW_FAIL(PSW_BUG, "ranks divided the slots into different runs")));
    PSW_TRY(psw_comm_bytes(world, 0, &runs->lean, sizeof runs->lean));
    PSW_TRY(psw_comm_bytes(world, 0, &runs->how, sizeof runs->how));
    PSW_TRY(psw_comm_bytes(world, 0, &runs->depths, sizeof runs->depths));
    PSW_TRY(psw_comm_bytes(world, 0, runs->first, sizeof runs->first));
    return psw_comm_bytes(world, 0, runs->list, (size_t)count * sizeof *runs->list);
}

typedef struct cutting {
    const sweep_given *given;
    const sweep_slots *slots;
    const psw_rates *rates;
    psw_cut how;
} cutting;

/* The slots that play a part, cut into runs. */
static psw_status cut_part(const cutting *c, sweep_part part, psw_runs *runs)
{
    ptrdiff_t slots = c->given->slots;
    unsigned char *wanted = malloc((size_t)slots);
    psw_status status = wanted ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for %td slots", slots);
    for (ptrdiff_t i = 0; wanted && i < slots; i++) wanted[i] = c->slots->part[i] == part;
    if (status == PSW_OK) status = psw_runs_create(c->given->study, c->rates, &c->how, wanted, runs);
    free(wanted);
    PSW_TRY(psw_comm_agree(c->given->world, status));
    return same_runs(c->given->world, runs);
}

static cutting cutting_of(const sweep_given *given, const sweep_slots *slots, const psw_rates *rates,
                          const psw_split *split)
{
    cutting c = {given, slots, rates, psw_cut_default};
    psw_cut_time(&c.how, given->settings);
    c.how.split = split;
    c.how.choice = given->choice;
    c.how.memory_bytes = given->memory_bytes;
    return c;
}

psw_status sweep_runs_cut(const sweep_given *given, const sweep_slots *slots, const psw_rates *rates,
                          const sweep_crew *crew, sweep_runs *runs)
{
    cutting c = cutting_of(given, slots, rates, &crew->split);
    c.how.classes = &crew->classes;
    runs->most_slots = c.how.most_slots;
    PSW_TRY(cut_part(&c, SWEEP_PART_WANTED, &runs->usual));
    c.how.alone = true;
    c.how.classes = NULL;
    return cut_part(&c, SWEEP_PART_QUARANTINED, &runs->quarantined);
}

psw_status sweep_runs_cut_again(const sweep_given *given, const sweep_slots *slots, const psw_rates *rates,
                                const psw_split *split, sweep_runs *runs)
{
    cutting c = cutting_of(given, slots, rates, split);
    c.how.alone = true;
    return cut_part(&c, SWEEP_PART_AGAIN, &runs->again);
}

psw_status sweep_runs_cut_points(const sweep_given *given, const unsigned char *wanted, const psw_rates *rates,
                                 const psw_split *split, sweep_runs *runs)
{
    cutting c = cutting_of(given, NULL, rates, split);
    runs->most_slots = c.how.most_slots;
    c.how.most_slots = 1;
    c.how.turns = !c.how.alone;
    PSW_TRY(psw_comm_agree(given->world, psw_runs_create(given->study, rates, &c.how, wanted, &runs->usual)));
    return same_runs(given->world, &runs->usual);
}

void sweep_runs_free(sweep_runs *runs)
{
    psw_runs_free(&runs->usual);
    psw_runs_free(&runs->quarantined);
    psw_runs_free(&runs->again);
}

double sweep_runs_points(const sweep_runs *runs)
{
    return (double)(runs->usual.points + runs->quarantined.points);
}
