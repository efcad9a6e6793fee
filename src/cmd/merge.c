/* merge: files of one study become one. Every slot is the best that any file has; where several have done it, they must
 * agree. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "polysweep/files.h"
#include "polysweep/plain.h"
#include "polysweep/print.h"

enum { KEPT = 16 };

typedef struct input {
    const char *path;
    psw_reader *reader;
    psw_launch_row launches[PSW_LAUNCHES];
    ptrdiff_t launch_count, number[PSW_LAUNCHES]; /* the same launches in the new table */
    ptrdiff_t done, torn, taken;
} input;

typedef struct disagreement {
    ptrdiff_t slot;
    const char *column, *first_path, *second_path;
    double first, second;
} disagreement;

typedef struct joint {
    const cmd_options *options;
    const char *path;
    psw_study *study;
    char *text, history[8192];
    psw_column columns[PSW_COLUMNS_MAX];
    ptrdiff_t column_count, slots;
    input *inputs;
    ptrdiff_t input_count;
    psw_launch_row *launches;
    ptrdiff_t launch_count;
    psw_record *other; /* a piece of another file */
    psw_rows_room room[2];
    ptrdiff_t done, ended, not_needed, begun, both; /* slots of the new file; done in several */
    ptrdiff_t needed;                               /* that were not, before answers of all files came together */
    ptrdiff_t differing, kept;
    disagreement list[KEPT];
    psw_lock lock;
} joint;

/* ---- which files ---- */

static psw_status check_arguments(const cmd_options *o)
{
    if (o->file_count < 2)
        return PSW_FAIL(PSW_USAGE,
                        "merge needs the file to create, then the files to join: polysweep merge OUT.h5 IN.h5...");
    if (access(o->files[0], F_OK) == 0)
        return PSW_FAIL(PSW_ENVIRONMENT,
                        "%s exists and is not overwritten; the first name is the file that merge creates", o->files[0]);
    return PSW_OK;
}

static psw_status open_input(joint *m, input *in, const char *path)
{
    in->path = path;
    if (psw_lock_held(path))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s: a run is still writing it; merge when it has ended", path);
    PSW_TRY(psw_reader_open(path, &in->reader));
    m->input_count++;
    psw_status status = psw_reader_schema(in->reader);
    if (status == PSW_OK) status = psw_reader_launch_rows(in->reader, in->launches, &in->launch_count);
    return status == PSW_OK ? status : PSW_FAIL(PSW_ENVIRONMENT, "%s is damaged: %s", path, psw_message());
}

/* A person reads what differs; parts of a larger study are shown the way. */
static psw_status refuse(const joint *m, const input *in, bool points, const char *difference)
{
    PSW_FAIL(PSW_USAGE, "%.200s and %.200s are not of one study and cannot be joined%s; below, \"here\" is the first:",
             m->inputs[0].path, in->path,
             points ? " (if both are parts of a larger study, give each its points with run LARGER.yaml -o FILE.h5 "
                      "--extend, then merge)"
                    : "");
    return psw_fail_lines(PSW_USAGE, difference);
}

static psw_status same_study(const joint *m, const input *in)
{
    char difference[768];
    psw_study *other;
    if (strcmp(psw_reader_study(in->reader), psw_reader_study(m->inputs[0].reader)) == 0) return PSW_OK;
    PSW_TRY(psw_study_of_file(in->path, &other));
    bool same = psw_study_identity(m->study) == psw_study_identity(other);
    (same ? psw_study_layout_difference : psw_study_difference)(m->study, other, difference, sizeof difference);
    psw_study_free(other);
    return same && !*difference ? PSW_OK : refuse(m, in, !same, difference);
}

static psw_status same_slots(const joint *m, const input *in)
{
    if (psw_reader_slots(in->reader) != m->slots || psw_reader_identity(in->reader) != psw_study_identity(m->study))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is damaged: its points are not those of the study in it", in->path);
    psw_status status = psw_reader_rows(in->reader, m->study);
    return status == PSW_MISMATCH ? PSW_FAIL(PSW_ENVIRONMENT, "%s is damaged: %s", in->path, psw_message()) : status;
}

static psw_status open_inputs(joint *m)
{
    for (ptrdiff_t i = 1; i < m->options->file_count; i++)
        PSW_TRY(open_input(m, &m->inputs[i - 1], m->options->files[i]));
    PSW_TRY(psw_study_of_file(m->inputs[0].path, &m->study));
    PSW_TRY(psw_reader_text(m->inputs[0].reader, &m->text));
    m->slots = psw_study_slots(m->study);
    m->column_count = psw_columns_of(m->study, m->columns);
    for (ptrdiff_t i = 1; i < m->input_count; i++) PSW_TRY(same_study(m, &m->inputs[i]));
    for (ptrdiff_t i = 0; i < m->input_count; i++) PSW_TRY(same_slots(m, &m->inputs[i]));
    return PSW_OK;
}

/* ---- one table of launches, in the order in which they began ---- */

static bool same_launch(const psw_launch *a, const psw_launch *b)
{
    return strcmp(a->started, b->started) == 0 && strcmp(a->command, b->command) == 0 &&
           strcmp(a->hosts, b->hosts) == 0 && strcmp(a->binding, b->binding) == 0 && a->ranks == b->ranks &&
           psw_same_build(a, b);
}

static ptrdiff_t find_launch(const joint *m, const psw_launch *launch)
{
    for (ptrdiff_t i = 0; i < m->launch_count; i++)
        if (same_launch(&m->launches[i].launch, launch)) return i;
    return -1;
}

static int by_start(const void *a, const void *b)
{
    const psw_launch_row *x = a, *y = b;
    int order = strcmp(x->launch.started, y->launch.started);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

static void join_launches(joint *m)
{
    for (ptrdiff_t k = 0; k < m->input_count; k++)
        for (ptrdiff_t i = 0; i < m->inputs[k].launch_count; i++) {
            const psw_launch *launch = &m->inputs[k].launches[i].launch;
            if (find_launch(m, launch) < 0) {
                m->launches[m->launch_count] = (psw_launch_row){m->launch_count, *launch};
                m->launch_count++;
            }
        }
    qsort(m->launches, (size_t)m->launch_count, sizeof *m->launches, by_start);
    for (ptrdiff_t i = 0; i < m->launch_count; i++) m->launches[i].number = i;
    for (ptrdiff_t k = 0; k < m->input_count; k++)
        for (ptrdiff_t i = 0; i < m->inputs[k].launch_count; i++)
            m->inputs[k].number[i] = find_launch(m, &m->inputs[k].launches[i].launch);
}

/* Position of a launch among the input's rows; -1 = its row has been taken by a newer one. */
static ptrdiff_t launch_row(const input *in, ptrdiff_t launch)
{
    for (ptrdiff_t i = 0; i < in->launch_count; i++)
        if (in->launches[i].number == launch) return i;
    return -1;
}

/* ---- slots that several files have done ---- */

static bool same_build(const input *a, ptrdiff_t launch_a, const input *b, ptrdiff_t launch_b)
{
    ptrdiff_t i = launch_row(a, launch_a), k = launch_row(b, launch_b);
    return i >= 0 && k >= 0 && psw_same_build(&a->launches[i].launch, &b->launches[k].launch);
}

static void note(joint *m, disagreement one)
{
    if (m->kept < KEPT) m->list[m->kept++] = one;
}

static bool columns_agree(joint *m, ptrdiff_t slot, const psw_record *a, const psw_record *b, bool exactly,
                          disagreement *one)
{
    bool agree = true;
    for (ptrdiff_t i = 0; i < m->column_count; i++) {
        const psw_column *column = &m->columns[i];
        bool asked = column->offset == offsetof(psw_record, slot.asked); /* follows from the answers of other points */
        if (asked || psw_column_agrees(column, a, b, exactly)) continue;
        one->slot = slot;
        one->column = column->name;
        one->first = psw_column_value(column, a);
        one->second = psw_column_value(column, b);
        note(m, *one);
        agree = false;
    }
    return agree;
}

static psw_status rows_agree(joint *m, const psw_origin from[2], const psw_point *point, bool exactly,
                             disagreement *one, bool *agree)
{
    ptrdiff_t lines, sets = psw_method_computes(point->method) ? psw_data_sets(point) : 0;
    const psw_column *columns = psw_row_columns(&lines);
    psw_row_span at = {0};
    for (; at.set < sets; at.set++)
        for (at.first = 0; at.first < psw_data_queries(point); at.first += at.count) {
            ptrdiff_t left = psw_data_queries(point) - at.first, fit = psw_rows_that_fit(&m->room[0], point);
            at.count = left < fit ? left : fit;
            for (int k = 0; k < 2; k++)
                PSW_TRY(psw_reader_rows_get(from[k].reader, from[k].slot, point, at, m->room[k].rows));
            psw_row_difference d = psw_rows_compare(point, at.count, m->room[0].rows, m->room[1].rows, exactly);
            if (d.line < 0) continue;
            one->column = columns[d.line].name;
            one->first = d.a;
            one->second = d.b;
            note(m, *one);
            *agree = false;
            return PSW_OK;
        }
    return PSW_OK;
}

static psw_status compare(joint *m, const input *a, const input *b, ptrdiff_t slot, const psw_record *first,
                          const psw_record *second)
{
    disagreement one = {.slot = slot, .first_path = a->path, .second_path = b->path};
    const psw_origin from[2] = {{a->reader, slot}, {b->reader, slot}};
    bool exactly =
        psw_method_facts_of(first->point.method)->bitwise && same_build(a, first->slot.launch, b, second->slot.launch);
    bool agree = columns_agree(m, slot, first, second, exactly, &one);
    if (m->room[0].values > 0) PSW_TRY(rows_agree(m, from, &first->point, exactly, &one, &agree));
    m->both++;
    m->differing += !agree;
    return PSW_OK;
}

/* ---- slots ---- */

static int precedence(psw_slot_status status)
{
    switch (status) {
    case PSW_SLOT_EMPTY: return 0;
    case PSW_SLOT_RUNNING: return 1;
    case PSW_SLOT_NOT_NEEDED: return 2;
    case PSW_SLOT_FAILED:
    case PSW_SLOT_SKIPPED:
    case PSW_SLOT_TIMEOUT: return 3;
    case PSW_SLOT_DONE: return 4;
    }
    return 0;
}

static const input *whose(const joint *m, const psw_origin *origin)
{
    const input *in = m->inputs;
    while (in->reader != origin->reader) in++;
    return in;
}

/* Keeps the first record of the highest precedence; an empty slot is never kept. */
static psw_status offer(joint *m, input *in, ptrdiff_t slot, const psw_record *record, psw_record *best,
                        psw_origin *origin)
{
    psw_slot_status here = record->slot.status, there = best->slot.status;
    in->done += here == PSW_SLOT_DONE;
    in->torn += record->slot.torn;
    if (here == PSW_SLOT_DONE && there == PSW_SLOT_DONE) return compare(m, whose(m, origin), in, slot, best, record);
    if (precedence(here) <= precedence(there)) return PSW_OK;
    *best = *record;
    *origin = (psw_origin){in->reader, slot};
    return PSW_OK;
}

/* The point is the new file's: the team that another launch asked for is not part of it. */
static void settle(joint *m, ptrdiff_t slot, psw_record *record, const psw_origin *origin)
{
    psw_slot_status status = record->slot.status;
    if (!origin->reader) return;
    input *in = &m->inputs[whose(m, origin) - m->inputs];
    ptrdiff_t row = launch_row(in, record->slot.launch);
    record->slot.launch = row < 0 ? -1 : in->number[row];
    record->point = psw_study_point(m->study, slot);
    in->taken += status == PSW_SLOT_DONE;
    m->done += status == PSW_SLOT_DONE;
    m->ended += precedence(status) == precedence(PSW_SLOT_FAILED);
    m->not_needed += status == PSW_SLOT_NOT_NEEDED;
    m->begun += status == PSW_SLOT_RUNNING;
}

static psw_status take(void *context, ptrdiff_t first, ptrdiff_t count, psw_record *records, psw_origin *origins)
{
    joint *m = context;
    if (first == 0) m->other = malloc((size_t)count * sizeof *m->other); /* the first piece is the longest */
    if (!m->other) return PSW_FAIL(PSW_NO_MEMORY, "no memory to join files");
    for (ptrdiff_t k = 0; k < m->input_count; k++) {
        PSW_TRY(psw_reader_get_whole(m->inputs[k].reader, first, count, m->other));
        for (ptrdiff_t i = 0; i < count; i++)
            PSW_TRY(offer(m, &m->inputs[k], first + i, &m->other[i], &records[i], &origins[i]));
    }
    for (ptrdiff_t i = 0; i < count; i++) settle(m, first + i, &records[i], &origins[i]);
    if (first + count < m->slots || m->differing == 0) return PSW_OK;
    return PSW_FAIL(PSW_MISMATCH, "%td slots that several files have done do not agree; %s is not created",
                    m->differing, m->path);
}

static psw_status join(joint *m)
{
    join_launches(m);
    if (psw_study_settings(m->study)->keep_rows)
        for (int k = 0; k < 2; k++) PSW_TRY(psw_rows_room_make(m->study, &m->room[k]));
    psw_format(m->history, sizeof m->history, "merged from");
    for (ptrdiff_t k = 0; k < m->input_count; k++) {
        size_t used = strlen(m->history);
        psw_format(m->history + used, sizeof m->history - used, "%s %s", k ? "," : "", m->inputs[k].path);
    }
    const psw_copy copy = {.study = m->study,
                           .text = m->text,
                           .history = m->history,
                           .launches = m->launches,
                           .launch_count = m->launch_count,
                           .needed = &m->needed,
                           .take = take,
                           .context = m};
    psw_status status = psw_store_copy(m->path, &copy);
    m->not_needed -= m->needed;
    return status;
}

/* ---- printing ---- */

static void print_disagreement(const joint *m, const disagreement *d)
{
    char text[160];
    psw_point point = psw_study_point(m->study, d->slot);
    psw_point_text(&point, text, sizeof text);
    psw_print(stdout, "differs     slot %td (%s): %s is %.17g in %s, %.17g in %s\n", d->slot, text, d->column, d->first,
              d->first_path, d->second, d->second_path);
}

static void print(const joint *m)
{
    ptrdiff_t left = m->slots - m->done - m->ended - m->not_needed;
    for (ptrdiff_t i = 0; i < m->kept; i++) print_disagreement(m, &m->list[i]);
    for (ptrdiff_t k = 0; k < m->input_count; k++) {
        const input *in = &m->inputs[k];
        psw_print(stdout, "from        %s: %td done, %td taken", in->path, in->done, in->taken);
        if (in->torn > 0) psw_print(stdout, ", %td torn and left out", in->torn);
        psw_print(stdout, "\n");
    }
    if (m->both > 0)
        psw_print(stdout, "compared    %td slots that more than one file has done, %td differ\n", m->both,
                  m->differing);
    if (m->differing > 0) return;
    psw_print(stdout, "file        %s\nslots       %td, %td done", m->path, m->slots, m->done);
    if (m->ended > 0) psw_print(stdout, ", %td failed or skipped", m->ended);
    if (m->not_needed > 0) psw_print(stdout, ", %td not needed", m->not_needed);
    psw_print(stdout, "\n");
    if (left > 0) psw_print(stdout, "missing     %td; run the study on %s to compute them\n", left, m->path);
}

static void json_inputs(const joint *m, psw_json *out)
{
    psw_json_open(out, "inputs", '[');
    for (ptrdiff_t k = 0; k < m->input_count; k++) {
        psw_json_open(out, NULL, '{');
        psw_json_text(out, "file", m->inputs[k].path);
        psw_json_count(out, "done", m->inputs[k].done);
        psw_json_count(out, "taken", m->inputs[k].taken);
        psw_json_count(out, "torn", m->inputs[k].torn);
        psw_json_close(out);
    }
    psw_json_close(out);
}

static void json(const joint *m)
{
    psw_json out = psw_json_begin(stdout, "merge");
    psw_json_text(&out, "file", m->path);
    psw_json_count(&out, "slots", m->slots);
    psw_json_count(&out, "done", m->done);
    psw_json_count(&out, "ended_otherwise", m->ended);
    psw_json_count(&out, "not_needed", m->not_needed);
    psw_json_count(&out, "missing", m->slots - m->done - m->ended - m->not_needed);
    psw_json_count(&out, "launches", m->launch_count);
    psw_json_count(&out, "compared", m->both);
    psw_json_count(&out, "differing", m->differing);
    json_inputs(m, &out);
    psw_json_open(&out, "differences", '[');
    for (ptrdiff_t i = 0; i < m->kept; i++) {
        psw_json_open(&out, NULL, '{');
        psw_json_count(&out, "slot", m->list[i].slot);
        psw_json_text(&out, "column", m->list[i].column);
        psw_json_text(&out, "first_file", m->list[i].first_path);
        psw_json_number(&out, "first", m->list[i].first);
        psw_json_text(&out, "second_file", m->list[i].second_path);
        psw_json_number(&out, "second", m->list[i].second);
        psw_json_close(&out);
    }
    psw_json_end(&out);
}

static psw_status merge(joint *m)
{
    PSW_TRY(check_arguments(m->options));
    PSW_TRY(open_inputs(m));
    PSW_TRY(psw_lock_take(m->path, &m->lock));
    psw_status status = join(m);
    if (status == PSW_OK || status == PSW_MISMATCH) (m->options->json ? json : print)(m);
    return status;
}

psw_status cmd_merge(const cmd_options *options, const psw_comm *world)
{
    (void)world;
    joint *m = calloc(1, sizeof *m);
    if (!m) return PSW_FAIL(PSW_NO_MEMORY, "no memory to merge files");
    *m = (joint){.options = options, .path = options->files[0], .lock = psw_lock_none()};
    m->inputs = calloc((size_t)options->file_count + 1, sizeof *m->inputs);
    m->launches = calloc((size_t)(options->file_count + 1) * PSW_LAUNCHES, sizeof *m->launches);
    psw_status status = m->inputs && m->launches ? merge(m) : PSW_FAIL(PSW_NO_MEMORY, "no memory to merge files");
    for (ptrdiff_t i = 0; i < m->input_count; i++) psw_reader_close(m->inputs[i].reader);
    for (int k = 0; k < 2; k++) psw_rows_room_free(&m->room[k]);
    psw_lock_release(&m->lock);
    if (m->study) psw_study_free(m->study);
    free(m->text);
    free(m->other);
    free(m->launches);
    free(m->inputs);
    free(m);
    return status;
}
