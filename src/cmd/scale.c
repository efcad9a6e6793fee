/* scale: a scaling study is a study with `team` as an axis and times on. This makes it, runs it, prints its table. */
#include "cmd/scale.h"

#include <stdlib.h>
#include <string.h>

/* ---- teams ---- */

psw_status cmd_scale_teams_read(const char *list, ptrdiff_t ranks, cmd_scale_teams *teams)
{
    *teams = (cmd_scale_teams){.count = 0};
    for (ptrdiff_t size = 1; !list && size < ranks; size *= 2) teams->size[teams->count++] = size;
    if (!list) teams->size[teams->count++] = ranks;
    for (const char *at = list; at && *at;) {
        char *end;
        long size = strtol(at, &end, 10), before = teams->count > 0 ? (long)teams->size[teams->count - 1] : 0;
        if (end == at || size <= before || (*end && *end != ',') || teams->count == PSW_LIST_MAX)
            return PSW_FAIL(PSW_USAGE, "--teams: \"%s\" is not an ascending list of at most %d sizes, as in 1,2,4",
                            list, PSW_LIST_MAX);
        if (size > ranks)
            return PSW_FAIL(PSW_USAGE, "--teams: a team of %ld ranks needs that many: start with mpirun -n %ld", size,
                            size);
        teams->size[teams->count++] = size;
        at = *end ? end + 1 : end;
    }
    return teams->count > 0 ? PSW_OK : PSW_FAIL(PSW_USAGE, "--teams: no size is given; write for example 1,2,4");
}

/* ---- the study ---- */

/* Work grows with n for a sketch and for landmarks, and with n^2 for all others. Where n_base tokens fill the d - 2
 * classes of an embedding evenly, so do these. */
#define CLASSES "(1 + (n_base % max(d - 2, 1) == 0) * (max(d - 2, 1) - 1))"
#define HALF_ROWS(word) " - 0.5 * (method == " #word ")"
#define HALF_STATES(word)
#define HALF_EITHER(word) " - 0.5 * (method == " #word " and by == rows)"
#define HALF_LANDMARKS(word)
#define HALF_NOTHING(word)
static const char grow[] = "derive.n=" CLASSES " * round(n_base * team ** (1"
#define PSW_METHOD(word, CODE, folds, ...) HALF_##folds(word)
#include "polysweep/methods.def"
                           ") / " CLASSES ")";

static psw_status change(const psw_study *base, const cmd_scale_teams *teams, bool weak, psw_study **made)
{
    double sizes[PSW_LIST_MAX];
    const psw_axis_change axes[] = {{.axis = "team", .values = sizes, .count = teams->count},
                                    {.axis = "n", .name = "n_base"}};
    const psw_settings *settings = psw_study_settings(base);
    const char *set[4] = {settings->keep_rows ? "output.keep=[rows, samples]" : "output.keep=[samples]"};
    psw_study_changes changes = {
        .name = "the scaling study", .axes = axes, .axis_count = weak ? 2 : 1, .set = set, .sets = 1};
    for (ptrdiff_t i = 0; i < teams->count; i++) sizes[i] = (double)teams->size[i];
    if (!settings->timing) set[changes.sets++] = "time.reps=6";
    if (weak) set[changes.sets++] = grow;
    if (psw_study_search(base)) set[changes.sets++] = "search={}"; /* every point is timed on every team */
    return psw_study_change(base, &changes, made);
}

psw_status cmd_scale_study_make(const psw_study *base, const cmd_scale_teams *teams, bool weak, char **text)
{
    psw_study *made;
    if (weak && !psw_study_in_grid(base, "n"))
        return PSW_FAIL(PSW_USAGE, "weak scaling makes n grow with the team: give n in grid, not in zip, derive or "
                                   "include (--set grid.n=[1024])");
    PSW_TRY(change(base, teams, weak, &made));
    psw_status status = weak ? cmd_scale_work_check(made) : PSW_OK;
    *text = status == PSW_OK ? strdup(psw_study_resolved(made)) : NULL;
    psw_study_free(made);
    return status == PSW_OK && !*text ? PSW_FAIL(PSW_NO_MEMORY, "no memory for the scaling study") : status;
}

/* ---- the command ---- */

typedef struct made {
    char path[1024]; /* of the result file */
    char *text;      /* rank 0 */
} made;

static psw_status make(const cmd_options *options, ptrdiff_t ranks, made *m)
{
    psw_study *base;
    cmd_scale_teams teams;
    if (options->strong == options->weak)
        return PSW_FAIL(PSW_USAGE,
                        "scale needs one of --strong (the same points on every team) and --weak (n grows with the "
                        "team, so that the work per rank stays the same)");
    PSW_TRY(cmd_scale_teams_read(options->teams, ranks, &teams));
    PSW_TRY(cmd_study_of_options(options, &base));
    bool whole = options->output ? psw_format(m->path, sizeof m->path, "%s", options->output)
                                 : psw_format(m->path, sizeof m->path, "%s-%s.h5", psw_study_name(base),
                                              options->weak ? "weak" : "strong");
    psw_status status = whole ? cmd_scale_study_make(base, &teams, options->weak, &m->text)
                              : PSW_FAIL(PSW_USAGE, "the name of the result file is too long");
    psw_study_free(base);
    return status;
}

/* What was computed is shown, also where the run stopped or points failed. */
static psw_status run_and_show(const cmd_options *options, const psw_comm *world, const made *m)
{
    cmd_options run = *options;
    run.output = m->path;
    run.text = m->text;
    run.set_count = 0; /* they are in the text */
    psw_status status = cmd_run(&run, world);
    bool ended = status == PSW_OK || status == PSW_POINTS_FAILED || status == PSW_STOPPED;
    if (world->rank != 0 || options->dry_run || !ended) return status;
    psw_status shown = cmd_scale_table_print(m->path, options->weak, options->json);
    return shown == PSW_OK ? status : shown;
}

psw_status cmd_scale(const cmd_options *options, const psw_comm *world)
{
    made m = {"", NULL};
    PSW_TRY(psw_comm_agree(world, world->rank == 0 ? make(options, world->size, &m) : PSW_OK));
    psw_status status = psw_comm_bytes(world, 0, m.path, sizeof m.path);
    if (status == PSW_OK) status = run_and_show(options, world, &m);
    free(m.text);
    return status;
}
