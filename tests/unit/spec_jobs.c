/* Every study file that is shipped can be computed, and its resolved form is the same study. */
#include <dirent.h>
#include <stdlib.h>

#include "polysweep/plan.h"
#include "polysweep/theory.h"
#include "unit/spec_study.h"

static psw_status check(const psw_point *point)
{
    PSW_TRY(psw_data_check(point, NULL));
    return point->method == PSW_CLOSED_FORM ? PSW_OK : psw_attend_allow(point);
}

/* What the points take one by one on a common core. */
static double core_seconds(const psw_study *study)
{
    double seconds = 0;
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        psw_point p = psw_study_point(study, slot);
        seconds += psw_cost_time(&psw_rates_default, &p).predicted_s;
    }
    return seconds;
}

/* What a study is about, it asks for. */
static void check_sense(const char *name, const psw_study *study)
{
    const psw_settings *settings = psw_study_settings(study);
    bool about_time = strstr(psw_study_text(study), "time_median_s") != NULL; /* in a comment */
    CHECK(!about_time || (settings->timing && settings->keep_samples), "%s is about time and takes none", name);
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        psw_point p = psw_study_point(study, slot);
        bool of_a_model = p.data_kind != PSW_FILE || p.row_norm == PSW_NORM_SQRT_D || p.scale != 1;
        CHECK(of_a_model, "%s, slot %td: scores of a model's heads are scaled as the model's", name, slot);
        if (!of_a_model) break;
    }
}

/* `most`: seconds of a core that it may need. */
static void check_file(const char *name, double most)
{
    static const psw_rooms rooms = {.theory = &psw_theory_oracle, .check = check};
    char path[512];
    psw_study *study, *again;
    psw_format(path, sizeof path, "%s/%s", POLYSWEEP_JOBS, name);
    psw_status status = psw_study_read(path, NULL, 0, &rooms, &study);
    CHECK(status == PSW_OK, "%s", psw_message());
    if (status != PSW_OK) return;
    const char *resolved = psw_study_resolved(study);
    status = psw_study_parse(&(psw_study_source){resolved, strlen(resolved), name, NULL, 0}, &rooms, &again);
    CHECK(status == PSW_OK && psw_study_identity(again) == psw_study_identity(study), "%s: resolved is another study",
          name);
    check_sense(name, study);
    CHECK(core_seconds(study) < most, "%s needs %.0f s of a core", name, core_seconds(study));
    fprintf(stderr, "%s: %td points, about %.0f s of a core\n", name, psw_study_slots(study), core_seconds(study));
    psw_study_free(again);
    psw_study_free(study);
}

/* The studies in a folder of jobs ("": jobs itself). */
static int check_folder(const char *folder, double most)
{
    char path[512], name[512];
    int files = 0;
    psw_format(path, sizeof path, "%s/%s", POLYSWEEP_JOBS, folder);
    DIR *jobs = opendir(path);
    for (struct dirent *entry; jobs && (entry = readdir(jobs)) != NULL;) {
        const char *end = strrchr(entry->d_name, '.');
        if (!end || strcmp(end, ".yaml") != 0) continue;
        psw_format(name, sizeof name, "%s%s", folder, entry->d_name);
        check_file(name, most);
        files++;
    }
    if (jobs) closedir(jobs);
    return files;
}

int main(void)
{
    const double here = 600, on_nodes = INFINITY;
    int files = check_folder("", here), claims = check_folder("claims/", here),
        nodes = check_folder("nodes/", on_nodes);
    CHECK(files >= 6 && claims >= 6 && nodes >= 2, "%d study files in %s, %d in claims, %d in nodes", files,
          POLYSWEEP_JOBS, claims, nodes);
    return test_end();
}
