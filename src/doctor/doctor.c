/* doctor: what this machine and launch look like, what is wrong, what to type. It reads what is there. */
#include "doctor/inside.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/print.h"

static const char *const grade_words[] = {"ok", "warn", "bad"};

/* ---- a report ---- */

static void add(psw_report *r, psw_grade grade, const char *topic, const char *format, va_list arguments)
{
    r->bad += grade == PSW_BAD;
    if (r->count == PSW_FINDINGS) return;
    psw_finding *f = &r->list[r->count++];
    *f = (psw_finding){.grade = grade};
    psw_format(f->topic, sizeof f->topic, "%s", topic);
    vsnprintf(f->text, sizeof f->text, format, arguments);
}

void psw_doctor_fine(psw_report *r, const char *topic, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(r, PSW_FINE, topic, format, arguments);
    va_end(arguments);
}

void psw_doctor_warn(psw_report *r, const char *topic, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(r, PSW_WARN, topic, format, arguments);
    va_end(arguments);
}

void psw_doctor_bad(psw_report *r, const char *topic, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(r, PSW_BAD, topic, format, arguments);
    va_end(arguments);
}

void psw_doctor_mend(psw_report *r, const char *format, ...)
{
    va_list arguments;
    if (r->count == 0) return;
    psw_finding *f = &r->list[r->count - 1];
    va_start(arguments, format);
    vsnprintf(f->mend, sizeof f->mend, format, arguments);
    va_end(arguments);
}

/* ---- telling ---- */

static void tell(const psw_report *r)
{
    for (ptrdiff_t i = 0; i < r->count; i++) {
        const psw_finding *f = &r->list[i];
        printf("%-4s  %-8s  %s\n", grade_words[f->grade], f->topic, f->text);
        if (f->mend[0]) printf("                type %s\n", f->mend);
    }
}

static void json_findings(psw_json *out, const psw_report *r)
{
    psw_json_open(out, "findings", '[');
    for (ptrdiff_t i = 0; i < r->count; i++) {
        psw_json_open(out, NULL, '{');
        psw_json_text(out, "grade", grade_words[r->list[i].grade]);
        psw_json_text(out, "topic", r->list[i].topic);
        psw_json_text(out, "text", r->list[i].text);
        psw_json_text(out, "type", r->list[i].mend);
        psw_json_close(out);
    }
    psw_json_close(out);
}

static void json_trial(psw_json *out, const psw_facts *f)
{
    const psw_trial *t = &f->attempt.trial;
    double bytes = (double)t->slots * t->slot_bytes;
    psw_json_open(out, "trial", '{');
    psw_json_text(out, "directory", f->attempt.path);
    psw_json_text(out, "file_system", f->attempt.directory.type);
    psw_json_number(out, "free_bytes", f->attempt.directory.free_bytes);
    psw_json_count(out, "ranks", f->ranks);
    psw_json_count(out, "points_per_rank", t->slots);
    psw_json_number(out, "bytes_per_point", t->slot_bytes);
    psw_json_number(out, "alone_bytes_per_s", bytes / t->alone_s);
    psw_json_number(out, "rank_bytes_per_s", bytes / t->together_s);
    psw_json_number(out, "together_bytes_per_s", bytes * f->ranks / t->together_s);
    psw_json_number(out, "create_s", t->create_s);
    psw_json_number(out, "open_s", t->open_s);
    psw_json_number(out, "sync_s", t->sync_s);
    psw_json_count(out, "wrong", t->wrong);
    psw_json_close(out);
}

static void json(const psw_facts *f, const psw_report *r)
{
    psw_json out = psw_json_begin(stdout, "doctor");
    psw_json_count(&out, "bad", r->bad);
    json_findings(&out, r);
    if (f->attempt.path && f->attempt.directory.why_not == 0 && f->attempt.status == PSW_OK) json_trial(&out, f);
    psw_json_end(&out);
}

/* Of separate worlds each has a rank 0; one report is enough. */
static bool speaks(const psw_facts *f)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"};
    if (f->ranks > 1 || f->places[0].machine.expected_ranks <= 1) return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i])) return atoi(getenv(names[i])) == 0;
    return true;
}

static psw_status judge(const psw_doctor_request *asked, const psw_facts *f)
{
    psw_report r = {.count = 0};
    psw_doctor_launch(f, &r);
    psw_doctor_blas(f, &r);
    psw_doctor_mpi(f, &r);
    psw_doctor_files(f, &r);
    if (speaks(f) && asked->json) json(f, &r);
    if (speaks(f) && !asked->json) tell(&r);
    return r.bad ? PSW_FAIL(PSW_ENVIRONMENT, "doctor: %td finding%s to mend", r.bad, r.bad == 1 ? "" : "s") : PSW_OK;
}

/* ---- a study to try with ---- */

enum { TRIAL_SLOTS = 8192, TRIAL_LEAST = 16, TRIAL_MOST = 512 }; /* of all ranks; of one */

/* So small that the slowest file system ends soon, and of whole runs of slots where ranks are not many. */
static psw_status make_study(const psw_doctor_request *asked, int ranks, psw_study **study)
{
    char text[512];
    int each = TRIAL_SLOTS / ranks, most = each < TRIAL_MOST ? each : TRIAL_MOST;
    int slots = ranks * (most > TRIAL_LEAST ? most : TRIAL_LEAST);
    for (ptrdiff_t i = 0; i < asked->sets; i++)
        if (strncmp(asked->set[i], "run.threads=", 12) != 0)
            return PSW_FAIL(PSW_USAGE, "--set %s: doctor knows run.threads only: --set run.threads=4", asked->set[i]);
    psw_format(text, sizeof text,
               "{schema: 1, study: doctor, seed: 1, methods: [closed_form], data: {kind: self_attention, preset: W2},\n"
               "grid: {n: 64, d: 10, beta: {from: 2, to: %d, step: 2}}, judge: {m: 8, trials: 1}}\n",
               2 * slots);
    return psw_study_parse(text, strlen(text), "doctor", asked->set, asked->sets, psw_house(), study);
}

/* ---- facts of all ranks ---- */

static psw_status gather_places(const psw_comm *world, const psw_comm *node, psw_place *places)
{
    psw_place mine = {.machine = psw_machine_read(), .node = world->rank, .node_rank = node->rank, .node_size = node->size};
    PSW_TRY(psw_comm_bytes(node, 0, &mine.node, sizeof mine.node));
    if (node->rank == 0) mine.shared = psw_shared_memory_read();
    return psw_comm_gather(world, &mine, sizeof mine, places);
}

/* What was wrong with a trial is a finding, not the end. */
static psw_status try_directory(const psw_comm *world, const psw_comm *node, const psw_doctor_request *asked,
                                const psw_study *study, psw_facts *f)
{
    psw_launch launch;
    psw_attempt *a = &f->attempt;
    a->path = asked->directory;
    if (!a->path) return PSW_OK;
    if (world->rank == 0) a->directory = psw_directory_read(a->path);
    PSW_TRY(psw_comm_bytes(world, 0, &a->directory, sizeof a->directory));
    if (a->directory.why_not) return PSW_OK;
    PSW_TRY(psw_launch_describe(world, node, asked->command, f->threads, &launch));
    psw_stop_listen();
    a->status = psw_store_try(world, a->path, study, &launch, &a->trial);
    if (a->status != PSW_OK) psw_format(a->why, sizeof a->why, "%s", psw_message());
    return psw_stop_asked() == PSW_GO ? PSW_OK : PSW_FAIL(PSW_STOPPED, "stopped; nothing is left in %s", a->path);
}

static psw_status collect(const psw_doctor_request *asked, const psw_comm *world, psw_place *places, psw_facts *f)
{
    psw_comm node;
    psw_study *study = NULL;
    PSW_TRY(psw_comm_agree(world, make_study(asked, world->size, &study)));
    f->threads = (int)psw_study_settings(study)->threads;
    psw_doctor_read(f);
    psw_status status = psw_comm_split_node(world, &node);
    if (status == PSW_OK) {
        status = psw_comm_agree(world, gather_places(world, &node, places));
        if (status == PSW_OK) status = psw_comm_agree(world, psw_measure_talk(&node, &f->mpi.talk));
        if (status == PSW_OK) status = try_directory(world, &node, asked, study, f);
        psw_comm_free(&node);
    }
    psw_study_free(study);
    return status;
}

psw_status psw_doctor_examine(const psw_doctor_request *asked, const psw_comm *world)
{
    psw_facts facts = {.ranks = world->size};
    psw_place *places = calloc((size_t)world->size, sizeof *places);
    facts.places = places;
    psw_status status = places ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for a list of ranks");
    status = psw_comm_agree(world, status);
    if (status == PSW_OK) status = psw_comm_agree(world, collect(asked, world, places, &facts));
    if (status == PSW_OK && world->rank == 0) status = judge(asked, &facts);
    free(places);
    return psw_comm_agree(world, status);
}
