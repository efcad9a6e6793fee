/* A healthy machine for doctor to judge, and what tests expect it to say when one fact of it is made bad. */
#ifndef POLYSWEEP_TESTS_DOCTOR_CASE_H
#define POLYSWEEP_TESTS_DOCTOR_CASE_H

#include <string.h>

#include "check.h"
#include "doctor/checks.h"

enum { RANKS = 4 };

typedef struct machine {
    doctor_place places[RANKS];
    doctor_facts facts;
} machine;

/* Two nodes of 64 cores with AVX-512, two ranks on each, bound to a core of their own; a directory on Lustre. */
static doctor_facts *healthy(machine *m)
{
    memset(m, 0, sizeof *m);
    for (int i = 0; i < RANKS; i++) {
        doctor_place *p = &m->places[i];
        *p = (doctor_place){.node = i / 2 * 2, .node_rank = i % 2, .node_size = 2};
        p->machine = (psw_machine){
            .cpu = "a processor", .blas_kernel = "SkylakeX", .blas_config = "OpenBLAS DYNAMIC_ARCH", .cores = 1};
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
    m->facts = (doctor_facts){.ranks = RANKS, .threads = 1, .places = m->places, .hdf5 = "1.14.3", .clock_s = 2e-8};
    m->facts.mpi =
        (doctor_library){.name = "Open MPI v4.1.4", .open_mpi = true, .version = {4, 1, 4}, .built = {4, 1, 4}};
    psw_format(m->facts.mpi.sharedfp, sizeof m->facts.mpi.sharedfp, "^sm,lockedfile");
    m->facts.mpi.talk = (psw_talk){2e10, 4e10};
    m->facts.build = (doctor_build){.optimised = true,
                                    .fftw = true,
                                    .hwloc = true,
                                    .threads = true,
                                    .tiles = "own kernel, AVX-512",
                                    .target = "avx512",
                                    .best = "avx512"};
    m->facts.attempt.path = "/scratch";
    m->facts.attempt.directory = (psw_directory){.type = "lustre", .options = "rw,flock", .free_bytes = 1e12};
    m->facts.attempt.directory.file_limit_bytes = INFINITY;
    m->facts.attempt.trial =
        (doctor_trial){.slots = 512, .run = 64, .slot_bytes = 800, .alone_s = 1e-3, .together_s = 1e-3};
    return &m->facts;
}

static doctor_report judged(const machine *m)
{
    doctor_report r = {.count = 0};
    doctor_check_launch(&m->facts, &r);
    doctor_check_blas(&m->facts, &r);
    doctor_check_mpi(&m->facts, &r);
    doctor_check_files(&m->facts, &r);
    CHECK(r.count > 0 && r.count < DOCTOR_FINDINGS, "%td findings", r.count);
    ptrdiff_t bad = 0;
    for (ptrdiff_t i = 0; i < r.count; i++) {
        bad += r.list[i].grade == DOCTOR_BAD;
        CHECK((r.list[i].grade == DOCTOR_FINE) == (r.list[i].fix[0] == '\0'), "\"%s\": type \"%s\"", r.list[i].text,
              r.list[i].fix);
        CHECK(strlen(r.list[i].text) < sizeof r.list[i].text - 1 && strlen(r.list[i].fix) < sizeof r.list[i].fix - 1,
              "cut: \"%s\" \"%s\"", r.list[i].text, r.list[i].fix);
    }
    CHECK(bad == r.bad, "%td of %td bad ones are counted", r.bad, bad);
    return r;
}

/* One finding that is not fine, of this grade and topic, whose text and advice contain these words. */
static void expect(const machine *m, doctor_grade grade, const char *topic, const char *text, const char *fix)
{
    doctor_report r = judged(m);
    ptrdiff_t found = 0, others = 0;
    for (ptrdiff_t i = 0; i < r.count; i++) {
        const doctor_finding *f = &r.list[i];
        if (f->grade == DOCTOR_FINE) continue;
        if (f->grade == grade && strcmp(f->topic, topic) == 0 && strstr(f->text, text) && strstr(f->fix, fix))
            found++;
        else {
            others++;
            fprintf(stderr, "  %d %s: %s; type %s\n", f->grade, f->topic, f->text, f->fix);
        }
    }
    CHECK(found == 1 && others == 0, "\"%s\" was found %td times, and %td others", text, found, others);
}

static void expect_fine(const machine *m, const char *text)
{
    doctor_report r = judged(m);
    bool said = false;
    for (ptrdiff_t i = 0; i < r.count; i++) {
        CHECK(r.list[i].grade == DOCTOR_FINE, "%s: %s", r.list[i].topic, r.list[i].text);
        said |= strstr(r.list[i].text, text) != NULL;
    }
    CHECK(said, "nothing says \"%s\"", text);
}

/* A value for a fact of every rank; a text into its field. */
#define EACH(m, member, value)                                                                                         \
    for (int rank = 0; rank < RANKS; rank++) (m)->places[rank].member = (value)
#define TEXT(field, value) psw_format(field, sizeof field, "%s", value)

static inline void all_on_one_node(machine *m)
{
    EACH(m, node, 0);
    EACH(m, node_size, RANKS);
    EACH(m, node_rank, rank);
    for (int i = 0; i < RANKS; i++) TEXT(m->places[i].machine.host, "node0");
}

static inline void bind(machine *m, int rank, const char *cores, int count)
{
    TEXT(m->places[rank].machine.core_list, cores);
    TEXT(m->places[rank].machine.binding, cores);
    m->places[rank].machine.cores = count;
}

#endif
