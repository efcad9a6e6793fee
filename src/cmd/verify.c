/* verify: is the file whole, and does computing again give the same? */
#include "cmd/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/files.h"
#include "polysweep/plain.h"
#include "polysweep/print.h"

enum { SAMPLE_BLOCK = 16 };
static const double all_below_s = 60; /* recompute everything if that takes no longer */

/* ---- comparing two records ---- */

/* Was the slot computed by this version with this BLAS, on this kernel? */
static bool same_build(cmd_check *c, ptrdiff_t launch)
{
    psw_launch row, mine = {.version = PSW_VERSION};
    if (launch == c->known_launch) return c->known_same;
    psw_format(mine.blas, sizeof mine.blas, "%s", c->machine.blas_config);
    psw_format(mine.blas_kernel, sizeof mine.blas_kernel, "%s", c->machine.blas_kernel);
    c->known_launch = launch;
    c->known_same = psw_reader_launch(c->reader, launch, &row) == PSW_OK && psw_same_build(&row, &mine);
    return c->known_same;
}

static void note(cmd_check *c, ptrdiff_t slot, int column, double stored, double found)
{
    if (column >= 0) c->differs[column]++;
    if (c->mine.kept < CMD_DIFFERENCES) c->mine.list[c->mine.kept++] = (cmd_difference){slot, column, stored, found};
}

static bool promises_bits(cmd_check *c, const psw_record *stored)
{
    return psw_method_facts_of(stored->point.method)->bitwise && same_build(c, stored->slot.launch);
}

static bool rows_differ(cmd_check *c, ptrdiff_t slot)
{
    bool differs = false;
    for (int line = 0; c->rows && line < CMD_ROW_LINES; line++)
        if (c->row_differs[(slot - c->run_first) * CMD_ROW_LINES + line] > 0) {
            c->differs[c->column_count + line]++;
            differs = true;
        }
    return differs;
}

static void compare(cmd_check *c, ptrdiff_t slot, const psw_record *stored, const psw_record *found)
{
    bool exactly = promises_bits(c, stored), differs = rows_differ(c, slot);
    if (found->slot.status == PSW_SLOT_SKIPPED) {
        c->too_large++;
        return;
    }
    c->loose += !exactly;
    if (found->slot.status != PSW_SLOT_DONE) {
        note(c, slot, -1, 0, 0);
        c->mine.slots++;
        return;
    }
    for (int i = 0; i < (int)c->column_count; i++) {
        const psw_column *column = &c->columns[i];
        if (psw_column_agrees(column, stored, found, exactly)) continue;
        note(c, slot, i, psw_column_value(column, stored), psw_column_value(column, found));
        differs = true;
    }
    c->with_rows += c->rows && psw_method_computes(stored->point.method);
    c->mine.slots += differs;
}

/* ---- comparing rows, on the rank that computes them ---- */

/* Rows first .. first + count of a leaf, part `part` of its arrays, as in a file. */
static psw_kept_rows rows_of_leaf(const cmd_check *c, const psw_point *point, const psw_leaf *leaf, ptrdiff_t part,
                                  psw_row_span at)
{
    psw_kept_rows rows = c->room[1].rows;
    ptrdiff_t from = part * leaf->count + at.first, values = at.count * leaf->width;
    for (ptrdiff_t i = 0; i < at.count; i++) {
        rows.special_mass[i] = leaf->special ? leaf->special[from + i] : NAN;
        rows.log2_den[i] = leaf->log2_den[from + i];
    }
    for (ptrdiff_t i = 0; i < values; i++)
        rows.output[i] = point->precision != PSW_FP64 ? (double)((const float *)leaf->rows)[from * leaf->width + i]
                                                      : ((const double *)leaf->rows)[from * leaf->width + i];
    return rows;
}

static psw_status compare_piece(cmd_check *c, ptrdiff_t slot, const psw_point *point, psw_row_span stored,
                                psw_kept_rows found)
{
    const psw_record *record = &c->stored[slot - c->run_first];
    double *differs = c->row_differs + (slot - c->run_first) * CMD_ROW_LINES;
    PSW_TRY(psw_reader_rows_get(c->reader, slot, point, stored, c->room[0].rows));
    psw_row_difference d = psw_rows_compare(point, stored.count, c->room[0].rows, found, promises_bits(c, record));
    if (d.line < 0) return PSW_OK;
    if (differs[d.line] == 0 && c->mine.kept < CMD_DIFFERENCES)
        c->mine.list[c->mine.kept++] = (cmd_difference){slot, (int)c->column_count + d.line, d.a, d.b};
    differs[d.line] = 1;
    return PSW_OK;
}

/* A file that cannot be read is not the point's fault: kept for later. */
static psw_status compare_rows(void *context, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf,
                               ptrdiff_t index, uint64_t *sum)
{
    cmd_check *c = context;
    (void)sum; /* rows are compared, not kept */
    ptrdiff_t fit = psw_rows_that_fit(&c->room[0], point);
    for (ptrdiff_t set = 0; set < leaf->sets; set++)
        for (ptrdiff_t done = 0; c->row_status == PSW_OK && done < leaf->count; done += fit) {
            psw_row_span at = {set, done, leaf->count - done < fit ? leaf->count - done : fit};
            psw_kept_rows found = rows_of_leaf(c, point, leaf, index * leaf->sets + set, at);
            at.first += leaf->first;
            c->row_status = compare_piece(c, slot, point, at, found);
        }
    return PSW_OK;
}

static psw_status prepare_rows(cmd_check *c)
{
    ptrdiff_t lines;
    const psw_column *columns = psw_row_columns(&lines);
    c->rows = psw_study_settings(c->study)->keep_rows;
    for (ptrdiff_t k = 0; k < lines; k++) {
        psw_column *line = &c->columns[c->column_count + k];
        *line = columns[k];
        psw_format(line->name, sizeof line->name, "rows/%s", columns[k].name);
    }
    for (int k = 0; c->rows && k < 2; k++) PSW_TRY(psw_rows_room_make(c->study, &c->room[k]));
    c->row_differs = calloc((size_t)psw_cut_default.most_slots * CMD_ROW_LINES, sizeof *c->row_differs);
    return c->row_differs ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to compare rows");
}

/* ---- which slots ---- */

typedef enum slot_state { UNFINISHED, COMPARABLE, ALTERED, OLDER_NOISE, TORN } slot_state;

/* While a run has the file open, a slot without its commit word is one that is being put. */
static slot_state state_of(const psw_slot *slot, bool in_use)
{
    if (slot->torn && !slot->altered && in_use) return UNFINISHED;
    if (slot->torn) return slot->altered ? ALTERED : TORN;
    if (slot->status != PSW_SLOT_DONE) return UNFINISHED;
    return slot->random_version == 1 ? OLDER_NOISE : COMPARABLE;
}

static psw_status take_states(void *context, ptrdiff_t first, ptrdiff_t count, const psw_slot *slots)
{
    cmd_check *c = context;
    for (ptrdiff_t i = 0; i < count; i++) c->state[first + i] = (unsigned char)state_of(&slots[i], c->in_use);
    return PSW_OK;
}

/* Where what is kept is not what was put, computing again says what differs. */
static bool can_compare(const cmd_check *c, ptrdiff_t slot)
{
    return c->state[slot] == COMPARABLE || c->state[slot] == ALTERED;
}

static psw_status read_states(cmd_check *c)
{
    PSW_TRY(psw_reader_states_each(c->world, c->reader, take_states, c));
    return psw_reader_states_join(c->world, c->reader, c->state);
}

/* splitmix64 (Steele, Lea, Flood 2014) of the study and a block of slots: the same sample every time. */
static bool in_sample(uint64_t identity, ptrdiff_t slot, double percent)
{
    uint64_t x = identity + 0x9e3779b97f4a7c15 * (uint64_t)(slot / SAMPLE_BLOCK + 1);
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    x ^= x >> 31;
    return (double)(x >> 11) * 0x1p-53 * 100 < percent;
}

static psw_status cut(cmd_check *c)
{
    psw_cut how = psw_cut_default;
    how.ranks = c->world->size;
    psw_runs_free(&c->runs);
    return psw_runs_create(c->study, &c->rates, &how, c->wanted, &c->runs);
}

/* A small file has few blocks of slots: the share grows until one of them is in. */
static psw_status cut_sample(cmd_check *c, uint64_t identity)
{
    ptrdiff_t picked = 0;
    for (double share = c->percent; picked == 0; share *= 2)
        for (ptrdiff_t i = 0; i < c->slot_count; i++)
            picked += c->wanted[i] = can_compare(c, i) && in_sample(identity, i, share);
    return cut(c);
}

static psw_status choose(cmd_check *c)
{
    uint64_t identity = psw_study_identity(c->study);
    for (ptrdiff_t i = 0; i < c->slot_count; i++) {
        c->wanted[i] = can_compare(c, i);
        c->altered += c->state[i] == ALTERED;
        c->older_noise += c->state[i] == OLDER_NOISE;
        c->done += c->state[i] == COMPARABLE || c->state[i] == OLDER_NOISE || c->state[i] == ALTERED;
        c->torn += c->state[i] == TORN;
    }
    PSW_TRY(cut(c));
    double budget_s = all_below_s * c->world->size;
    c->percent = c->options->sample > 0            ? c->options->sample
                 : c->runs.predicted_s <= budget_s ? 100
                                                   : 100 * budget_s / c->runs.predicted_s;
    if (c->percent < 100 && c->done > c->older_noise) PSW_TRY(cut_sample(c, identity));
    c->picked = c->runs.points;
    c->percent = c->done > 0 ? 100 * (double)c->picked / (double)c->done : 0;
    return PSW_OK;
}

/* ---- reading, recomputing ---- */

static psw_status open_file(cmd_check *c)
{
    psw_part part = {0};
    PSW_TRY(psw_study_stored(c->reader, c->path, &c->study));
    psw_status schema = c->world->rank == 0 ? psw_reader_schema(c->reader) : PSW_OK;
    if (schema == PSW_OK && c->world->rank == 0) schema = psw_reader_rows(c->reader, c->study);
    if (schema == PSW_OK && c->world->rank == 0) schema = psw_reader_samples(c->reader, c->study);
    if (schema == PSW_OK && c->world->rank == 0) schema = psw_reader_edges(c->reader, c->study);
    if (schema != PSW_OK) return PSW_FAIL(schema, "%s: %s", c->path, psw_message());
    c->slot_count = psw_reader_slots(c->reader);
    c->column_count = psw_columns_of(c->study, c->columns);
    c->state = malloc((size_t)c->slot_count + 1);
    c->wanted = malloc((size_t)c->slot_count + 1);
    c->stored = malloc((size_t)psw_cut_default.most_slots * sizeof *c->stored);
    c->found = malloc((size_t)psw_cut_default.most_slots * sizeof *c->found);
    if (!c->state || !c->wanted || !c->stored || !c->found)
        return PSW_FAIL(PSW_NO_MEMORY, "no memory to verify %td slots", c->slot_count);
    PSW_TRY(prepare_rows(c));
    PSW_TRY(psw_inputs_read(c->study, &c->inputs));
    c->in_use = psw_lock_held(c->path);
    PSW_TRY(psw_reader_part(c->reader, &part));
    psw_part_print(&part, c->part);
    return PSW_OK;
}

/* The same on all ranks. */
static psw_status memory_per_rank(const cmd_check *c, const psw_comm *node, double *bytes)
{
    double asked = psw_study_settings(c->study)->memory_per_rank_bytes, least = -c->machine.memory_bytes / node->size;
    PSW_TRY(psw_comm_max(c->world, &least, 1));
    *bytes = asked > 0 ? asked : -least;
    return PSW_OK;
}

/* A run is one rank's, but where a point of it does not fit there: then all ranks are its team. */
static bool needs_team(const cmd_check *c, psw_cursor *cursor, const psw_run *run)
{
    psw_point points[PSW_GROUP_MAX];
    psw_group one = {points, 1};
    psw_slots slots = psw_slots_of_run(run);
    for (ptrdiff_t i = 0; i < slots.count;) {
        if (!psw_method_computes(psw_cursor_at(cursor, psw_slots_at(&slots, i))->method)) {
            i++; /* theory has no arrays */
            continue;
        }
        i += psw_group_fill(c->study, &slots, i, points);
        if ((double)psw_memory_group(&one, NULL) > c->computer.memory_bytes) return true;
    }
    return false;
}

static psw_status recompute_run(cmd_check *c, const psw_comm *team, const psw_run *run)
{
    psw_slots slots = psw_slots_of_run(run);
    psw_status status = psw_reader_get(c->reader, run->first, run->count, c->stored);
    PSW_TRY(psw_comm_agree(team, status));
    c->run_first = run->first;
    memset(c->row_differs, 0, (size_t)(run->count * CMD_ROW_LINES) * sizeof *c->row_differs);
    PSW_TRY(psw_compute(team, &c->computer, &slots, c->found));
    PSW_TRY(psw_comm_agree(team, c->row_status));
    if (c->rows) PSW_TRY(psw_comm_max(team, c->row_differs, (int)run->count * CMD_ROW_LINES));
    for (ptrdiff_t i = 0; team->rank == 0 && i < run->count; i++)
        compare(c, run->first + i, &c->stored[i], &c->found[i]);
    return PSW_OK;
}

/* What one rank can do is shared out; what needs all of them comes after, once all ranks have agreed to continue. */
static psw_status recompute(cmd_check *c)
{
    const psw_comm self = {MPI_COMM_SELF, 0, 1};
    psw_status status = PSW_OK;
    psw_cursor cursor = psw_cursor_begin(c->study);
    psw_comm node;
    PSW_TRY(psw_comm_split_node(c->world, &node));
    c->computer =
        (psw_computer){.study = c->study, .rates = &c->rates, .inputs = &c->inputs, .choice = PSW_CHOICE_AUTO};
    c->computer.any_team = true;
    c->computer.keep = c->rows ? compare_rows : NULL;
    c->computer.context = c;
    PSW_TRY(memory_per_rank(c, &node, &c->computer.memory_bytes));
    c->computer.nodes = node.size < c->world->size ? 2 : 1;
    psw_comm_free(&node);
    for (ptrdiff_t k = c->world->rank; status == PSW_OK && k < c->runs.count; k += c->world->size)
        if (!needs_team(c, &cursor, &c->runs.list[k])) status = recompute_run(c, &self, &c->runs.list[k]);
    PSW_TRY(psw_comm_agree(c->world, status));
    for (ptrdiff_t k = 0; k < c->runs.count; k++)
        if (needs_team(c, &cursor, &c->runs.list[k])) PSW_TRY(recompute_run(c, c->world, &c->runs.list[k]));
    return PSW_OK;
}

/* ---- the verdict ---- */

static psw_status conclude(cmd_check *c)
{
    cmd_findings *all = calloc((size_t)c->world->size, sizeof *all);
    double counts[4] = {(double)c->mine.slots, c->loose, c->too_large, c->with_rows};
    PSW_TRY(psw_comm_agree(c->world, all ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for a list of differences")));
    psw_status status = psw_comm_gather(c->world, &c->mine, sizeof c->mine, all);
    if (status == PSW_OK) status = psw_comm_sum(c->world, counts, 4);
    if (status == PSW_OK) status = psw_comm_sum(c->world, c->differs, (int)c->column_count + CMD_ROW_LINES);
    c->loose = counts[1], c->too_large = counts[2], c->with_rows = counts[3];
    ptrdiff_t differing = (ptrdiff_t)counts[0];
    if (status == PSW_OK && c->world->rank == 0)
        (c->options->json ? cmd_verify_json : cmd_verify_print)(c, all, differing);
    free(all);
    double faults = c->world->rank == 0 ? (double)cmd_verify_search_faults(c) : 0;
    if (status == PSW_OK) status = psw_comm_sum(c->world, &faults, 1);
    if (status == PSW_OK && faults > 0)
        return PSW_FAIL(PSW_MISMATCH, "%s: what its search asked for or found is not what its points say", c->path);
    if (status != PSW_OK || differing + c->torn + c->altered == 0) return status;
    return PSW_FAIL(PSW_MISMATCH, "%s: of %td recomputed slots %td differ; %td slots are torn", c->path, c->picked,
                    differing, c->torn + c->altered);
}

static psw_status verify(cmd_check *c)
{
    PSW_TRY(psw_reader_open_shared(c->world, c->path, &c->reader));
    PSW_TRY(psw_comm_agree(c->world, open_file(c)));
    PSW_TRY(read_states(c));
    PSW_TRY(psw_comm_agree(c->world, c->world->rank == 0 ? cmd_verify_search(c) : PSW_OK));
    psw_threads_set(psw_study_settings(c->study)->threads);
    PSW_TRY(psw_comm_agree(c->world, psw_measure_room()));
    c->machine = psw_machine_read();
    psw_speeds speeds;
    psw_speeds_request asked = {.machine = &c->machine, .threads = (int)psw_study_settings(c->study)->threads};
    PSW_TRY(psw_speeds_find(c->world, &asked, &speeds));
    c->rates = speeds.rates;
    PSW_TRY(psw_comm_agree(c->world, choose(c)));
    PSW_TRY(recompute(c));
    return conclude(c);
}

psw_status cmd_verify(const cmd_options *options, const psw_comm *world)
{
    cmd_check *c = calloc(1, sizeof *c);
    PSW_TRY(psw_comm_agree(world, c ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to verify a file")));
    c->options = options;
    c->world = world;
    c->path = options->files[0];
    c->known_launch = -2; /* none */
    psw_status status =
        options->file_count == 1
            ? PSW_OK
            : PSW_FAIL(PSW_USAGE, "one result file is expected, %td files are named", options->file_count);
    if (status == PSW_OK) status = verify(c);
    psw_arena_destroy(&c->computer.arena);
    psw_inputs_free(&c->inputs);
    psw_runs_free(&c->runs);
    if (c->reader) psw_reader_close(c->reader);
    psw_replay_free(&c->search.replay);
    if (c->study) psw_study_free(c->study);
    free(c->state);
    free(c->wanted);
    for (int k = 0; k < 2; k++) psw_rows_room_free(&c->room[k]);
    free(c->row_differs);
    free(c->stored);
    free(c->found);
    free(c);
    return status;
}
