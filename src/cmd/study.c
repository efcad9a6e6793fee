#include <string.h>

#include "cmd/cmd.h"

static psw_status can_compute(const psw_point *point)
{
    PSW_TRY(psw_data_check(point, NULL));
    return point->method == PSW_CLOSED_FORM ? PSW_OK : psw_attend_allow(point);
}

/* Points that were allowed when the first files were made. */
static psw_status could_compute(const psw_point *point)
{
    PSW_TRY(psw_data_check(point, NULL));
    return point->method == PSW_CLOSED_FORM ? PSW_OK : psw_attend_check(point);
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
static const char *const *column_names(void)
{
    static const char *names[PSW_COLUMNS_MAX + 1];
    ptrdiff_t count;
    const psw_column *columns = psw_columns(&count);
    for (ptrdiff_t i = 0; i < count; i++) names[i] = columns[i].name;
    return names;
}

const psw_rooms *psw_house(void)
{
    static psw_rooms rooms;
    rooms = (psw_rooms){.theory = &psw_theory_oracle,
                        .check = can_compute,
                        .reserved = column_names(),
                        .negative = psw_data_signed,
                        .learned_r = learned_r};
    return &rooms;
}

/* As the first program read what stands in its files; what it could compute then it need not now. */
static const psw_rooms *first_house(void)
{
    static psw_rooms rooms;
    rooms = *psw_house();
    rooms.theory = &psw_theory_oracle_earlier;
    rooms.check = could_compute;
    rooms.first_files = true;
    return &rooms;
}

psw_status psw_study_of_options(const psw_options *options, psw_study **study)
{
    if (options->file_count != 1)
        return PSW_FAIL(PSW_USAGE, "one study file is expected, %td files are named", options->file_count);
    psw_rooms rooms = *psw_house();
    if (options->no_inputs) rooms.learned_r = NULL;
    if (options->text)
        return psw_study_parse(options->text, strlen(options->text), options->files[0], options->set,
                               options->set_count, &rooms, study);
    return psw_study_read(options->files[0], options->set, options->set_count, &rooms, study);
}

psw_status psw_filter_of_options(const psw_options *options, const psw_study *study, psw_filter **filter)
{
    *filter = NULL;
    if (!options->where) return PSW_OK;
    PSW_TRY(psw_filter_create(study, options->where, filter));
    ptrdiff_t slots = psw_study_slots(study);
    for (ptrdiff_t slot = 0; slot < slots; slot++) {
        psw_point point = psw_study_point(study, slot);
        if (psw_filter_keeps(*filter, &point)) return PSW_OK;
    }
    psw_filter_free(*filter);
    *filter = NULL;
    return PSW_FAIL(PSW_USAGE, "--where %.200s: it holds for none of the %td points of the study", options->where,
                    slots);
}

/* What a name meant when the file was made, it does not mean any more. */
static psw_status check_own_names(const psw_reader *reader, const char *path)
{
    const char *names[PSW_OWN_MAX];
    ptrdiff_t count = psw_reader_own(reader, names);
    for (ptrdiff_t i = 0; i < count; i++)
        if (psw_is_parameter(names[i]))
            return PSW_FAIL(
                PSW_ENVIRONMENT,
                "%s was made with an axis of its own named '%s', which has become the name of a parameter, so "
                "its study cannot be read any more; rename the axis in the study (%s_own) and run that into "
                "another file",
                path, names[i], names[i]);
    return PSW_OK;
}

static bool fits(const psw_reader *reader, const psw_study *study)
{
    return psw_study_identity(study) == psw_reader_identity(reader) &&
           psw_study_slots(study) == psw_reader_slots(reader);
}

static psw_status parse(const psw_reader *reader, const char *path, const psw_rooms *rooms, psw_study **study)
{
    const char *text = psw_reader_study(reader);
    return psw_study_parse(text, strlen(text), path, NULL, 0, rooms, study);
}

/* As it is understood now, unless only what it meant when the file was made gives the points of the file. */
static psw_status understand(const psw_reader *reader, const char *path, psw_study **study)
{
    psw_study *earlier = NULL;
    psw_status status = parse(reader, path, psw_house(), study);
    if (status == PSW_OK && fits(reader, *study)) return PSW_OK;
    bool then = parse(reader, path, first_house(), &earlier) == PSW_OK && fits(reader, earlier);
    if (!then) psw_study_free(earlier);
    if (!then) return status == PSW_OK ? status : parse(reader, path, psw_house(), study); /* for its message */
    psw_study_free(*study);
    *study = earlier;
    return PSW_OK;
}

/* A file that holds other points than its own study says would be read beyond the end of one of them. */
psw_status psw_study_stored(const psw_reader *reader, const char *path, psw_study **study)
{
    PSW_TRY(check_own_names(reader, path));
    psw_status status = understand(reader, path, study);
    if (status == PSW_USAGE) return PSW_FAIL(PSW_ENVIRONMENT, "%s is damaged: the study in it: %s", path, psw_message());
    if (status != PSW_OK) return status;
    ptrdiff_t points = psw_study_slots(*study), slots = psw_reader_slots(reader);
    if (points == slots) return PSW_OK;
    psw_study_free(*study);
    *study = NULL;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s is damaged: its table has %td points, the study in it %td", path, slots,
                    points);
}

psw_status psw_study_of_file(const char *path, psw_study **study)
{
    psw_reader *reader;
    PSW_TRY(psw_reader_open(path, &reader));
    psw_status status = psw_study_stored(reader, path, study);
    psw_reader_close(reader);
    return status;
}
