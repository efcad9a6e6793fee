/* The study file: read, its slots walked, printed, and read back. */
#include "cmd/cmd.h"
#include "fuzz/fuzz.h"

enum { WALKED = 64 };

static void walk(const psw_study *study)
{
    ptrdiff_t slots = psw_study_slots(study), step = slots / WALKED + 1;
    for (ptrdiff_t slot = 0; slot < slots; slot += step) {
        psw_point point = psw_study_point(study, slot);
        double predictions[PSW_PREDICT_MAX];
        MUST(psw_study_slot(study, &point) == slot, "slot %td comes back as %td", slot, psw_study_slot(study, &point));
        MUST(psw_word(PSW_WORDS_METHOD, (int)point.method), "slot %td has no method", slot);
        psw_study_predictions(study, &point, predictions);
    }
}

static void compare(const psw_study *study, const psw_study *again)
{
    char text[1024];
    MUST(psw_study_identity(again) == psw_study_identity(study), "what is printed is another study");
    MUST(psw_study_slots(again) == psw_study_slots(study), "what is printed has other points");
    psw_study_layout_difference(study, again, text, sizeof text);
    MUST(text[0] == '\0', "what is printed has another layout: %s", text);
    psw_study_difference(study, again, text, sizeof text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    psw_study *study = NULL, *again = NULL;
    psw_rooms rooms = *psw_house();
    rooms.learned_r = NULL, rooms.file_facts = NULL; /* whatever files it names */
    psw_status status =
        psw_study_parse(&(psw_study_source){(const char *)data, size, "input", NULL, 0}, &rooms, &study);
    must_say(status, PSW_USAGE);
    MUST((status == PSW_OK) == (study != NULL), "status and study disagree");
    if (!study) return 0;
    walk(study);
    const char *resolved = psw_study_resolved(study);
    status = psw_study_parse(&(psw_study_source){resolved, strlen(resolved), "resolved", NULL, 0}, &rooms, &again);
    MUST(status == PSW_OK, "%s\n%s", psw_message(), resolved);
    compare(study, again);
    psw_study_free(again);
    psw_study_free(study);
    return 0;
}
