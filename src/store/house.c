/* What spec asks of other rooms. */
#include "polysweep/built.h"
#include "store/store.h"

static psw_status can_compute(const psw_point *point)
{
    PSW_TRY(psw_data_check(point, NULL));
    return psw_method_computes(point->method) ? psw_attend_allow(point) : PSW_OK;
}

/* Of a study that is to be run: files of a program that was built with more can be read all the same. */
static psw_status can_compute_here(const psw_point *point)
{
    PSW_TRY(can_compute(point));
    return psw_built_computes(point);
}

/* Points that were allowed when the first files were made. */
static psw_status could_compute(const psw_point *point)
{
    PSW_TRY(psw_data_check(point, NULL));
    return psw_method_computes(point->method) ? psw_attend_check(point) : PSW_OK;
}

static psw_status learned_r(const char *path, ptrdiff_t *r)
{
    psw_weights weights;
    PSW_TRY(psw_store_weights(path, &weights));
    *r = weights.level[0][0].down.cols;
    psw_store_weights_free(&weights);
    if (*r > 0) return PSW_OK;
    return PSW_FAIL(PSW_USAGE, "weights: %s has no dataset 0/0/down, whose columns are r", path);
}

/* A user's axis may not take the name of a column that the file has anyway. */
static const char *const *column_names(const int **words)
{
    static const char *names[PSW_COLUMNS_MAX + 1];
    static int vocabulary[PSW_COLUMNS_MAX];
    ptrdiff_t count;
    const psw_column *columns = psw_columns(&count);
    for (ptrdiff_t i = 0; i < count; i++) {
        names[i] = columns[i].name;
        vocabulary[i] = psw_column_vocabulary(&columns[i]);
    }
    *words = vocabulary;
    return names;
}

const psw_rooms *psw_house(void)
{
    static psw_rooms rooms;
    const int *words;
    const char *const *names = column_names(&words);
    rooms = (psw_rooms){.theory = &psw_theory_oracle,
                        .check = can_compute_here,
                        .reserved = names,
                        .reserved_words = words,
                        .negative = psw_data_signed,
                        .repeats = psw_attend_repeats,
                        .learned_r = learned_r,
                        .file_facts = psw_store_file_facts};
    return &rooms;
}

const psw_rooms *psw_stored_house(void)
{
    static psw_rooms rooms;
    rooms = *psw_house();
    rooms.check = can_compute;
    rooms.stored = true;
    return &rooms;
}

const psw_rooms *store_first_house(void)
{
    static psw_rooms rooms;
    rooms = *psw_stored_house();
    rooms.theory = &psw_theory_oracle_earlier;
    rooms.check = could_compute;
    rooms.first_files = true;
    return &rooms;
}
