/* scale: lines of points that differ in their team, each time compared with the first. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/plain.h"
#include "polysweep/print.h"
#include "cmd/scale.h"

/* ---- lines ---- */

bool cmd_scale_same_line(const psw_point *a, const psw_point *b, bool weak)
{
    psw_point x = *a, y = *b;
    x.team = y.team = 0;
    if (weak) { /* n grows, and with it what is derived from it */
        x.n = y.n, x.m = y.m, x.j3 = y.j3;
        if (!psw_data_kind_facts_of(x.data_kind)->has_rows) x.v = y.v;
    }
    if (isnan(x.beta) && isnan(y.beta)) x.beta = y.beta = 0;
    for (int i = 0; i < PSW_OWN_MAX; i++)
        if (isnan(x.own[i]) && isnan(y.own[i])) x.own[i] = y.own[i] = 0;
    const psw_column *columns;
    ptrdiff_t count;
    psw_record left = psw_record_blank(&x), right = psw_record_blank(&y);
    columns = psw_columns(&count);
    for (ptrdiff_t i = 0; i < count; i++) {
        if (!psw_column_parameter(&columns[i])) continue;
        double p = psw_column_value(&columns[i], &left), q = psw_column_value(&columns[i], &right);
        if (p != q && !(isnan(p) && isnan(q))) return false;
    }
    return memcmp(x.own, y.own, sizeof x.own) == 0;
}

double cmd_scale_work(const psw_point *point)
{
    return psw_attend_work(point).flops / (double)(point->team > 0 ? point->team : 1);
}

double cmd_scale_unevenness(const psw_point *point)
{
    if (point->team < 2 || psw_attend_kind(point) == PSW_ONE_RANK) return 1;
    psw_group one = {point, 1};
    psw_choice choice = psw_choice_within(&one, PSW_CHOICE_AUTO, point->team, 0);
    psw_route route = psw_attend_route(point, choice, (int)point->team, 0);
    double size = route.size, leaves = (double)route.leaves;
    if (route.pattern == PSW_GRID)
        return psw_route_grid_tiles(&route, route.leaves) * size /
               (leaves * (route.causal ? leaves + 1 : 2 * leaves) / 2);
    ptrdiff_t most = 0;
    for (int rank = 0; rank < route.size; rank++) {
        ptrdiff_t count = psw_route_count(&route, rank);
        if (count > most) most = count;
    }
    return (double)most * size / leaves;
}

/* The first point of a line, which is that of its smallest team: the axis ascends. */
static ptrdiff_t base_of(const psw_study *study, ptrdiff_t slot, const psw_point *point)
{
    for (ptrdiff_t i = 0; i < slot; i++) {
        psw_point other = psw_study_point(study, i);
        if (cmd_scale_same_line(&other, point, true)) return i;
    }
    return slot;
}

psw_status cmd_scale_work_check(const psw_study *study)
{
    double farthest = 0;
    psw_point worst = {0};
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        psw_point point = psw_study_point(study, slot);
        if (!psw_method_computes(point.method)) continue;
        psw_point base = psw_study_point(study, base_of(study, slot, &point));
        double off = cmd_scale_work(&point) / cmd_scale_work(&base) - 1;
        if (fabs(off) > fabs(farthest)) farthest = off, worst = point;
    }
    if (fabs(farthest) <= SCALE_BOUND) return PSW_OK;
    char text[128];
    psw_point_text(&worst, text, sizeof text);
    return PSW_FAIL(
        PSW_USAGE,
        "this would not be weak scaling: on a team of %td, %s gives each rank %+.1f %% of the work of the "
        "smallest team's; %.0f %% either way is allowed. Choose a longer n, a smaller block (--set grid.block=64), "
        "or other --teams",
        worst.team, text, 100 * farthest, 100 * SCALE_BOUND);
}

/* ---- measures from a time ---- */

bool cmd_scale_valid(const psw_record *r)
{
    return r->slot.status == PSW_SLOT_DONE && r->cost.time_median_s > 0 &&
           (r->cost.timing == PSW_TIMING_ALONE || r->cost.timing == PSW_TIMING_BESIDE);
}

cmd_scale_row cmd_scale_compare(const psw_record *base, const psw_record *r, bool weak)
{
    cmd_scale_row row = {NAN, NAN, NAN, cmd_scale_work(&r->point) / cmd_scale_work(&base->point)};
    double ranks = (double)r->point.team / (double)base->point.team;
    if (!cmd_scale_valid(base) || !cmd_scale_valid(r)) return row;
    double ratio = base->cost.time_median_s / r->cost.time_median_s;
    row.speed_up = weak ? ratio * ranks : ratio;
    row.efficiency = row.speed_up / ranks;
    if (!weak && ranks > 1) row.karp_flatt = (1 / row.speed_up - 1 / ranks) / (1 - 1 / ranks);
    return row;
}

double cmd_scale_roof(const psw_record *r, double memory_bytes_s)
{
    double roof = fmin(r->cost.peak_gflops, r->cost.flops / r->cost.bytes * memory_bytes_s / 1e9);
    return cmd_scale_valid(r) ? r->cost.gflops / (double)r->point.team / roof : NAN;
}

/* ---- the table ---- */

typedef struct table {
    const psw_study *study;
    psw_record *records;
    double *memory_bytes_s; /* of a rank, as the launch of each record measured it; NaN: not known */
    ptrdiff_t count;
    bool weak;
} table;

static void number(double value, const char *format, char text[PSW_TEXT])
{
    psw_format(text, PSW_TEXT, "%s", "-");
    if (!isnan(value)) snprintf(text, PSW_TEXT, format, value); /* one double each */
}

static const char *remark(const psw_record *r)
{
    if (r->slot.status != PSW_SLOT_DONE) return psw_word(PSW_WORDS_STATUS, (int)r->slot.status);
    return psw_word(PSW_WORDS_TIMING, (int)r->cost.timing);
}

enum { CELLS = 15 };

static void print_row(psw_table *out, const table *t, ptrdiff_t base, ptrdiff_t i)
{
    char text[CELLS][PSW_TEXT];
    const psw_record *r = &t->records[i];
    bool weak = t->weak;
    cmd_scale_row row = cmd_scale_compare(&t->records[base], r, weak);
    psw_format(text[0], PSW_TEXT, "%td", r->point.team);
    psw_format(text[1], PSW_TEXT, "%td", r->point.n);
    psw_format_seconds(r->cost.time_median_s, text[2]);
    psw_format_seconds(r->cost.time_lo_s, text[3]);
    psw_format_seconds(r->cost.time_hi_s, text[4]);
    number(row.speed_up, "%.2f", text[5]);
    number(100 * row.efficiency, "%.1f %%", text[6]);
    number(weak ? row.work : row.karp_flatt, "%.3f", text[7]);
    number(r->parallel.load_balance, "%.2f", text[8]);
    number(r->parallel.comm_efficiency, "%.2f", text[9]);
    number(r->parallel.parallel_efficiency, "%.2f", text[10]);
    number(100 * cmd_scale_roof(r, t->memory_bytes_s[i]), "%.0f %%", text[11]);
    psw_format(text[12], PSW_TEXT, "-");
    if (!isnan(r->parallel.sent_bytes)) psw_format_bytes(r->parallel.sent_bytes, text[12]);
    psw_format_seconds(r->parallel.comm_s, text[13]);
    psw_format(text[14], PSW_TEXT, "%s%s", remark(r),
               cmd_scale_unevenness(&r->point) > 1 + SCALE_BOUND ? ", uneven" : "");
    const char *cells[CELLS];
    for (int k = 0; k < CELLS; k++) cells[k] = text[k];
    psw_table_row(out, cells);
}

static bool follows(const table *t, ptrdiff_t i, ptrdiff_t base)
{
    return cmd_scale_same_line(&t->records[base].point, &t->records[i].point, t->weak);
}

static bool begins(const table *t, ptrdiff_t i)
{
    if (!psw_method_computes(t->records[i].point.method)) return false;
    for (ptrdiff_t k = 0; k < i; k++)
        if (follows(t, i, k)) return false;
    return true;
}

/* Points that were not selected (--where) or not reached have no line. */
static bool computed(const table *t, ptrdiff_t base)
{
    for (ptrdiff_t i = base; i < t->count; i++)
        if ((i == base || follows(t, i, base)) && t->records[i].slot.status != PSW_SLOT_EMPTY) return true;
    return false;
}

static psw_status print_line(const table *t, ptrdiff_t base)
{
    const psw_record *first = &t->records[base];
    char point[128], seconds[PSW_TEXT];
    psw_table out;
    psw_point_text(&first->point, point, sizeof point);
    psw_format_seconds(first->cost.time_median_s, seconds);
    if (cmd_scale_valid(first))
        psw_print(stdout, "\n%s%s; against a team of %td: %s a pass\n\n", point, t->weak ? " and up" : "",
                  first->point.team, seconds);
    else
        psw_print(stdout, "\n%s%s; the team of %td has no valid time to compare with\n\n", point,
                  t->weak ? " and up" : "", first->point.team);
    if (!psw_table_begin(stdout, CELLS, &out)) return PSW_FAIL(PSW_NO_MEMORY, "no memory for a table");
    psw_table_row(&out, (const char *const[]){"team", "n", "median", "from", "to", t->weak ? "scaled" : "speed-up",
                                              "efficiency", t->weak ? "work/rank" : "Karp-Flatt", "balance", "comm",
                                              "product", "of roof", "sent", "in comm", "timing"});
    for (ptrdiff_t i = base; i < t->count; i++)
        if (i == base || follows(t, i, base)) print_row(&out, t, base, i);
    psw_table_end(&out);
    return PSW_OK;
}

/* A rank owns whole blocks, so some divisions leave ranks with nothing to do. */
static void print_uneven(const table *t)
{
    for (ptrdiff_t i = 0; i < t->count; i++) {
        const psw_point *p = &t->records[i].point;
        double uneven = psw_method_computes(p->method) ? cmd_scale_unevenness(p) : 1;
        if (uneven <= 1 + SCALE_BOUND) continue;
        psw_print(
            stdout,
            "\nuneven: n = %td is %.4g block%s of %td; of a team of %td some rank has %.2f times its share, which "
            "bounds "
            "efficiency (--set grid.block=... makes them smaller)\n",
            p->n, (double)p->n / (double)p->block, p->n == p->block ? "" : "s", p->block, p->team, uneven);
        return;
    }
}

static psw_status print(const table *t)
{
    psw_print(stdout,
              "%s scaling of %s; times are medians of one forward pass over one data set, with %g %% intervals\n",
              t->weak ? "weak" : "strong", psw_study_name(t->study), 100 * psw_study_settings(t->study)->confidence);
    ptrdiff_t lines = 0;
    for (ptrdiff_t i = 0; i < t->count; i++) {
        if (!begins(t, i) || !computed(t, i)) continue;
        PSW_TRY(print_line(t, i));
        lines++;
    }
    if (lines == 0)
        psw_print(stdout, "\nno point has been computed: --where picked none, or the run was stopped before\n");
    print_uneven(t);
    return PSW_OK;
}

static void json_row(psw_json *json, const table *t, ptrdiff_t base, ptrdiff_t i)
{
    const psw_record *r = &t->records[i];
    cmd_scale_row row = cmd_scale_compare(&t->records[base], r, t->weak);
    psw_json_open(json, NULL, '{');
    psw_json_count(json, "slot", i);
    psw_json_count(json, "team", r->point.team);
    psw_json_count(json, "n", r->point.n);
    psw_json_count(json, "idle", r->parallel.idle);
    psw_json_text(json, "status", psw_word(PSW_WORDS_STATUS, (int)r->slot.status));
    psw_json_text(json, "timing", psw_word(PSW_WORDS_TIMING, (int)r->cost.timing));
    psw_json_text(json, "time_stop", psw_word(PSW_WORDS_TIME_STOP, r->cost.time_stop));
    psw_json_number(json, "time_median_s", r->cost.time_median_s);
    psw_json_number(json, "time_lo_s", r->cost.time_lo_s);
    psw_json_number(json, "time_hi_s", r->cost.time_hi_s);
    psw_json_number(json, "speed_up", row.speed_up);
    psw_json_number(json, "efficiency", row.efficiency);
    psw_json_number(json, "karp_flatt", row.karp_flatt);
    psw_json_number(json, "work_per_rank", row.work);
    psw_json_number(json, "unevenness", cmd_scale_unevenness(&r->point));
    psw_json_number(json, "load_balance", r->parallel.load_balance);
    psw_json_number(json, "comm_efficiency", r->parallel.comm_efficiency);
    psw_json_number(json, "parallel_efficiency", r->parallel.parallel_efficiency);
    psw_json_number(json, "roof_fraction", cmd_scale_roof(r, t->memory_bytes_s[i]));
    psw_json_number(json, "sent_bytes", r->parallel.sent_bytes);
    psw_json_number(json, "comm_s", r->parallel.comm_s);
    psw_json_close(json);
}

static void json_line(psw_json *json, const table *t, ptrdiff_t base)
{
    const psw_record *first = &t->records[base];
    char point[128];
    psw_point_text(&first->point, point, sizeof point);
    psw_json_open(json, NULL, '{');
    psw_json_text(json, "point", point);
    psw_json_count(json, "base_team", first->point.team);
    psw_json_number(json, "base_s", first->cost.time_median_s);
    psw_json_open(json, "teams", '[');
    for (ptrdiff_t i = base; i < t->count; i++)
        if (i == base || follows(t, i, base)) json_row(json, t, base, i);
    psw_json_close(json);
    psw_json_close(json);
}

static void print_json(const table *t, const char *path)
{
    psw_json json = psw_json_begin(stdout, "scale");
    psw_json_text(&json, "file", path);
    psw_json_text(&json, "scaling", t->weak ? "weak" : "strong");
    psw_json_number(&json, "confidence", psw_study_settings(t->study)->confidence);
    psw_json_open(&json, "lines", '[');
    for (ptrdiff_t i = 0; i < t->count; i++)
        if (begins(t, i)) json_line(&json, t, i);
    psw_json_close(&json);
    psw_json_end(&json);
}

/* Unknown where the launch is no longer in the file. */
static void read_bandwidths(psw_reader *reader, table *t)
{
    psw_launch launch = {.memory_bytes_s = NAN};
    ptrdiff_t known = -1;
    for (ptrdiff_t i = 0; i < t->count; i++) {
        ptrdiff_t number = t->records[i].slot.launch;
        if (number != known && psw_reader_launch(reader, number, &launch) != PSW_OK) launch.memory_bytes_s = NAN;
        known = number;
        t->memory_bytes_s[i] = launch.memory_bytes_s;
    }
}

static psw_status read_records(const char *path, table *t)
{
    psw_reader *reader;
    PSW_TRY(psw_reader_open(path, &reader));
    t->count = psw_reader_slots(reader);
    t->records = malloc((size_t)t->count * sizeof *t->records);
    t->memory_bytes_s = malloc((size_t)t->count * sizeof *t->memory_bytes_s);
    bool room = t->records && t->memory_bytes_s;
    psw_status status = room ? psw_reader_get(reader, 0, t->count, t->records)
                             : PSW_FAIL(PSW_NO_MEMORY, "no memory for %td points", t->count);
    if (status == PSW_OK) read_bandwidths(reader, t);
    psw_reader_close(reader);
    return status;
}

psw_status cmd_scale_table_print(const char *path, bool weak, bool json)
{
    psw_study *study;
    PSW_TRY(psw_study_of_file(path, &study));
    table t = {.study = study, .weak = weak};
    psw_status status = read_records(path, &t);
    if (status == PSW_OK && json) print_json(&t, path);
    if (status == PSW_OK && !json) status = print(&t);
    free(t.records);
    free(t.memory_bytes_s);
    psw_study_free(study);
    return status;
}
