#include "cmd/counterexamples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/claim.h"
#include "polysweep/plain.h"

#define USUAL_ERROR 0.05 /* where the study gives no judge.trials.error */
#define MORE_TRIALS 10
#define ROUNDING (1 + 1e-12) /* N (error / N) may be above error by a few units in the last place */

typedef struct findings {
    psw_claim *claim;
    const char *name, *when, *then;
    double error; /* chance that any listed point is none */
    psw_claim_finding *list;
    ptrdiff_t count, room;           /* those that may contradict */
    ptrdiff_t about, computed, mute; /* mute: computed, but what is claimed has no value there */
    ptrdiff_t stand, alike;          /* contradict; only seem to */
    psw_status status;
} findings;

/* ---- which claim ---- */

static psw_status no_claim(const findings *f, const char *const *names, const char *const *claims, ptrdiff_t count)
{
    const char *made[PSW_PREDICT_MAX + 1];
    ptrdiff_t many = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        if (claims[i]) made[many++] = names[i];
        if (strcmp(names[i], f->name) == 0)
            return PSW_FAIL(PSW_USAGE,
                            "--counterexamples: %s is a critical degree, not a claim; a claim is predict: {%s: {when: "
                            "EXPR, then: EXPR}}",
                            f->name, f->name);
    }
    made[many] = NULL;
    if (many == 0)
        return PSW_FAIL(PSW_USAGE, "--counterexamples: the study of this file claims nothing; predict: {NAME: {when: "
                                   "\"beta < 4\", then: \"success_rate < 0.1\"}} and run --extend add a claim");
    const char *near = psw_nearest(f->name, made);
    return PSW_FAIL(PSW_USAGE, "--counterexamples: the study makes no claim \"%s\"; %s %s", f->name,
                    near ? "did you mean" : "the first that it makes is", near ? near : made[0]);
}

static psw_status find_claim(cmd_view *v, findings *f)
{
    const char *const *names, *const *claims = psw_study_claims(v->study);
    ptrdiff_t count = psw_study_predict(v->study, &names);
    for (ptrdiff_t i = 0; i < count; i++) {
        if (!claims[i] || strcmp(names[i], f->name) != 0) continue;
        f->when = psw_study_prediction(v->study, i), f->then = claims[i];
        return psw_claim_create(v->study, i, &f->claim);
    }
    return no_claim(f, names, claims, count);
}

/* ---- which points ---- */

static void add(findings *f, const psw_claim_finding *found)
{
    if (f->count == f->room) {
        ptrdiff_t room = 2 * f->room + 64;
        psw_claim_finding *more = realloc(f->list, (size_t)room * sizeof *more);
        if (!more) {
            f->status = PSW_FAIL(PSW_NO_MEMORY, "no memory for %td points", room);
            return;
        }
        f->list = more, f->room = room;
    }
    f->list[f->count++] = *found;
}

static void ask(cmd_view *v, void *state, const psw_record *record)
{
    findings *f = state;
    psw_claim_finding found = {.slot = v->slot, .answer = psw_claim_ask(f->claim, record)};
    bool computed = found.answer.about && record->slot.status == PSW_SLOT_DONE;
    f->about += found.answer.about;
    f->computed += computed;
    f->mute += computed && !found.answer.known;
    if (found.answer.known && (found.answer.p < 1 || !found.answer.holds) && f->status == PSW_OK) add(f, &found);
}

static psw_status find_points(cmd_view *v, findings *f)
{
    const psw_settings *settings = psw_study_settings(v->study);
    f->error = settings->until != PSW_UNTIL_FIXED ? settings->error : USUAL_ERROR;
    v->every_status = true; /* a claim is also about points that a search did not need */
    PSW_TRY(cmd_view_walk(v, ask, f));
    PSW_TRY(f->status);
    psw_claim_findings_sort(f->list, f->count, f->about);
    while (f->stand < f->count && f->list[f->stand].corrected <= f->error * ROUNDING) f->stand++;
    for (ptrdiff_t i = f->stand; i < f->count; i++) f->alike += !f->list[i].answer.holds;
    return PSW_OK;
}

/* ---- in words ---- */

static void print_summary(const findings *f, FILE *out)
{
    const char *points = f->about == 1 ? "point" : "points";
    psw_print(out, "claim       %s: when %s, then %s\n", f->name, f->when, f->then);
    psw_print(out, "about       %td %s, %td computed\n", f->about, points, f->computed);
    if (f->mute) psw_print(out, "            %td of these have no value of what is claimed\n", f->mute);
    psw_print(out, "contradict  %td", f->stand);
    if (psw_claim_tested(f->claim))
        psw_print(out, "; chance that any of them does not: at most %g (exact tests, Holm's correction for %td %s)",
                  f->error, f->about, points);
    psw_print(out, "\n");
    if (f->alike) psw_print(out, "seem to     %td more, which chance may explain\n", f->alike);
    if (psw_claim_untested_rate(f->claim))
        psw_print(out, "note        a rate is compared as it was measured, chance included: tests take a rate against "
                       "parameters, theory and numbers, joined by `and`\n");
}

/* ---- rows ---- */

enum { OWN_COLUMNS = 3 };
static const char *const own_columns[OWN_COLUMNS] = {"beyond", "p_value", "p_corrected"};

/* What is not tested has no p-value. */
static double own_value(const psw_claim_finding *found, ptrdiff_t column)
{
    const double values[OWN_COLUMNS] = {found->answer.beyond, found->answer.tested ? found->answer.p : NAN,
                                        found->answer.tested ? found->corrected : NAN};
    return values[column];
}

static void choose_columns(cmd_view *v, const findings *f)
{
    bool varies[PSW_COLUMNS_MAX];
    const psw_column *const *results;
    ptrdiff_t count = psw_claim_columns(f->claim, &results);
    psw_cells_vary(v->study, NULL, v->all, v->count, varies);
    for (ptrdiff_t i = 0; i < v->count; i++)
        if (varies[i]) v->shown[v->shown_count++] = &v->all[i];
    for (ptrdiff_t i = 0; i < count; i++) v->shown[v->shown_count++] = results[i];
}

typedef struct printer {
    psw_table table;
    psw_json json;
} printer;

typedef void print_row(const cmd_view *v, printer *p, const psw_claim_finding *found);

/* NULL: the heading. */
static void table_row(const cmd_view *v, printer *p, const psw_claim_finding *found)
{
    char text[PSW_COLUMNS_MAX + 1 + OWN_COLUMNS][PSW_CELL];
    const char *cells[PSW_COLUMNS_MAX + 1 + OWN_COLUMNS];
    ptrdiff_t count = 0;
    psw_format(text[count++], PSW_CELL, "slot");
    if (found) psw_format(text[0], PSW_CELL, "%td", found->slot);
    for (ptrdiff_t i = 0; i < v->shown_count; i++, count++)
        if (found)
            psw_cell_text(v->shown[i], v->records, text[count]);
        else
            psw_cell_heading(v->shown[i]->name, v->shown[i]->units, text[count]);
    for (ptrdiff_t i = 0; i < OWN_COLUMNS; i++, count++)
        if (!found)
            psw_format(text[count], PSW_CELL, "%s", own_columns[i]);
        else if (isnan(own_value(found, i)))
            psw_format(text[count], PSW_CELL, "-");
        else
            psw_format(text[count], PSW_CELL, i ? "%.2g" : "%.6g", own_value(found, i));
    for (ptrdiff_t i = 0; i < count; i++) cells[i] = text[i];
    psw_table_row(&p->table, cells);
}

static void csv_row(const cmd_view *v, printer *p, const psw_claim_finding *found)
{
    char text[PSW_CELL];
    (void)p;
    if (!found) {
        psw_print(stdout, "slot");
        for (ptrdiff_t i = 0; i < v->shown_count; i++) psw_print(stdout, ",%s", v->shown[i]->name);
        for (ptrdiff_t i = 0; i < OWN_COLUMNS; i++) psw_print(stdout, ",%s", own_columns[i]);
        psw_print(stdout, "\n");
        return;
    }
    psw_print(stdout, "%td", found->slot);
    for (ptrdiff_t i = 0; i < v->shown_count; i++) {
        psw_column_text(v->shown[i], v->records, text, sizeof text);
        psw_print(stdout, ",%s", text);
    }
    for (ptrdiff_t i = 0; i < OWN_COLUMNS; i++)
        psw_print(stdout, ",%s", isnan(own_value(found, i)) ? "" : psw_number_print(own_value(found, i)).text);
    psw_print(stdout, "\n");
}

static void json_members(const cmd_view *v, psw_json *json, const psw_claim_finding *found)
{
    psw_json_count(json, "slot", found->slot);
    for (ptrdiff_t i = 0; i < v->shown_count; i++) psw_cell_json(json, v->shown[i], v->records);
    for (ptrdiff_t i = 0; i < OWN_COLUMNS; i++) psw_json_number(json, own_columns[i], own_value(found, i));
}

static void line_row(const cmd_view *v, printer *p, const psw_claim_finding *found)
{
    (void)p;
    if (!found) return;
    psw_json line = psw_json_line(stdout);
    json_members(v, &line, found);
    psw_json_end(&line);
}

static void json_row(const cmd_view *v, printer *p, const psw_claim_finding *found)
{
    if (!found) return;
    psw_json_open(&p->json, NULL, '{');
    json_members(v, &p->json, found);
    psw_json_close(&p->json);
}

static void json_begin(const cmd_view *v, printer *p, const findings *f)
{
    psw_json *json = &p->json;
    *json = psw_json_begin(stdout, "show");
    psw_json_text(json, "study", psw_study_name(v->study));
    psw_json_text(json, "claim", f->name);
    psw_json_text(json, "when", f->when);
    psw_json_text(json, "then", f->then);
    psw_json_bool(json, "tested", psw_claim_tested(f->claim));
    psw_json_bool(json, "untested_rate", psw_claim_untested_rate(f->claim));
    psw_json_text(json, "correction", "Holm");
    psw_json_number(json, "error", f->error);
    psw_json_count(json, "about", f->about);
    psw_json_count(json, "computed", f->computed);
    psw_json_count(json, "without_value", f->mute);
    psw_json_count(json, "contradict", f->stand);
    psw_json_count(json, "seem_to", f->alike);
    psw_json_open(json, "counterexamples", '[');
}

static psw_status each_row(cmd_view *v, const findings *f, print_row *row, printer *p)
{
    row(v, p, NULL);
    for (ptrdiff_t i = 0; i < f->stand; i++) {
        PSW_TRY(psw_reader_get(v->reader, f->list[i].slot, 1, v->records));
        row(v, p, &f->list[i]);
    }
    return PSW_OK;
}

static psw_status print_table(cmd_view *v, const findings *f)
{
    printer p;
    print_summary(f, stdout);
    if (f->stand == 0) return PSW_OK;
    psw_print(stdout, "\n");
    if (!psw_table_begin(stdout, v->shown_count + 1 + OWN_COLUMNS, &p.table))
        return PSW_FAIL(PSW_NO_MEMORY, "no memory for a table of %td columns", v->shown_count);
    psw_status status = each_row(v, f, table_row, &p);
    psw_table_end(&p.table);
    return status;
}

static psw_status print_json(cmd_view *v, const findings *f)
{
    printer p;
    json_begin(v, &p, f);
    psw_status status = each_row(v, f, json_row, &p);
    psw_json_end(&p.json);
    return status;
}

static psw_status print_lines(cmd_view *v, const findings *f, print_row *row)
{
    printer p = {0};
    print_summary(f, stderr);
    return each_row(v, f, row, &p);
}

/* ---- as a study ---- */

/* Ten times what selected them: the trials that were asked for, or those that a rule took. */
static psw_status trials_take(cmd_view *v, const findings *f, ptrdiff_t *slots, double *trials, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        slots[i] = f->list[i].slot;
        PSW_TRY(psw_reader_get(v->reader, slots[i], 1, v->records));
        const psw_record *record = v->records;
        bool ended = record->verdict.trials_stop != PSW_TRIALS_FIXED && record->verdict.trials_done > 0;
        trials[i] = MORE_TRIALS * (double)(ended ? record->verdict.trials_done : record->point.trials);
    }
    return PSW_OK;
}

static void print_heading(const cmd_view *v, const findings *f, const char *path, ptrdiff_t count)
{
    psw_print(stdout, "# Counterexamples of the claim %s, when %s, then %s,\n", f->name, f->when, f->then);
    psw_print(stdout, "# of the study %s (%s): the same points with other seeds and %d times the trials and draws.\n",
              psw_study_name(v->study), path, MORE_TRIALS);
    if (count < f->stand) psw_print(stdout, "# The strongest %td of %td.\n", count, f->stand);
}

static psw_status print_study(cmd_view *v, const findings *f, const char *path)
{
    char name[256], *text = NULL;
    ptrdiff_t count = f->stand < PSW_AGAIN_MAX ? f->stand : PSW_AGAIN_MAX;
    if (count == 0)
        return PSW_FAIL(PSW_USAGE, "--study: no point contradicts %s, of %td that it is about and %td computed",
                        f->name, f->about, f->computed);
    ptrdiff_t *slots = malloc((size_t)count * sizeof *slots);
    double *trials = malloc((size_t)count * sizeof *trials);
    psw_format(name, sizeof name, "%.200s-%s", psw_study_name(v->study), f->name);
    psw_status status = slots && trials ? trials_take(v, f, slots, trials, count)
                                        : PSW_FAIL(PSW_NO_MEMORY, "no memory for %td points", count);
    const psw_again again = {name, slots, trials, count, MORE_TRIALS};
    if (status == PSW_OK) status = psw_study_again(v->study, &again, &text);
    if (status == PSW_OK) {
        print_heading(v, f, path, count);
        fwrite(text, 1, strlen(text), stdout); /* JSON has escapes for what a terminal obeys */
    }
    free(slots);
    free(trials);
    free(text);
    return status;
}

/* ---- from end to end ---- */

static psw_status print(cmd_view *v, const cmd_options *o, findings *f)
{
    PSW_TRY(find_claim(v, f));
    PSW_TRY(find_points(v, f));
    choose_columns(v, f);
    if (o->study) return print_study(v, f, o->files[0]);
    if (o->json) return print_json(v, f);
    if (o->jsonl) return print_lines(v, f, line_row);
    return o->csv ? print_lines(v, f, csv_row) : print_table(v, f);
}

psw_status cmd_counterexamples_print(cmd_view *v, const cmd_options *o)
{
    findings f = {.name = o->counterexamples};
    psw_status status = print(v, o, &f);
    psw_claim_free(f.claim);
    free(f.list);
    fflush(stdout);
    return status;
}
