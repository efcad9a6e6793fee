/* verify: is the file whole, and does computing again give the same? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "polysweep/print.h"

enum { KEPT = 16, SAMPLE_BLOCK = 16, LINES = 3 /* of /rows */ };
static const double all_below_s = 60; /* recompute everything if that takes no longer */

typedef struct difference {
    ptrdiff_t slot;
    int column; /* -1 = the point could not be computed; after the columns come the lines of /rows */
    double stored, found;
} difference;

/* Of one rank; gathered as bytes. */
typedef struct findings {
    ptrdiff_t slots, kept;
    difference list[KEPT];
} findings;

typedef struct check {
    const cmd_options *options;
    const psw_comm *world;
    const char *path;
    psw_study *study;
    psw_reader *reader;
    psw_slot *slots;
    unsigned char *wanted;
    psw_rates rates;
    psw_runs runs;
    psw_column columns[PSW_COLUMNS_MAX + LINES];
    ptrdiff_t column_count, slot_count, done, torn, picked;
    double percent;           /* of the done slots: wanted, then picked */
    char part[PSW_PART_TEXT]; /* that the file was made for */
    bool in_use;              /* a run had the file open when its slots were read */
    psw_machine machine;
    ptrdiff_t known_launch; /* whose answer `known_same` is */
    bool known_same;
    psw_inputs inputs;
    psw_computer computer;
    psw_record *stored, *found; /* one run's */
    ptrdiff_t run_first;
    bool rows;             /* are kept, and compared */
    psw_rows_room room[2]; /* stored, found */
    double *row_differs;   /* [slots of the run][LINES]: 1 where a row of the calling rank differs */
    psw_status row_status; /* of reading rows */
    findings mine;
    double differs[PSW_COLUMNS_MAX + LINES]; /* slots by column */
    double loose;                            /* slots compared within tolerances */
    double too_large;                        /* slots that do not fit the memory of all ranks together */
    ptrdiff_t older_noise;                   /* done slots whose noise this program does not draw any more */
    double with_rows;                        /* slots whose rows were compared */
} check;

/* ---- comparing two records ---- */

/* Was the slot computed by this version with this BLAS, on this kernel? */
static bool same_build(check *c, ptrdiff_t launch)
{
    psw_launch row, mine = {.version = PSW_VERSION};
    if (launch == c->known_launch) return c->known_same;
    psw_format(mine.blas, sizeof mine.blas, "%s", c->machine.blas_config);
    psw_format(mine.blas_kernel, sizeof mine.blas_kernel, "%s", c->machine.blas_kernel);
    c->known_launch = launch;
    c->known_same = psw_reader_launch(c->reader, launch, &row) == PSW_OK && psw_same_build(&row, &mine);
    return c->known_same;
}

static void note(check *c, ptrdiff_t slot, int column, double stored, double found)
{
    if (column >= 0) c->differs[column]++;
    if (c->mine.kept < KEPT) c->mine.list[c->mine.kept++] = (difference){slot, column, stored, found};
}

static bool promises_bits(check *c, const psw_record *stored)
{
    return psw_method_facts_of(stored->point.method)->bitwise && same_build(c, stored->slot.launch);
}

static bool rows_differ(check *c, ptrdiff_t slot)
{
    bool differs = false;
    for (int line = 0; c->rows && line < LINES; line++)
        if (c->row_differs[(slot - c->run_first) * LINES + line] > 0) {
            c->differs[c->column_count + line]++;
            differs = true;
        }
    return differs;
}

static void compare(check *c, ptrdiff_t slot, const psw_record *stored, const psw_record *found)
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
static psw_kept_rows rows_of_leaf(const check *c, const psw_point *point, const psw_leaf *leaf, ptrdiff_t part,
                                  psw_row_span at)
{
    psw_kept_rows rows = c->room[1].rows;
    ptrdiff_t from = part * leaf->count + at.first, values = at.count * leaf->width;
    for (ptrdiff_t i = 0; i < at.count; i++) {
        rows.special_mass[i] = leaf->special ? leaf->special[from + i] : NAN;
        rows.log2_den[i] = leaf->log2_den[from + i];
    }
    for (ptrdiff_t i = 0; i < values; i++)
        rows.output[i] = point->precision == PSW_FP32 ? (double)((const float *)leaf->rows)[from * leaf->width + i]
                                                      : ((const double *)leaf->rows)[from * leaf->width + i];
    return rows;
}

static psw_status compare_piece(check *c, ptrdiff_t slot, const psw_point *point, psw_row_span stored,
                                psw_kept_rows found)
{
    const psw_record *record = &c->stored[slot - c->run_first];
    double *differs = c->row_differs + (slot - c->run_first) * LINES;
    PSW_TRY(psw_reader_rows_get(c->reader, slot, point, stored, c->room[0].rows));
    psw_row_difference d = psw_rows_compare(point, stored.count, c->room[0].rows, found, promises_bits(c, record));
    if (d.line < 0) return PSW_OK;
    if (differs[d.line] == 0 && c->mine.kept < KEPT)
        c->mine.list[c->mine.kept++] = (difference){slot, (int)c->column_count + d.line, d.a, d.b};
    differs[d.line] = 1;
    return PSW_OK;
}

/* A file that cannot be read is not the point's fault: kept for later. */
static psw_status compare_rows(void *context, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf,
                               ptrdiff_t index)
{
    check *c = context;
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

static psw_status prepare_rows(check *c)
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
    c->row_differs = calloc((size_t)psw_cut_default.most_slots * LINES, sizeof *c->row_differs);
    return c->row_differs ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to compare rows");
}

/* ---- which slots ---- */

static bool can_compare(const psw_slot *slot)
{
    return slot->status == PSW_SLOT_DONE && slot->random_version != 1;
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

static psw_status cut(check *c)
{
    psw_cut how = psw_cut_default;
    how.ranks = c->world->size;
    psw_runs_free(&c->runs);
    return psw_runs_create(c->study, &c->rates, &how, c->wanted, &c->runs);
}

/* A small file has few blocks of slots: the share grows until one of them is in. */
static psw_status cut_sample(check *c, uint64_t identity)
{
    ptrdiff_t picked = 0;
    for (double share = c->percent; picked == 0; share *= 2)
        for (ptrdiff_t i = 0; i < c->slot_count; i++)
            picked += c->wanted[i] = can_compare(&c->slots[i]) && in_sample(identity, i, share);
    return cut(c);
}

static psw_status choose(check *c)
{
    uint64_t identity = psw_study_identity(c->study);
    for (ptrdiff_t i = 0; i < c->slot_count; i++) {
        c->done += c->slots[i].status == PSW_SLOT_DONE;
        c->wanted[i] = can_compare(&c->slots[i]);
        c->older_noise += c->slots[i].status == PSW_SLOT_DONE && !c->wanted[i];
        c->torn += c->slots[i].torn;
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

static psw_status open_file(check *c)
{
    psw_part part;
    PSW_TRY(psw_study_of_file(c->path, &c->study));
    PSW_TRY(psw_reader_open(c->path, &c->reader));
    psw_status schema = c->world->rank == 0 ? psw_reader_schema(c->reader) : PSW_OK;
    if (schema == PSW_OK && c->world->rank == 0) schema = psw_reader_rows(c->reader, c->study);
    if (schema == PSW_OK && c->world->rank == 0) schema = psw_reader_samples(c->reader, c->study);
    if (schema != PSW_OK) return PSW_FAIL(schema, "%s: %s", c->path, psw_message());
    c->slot_count = psw_reader_slots(c->reader);
    c->column_count = psw_columns_of(c->study, c->columns);
    c->slots = malloc((size_t)c->slot_count * sizeof *c->slots + 1);
    c->wanted = malloc((size_t)c->slot_count + 1);
    c->stored = malloc((size_t)psw_cut_default.most_slots * sizeof *c->stored);
    c->found = malloc((size_t)psw_cut_default.most_slots * sizeof *c->found);
    if (!c->slots || !c->wanted || !c->stored || !c->found)
        return PSW_FAIL(PSW_NO_MEMORY, "no memory to verify %td slots", c->slot_count);
    PSW_TRY(prepare_rows(c));
    PSW_TRY(psw_inputs_read(c->study, &c->inputs));
    c->in_use = psw_store_locked(c->path);
    PSW_TRY(psw_store_part(c->path, &part));
    psw_part_print(&part, c->part);
    return psw_reader_slots_get(c->reader, c->slots);
}

/* The same on all ranks. */
static psw_status memory_per_rank(const check *c, const psw_comm *node, double *bytes)
{
    double asked = psw_study_settings(c->study)->memory_per_rank_bytes, least = -c->machine.memory_bytes / node->size;
    PSW_TRY(psw_comm_max(c->world, &least, 1));
    *bytes = asked > 0 ? asked : -least;
    return PSW_OK;
}

/* A run is one rank's, but where a point of it does not fit there: then all ranks are its team. */
static bool needs_team(const check *c, const psw_run *run)
{
    psw_point points[PSW_GROUP_MAX];
    psw_group one = {points, 1};
    for (ptrdiff_t slot = run->first; slot < run->first + run->count;) {
        slot += psw_group_fill(c->study, slot, run->first + run->count, points);
        if ((double)psw_memory_group(&one, NULL) > c->computer.memory_bytes) return true;
    }
    return false;
}

static psw_status recompute_run(check *c, const psw_comm *team, const psw_run *run)
{
    psw_status status = psw_reader_get(c->reader, run->first, run->count, c->stored);
    PSW_TRY(psw_comm_agree(team, status));
    c->run_first = run->first;
    memset(c->row_differs, 0, (size_t)(run->count * LINES) * sizeof *c->row_differs);
    PSW_TRY(psw_compute(team, &c->computer, run->first, run->count, c->found));
    PSW_TRY(psw_comm_agree(team, c->row_status));
    if (c->rows) PSW_TRY(psw_comm_max(team, c->row_differs, (int)run->count * LINES));
    for (ptrdiff_t i = 0; team->rank == 0 && i < run->count; i++)
        compare(c, run->first + i, &c->stored[i], &c->found[i]);
    return PSW_OK;
}

/* What one rank can do is shared out; what needs all of them comes after, once all ranks have agreed to continue. */
static psw_status recompute(check *c)
{
    const psw_comm self = {MPI_COMM_SELF, 0, 1};
    psw_status status = PSW_OK;
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
        if (!needs_team(c, &c->runs.list[k])) status = recompute_run(c, &self, &c->runs.list[k]);
    PSW_TRY(psw_comm_agree(c->world, status));
    for (ptrdiff_t k = 0; k < c->runs.count; k++)
        if (needs_team(c, &c->runs.list[k])) PSW_TRY(recompute_run(c, c->world, &c->runs.list[k]));
    return PSW_OK;
}

/* ---- printing ---- */

static void print_difference(const check *c, const difference *d)
{
    char text[160];
    psw_point point = psw_study_point(c->study, d->slot);
    psw_point_text(&point, text, sizeof text);
    if (d->column < 0)
        printf("differs     slot %td (%s): cannot be computed any more\n", d->slot, text);
    else
        printf("differs     slot %td (%s): %s is %.17g, computed again %.17g\n", d->slot, text,
               c->columns[d->column].name, d->stored, d->found);
}

static void print(const check *c, const findings *all, ptrdiff_t differing)
{
    double compared = (double)c->picked - c->too_large;
    printf("file        %s, schema correct\n", c->path);
    printf("slots       %td, %td done%s%s\n", c->slot_count, c->done, c->part[0] ? ", of part " : "", c->part);
    if (c->in_use) printf("in use      a run has it open: slots that it has not finished are not checked\n");
    if (c->torn > 0)
        printf("torn        %td with a wrong commit word; running the study again computes them again\n", c->torn);
    printf("recomputed  %td of them (%.3g %%)", c->picked, c->percent);
    if (c->rows) printf(", the kept rows of %.0f", c->with_rows);
    if (c->loose > 0) printf(", %.0f within tolerances (other version, kernel or method)", c->loose);
    printf("\n");
    if (c->older_noise > 0)
        printf(
            "older noise %td done slots are not comparable: random_version 1, their noise was drawn once and by other "
            "keys\n",
            c->older_noise);
    if (c->too_large > 0)
        printf("too large   %.0f of these for the memory of %d rank%s: not checked, start verify with more ranks\n",
               c->too_large, c->world->size, c->world->size > 1 ? "s" : "");
    for (int rank = 0; rank < c->world->size; rank++)
        for (ptrdiff_t i = 0; i < all[rank].kept; i++) print_difference(c, &all[rank].list[i]);
    for (ptrdiff_t i = 0; i < c->column_count + LINES; i++)
        if (c->differs[i] > 0) printf("column      %s differs in %.0f slots\n", c->columns[i].name, c->differs[i]);
    if (differing == 0) printf("verdict     %s\n", compared > 0 ? "the same" : "nothing to compare");
}

static void json(const check *c, const findings *all, ptrdiff_t differing)
{
    psw_json out = psw_json_begin(stdout, "verify");
    psw_json_text(&out, "file", c->path);
    psw_json_count(&out, "slots", c->slot_count);
    psw_json_text(&out, "part", c->part);
    psw_json_count(&out, "done", c->done);
    psw_json_count(&out, "torn", c->torn);
    psw_json_count(&out, "recomputed", c->picked);
    psw_json_number(&out, "percent", c->percent);
    psw_json_bool(&out, "in_use", c->in_use);
    psw_json_number(&out, "with_rows", c->with_rows);
    psw_json_number(&out, "within_tolerance", c->loose);
    psw_json_number(&out, "too_large", c->too_large);
    psw_json_count(&out, "not_comparable", c->older_noise);
    psw_json_count(&out, "differing", differing);
    psw_json_open(&out, "columns", '{');
    for (ptrdiff_t i = 0; i < c->column_count + LINES; i++)
        if (c->differs[i] > 0) psw_json_number(&out, c->columns[i].name, c->differs[i]);
    psw_json_close(&out);
    psw_json_open(&out, "differences", '[');
    for (int rank = 0; rank < c->world->size; rank++)
        for (ptrdiff_t i = 0; i < all[rank].kept; i++) {
            const difference *d = &all[rank].list[i];
            psw_json_open(&out, NULL, '{');
            psw_json_count(&out, "slot", d->slot);
            psw_json_text(&out, "column", d->column < 0 ? "status" : c->columns[d->column].name);
            psw_json_number(&out, "stored", d->stored);
            psw_json_number(&out, "found", d->found);
            psw_json_close(&out);
        }
    psw_json_end(&out);
}

static psw_status conclude(check *c)
{
    findings *all = calloc((size_t)c->world->size, sizeof *all);
    double counts[4] = {(double)c->mine.slots, c->loose, c->too_large, c->with_rows};
    PSW_TRY(psw_comm_agree(c->world, all ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for a list of differences")));
    psw_status status = psw_comm_gather(c->world, &c->mine, sizeof c->mine, all);
    if (status == PSW_OK) status = psw_comm_sum(c->world, counts, 4);
    if (status == PSW_OK) status = psw_comm_sum(c->world, c->differs, (int)c->column_count + LINES);
    c->loose = counts[1], c->too_large = counts[2], c->with_rows = counts[3];
    ptrdiff_t differing = (ptrdiff_t)counts[0];
    if (status == PSW_OK && c->world->rank == 0) (c->options->json ? json : print)(c, all, differing);
    free(all);
    if (status != PSW_OK || differing + c->torn == 0) return status;
    return PSW_FAIL(PSW_MISMATCH, "%s: of %td recomputed slots %td differ; %td slots are torn", c->path, c->picked,
                    differing, c->torn);
}

static psw_status verify(check *c)
{
    PSW_TRY(psw_comm_agree(c->world, open_file(c)));
    psw_threads_set(psw_study_settings(c->study)->threads);
    c->machine = psw_machine_read();
    PSW_TRY(psw_measure_rates_agreed(c->world, &c->rates));
    PSW_TRY(psw_comm_agree(c->world, choose(c)));
    PSW_TRY(recompute(c));
    return conclude(c);
}

psw_status cmd_verify(const cmd_options *options, const psw_comm *world)
{
    check *c = calloc(1, sizeof *c);
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
    if (c->study) psw_study_free(c->study);
    free(c->slots);
    free(c->wanted);
    for (int k = 0; k < 2; k++) psw_rows_room_free(&c->room[k]);
    free(c->row_differs);
    free(c->stored);
    free(c->found);
    free(c);
    return status;
}
