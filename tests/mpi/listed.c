/* Points that are not neighbours in the study share their tiles when they are computed together, and every one has the
 * bits that it has alone. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "polysweep/point.h"

static psw_comm world;

static psw_study *parse(void)
{
    static const char text[] =
        "schema: 1\nstudy: listed\nseed: 5\ndata: {kind: self_attention, preset: W2, noise: 0.03}\n"
        "methods: [exact, polysketch: {r: 8}]\n"
        "grid: {n: [144, 192], d: 10, beta: {from: 2, to: 40, step: 2}, block: 32}\n"
        "judge: {m: 16, trials: 30}\n";
    psw_study *study = NULL;
    CHECK(psw_study_parse(&(psw_study_source){text, strlen(text), "test", NULL, 0}, psw_house(), &study) == PSW_OK,
          "%s", psw_message());
    return study;
}

static psw_computer computer_of(const psw_study *study)
{
    static psw_inputs none;
    psw_computer c = {.study = study, .rates = &psw_rates_default, .inputs = &none, .nodes = 1};
    c.choice = (psw_choice){-1, -1, -1, 0};
    return c;
}

static void same_record(ptrdiff_t slot, const psw_record *listed, const psw_record *alone)
{
    ptrdiff_t count;
    const psw_column *columns = psw_columns(&count);
    for (ptrdiff_t i = 0; i < count; i++) {
        double a = psw_column_value(&columns[i], listed), b = psw_column_value(&columns[i], alone);
        if (columns[i].bitwise || columns[i].vocabulary >= 0)
            CHECK(a == b || (isnan(a) && isnan(b)) || columns[i].offset == offsetof(psw_record, cost.timing),
                  "slot %td, %s: %.17g, alone %.17g", slot, columns[i].name, a, b);
    }
    CHECK(listed->slot.status == PSW_SLOT_DONE && alone->slot.status == PSW_SLOT_DONE, "slot %td", slot);
    CHECK(memcmp(&listed->point, &alone->point, sizeof alone->point) == 0, "slot %td is another point", slot);
}

/* Groups that follow from what joins: those with another n, or a method that shares nothing, are apart. */
static void check_groups(const psw_study *study, const psw_slots *slots)
{
    psw_point points[PSW_GROUP_MAX];
    ptrdiff_t members;
    for (ptrdiff_t at = 0; at < slots->count; at += members) {
        members = psw_group_fill(study, slots, at, points);
        for (ptrdiff_t i = 0; i < members; i++) {
            psw_point point = psw_study_point(study, psw_slots_at(slots, at + i));
            CHECK(memcmp(&points[i], &point, sizeof point) == 0, "number %td of a group at %td", i, at);
            CHECK(i == 0 || psw_group_joins(&points[i - 1], &points[i]), "%td does not join", i);
        }
        bool more = at + members < slots->count && members < psw_group_most(&points[0]);
        psw_point next = more ? psw_study_point(study, psw_slots_at(slots, at + members)) : points[0];
        CHECK(!more || !psw_group_joins(&points[members - 1], &next), "a group ends early, at %td", at + members);
    }
}

static void check_list(const psw_study *study, const ptrdiff_t *list, ptrdiff_t count)
{
    psw_slots slots = {list[0], count, list};
    psw_record records[32];
    psw_computer c = computer_of(study);
    check_groups(study, &slots);
    CHECK(psw_compute(&world, &c, &slots, records) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_record alone;
        CHECK(psw_compute(&world, &c, &(psw_slots){list[i], 1, NULL}, &alone) == PSW_OK, "%s", psw_message());
        same_record(list[i], &records[i], &alone);
    }
    psw_arena_destroy(&c.arena);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    if (psw_comm_world(&world) != PSW_OK) return 1;
    psw_study *study = parse();
    ptrdiff_t slots = psw_study_slots(study), list[32], count = 0;
    CHECK(slots == 2 * 2 * 20, "%td slots", slots);
    check_list(study, (ptrdiff_t[]){3, 4, 9, 17}, 4);
    check_list(study, (ptrdiff_t[]){0, 19, 20, 21, 39, 40, 41, 79}, 8);
    for (ptrdiff_t i = 0; i < 20; i++) list[count++] = i; /* more than a group may have */
    list[count++] = 26;
    check_list(study, list, count);
    psw_study_free(study);
    double failures = test_failures;
    psw_comm_sum(&world, &failures, 1);
    psw_comm_free(&world);
    MPI_Finalize();
    return test_end() || failures > 0;
}
