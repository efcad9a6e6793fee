/* doctor: what this machine and launch look like, what is wrong, what to type. */
#include "polysweep/doctor.h"

#include <stdlib.h>

#include "doctor/checks.h"
#include "doctor/collect.h"

static void json_trial(psw_json *out, const doctor_facts *f)
{
    const doctor_trial *t = &f->attempt.trial;
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

static void json(const doctor_facts *f, const doctor_report *r)
{
    psw_json out = psw_json_begin(stdout, "doctor");
    doctor_report_json(r, &out);
    if (f->attempt.path && f->attempt.directory.why_not == 0 && f->attempt.status == PSW_OK) json_trial(&out, f);
    psw_json_end(&out);
}

static psw_status judge(const psw_doctor_request *asked, const doctor_facts *f)
{
    doctor_report r = {.count = 0};
    doctor_check_launch(f, &r);
    doctor_check_blas(f, &r);
    doctor_check_mpi(f, &r);
    doctor_check_files(f, &r);
    if (asked->json)
        json(f, &r);
    else
        doctor_report_print(&r);
    return r.bad ? PSW_FAIL(PSW_ENVIRONMENT, "doctor: %td problem%s to fix", r.bad, r.bad == 1 ? "" : "s") : PSW_OK;
}

psw_status psw_doctor_examine(const psw_doctor_request *asked, const psw_comm *world)
{
    doctor_facts facts = {.ranks = world->size};
    doctor_place *places = calloc((size_t)world->size, sizeof *places);
    facts.places = places;
    psw_status status = places ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for a list of ranks");
    status = psw_comm_agree(world, status);
    if (status == PSW_OK) status = psw_comm_agree(world, doctor_collect(asked, world, places, &facts));
    if (status == PSW_OK && world->rank == 0) status = judge(asked, &facts);
    free(places);
    return psw_comm_agree(world, status);
}
