/* A healthy machine for doctor to judge, and what tests expect it to say when one fact of it is made bad. */
#ifndef POLYSWEEP_TESTS_DOCTOR_CASE_H
#define POLYSWEEP_TESTS_DOCTOR_CASE_H

#include <string.h>

#include "check.h"
#include "cmd/doctor.h"

enum { RANKS = 4 };

typedef struct machine {
    psw_place places[RANKS];
    psw_facts facts;
} machine;

/* Two nodes of 64 cores with AVX-512, two ranks on each, bound to a core of their own; a directory on Lustre. */
static psw_facts *healthy(machine *m)
{
    memset(m, 0, sizeof *m);
    for (int i = 0; i < RANKS; i++) {
        psw_place *p = &m->places[i];
        *p = (psw_place){.node = i / 2 * 2, .node_rank = i % 2, .node_size = 2};
        p->machine = (psw_machine){.cpu = "a processor", .blas_kernel = "SkylakeX", .blas_config = "OpenBLAS DYNAMIC_ARCH", .cores = 1};
        p->machine.cores_node = 64;
        p->machine.blas_threads = p->machine.blas_parallel = 1;
        p->machine.expected_ranks = RANKS;
        p->machine.memory_bytes = 256e9;
        p->machine.avx2 = p->machine.avx512 = true;
        p->shared.free_bytes = 1e9;
        psw_format(p->machine.host, sizeof p->machine.host, "node%d", i / 2);
        psw_format(p->machine.binding, sizeof p->machine.binding, "%d,%d", i % 2, 64 + i % 2);
        psw_format(p->machine.core_list, sizeof p->machine.core_list, "%d", i % 2);
    }
    m->facts = (psw_facts){.ranks = RANKS, .threads = 1, .places = m->places, .hdf5 = "1.14.3", .clock_s = 2e-8};
    m->facts.mpi = (psw_library){.name = "Open MPI v4.1.4", .open_mpi = true, .version = {4, 1, 4}, .built = {4, 1, 4}};
    psw_format(m->facts.mpi.sharedfp, sizeof m->facts.mpi.sharedfp, "^sm,lockedfile");
    m->facts.mpi.talk = (psw_talk){2e10, 4e10};
    m->facts.build = (psw_build){.optimised = true, .tiles = "own kernel, AVX-512"};
    m->facts.attempt.path = "/scratch";
    m->facts.attempt.directory = (psw_directory){.type = "lustre", .options = "rw,flock", .free_bytes = 1e12};
    m->facts.attempt.directory.file_limit_bytes = INFINITY;
    m->facts.attempt.trial = (psw_trial){.slots = 512, .run = 64, .slot_bytes = 800, .alone_s = 1e-3, .together_s = 1e-3};
    return &m->facts;
}

static psw_report judged(const machine *m)
{
    psw_report r = {.count = 0};
    psw_doctor_launch(&m->facts, &r);
    psw_doctor_blas(&m->facts, &r);
    psw_doctor_mpi(&m->facts, &r);
    psw_doctor_files(&m->facts, &r);
    CHECK(r.count > 0 && r.count < PSW_FINDINGS, "%td findings", r.count);
    ptrdiff_t bad = 0;
    for (ptrdiff_t i = 0; i < r.count; i++) {
        bad += r.list[i].grade == PSW_BAD;
        CHECK((r.list[i].grade == PSW_FINE) == (r.list[i].mend[0] == '\0'), "\"%s\": type \"%s\"", r.list[i].text,
              r.list[i].mend);
        CHECK(strlen(r.list[i].text) < sizeof r.list[i].text - 1 && strlen(r.list[i].mend) < sizeof r.list[i].mend - 1,
              "cut: \"%s\" \"%s\"", r.list[i].text, r.list[i].mend);
    }
    CHECK(bad == r.bad, "%td of %td bad ones are counted", r.bad, bad);
    return r;
}

/* One finding that is not fine, of this grade and topic, whose text and advice contain these words. */
static void expect(const machine *m, psw_grade grade, const char *topic, const char *text, const char *mend)
{
    psw_report r = judged(m);
    ptrdiff_t found = 0, others = 0;
    for (ptrdiff_t i = 0; i < r.count; i++) {
        const psw_finding *f = &r.list[i];
        if (f->grade == PSW_FINE) continue;
        if (f->grade == grade && strcmp(f->topic, topic) == 0 && strstr(f->text, text) && strstr(f->mend, mend)) found++;
        else {
            others++;
            fprintf(stderr, "  %d %s: %s; type %s\n", f->grade, f->topic, f->text, f->mend);
        }
    }
    CHECK(found == 1 && others == 0, "\"%s\" was found %td times, and %td others", text, found, others);
}

static void expect_fine(const machine *m, const char *text)
{
    psw_report r = judged(m);
    bool said = false;
    for (ptrdiff_t i = 0; i < r.count; i++) {
        CHECK(r.list[i].grade == PSW_FINE, "%s: %s", r.list[i].topic, r.list[i].text);
        said |= strstr(r.list[i].text, text) != NULL;
    }
    CHECK(said, "nothing says \"%s\"", text);
}

/* A value for a fact of every rank; a text into its field. */
#define EACH(m, member, value) \
    for (int rank = 0; rank < RANKS; rank++) (m)->places[rank].member = (value)
#define TEXT(field, value) psw_format(field, sizeof field, "%s", value)

#endif
