/* The study that a result file was made from. */
#include <string.h>

#include "store/store.h"

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

/* What was taken from a file of heads is written in it. */
static psw_status parse(const psw_reader *reader, const char *path, const psw_rooms *rooms, psw_study **study)
{
    const char *text = psw_reader_study(reader);
    psw_rooms alone = *rooms;
    alone.file_facts = NULL;
    return psw_study_parse(&(psw_study_source){text, strlen(text), path, NULL, 0}, &alone, study);
}

/* As it is understood now, unless only what it meant when the file was made gives the points of the file. */
static psw_status understand(const psw_reader *reader, const char *path, psw_study **study)
{
    psw_study *earlier = NULL;
    psw_status status = parse(reader, path, psw_stored_house(), study);
    if (status == PSW_OK && fits(reader, *study)) return PSW_OK;
    bool then = parse(reader, path, store_first_house(), &earlier) == PSW_OK && fits(reader, earlier);
    if (!then) psw_study_free(earlier);
    if (!then) return status == PSW_OK ? status : parse(reader, path, psw_stored_house(), study); /* for its message */
    psw_study_free(*study);
    *study = earlier;
    return PSW_OK;
}

/* If a file's points differed from its study's, one of the two would be read beyond its end. */
psw_status psw_study_stored(const psw_reader *reader, const char *path, psw_study **study)
{
    PSW_TRY(check_own_names(reader, path));
    psw_status status = understand(reader, path, study);
    if (status == PSW_USAGE)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is damaged: the study in it: %s", path, psw_message());
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
