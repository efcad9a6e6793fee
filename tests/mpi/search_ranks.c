/* A search on more ranks than there are here: who works at what is decided by the program's own code, what a round
 * takes by its model of costs, and time is simulated. Ranks are busy, and the points that are asked do not depend on
 * them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/store.h"
#include "searched.h"
#include "sweep/search.h"

static const double busy_least = 0.8;
/* Until rank 0 looks who asks: it does between tiles, of 64 x 64 scores here, with their part of the head. Then it
 * answers one after another: two replays of a family, some microseconds each. */
static const double look_s = 1e-4, answer_s = 2e-5;

typedef struct sim_team {
    psw_team ranks;
    int depth;
    ptrdiff_t family; /* that it has computed a round of; -1: none */
    double free_s;
    bool over;
} sim_team;

typedef struct sim {
    sweep_given given;
    sweep_slots slots;
    sweep_search search;
    sweep_runs runs;
    psw_split split;
    sim_team *teams;
    ptrdiff_t count;
    ptrdiff_t *number;                   /* [slots]: the round that asked */
    double busy_s, finish_s, answered_s; /* answered_s: when rank 0 is through with its last answer */
} sim;

static psw_answer made_up(const sim *s, ptrdiff_t slot)
{
    psw_answer answer = {.status = PSW_SLOT_DONE, .lo = NAN, .hi = NAN, .level = NAN};
    answer.value = searched_rate(s->given.study, s->search.search, slot);
    return answer;
}

/* On the team, in groups that share their tiles. */
static double round_s(const sim *s, const sim_team *team, const psw_slots *slots)
{
    psw_point points[PSW_GROUP_MAX];
    double seconds = psw_rates_default.run_s;
    for (ptrdiff_t at = 0; at < slots->count;) {
        psw_group group = {points, psw_group_fill(s->given.study, slots, at, points)};
        seconds += psw_cost_team_time(&psw_rates_default, &group, s->given.choice, team->ranks.size, team->ranks.nodes)
                       .seconds;
        at += group.count;
    }
    return seconds;
}

static void bring_back(sim *s, sim_team *team)
{
    ptrdiff_t number, *list = malloc((size_t)s->search.most * sizeof *list);
    ptrdiff_t count = team->family < 0 ? 0 : sweep_search_round(&s->search, team->family, list, &number);
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_answer answer = made_up(s, list[i]);
        CHECK(s->number[list[i]] == 0, "slot %td is asked twice", list[i]);
        s->number[list[i]] = number;
        sweep_search_put(&s->search, list[i], &answer);
    }
    if (team->family >= 0) sweep_search_settle(&s->search, &s->slots, team->family);
    free(list);
}

static void split_or_end(sim *s, sim_team *team)
{
    psw_team halves[2];
    if (++team->depth == s->runs.usual.depths) {
        team->over = true;
    } else if (team->ranks.size > 1) {
        psw_split_halves(&s->split, &team->ranks, halves);
        team->ranks = halves[0];
        sim_team *other = &s->teams[s->count++];
        *other = *team;
        other->ranks = halves[1];
    }
}

static void wait_for_rank_0(sim *s, sim_team *team)
{
    double asked_s = team->free_s + (team->ranks.first > 0 ? look_s : 0);
    team->free_s = s->answered_s = fmax(asked_s, s->answered_s) + answer_s;
}

static void step(sim *s, sim_team *team)
{
    ptrdiff_t number, *list = malloc((size_t)s->search.most * sizeof *list);
    bring_back(s, team);
    wait_for_rank_0(s, team);
    team->family = sweep_families_take(&s->search.families, team->depth);
    if (team->family < 0) {
        split_or_end(s, team);
    } else {
        psw_slots slots = {0, sweep_search_round(&s->search, team->family, list, &number), list};
        double seconds = round_s(s, team, &slots);
        s->busy_s += seconds * (double)team->ranks.size;
        team->free_s += seconds;
        if (team->free_s > s->finish_s) s->finish_s = team->free_s;
    }
    free(list);
}

/* The team that is free first; of equals the one with the lowest rank. */
static sim_team *next_team(sim *s)
{
    sim_team *best = NULL;
    for (ptrdiff_t i = 0; i < s->count; i++) {
        sim_team *t = &s->teams[i];
        if (t->over) continue;
        if (!best || t->free_s < best->free_s || (t->free_s == best->free_s && t->ranks.first < best->ranks.first))
            best = t;
    }
    return best;
}

static void begin(sim *s, const psw_comm *self, const psw_sweep_request *request, psw_study *study, ptrdiff_t ranks)
{
    ptrdiff_t slots = psw_study_slots(study);
    *s = (sim){.given = {.request = request, .world = self, .study = study, .settings = psw_study_settings(study)}};
    s->given.slots = slots;
    s->given.choice = (psw_choice){-1, -1, -1, 0};
    s->split = (psw_split){ranks, (ranks + 15) / 16, NULL, {0}};
    s->slots.part = malloc((size_t)slots);
    s->slots.selected = malloc((size_t)slots);
    s->number = calloc((size_t)slots, sizeof *s->number);
    s->teams = calloc(2 * (size_t)ranks, sizeof *s->teams);
    memset(s->slots.part, SWEEP_PART_WANTED, (size_t)slots);
    memset(s->slots.selected, 1, (size_t)slots);
    CHECK(sweep_search_open(&s->given, &s->search) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t f = 0; f < s->search.families.count; f++) {
        s->search.families.list[f].expected = sweep_families_expected(256);
        sweep_search_settle(&s->search, &s->slots, f);
    }
    CHECK(sweep_search_cut(&s->given, &psw_rates_default, &s->split, &s->search, &s->runs) == PSW_OK, "%s",
          psw_message());
    s->teams[s->count++] = (sim_team){psw_split_team(&s->split, 0, 0), 0, -1, 0, false};
}

static void end(sim *s)
{
    sweep_search_free(&s->search);
    sweep_runs_free(&s->runs);
    free(s->slots.part);
    free(s->slots.selected);
    free(s->number);
    free(s->teams);
}

/* `first`: what one rank asked; filled where it is empty. */
static void simulate(int grid, ptrdiff_t ranks, ptrdiff_t **first)
{
    const psw_comm self = {MPI_COMM_SELF, 0, 1};
    const char *name = searched_grids[grid][0];
    psw_sweep_request request = {0};
    psw_study *study = searched_study(grid, psw_house());
    sim s;
    begin(&s, &self, &request, study, ranks);
    for (sim_team *team; (team = next_team(&s)) != NULL;) step(&s, team);
    double busy = s.busy_s / ((double)ranks * s.finish_s);
    fprintf(stderr, "%s, %td ranks: %.3g s, %.1f %% busy\n", name, ranks, s.finish_s, 100 * busy);
    CHECK(s.search.families.count >= 101, "%td families", s.search.families.count);
    CHECK(sweep_families_outlook(&s.search.families).unended == 0, "some have not ended");
    CHECK(busy >= busy_least && busy <= 1, "%s: %td ranks are busy %g of the time", name, ranks, busy);
    size_t bytes = (size_t)s.given.slots * sizeof **first;
    if (*first)
        CHECK(memcmp(*first, s.number, bytes) == 0, "%s: %td ranks ask for others than one", name, ranks);
    else
        memcpy(*first = malloc(bytes), s.number, bytes);
    end(&s);
    psw_study_free(study);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    for (int grid = 0; grid < SEARCHED_GRIDS; grid++) {
        ptrdiff_t *first = NULL;
        const ptrdiff_t ranks[] = {1, 5, 16, 64};
        for (int k = 0; k < 4; k++) simulate(grid, ranks[k], &first);
        free(first);
    }
    MPI_Finalize();
    return test_end();
}
