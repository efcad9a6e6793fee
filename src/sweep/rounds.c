#include "sweep/rounds.h"

#include <math.h>
#include <stdlib.h>

#include "sweep/attempt.h"
#include "sweep/found.h"
#include "sweep/watch.h"

/* A team's question: what it computed of the family that it held, and that it is free. */
typedef struct reply {
    ptrdiff_t slot;
    bool postponed; /* it took too long, and is to be tried again when nothing else runs */
    psw_answer answer;
} reply;
struct sweep_hand {
    ptrdiff_t family; /* -1: it held none */
    int depth;
    bool left; /* there was no time for any of its round */
    ptrdiff_t count;
    reply of[];
};

/* Rank 0's answer: what is left of a round. A team takes a piece of it, which it can end in time, and asks again. */
struct sweep_round {
    ptrdiff_t family, number, count; /* family -1: there is none for this depth */
    double predicted_s;              /* of the piece, once it is cut */
    ptrdiff_t slots[];
};

/* ---- rank 0 ---- */

static void take_back(sweep_job *j, const sweep_hand *hand)
{
    sweep_search *s = &j->search;
    for (ptrdiff_t i = 0; i < hand->count; i++) {
        const reply *r = &hand->of[i];
        if (r->postponed)
            j->slots.part[r->slot] = SWEEP_PART_AGAIN;
        else
            sweep_search_put(s, r->slot, &r->answer);
    }
    if (hand->family < 0) return;
    if (hand->left)
        s->families.list[hand->family].state = SWEEP_FAMILY_LEFT;
    else
        sweep_search_settle(s, &j->slots, hand->family);
}

static void give(const sweep_search *s, ptrdiff_t family, sweep_round *round)
{
    *round = (sweep_round){.family = family};
    if (family >= 0) round->count = sweep_search_round(s, family, round->slots, &round->number);
}

static size_t answer(void *context, const void *question, void *out)
{
    sweep_job *j = context;
    const sweep_hand *hand = question;
    sweep_round *round = out;
    take_back(j, hand);
    bool over = psw_pool_halted(j->open.crew.pool);
    give(&j->search, over ? -1 : sweep_families_take(&j->search.families, hand->depth), round);
    round->count = sweep_search_usual(&j->slots, round->slots, round->count);
    return sizeof *round + (size_t)round->count * sizeof *round->slots;
}

/* ---- what of a round is computed at once ---- */

/* What a team computes at once: slots that ask for the same team, as many groups as end within piece_s, or one. */
static psw_run piece_of(const sweep_job *j, int depth, ptrdiff_t most)
{
    const sweep_round *round = j->open.round;
    const psw_comm *team = &j->open.crew.team[depth];
    psw_slots same = {round->slots[0], 1, round->slots};
    psw_run run = {.first = round->slots[0], .list = round->slots, .depth = depth};
    run.team = psw_study_point(j->given.study, run.first).team;
    while (same.count < most && psw_study_point(j->given.study, round->slots[same.count]).team == run.team)
        same.count++;
    ptrdiff_t size = run.team > 0 && run.team < team->size ? run.team : team->size;
    ptrdiff_t nodes = sweep_crew_nodes(&j->open.crew, sweep_crew_first(&j->open.crew, depth), size);
    while (run.count < same.count) {
        psw_point points[PSW_GROUP_MAX];
        psw_group group = {points, psw_group_fill(j->given.study, &same, run.count, points)};
        double seconds = psw_cost_team_time(&j->machine.rates, &group, j->given.choice, size, nodes).seconds;
        if (run.count > 0 && run.predicted_s + seconds > j->limits.piece_s) break;
        run.predicted_s += seconds;
        run.count += group.count;
    }
    run.predicted_s += j->machine.rates.run_s;
    return run;
}

/* Cuts the round to a piece that there is time for, down to a single point. */
static bool fits(sweep_job *j, int depth)
{
    sweep_round *round = j->open.round;
    psw_run piece = {.count = 2 * (round->count < j->runs.most_slots ? round->count : j->runs.most_slots)};
    bool in_time = false;
    while (!in_time && piece.count > 1) {
        piece = piece_of(j, depth, piece.count / 2);
        in_time = sweep_watch_fits(j, &piece);
    }
    round->count = piece.count;
    round->predicted_s = piece.predicted_s;
    return in_time;
}

/* ---- the first rank of a team ---- */

/* Asks until it has a piece of a round that there is time for, or there is none. */
static psw_status ask(sweep_job *j, int depth)
{
    sweep_hand *hand = j->open.hand;
    sweep_round *round = j->open.round;
    PSW_TRY(psw_fault("sweep.round"));
    hand->depth = depth;
    for (;;) {
        psw_pool *pool = j->open.crew.pool;
        size_t bytes = sizeof *hand + (size_t)hand->count * sizeof *hand->of;
        psw_pool_ask(pool, hand, bytes, round, sweep_watch_tick, j);
        *hand = (sweep_hand){.family = round->family, .depth = depth};
        if (round->family < 0 || (!psw_pool_halted(pool) && fits(j, depth))) return PSW_OK;
        hand->left = true;
        if (!psw_pool_halted(pool)) j->progress.out_of_time = true;
    }
}

/* Of a run that is in the file. */
static void note(sweep_job *j, const psw_run *run)
{
    sweep_hand *hand = j->open.hand;
    for (ptrdiff_t i = 0; i < run->count; i++) {
        const psw_record *record = &j->open.records[i];
        reply *r = &hand->of[hand->count++];
        r->slot = psw_slots_at(&(psw_slots){run->first, run->count, run->list}, i);
        r->postponed = record->slot.status == PSW_SLOT_TIMEOUT && !j->progress.alone;
        r->answer = psw_search_answer(j->search.search, record);
    }
}

/* ---- a team ---- */

/* The next piece of a round, for the whole team; family -1: there is none. */
static psw_status take(sweep_job *j, int depth)
{
    const psw_comm *team = &j->open.crew.team[depth];
    sweep_round *round = j->open.round;
    psw_status status = team->rank == 0 ? ask(j, depth) : PSW_OK;
    bool failed = status != PSW_OK;
    if (team->size == 1) return status;
    PSW_TRY(psw_comm_bytes_wait(team, 0, &failed, sizeof failed, sweep_watch_tick, j));
    if (failed) return psw_comm_agree(team, status);
    PSW_TRY(psw_comm_bytes(team, 0, round, sizeof *round));
    return psw_comm_bytes(team, 0, round->slots, (size_t)round->count * sizeof *round->slots);
}

/* The piece of it that the first rank has cut. */
static psw_status work_round(sweep_job *j, int depth)
{
    const psw_comm *team = &j->open.crew.team[depth];
    const sweep_round *round = j->open.round;
    ptrdiff_t first = sweep_crew_first(&j->open.crew, depth);
    psw_run run = {.first = round->slots[0], .count = round->count, .list = round->slots, .depth = depth};
    run.predicted_s = round->predicted_s;
    run.team = psw_study_point(j->given.study, run.first).team;
    j->progress.asked = round->number;
    if (run.team > 0 && run.team < team->size)
        PSW_TRY(sweep_attempt_part(j, team, first, (int)run.team, &run));
    else
        PSW_TRY(sweep_attempt_whole(j, team, first, &run));
    if (team->rank == 0) note(j, &run);
    sweep_watch_tick(j);
    return PSW_OK;
}

static psw_status work_depth(sweep_job *j, int depth)
{
    *j->open.hand = (sweep_hand){.family = -1};
    for (;;) {
        PSW_TRY(take(j, depth));
        if (j->open.round->family < 0) return PSW_OK;
        PSW_TRY(work_round(j, depth));
    }
}

/* A team that finds no family that is free goes on to split: whoever holds one goes on with it. */
static psw_status work_depths(sweep_job *j)
{
    const sweep_crew *crew = &j->open.crew;
    psw_status status = PSW_OK;
    for (int depth = 0; depth < crew->depths && status == PSW_OK; depth++)
        if (crew->team[depth].size > 0) status = work_depth(j, depth);
    if (status == PSW_OK) status = sweep_attempt_sync(j, INFINITY);
    if (status != PSW_OK) sweep_crew_halt(&j->open.crew);
    return status;
}

/* ---- one point at a time ---- */

/* Rank 0: a family that was put aside, one that may crash the program last. */
static ptrdiff_t choose_aside(const sweep_job *j)
{
    const sweep_search *s = &j->search;
    ptrdiff_t last = -1, number;
    for (ptrdiff_t f = 0; f < s->families.count; f++) {
        if (s->families.list[f].state != SWEEP_FAMILY_ASIDE) continue;
        bool quarantined = false;
        ptrdiff_t count = sweep_search_round(s, f, s->round, &number);
        for (ptrdiff_t i = 0; i < count; i++) quarantined |= j->slots.part[s->round[i]] == SWEEP_PART_QUARANTINED;
        if (!quarantined) return f;
        if (last < 0) last = f;
    }
    return last;
}

static psw_status work_slot(sweep_job *j, ptrdiff_t slot, bool *over)
{
    const psw_comm *order = &j->open.crew.order;
    psw_run run = {.first = slot};
    if (order->rank == 0) run = sweep_search_alone(&j->given, &j->search, slot);
    PSW_TRY(psw_comm_bytes(order, 0, &run, sizeof run));
    PSW_TRY(sweep_watch_over(j, &run, over));
    if (*over) return PSW_OK;
    int size = (int)(run.team > 0 ? run.team : psw_split_least(&j->open.crew.split, run.depth));
    PSW_TRY(sweep_attempt_part(j, order, 0, size < order->size ? size : order->size, &run));
    if (order->rank == 0) note(j, &run);
    return PSW_OK;
}

/* A round of a family that is put aside, if there is one, on as many ranks as the plan gives each point. */
static psw_status work_aside(sweep_job *j, bool *over, bool *none)
{
    const psw_comm *order = &j->open.crew.order;
    sweep_round *round = j->open.round;
    *j->open.hand = (sweep_hand){.family = -1};
    if (order->rank == 0) give(&j->search, choose_aside(j), round);
    PSW_TRY(psw_comm_bytes(order, 0, round, sizeof *round));
    PSW_TRY(psw_comm_bytes(order, 0, round->slots, (size_t)round->count * sizeof *round->slots));
    j->progress.asked = round->number;
    for (ptrdiff_t i = 0; i < round->count && !*over; i++) PSW_TRY(work_slot(j, round->slots[i], over));
    j->open.hand->family = *over ? -1 : round->family;
    if (order->rank == 0) take_back(j, j->open.hand);
    *none = round->family < 0;
    return PSW_OK;
}

static psw_status work_alone(sweep_job *j, bool *over)
{
    j->progress.alone = true;
    for (bool none = false; !*over && !none;) PSW_TRY(work_aside(j, over, &none));
    j->progress.alone = false;
    return PSW_OK;
}

/* Families that go on as usual behind a round that was computed alone, unless the launch is to end. */
static psw_status are_free(const sweep_job *j, bool *any)
{
    const sweep_families *all = &j->search.families;
    bool halted = psw_pool_halted(j->open.crew.pool);
    *any = false;
    for (ptrdiff_t f = 0; f < all->count && !halted; f++) *any |= all->list[f].state == SWEEP_FAMILY_FREE;
    return psw_comm_bytes(j->given.world, 0, any, sizeof *any);
}

psw_status sweep_rounds_work(sweep_job *j)
{
    const psw_comm *order = &j->open.crew.order;
    bool over = false;
    for (bool more = true; more && !over;) {
        psw_status status = work_depths(j);
        PSW_TRY(psw_comm_wait(order, sweep_watch_tick, j));
        PSW_TRY(psw_comm_agree(order, status));
        PSW_TRY(work_alone(j, &over));
        PSW_TRY(are_free(j, &more));
    }
    return sweep_found_put(j);
}

/* ---- room ---- */

psw_status sweep_rounds_prepare(sweep_job *j, psw_pool_desk *desk)
{
    size_t most = (size_t)j->search.most;
    *desk = (psw_pool_desk){sizeof *j->open.hand + most * sizeof *j->open.hand->of,
                            sizeof *j->open.round + most * sizeof *j->open.round->slots, answer, j};
    j->open.hand = malloc(desk->question_bytes);
    j->open.round = malloc(desk->answer_bytes);
    if (j->open.hand && j->open.round) return PSW_OK;
    return PSW_FAIL(PSW_NO_MEMORY, "no memory for a round of %zu slots", most);
}

void sweep_rounds_free(sweep_job *j)
{
    free(j->open.hand);
    free(j->open.round);
}
