/* A small study's layout and records to store, the same for every test of the store. */
#ifndef POLYSWEEP_TESTS_STORE_H
#define POLYSWEEP_TESTS_STORE_H

#include <glob.h>
#include <string.h>

#include "store/store.h"

/* Is there a file whose name begins like this? */
static inline bool left_behind(const char *beginning)
{
    char pattern[600];
    glob_t found;
    psw_format(pattern, sizeof pattern, "%s*", beginning);
    bool some = glob(pattern, 0, NULL, &found) == 0;
    globfree(&found);
    return some;
}

static psw_point store_point(const void *context, ptrdiff_t slot)
{
    (void)context;
    psw_point point = {.method = slot % 7 == 3 ? PSW_SOFTMAX : PSW_EXACT,
                       .beta = slot % 7 == 3 ? NAN : (double)(slot % 16) + 0.5,
                       .n = 256 + slot,
                       .d = 18,
                       .v = 18,
                       .preset = PSW_W2,
                       .a_0 = 0.1,
                       .a_1 = 1.0 / 3,
                       .m = 45,
                       .trials = 200,
                       .block = 512,
                       .seed = UINT64_MAX - (uint64_t)slot}; /* no double holds this */
    point.own[0] = (double)slot / 3;
    return point;
}

static store_layout test_layout(ptrdiff_t slots)
{
    static const char *const own[] = {"classes"}, *const predict[] = {"mine", "yours"};
    return (store_layout){.slots = slots,
                          .title = "a study",
                          .text = "study: a study # with a comment\n",
                          .resolved = "{\"study\": \"a study\"}",
                          .identity = 0xfedcba9876543210,
                          .own = own,
                          .owns = 1,
                          .predict = predict,
                          .predicts = 2,
                          .point = store_point};
}

/* Every column gets a value of its own, computed from slot and column. */
static inline psw_record store_record(ptrdiff_t slot)
{
    psw_point point = store_point(NULL, slot);
    psw_record record = psw_record_blank(&point);
    ptrdiff_t count;
    const psw_column *list = psw_columns(&count);
    for (ptrdiff_t i = 0; i < count; i++) {
        char *at = (char *)&record + list[i].offset;
        double real = (double)slot + (double)(i + 1) / 1024;
        ptrdiff_t whole = slot * 1000 + i + 1;
        if (psw_column_parameter(&list[i])) continue;
        if (list[i].type == PSW_F8) memcpy(at, &real, sizeof real);
        if (list[i].type == PSW_I8) memcpy(at, &whole, sizeof whole);
    }
    record.slot = (psw_slot){.status = PSW_SLOT_DONE, .attempt = 1};
    record.cost.timing = PSW_TIMING_SHARED;
    record.predict[0] = (double)slot * 0.1;
    record.predict[1] = INFINITY;
    return record;
}

/* The first column in which two records differ, "" if there is none. Compared as bytes, a struct's padding would count.
 */
static inline const char *store_difference(const psw_column_set *all, const psw_record *a, const psw_record *b)
{
    for (ptrdiff_t i = 0; i < all->count; i++) {
        uint64_t x = 0, y = 0;
        psw_column_pack(&all->list[i], a, 1, &x);
        psw_column_pack(&all->list[i], b, 1, &y);
        if (x != y) return all->list[i].name;
    }
    return "";
}

#endif
