/* doctor: ranks, and the cores they have. */
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"

enum { RANKS_SHOWN = 16, CORES_MAX = 4096 };

static const char *plural(int count)
{
    return count == 1 ? "" : "s";
}

/* Room for what the user gave to mpirun. */
typedef struct doctor_hosts {
    char text[320];
} doctor_hosts;

static const char *hosts_of(const doctor_facts *f, doctor_hosts *room)
{
    doctor_facts_hosts(f, room->text, sizeof room->text);
    return room->text;
}

/* ---- one world ---- */

/* Each process alone with itself: they would all write the same file. */
static void separate_worlds(const doctor_facts *f, int expected, doctor_report *r)
{
    const doctor_launcher *l = &f->launcher;
    if (l->pmi != l->open_mpi && f->mpi.open_mpi == l->pmi) {
        doctor_bad(r, "launch",
                   "%d processes were started by the mpirun of another MPI library than this program's (%s), each "
                   "sees a world of one",
                   expected, f->mpi.name);
        doctor_fix(r, "`ldd $(command -v polysweep) | grep libmpi`, then `mpirun -n %d polysweep ...` of that library",
                   expected);
        return;
    }
    if (l->step && !l->pmix)
        doctor_bad(r, "launch", "srun%s%s started %d processes without PMIx, each sees a world of one",
                   l->slurm_mpi[0] ? " --mpi=" : "", l->slurm_mpi, expected);
    else
        doctor_bad(r, "launch", "the launcher started %d processes, this one sees a world of one", expected);
    doctor_fix(r, "`mpirun -n %d%s polysweep ...`, or `srun --mpi=pmix -n %d polysweep ...`", expected,
               hosts_of(f, &(doctor_hosts){0}), expected);
}

static void world(const doctor_facts *f, doctor_report *r)
{
    int nodes = doctor_facts_nodes(f), expected = f->places[0].machine.expected_ranks;
    if (f->ranks == 1 && expected > 1) {
        separate_worlds(f, expected, r);
    } else if (expected > 0 && expected != f->ranks) {
        doctor_warn(r, "launch", "%d rank%s on %d node%s, but the launcher started %d", f->ranks, plural(f->ranks),
                    nodes, plural(nodes), expected);
        doctor_fix(r, "`mpirun -n %d%s polysweep ...`", expected, hosts_of(f, &(doctor_hosts){0}));
    } else {
        char hosts[512];
        doctor_facts_list(f, NULL, hosts, sizeof hosts);
        doctor_fine(r, "launch", "%d rank%s on %d node%s: %s", f->ranks, plural(f->ranks), nodes, plural(nodes), hosts);
    }
    if (f->mpi.open_mpi && strcmp(f->launcher.plm, "isolated") == 0 && f->launcher.nodes > nodes) {
        doctor_warn(r, "launch", "OMPI_MCA_plm=isolated keeps mpirun on one of the %d nodes of this job",
                    f->launcher.nodes);
        doctor_fix(r, "`unset OMPI_MCA_plm`");
    }
}

/* ---- enough cores ---- */

/* "`mpirun -n 2 ...`", as many ranks as `cores` of a node carry, with as many threads as they may have. */
static void fix_ranks(const doctor_facts *f, int cores, doctor_report *r)
{
    doctor_hosts hosts;
    char each[48] = "", with[64] = "";
    int nodes = doctor_facts_nodes(f), asked = f->threads,
        threads = !doctor_facts_threads(f) ? 1
                  : asked < cores          ? asked
                                           : cores;
    int ranks = cores / threads, had = f->places[0].node_size;
    if (threads < asked && ranks > had) ranks = had;
    if (nodes > 1 && f->mpi.open_mpi) psw_format(each, sizeof each, " --map-by ppr:%d:node", ranks);
    if (threads < asked) psw_format(with, sizeof with, " with `--set run.threads=%d`", threads);
    doctor_fix(r,
               "`mpirun -n %d%s%s ...`%s%s, or `polysweep run --oversubscribe ...` (its times are marked as not valid)",
               ranks * nodes, hosts_of(f, &hosts), each, with, threads > 1 ? ", or `--set run.threads=1`" : "");
}

static bool too_many_for_cores(const doctor_facts *f, doctor_report *r)
{
    for (int i = 0; i < f->ranks; i++) {
        const doctor_place *p = &f->places[i];
        if (!doctor_place_crowded(f, p)) continue;
        doctor_bad(r, "cores", "%d rank%s x %d thread%s on the %d core%s of %s", p->node_size, plural(p->node_size),
                   f->threads, plural(f->threads), p->machine.cores_node, plural(p->machine.cores_node),
                   p->machine.host);
        fix_ranks(f, p->machine.cores_node, r);
        return true;
    }
    return false;
}

/* Containers and jobs often see all cores of their host and may use the time of a few. */
static bool too_many_for_job(const doctor_facts *f, doctor_report *r)
{
    for (int i = 0; i < f->ranks; i++) {
        const doctor_place *p = &f->places[i];
        const psw_allowance *allowed = &p->machine.allowed;
        int used = p->node_size * f->threads, most = psw_machine_processors(&p->machine, used);
        if (p->node_rank != 0 || used <= most) continue;
        doctor_bad(r, "cores",
                   "%d rank%s x %d thread%s on %s, where the job may use the time of %.3g cores (limit of %s)",
                   p->node_size, plural(p->node_size), f->threads, plural(f->threads), p->machine.host, allowed->cores,
                   allowed->cores_from);
        fix_ranks(f, most, r);
        return true;
    }
    return false;
}

static void fix_narrow(const doctor_facts *f, doctor_report *r)
{
    doctor_hosts hosts;
    if (!doctor_facts_threads(f))
        doctor_fix(r, "`--set run.threads=1`: this build computes with one thread");
    else
        doctor_fix(r, "`mpirun -n %d%s --map-by slot:PE=%d --bind-to core ...`, or `srun --cpus-per-task=%d ...`",
                   f->ranks, hosts_of(f, &hosts), f->threads, f->threads);
}

static bool too_narrow(const doctor_facts *f, doctor_report *r)
{
    for (int i = 0; i < f->ranks; i++) {
        const psw_machine *m = &f->places[i].machine;
        if (m->cores == 0 || m->cores >= f->threads) continue;
        doctor_bad(r, "cores", "rank %d on %s has %d threads and is bound to %d core%s", i, m->host, f->threads,
                   m->cores, plural(m->cores));
        fix_narrow(f, r);
        return true;
    }
    return false;
}

static void cores(const doctor_facts *f, doctor_report *r)
{
    const doctor_place *p = &f->places[0];
    int first = p->machine.cores_node;
    bool crowded = too_many_for_job(f, r) || too_many_for_cores(f, r);
    if (!crowded && first == 0) doctor_fine(r, "cores", "the number of cores of a node is unknown");
    if (!crowded && first > 0 && !too_narrow(f, r))
        doctor_fine(
            r, "cores", "no node has more ranks x threads than cores: %s has %d core%s for %d rank%s x %d thread%s",
            p->machine.host, first, plural(first), p->node_size, plural(p->node_size), f->threads, plural(f->threads));
}

/* ---- binding ---- */

static void show_binding(int rank, const psw_machine *m, doctor_report *r)
{
    const char *threads = strpbrk(m->binding, ",-") ? "threads" : "thread";
    if (!m->binding[0])
        doctor_fine(r, "binding", "rank %d on %s: unknown", rank, m->host);
    else if (m->cores == m->cores_node)
        doctor_fine(r, "binding", "rank %d may run on every core of %s (%d; hardware %s %s)", rank, m->host,
                    m->cores_node, threads, m->binding);
    else
        doctor_fine(r, "binding", "rank %d is bound to %d of the %d cores of %s (hardware %s %s)", rank, m->cores,
                    m->cores_node, m->host, threads, m->binding);
}

static void show_bindings(const doctor_facts *f, doctor_report *r)
{
    for (int i = 0; i < f->ranks && i < RANKS_SHOWN; i++) show_binding(i, &f->places[i].machine, r);
    if (f->ranks > RANKS_SHOWN) doctor_fine(r, "binding", "and %d more ranks", f->ranks - RANKS_SHOWN);
}

/* Cores of its own for each rank, as many as it has threads. */
static void fix_binding(const doctor_facts *f, const char *alone, const char *slurm, doctor_report *r)
{
    const char *hosts = hosts_of(f, &(doctor_hosts){0});
    if (f->threads > 1)
        doctor_fix(r, "`mpirun -n %d%s --map-by slot:PE=%d --bind-to core ...`, or `srun%s --cpus-per-task=%d ...`",
                   f->ranks, hosts, f->threads, slurm, f->threads);
    else
        doctor_fix(r, "`mpirun -n %d%s%s --bind-to core ...`, or `srun%s ...`", f->ranks, hosts, alone, slurm);
}

/* It may run on any core of its node, where each rank could have its own. */
static bool unbound(const doctor_place *p)
{
    return p->node_size > 1 && p->node_size <= p->machine.cores_node && p->machine.cores > 1 &&
           p->machine.cores == p->machine.cores_node;
}

static void check_unbound(const doctor_facts *f, doctor_report *r)
{
    int count = 0;
    char hosts[512];
    for (int i = 0; i < f->ranks; i++) count += unbound(&f->places[i]);
    if (!count) return;
    doctor_facts_list(f, unbound, hosts, sizeof hosts);
    doctor_warn(r, "binding", "%d rank%s not bound to cores: %s may run on any core of %s", count,
                count == 1 ? " is" : "s are", count == 1 ? "it" : "they", hosts);
    fix_binding(f, "", " --cpu-bind=cores", r);
}

/* Marks the cores of "0-3,8" as `rank`'s; the rank that had one of them before, -1 if none did. Cores at or above
 * CORES_MAX are not looked at. */
static int take_cores(const char *list, int rank, int *owner)
{
    int before = -1;
    for (const char *at = list; *at;) {
        char *end;
        long first = strtol(at, &end, 10), last = first;
        if (end == at || first < 0) break;
        if (*end == '-') last = strtol(end + 1, &end, 10);
        for (long core = first; core <= last && core < CORES_MAX; core++) {
            if (owner[core] >= 0) before = owner[core];
            owner[core] = rank;
        }
        at = *end == ',' ? end + 1 : end;
    }
    return before;
}

/* Two ranks of one core, be it on hardware threads of their own. Those that may run everywhere are another matter:
 * check_unbound. */
static bool check_node(const doctor_facts *f, int node, doctor_report *r)
{
    int owner[CORES_MAX];
    for (int i = 0; i < CORES_MAX; i++) owner[i] = -1;
    for (int i = node; i < f->ranks; i++) {
        const doctor_place *p = &f->places[i];
        if (p->node != node || unbound(p)) continue;
        int other = take_cores(p->machine.core_list, i, owner);
        if (other < 0) continue;
        doctor_bad(r, "binding", "ranks %d and %d on %s share cores (hardware threads %s and %s)", other, i,
                   p->machine.host, f->places[other].machine.binding, p->machine.binding);
        fix_binding(f, " --map-by core", " --hint=nomultithread --cpu-bind=cores", r);
        return true;
    }
    return false;
}

/* Where there are fewer cores than ranks, sharing follows and is not reported. */
static void check_overlap(const doctor_facts *f, doctor_report *r)
{
    for (int i = 0; i < f->ranks; i++)
        if (f->places[i].node_rank == 0 && !doctor_place_crowded(f, &f->places[i]) && check_node(f, i, r)) return;
}

void doctor_check_launch(const doctor_facts *f, doctor_report *r)
{
    world(f, r);
    cores(f, r);
    show_bindings(f, r);
    check_unbound(f, r);
    check_overlap(f, r);
}
