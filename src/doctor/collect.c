#include "doctor/collect.h"

#include <string.h>

#include "polysweep/sweep.h"

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
            return PSW_FAIL(PSW_USAGE, "--set %s: doctor accepts only run.threads, as in --set run.threads=4",
                            asked->set[i]);
    psw_format(text, sizeof text,
               "{schema: 1, study: doctor, seed: 1, methods: [closed_form], data: {kind: self_attention, preset: W2},\n"
               "grid: {n: 64, d: 10, beta: {from: 2, to: %d, step: 2}}, judge: {m: 8, trials: 1}}\n",
               2 * slots);
    return psw_study_parse(&(psw_study_source){text, strlen(text), "doctor", asked->set, asked->sets}, psw_house(),
                           study);
}

/* ---- facts of all ranks ---- */

static psw_status gather_places(const psw_comm *world, const psw_comm *node, doctor_place *places)
{
    doctor_place mine = {
        .machine = psw_machine_read(), .node = world->rank, .node_rank = node->rank, .node_size = node->size};
    PSW_TRY(psw_comm_bytes(node, 0, &mine.node, sizeof mine.node));
    if (node->rank == 0) mine.shared = psw_shared_memory_read();
    psw_launcher_hosts(mine.hosts, sizeof mine.hosts);
    return psw_comm_gather(world, &mine, sizeof mine, places);
}

static psw_status measure_messages(const psw_comm *world, const psw_comm *node, doctor_library *mpi)
{
    double latency_s[2], byte_s[2];
    PSW_TRY(psw_launch_messages(world, node, latency_s, byte_s));
    mpi->latency_s = latency_s[1];
    mpi->byte_s = byte_s[1];
    return PSW_OK;
}

/* What was wrong with a trial is a finding, not the end. */
static psw_status try_directory(const psw_comm *world, const psw_comm *node, const psw_doctor_request *asked,
                                const psw_study *study, doctor_facts *f)
{
    psw_launch launch;
    psw_machine machine = psw_machine_read();
    doctor_attempt *a = &f->attempt;
    a->path = asked->directory;
    if (!a->path) return PSW_OK;
    if (world->rank == 0) a->directory = psw_directory_read(a->path);
    PSW_TRY(psw_comm_bytes(world, 0, &a->directory, sizeof a->directory));
    if (a->directory.why_not) return PSW_OK;
    PSW_TRY(psw_launch_describe(world, node, &machine, asked->command, f->threads, &launch));
    psw_stop_listen();
    a->status = doctor_try(world, a->path, study, &launch, &a->trial);
    if (a->status != PSW_OK) psw_format(a->why, sizeof a->why, "%s", psw_message());
    return psw_stop_asked() == PSW_GO ? PSW_OK : PSW_FAIL(PSW_STOPPED, "stopped; nothing is left in %s", a->path);
}

psw_status doctor_collect(const psw_doctor_request *asked, const psw_comm *world, doctor_place *places, doctor_facts *f)
{
    psw_comm node;
    psw_study *study = NULL;
    PSW_TRY(psw_comm_agree(world, make_study(asked, world->size, &study)));
    f->threads = (int)psw_study_settings(study)->threads;
    doctor_facts_read(f);
    psw_status status = psw_comm_split_node(world, &node);
    if (status == PSW_OK) {
        status = psw_comm_agree(world, gather_places(world, &node, places));
        if (status == PSW_OK && world->rank == 0)
            f->kept = psw_speeds_kept(&places[0].machine, node.size, f->threads, doctor_facts_nodes(f));
        if (status == PSW_OK) status = psw_comm_agree(world, psw_measure_talk(&node, &f->mpi.talk));
        if (status == PSW_OK) status = psw_comm_agree(world, measure_messages(world, &node, &f->mpi));
        if (status == PSW_OK) status = try_directory(world, &node, asked, study, f);
        psw_comm_free(&node);
    }
    psw_study_free(study);
    return status;
}
