/* doctor: the MPI library, settings of it with known trouble, shared memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"
#include "polysweep/print.h"

/* ---- versions ---- */

static void check_version(const doctor_library *m, doctor_report *r)
{
    bool known = m->version[0] > 0 && m->built[0] > 0;
    doctor_fine(r, "mpi", "%s", m->name);
    if (!known || (m->version[0] == m->built[0] && m->version[1] == m->built[1])) return;
    (m->version[0] != m->built[0] ? doctor_bad : doctor_warn)(
        r, "mpi", "version %d.%d is running, the program was compiled with %d.%d", m->version[0], m->version[1],
        m->built[0], m->built[1]);
    doctor_fix(r, "`ldd $(command -v polysweep) | grep libmpi`; load that module of MPI, or build again with this one");
}

/* ---- MPI-IO ---- */

/* Open MPI's way to name components: "a,b" are the only ones, "^a,b" the others, "" any. */
static bool allows(const char *components, const char *name)
{
    bool others = components[0] == '^', listed = false;
    size_t length = strlen(name);
    for (const char *at = components + others; *at; at += strspn(at, ",")) {
        size_t word = strcspn(at, ",");
        listed |= word == length && strncmp(at, name, length) == 0;
        at += word;
    }
    return components[0] == '\0' || listed != others;
}

static bool uses_ompio(const doctor_library *m)
{
    return m->open_mpi && allows(m->io, "ompio");
}

/* Version `a.b.c` or newer. */
static bool since(const doctor_library *m, int a, int b, int c)
{
    const int *v = m->version;
    return v[0] != a ? v[0] > a : v[1] != b ? v[1] > b : v[2] >= c;
}

/* open-mpi/ompi issues 6285, 4745, 4404: written data is lost or in the wrong place. */
static void check_ompio(const doctor_library *m, doctor_report *r)
{
    if (!uses_ompio(m) || m->version[0] == 0 || since(m, 4, 0, 1)) return;
    doctor_bad(r, "mpi", "OMPIO of Open MPI before 4.0.1 can write wrong data");
    doctor_fix(r, "`export OMPI_MCA_io=%s`", m->version[0] < 4 ? "^ompio" : "romio321");
}

/* A semaphore that a killed process left at 0 stops the next run on a file of that name, when it opens the file. */
static void check_semaphores(const doctor_facts *f, const doctor_place *p, doctor_report *r)
{
    bool asked = uses_ompio(&f->mpi) && allows(f->mpi.sharedfp, "sm");
    int shut = p->shared.semaphores_shut;
    if (shut == 0 || !f->mpi.open_mpi) return;
    (asked ? doctor_bad : doctor_warn)(
        r, "mpi",
        "%d semaphore%s left locked by killed runs on %s: MPI programs that open a file of that name wait forever%s",
        shut, shut == 1 ? "" : "s", p->machine.host, asked ? "" : " (polysweep does not use them)");
    doctor_fix(r, "`rm /dev/shm/%s`%s", p->shared.semaphore,
               shut > 1 ? ", and the others likewise: `ls /dev/shm/sem.OMPIO_*`" : "");
}

/* A lockedfile's name is put together in 256 bytes. */
static void check_shared_pointers(const doctor_library *m, doctor_report *r)
{
    bool sm = allows(m->sharedfp, "sm"), lockedfile = allows(m->sharedfp, "lockedfile");
    if (!uses_ompio(m) || (!sm && !lockedfile)) return;
    doctor_warn(r, "mpi", "sharedfp \"%s\" lets OMPIO %s", m->sharedfp,
                sm ? "make semaphores that outlive a killed run and stop the next one"
                   : "crash where the name of a file has 250 characters");
    doctor_fix(r, "`unset OMPI_MCA_sharedfp`: polysweep then turns them off");
}

/* ---- messages inside a node ---- */

/* A fifth: through shared memory a message is copied twice, which measures as two fifths to a half of a copy; copies by
 * the kernel were measured at a tenth where a virtual machine makes them dear, TCP at a hundredth. */
static void check_talk(const doctor_facts *f, doctor_report *r)
{
    const double slow = 1.0 / 5;
    const doctor_library *m = &f->mpi;
    double message = m->talk.message_bytes_s, copy = m->talk.copy_bytes_s;
    if (!(message > 0 && copy > 0)) return;
    const char *way = m->single_copy[0] && strcmp(m->single_copy, "none") != 0 ? m->single_copy : "";
    const char *how[] = {way[0] ? ", vader by " : "", way};
    if (message > slow * copy || doctor_facts_crowded(f)) {
        doctor_fine(r, "messages", "%.3g GB/s between ranks 0 and 1 of a node%s%s%s; copies inside one %.3g GB/s",
                    message / 1e9, how[0], how[1],
                    doctor_facts_crowded(f) ? ", measured on too few cores to mean much" : "", copy / 1e9);
        return;
    }
    doctor_warn(r, "messages", "%.3g GB/s between ranks 0 and 1 of a node%s%s, where copies inside one reach %.3g GB/s",
                message / 1e9, how[0], how[1], copy / 1e9);
    if (way[0])
        doctor_fix(r,
                   "`OMPI_MCA_btl_vader_single_copy_mechanism=none mpirun -n 2 polysweep doctor`; if that is faster, "
                   "export it");
    else if (!m->open_mpi)
        doctor_fix(r, "`mpiexec -bind-to core -n 2 polysweep doctor`; if that is no faster, try another build of %s",
                   m->name);
    else
        doctor_fix(r, "`mpirun --display-map -n 2 polysweep doctor`: are both on one socket? `env | grep OMPI_MCA_btl` "
                      "should not exclude shared memory");
}

/* ---- messages between nodes ---- */

/* A gigabit's Ethernet has 0.12 GB/s, and 50 us: what is much worse goes another way than it should. */
static void check_nodes_talk(const doctor_facts *f, doctor_report *r)
{
    const double least_bytes_s = 5e7, most_s = 1e-3;
    double latency_s = f->mpi.latency_s, bytes_s = 1 / f->mpi.byte_s;
    const char *one = f->places[0].machine.host, *other = one;
    if (!(latency_s > 0 && f->mpi.byte_s > 0)) return;
    for (int i = 0; i < f->ranks && other == one; i++)
        if (f->places[i].node != f->places[0].node) other = f->places[i].machine.host;
    bool slow = latency_s > most_s || bytes_s < least_bytes_s;
    if (doctor_facts_crowded(f)) slow = false;
    (slow ? doctor_warn : doctor_fine)(r, "messages", "%.3g us and %.3g GB/s between the nodes %s and %s%s",
                                       1e6 * latency_s, bytes_s / 1e9, one, other,
                                       doctor_facts_crowded(f) ? ", measured on too few cores to mean much"
                                       : slow                  ? ", less than plain Ethernet has"
                                                               : "");
    if (slow)
        doctor_fix(r,
                   "`ip -br addr` on both: which network is the fast one? Then `export "
                   "OMPI_MCA_btl_tcp_if_include=NETWORK/BITS`; teams of one node are not slowed: `--set run.team=1`");
}

/* ---- /dev/shm ---- */

static void check_left(const doctor_place *p, doctor_report *r)
{
    const double much = 64.0 * 1048576; /* a rank's share of any node's memory is above it */
    char size[PSW_TEXT];
    if (p->shared.segments == 0) return;
    psw_format_bytes(p->shared.segment_bytes, size);
    const char *clear = "`rm -f /dev/shm/vader_segment.*` there, when no MPI program of yours runs";
    if (p->shared.segment_bytes < much) {
        doctor_fine(r, "memory", "%d segments of killed MPI programs in /dev/shm of %s hold only %s; to clear them: %s",
                    p->shared.segments, p->machine.host, size, clear);
        return;
    }
    doctor_warn(r, "memory", "%d segments of killed MPI programs hold %s of memory in /dev/shm of %s",
                p->shared.segments, size, p->machine.host);
    doctor_fix(r, "%s", clear);
}

/* vader takes 4 MiB a rank (btl_vader_segment_size), and what does not fit ends in a bus error. */
static void check_room(const doctor_facts *f, const doctor_place *p, doctor_report *r)
{
    const double need = 4.0 * 1048576 * p->node_size;
    char has[PSW_TEXT], needs[PSW_TEXT];
    if (!f->mpi.open_mpi || p->node_size < 2 || isnan(p->shared.free_bytes) || p->shared.free_bytes >= need) return;
    psw_format_bytes(p->shared.free_bytes, has);
    psw_format_bytes(need, needs);
    doctor_bad(r, "memory", "/dev/shm of %s has %s left, messages between its %d ranks take up to %s", p->machine.host,
               has, p->node_size, needs);
    doctor_fix(r, "`mount -o remount,size=1G /dev/shm`, in a container `--shm-size=1g`, or "
                  "`export OMPI_MCA_btl_vader_backing_directory=/tmp`");
}

/* One node's trouble is reported, for a hundred nodes have the same. */
static void check_nodes(const doctor_facts *f, doctor_report *r)
{
    ptrdiff_t before = r->count;
    for (int i = 0; i < f->ranks && r->count == before; i++) {
        if (f->places[i].node_rank != 0) continue;
        check_semaphores(f, &f->places[i], r);
        check_left(&f->places[i], r);
        check_room(f, &f->places[i], r);
    }
}

void doctor_check_mpi(const doctor_facts *f, doctor_report *r)
{
    check_version(&f->mpi, r);
    check_ompio(&f->mpi, r);
    check_shared_pointers(&f->mpi, r);
    check_talk(f, r);
    check_nodes_talk(f, r);
    check_nodes(f, r);
}
