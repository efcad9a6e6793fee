/* A search as its header describes it, and nothing else: one rank, one family after the other, one round after the
 * other. search_writer STUDY.yaml FILE.h5 [ROUNDS [SLOT...]] ROUNDS: so many of each family, and then it ends as a
 * program that was killed, 0 = all; SLOT...: points that fail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/point.h"
#include "polysweep/replay.h"

enum { FAILING = 16 };

typedef struct writer {
    psw_comm world;
    psw_study *study;
    psw_store *store;
    psw_replay replay;
    psw_computer computer;
    psw_inputs inputs;
    psw_rates rates;
    ptrdiff_t rounds, fails[FAILING], fail_count;
} writer;

static psw_answer answer(const void *context, ptrdiff_t slot)
{
    return ((const psw_replay *)context)->answer[slot];
}

static bool is_to_fail(const writer *w, ptrdiff_t slot)
{
    for (ptrdiff_t i = 0; i < w->fail_count; i++)
        if (w->fails[i] == slot) return true;
    return false;
}

static psw_status compute(writer *w, ptrdiff_t slot, ptrdiff_t round)
{
    psw_record record;
    psw_slots one = {.first = slot, .count = 1};
    PSW_TRY(psw_store_mark(w->store, slot, 1, &(psw_mark){1, 0}));
    PSW_TRY(psw_compute(&w->world, &w->computer, &one, &record));
    if (is_to_fail(w, slot)) {
        psw_point point = record.point;
        record = psw_record_blank(&point);
        record.slot = (psw_slot){.status = PSW_SLOT_FAILED, .error_code = PSW_NOT_FINITE};
    }
    record.slot.attempt = 1;
    record.slot.asked = round;
    psw_replay_take(&w->replay, slot, &record);
    return psw_store_put(w->store, slot, 1, &record);
}

static psw_status search_family(writer *w, ptrdiff_t family)
{
    const ptrdiff_t *all;
    ptrdiff_t number, count = psw_search_slots(w->replay.search, family, &all);
    ptrdiff_t *slots = malloc((size_t)count * sizeof *slots);
    psw_status status = slots ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory");
    for (ptrdiff_t done = 0; status == PSW_OK && (w->rounds == 0 || done < w->rounds); done++) {
        count = psw_search_round(w->replay.search, family, answer, &w->replay, slots, &number);
        for (ptrdiff_t i = 0; status == PSW_OK && i < count; i++) status = compute(w, slots[i], number);
        if (count == 0) break;
    }
    free(slots);
    return status;
}

static psw_status end(writer *w)
{
    PSW_TRY(psw_replay_run(&w->replay));
    for (ptrdiff_t slot = 0; slot < w->replay.slots; slot++) {
        if (w->replay.asked[slot] > 0) continue;
        psw_point point = psw_study_point(w->study, slot);
        psw_record record = psw_record_blank(&point);
        record.slot.status = PSW_SLOT_NOT_NEEDED;
        PSW_TRY(psw_store_put(w->store, slot, 1, &record));
    }
    for (ptrdiff_t c = 0; c < psw_search_combinations(w->replay.search)->count; c++) {
        psw_crossings found;
        psw_replay_crossings(&w->replay, c, &found);
        PSW_TRY(psw_store_edges(w->store, c, 1, &found));
    }
    return PSW_OK;
}

static psw_status write_all(writer *w, const char *path)
{
    static const psw_launch launch = {.started = "2023-10-30T12:00:00Z", .version = PSW_VERSION, .ranks = 1};
    PSW_TRY(psw_replay_create(w->study, &w->replay));
    PSW_TRY(psw_inputs_read(w->study, &w->inputs));
    PSW_TRY(psw_store_create(path, w->study));
    PSW_TRY(psw_store_open(&w->world, path, w->study, &launch, NULL, &w->store));
    w->rates = psw_rates_default;
    w->computer = (psw_computer){.study = w->study, .rates = &w->rates, .inputs = &w->inputs, .nodes = 1};
    for (ptrdiff_t f = 0; f < psw_search_combinations(w->replay.search)->families; f++) PSW_TRY(search_family(w, f));
    return w->rounds == 0 ? end(w) : PSW_OK;
}

int main(int argc, char **argv)
{
    writer w = {0};
    psw_store_environment();
    MPI_Init(&argc, &argv);
    if (argc < 3 || psw_comm_world(&w.world) != PSW_OK) return 2;
    w.rounds = argc > 3 ? atoi(argv[3]) : 0;
    for (int i = 4; i < argc && w.fail_count < FAILING; i++) w.fails[w.fail_count++] = atoi(argv[i]);
    psw_status status = psw_study_read(argv[1], NULL, 0, psw_house(), &w.study);
    if (status == PSW_OK) status = write_all(&w, argv[2]);
    if (w.store && psw_store_close(&w.world, w.store) != PSW_OK && status == PSW_OK) status = PSW_ENVIRONMENT;
    if (status != PSW_OK) fprintf(stderr, "search_writer: %s\n", psw_message());
    psw_replay_free(&w.replay);
    psw_inputs_free(&w.inputs);
    psw_arena_destroy(&w.computer.arena);
    psw_study_free(w.study);
    psw_comm_free(&w.world);
    MPI_Finalize();
    return status != PSW_OK;
}
