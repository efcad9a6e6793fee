/* A new file is made for the grown study, with every slot of the old one that was begun at the place of its point, and
 * takes its name when it is whole. */
#include "sweep/extend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/plain.h"

/* Slots of the old file are asked for in the order of the new one: blocks of them, by their number modulo. */
enum { BLOCK = 256, BLOCKS = 64 };

typedef struct growth {
    const psw_study *to;
    psw_study *from;
    psw_reader *reader;
    ptrdiff_t slots, done;      /* of the old file */
    ptrdiff_t older_noise;      /* done, and their noise is not what this program draws */
    ptrdiff_t lost, first_lost; /* done, and not in the grown study */
    ptrdiff_t again;            /* of closed_form, for which parameters meant nothing then: made again */
    psw_record *cache;
    ptrdiff_t cached[BLOCKS];
} growth;

static psw_status open_growth(const char *path, const psw_study *to, growth *g)
{
    *g = (growth){.to = to, .first_lost = -1};
    PSW_TRY(psw_study_of_file(path, &g->from));
    PSW_TRY(psw_reader_open(path, &g->reader));
    g->slots = psw_reader_slots(g->reader);
    if (g->slots != psw_study_slots(g->from) || psw_reader_identity(g->reader) != psw_study_identity(g->from))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is damaged: its points are not those of the study in it", path);
    for (int i = 0; i < BLOCKS; i++) g->cached[i] = -1;
    g->cache = malloc((size_t)BLOCKS * BLOCK * sizeof *g->cache);
    return g->cache ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to extend %s", path);
}

static void close_growth(growth *g)
{
    psw_reader_close(g->reader);
    psw_study_free(g->from);
    free(g->cache);
}

static psw_status stored(growth *g, ptrdiff_t slot, const psw_record **out)
{
    ptrdiff_t block = slot / BLOCK, place = block % BLOCKS, first = block * BLOCK;
    psw_record *records = g->cache + place * BLOCK;
    if (g->cached[place] != block) {
        g->cached[place] = -1;
        PSW_TRY(psw_reader_get_whole(g->reader, first, g->slots - first < BLOCK ? g->slots - first : BLOCK, records));
        g->cached[place] = block;
    }
    *out = &records[slot - first];
    return PSW_OK;
}

/* An earlier program's closed_form holds for one mask, noise, j3, row_norm and den_constant. Computing it again for
 * those of the study costs nothing. */
static bool computed_again(const growth *g, const psw_point *point)
{
    return psw_study_earlier(g->from) && !psw_method_computes(point->method);
}

/* What is done must have a place; what was begun, failed or skipped is computed again if it has none. */
static psw_status count_done(growth *g)
{
    for (ptrdiff_t slot = 0; slot < g->slots; slot++) {
        const psw_record *record;
        PSW_TRY(stored(g, slot, &record));
        if (record->slot.status != PSW_SLOT_DONE) continue;
        psw_point point = psw_study_point(g->from, slot);
        bool found = psw_study_find(g->to, g->from, &point) >= 0;
        g->again += !found && computed_again(g, &point);
        g->done += found || !computed_again(g, &point);
        g->older_noise += record->slot.random_version == 1;
        if (!found && !computed_again(g, &point) && g->lost++ == 0) g->first_lost = slot;
    }
    return PSW_OK;
}

static psw_status refuse_loss(const growth *g, const char *path)
{
    char difference[512], text[160];
    psw_point point = psw_study_point(g->from, g->first_lost);
    psw_point_text(&point, text, sizeof text);
    psw_study_difference(g->to, g->from, difference, sizeof difference);
    PSW_FAIL(PSW_USAGE,
             "%.200s: %td of its %td done points are not in this study (the first: %s), and --extend never discards "
             "results; add to the study it was made from, or give another file with -o.",
             path, g->lost, g->done, text);
    return psw_fail_lines(PSW_USAGE, difference);
}

static psw_status check(growth *g, const char *path)
{
    char difference[512];
    psw_study_kept_difference(g->to, g->from, difference, sizeof difference);
    if (*difference) {
        PSW_FAIL(PSW_USAGE,
                 "%.200s cannot be extended: what is kept of each point was fixed when it was made, and its done "
                 "points have nothing more; give another file with -o.",
                 path);
        return psw_fail_lines(PSW_USAGE, difference);
    }
    PSW_TRY(count_done(g));
    return g->lost > 0 ? refuse_loss(g, path) : PSW_OK;
}

/* ---- slots of the new file ---- */

static ptrdiff_t position(const char *name, const char *const *names, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

/* A prediction keeps its bits while it means the same; a new one, or one by another formula, is made. */
static void carry_predictions(const growth *g, const psw_point *old_point, const psw_point *point,
                              const psw_record *old, psw_record *record)
{
    const char *const *names, *const *old_names;
    double values[PSW_PREDICT_MAX], old_values[PSW_PREDICT_MAX];
    ptrdiff_t predicts = psw_study_predict(g->to, &names), old_predicts = psw_study_predict(g->from, &old_names);
    psw_study_predictions(g->to, point, values);
    psw_study_predictions(g->from, old_point, old_values);
    for (ptrdiff_t i = 0; i < predicts; i++) {
        ptrdiff_t k = position(names[i], old_names, old_predicts);
        bool same = k >= 0 && (old_values[k] == values[i] || (isnan(old_values[k]) && isnan(values[i])));
        record->predict[i] = same ? old->predict[k] : values[i];
    }
}

/* Another level of success has other edges; the other theory columns are recomputed with them. */
static void carry_theory(psw_record *record)
{
    const psw_point *point = &record->point;
    if (record->slot.status != PSW_SLOT_DONE) return;
    record->theory = psw_theory_point(point);
    if (point->trials > 0)
        record->success_z =
            psw_binomial_z((double)record->verdict.successes, (double)point->trials, record->theory.success);
}

static psw_status carry(growth *g, ptrdiff_t old_slot, psw_record *record, psw_origin *origin)
{
    const psw_record *old;
    psw_point point = record->point, old_point = psw_study_point(g->from, old_slot);
    PSW_TRY(stored(g, old_slot, &old));
    if (old->slot.status == PSW_SLOT_EMPTY && old->slot.attempt == 0) return PSW_OK;
    *record = *old;
    record->point = point;
    if (point.level != old_point.level) carry_theory(record);
    if (old->slot.status != PSW_SLOT_NOT_NEEDED) carry_predictions(g, &old_point, &point, old, record);
    *origin = (psw_origin){g->reader, old_slot};
    return PSW_OK;
}

static psw_status take(void *context, ptrdiff_t first, ptrdiff_t count, psw_record *records, psw_origin *origins)
{
    growth *g = context;
    (void)first;
    for (ptrdiff_t i = 0; i < count; i++) {
        ptrdiff_t old = psw_study_find(g->from, g->to, &records[i].point);
        if (old >= 0) PSW_TRY(carry(g, old, &records[i], &origins[i]));
    }
    return PSW_OK;
}

static psw_status rewrite(growth *g, const char *path)
{
    char history[160];
    psw_launch_row launches[PSW_LAUNCHES];
    psw_copy copy = {.study = g->to,
                     .text = psw_study_text(g->to),
                     .history = history,
                     .launches = launches,
                     .replaces = true,
                     .take = take,
                     .context = g};
    psw_format(history, sizeof history, "extended from a file of %td points, %td of them done", g->slots, g->done);
    PSW_TRY(psw_reader_launch_rows(g->reader, launches, &copy.launch_count));
    return psw_store_copy(path, &copy);
}

static bool as_it_is(const growth *g)
{
    char difference[512];
    if (psw_study_before_references(g->from)) return false;
    psw_study_layout_difference(g->to, g->from, difference, sizeof difference);
    for (ptrdiff_t slot = 0; slot < psw_study_slots(g->to); slot++) {
        psw_point point = psw_study_point(g->to, slot);
        if (psw_reader_lacks(g->reader, &point)) return false;
    }
    return psw_study_identity(g->to) == psw_study_identity(g->from) && !*difference;
}

static psw_status extend(growth *g, const char *path, bool quiet)
{
    if (as_it_is(g)) return PSW_OK;
    PSW_TRY(check(g, path));
    PSW_TRY(rewrite(g, path));
    if (quiet) return PSW_OK;
    psw_print(stderr, "polysweep: %s: extended from %td to %td points, %td done points kept", path, g->slots,
              psw_study_slots(g->to), g->done);
    if (g->again > 0) psw_print(stderr, ", %td of %s computed again", g->again, psw_methods_of_theory().text);
    if (g->older_noise > 0)
        psw_print(stderr, "; noise of %td of these was drawn once, by earlier keys (random_version 1)", g->older_noise);
    psw_print(stderr, "\n");
    return PSW_OK;
}

psw_status sweep_extend(const char *path, const psw_study *study, bool quiet)
{
    growth g;
    psw_status status = open_growth(path, study, &g);
    if (status == PSW_OK) status = extend(&g, path, quiet);
    close_growth(&g);
    return status;
}

ptrdiff_t sweep_extend_keeps(const char *path, const psw_study *study)
{
    growth g;
    psw_status status = open_growth(path, study, &g);
    if (status == PSW_OK) status = check(&g, path);
    close_growth(&g);
    return status == PSW_OK ? g.done : -1;
}
