/* Is this launch sane, and what is it? */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "polysweep/measure.h"
#include "polysweep/sweep.h"

enum { PROCESSORS_MAX = 4096 };

/* "0-3,8" into one number a processor. Processors are hardware threads: a core that has two carries two ranks, each
 * slower. */
static void mark_processors(const char *list, double *used)
{
    for (const char *at = list; *at;) {
        char *end;
        long first = strtol(at, &end, 10), last = first;
        if (end == at) return;
        if (*end == '-') last = strtol(end + 1, &end, 10);
        for (long k = first; k <= last && k < PROCESSORS_MAX; k++) used[k] = 1;
        at = *end == ',' ? end + 1 : end;
    }
}

/* Processors that the ranks of this node may run on, together, or as many as the job may use. */
static psw_status processors_of_node(const psw_comm *node, const psw_machine *machine, int *processors)
{
    double *used = calloc(PROCESSORS_MAX, sizeof *used);
    psw_status status = used ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for the map of processors");
    if (used) mark_processors(machine->binding, used);
    status = psw_comm_agree(node, status);
    if (status == PSW_OK) status = psw_comm_max(node, used, PROCESSORS_MAX);
    *processors = 0;
    for (int i = 0; used && i < PROCESSORS_MAX; i++) *processors += used[i] > 0;
    if (*processors == 0) *processors = machine->cores_node;
    free(used);
    PSW_TRY(status);
    double least = -psw_machine_processors(machine, *processors);
    status = psw_comm_max(node, &least, 1);
    *processors = (int)-least;
    return status;
}

static psw_status one_world(const psw_comm *world, const psw_machine *machine)
{
    int expected = machine->expected_ranks;
    if (world->size > 1 || expected <= 1) return PSW_OK;
    return PSW_FAIL(
        PSW_ENVIRONMENT,
        "the launcher started %d processes, but each sees an MPI world of one: they would all write the same file. "
        "Start them with `mpirun -n %d polysweep ...` (inside the allocation), or `srun --mpi=pmix -n %d polysweep "
        "...`",
        expected, expected, expected);
}

static const char *plural(int count)
{
    return count == 1 ? "" : "s";
}

/* What fits: ranks that are bound to more cores, fewer ranks, or, where not even one does, fewer threads. */
static psw_status too_many(const psw_machine *machine, int ranks, int threads, int processors)
{
    char fits[128], why[PSW_FROM + 16] = "hardware threads";
    bool node_has = psw_machine_processors(machine, machine->cores_node) >= ranks * threads;
    if (threads > 1 && node_has)
        psw_format(fits, sizeof fits, "with --set run.threads=1, or `mpirun --map-by slot:PE=%d --bind-to core ...`",
                   threads);
    else if (threads > processors)
        psw_format(fits, sizeof fits, "with --set run.threads=%d", processors);
    else
        psw_format(fits, sizeof fits, "`mpirun -n %d ...`%s", processors / threads,
                   threads > 1 ? " or --set run.threads=1" : "");
    if (psw_machine_processors(machine, ranks * threads) == processors)
        psw_format(why, sizeof why, "limit of %s", machine->allowed.cores_from);
    return PSW_FAIL(PSW_USAGE,
                    "%d rank%s x %d thread%s need %d processors, node %s gives %d (%s): start %s, or add "
                    "--oversubscribe (timings are then marked as not valid)",
                    ranks, plural(ranks), threads, plural(threads), ranks * threads, machine->host, processors, why,
                    fits);
}

psw_status psw_launch_check(const psw_comm *world, const psw_comm *node, const psw_machine *machine, int threads,
                            bool oversubscribe, bool *crowded)
{
    int processors;
    PSW_TRY(psw_comm_agree(world, one_world(world, machine)));
    PSW_TRY(psw_comm_agree(world, processors_of_node(node, machine, &processors)));
    *crowded = node->size * threads > processors;
    PSW_TRY(psw_comm_agree(world,
                           *crowded && !oversubscribe ? too_many(machine, node->size, threads, processors) : PSW_OK));
    psw_threads_set(threads);
    return psw_comm_agree(world, psw_measure_room());
}

/* ---- the record of a launch ---- */

typedef struct place { /* where a rank is; rank 0 gathers them */
    char host[64], binding[64];
    int node_rank;
} place;

static void add_word(char *list, size_t size, const char *word)
{
    size_t length = strlen(list);
    psw_format(list + length, size - length, "%s%s", length ? " " : "", word);
}

static void summarise(const place *places, int size, psw_launch *launch)
{
    for (int rank = 0; rank < size; rank++) {
        char word[96];
        if (places[rank].node_rank == 0) {
            add_word(launch->hosts, sizeof launch->hosts, places[rank].host);
            launch->nodes++;
        }
        psw_format(word, sizeof word, "%d:%s", rank, places[rank].binding);
        add_word(launch->binding, sizeof launch->binding, word);
    }
}

static void versions(const psw_machine *machine, psw_launch *launch)
{
    char library[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(library, &length);
    library[strcspn(library, ",\n")] = '\0';
    psw_format(launch->version, sizeof launch->version, "%s", PSW_VERSION);
    psw_format(launch->mpi, sizeof launch->mpi, "%s", library);
    const char *component = getenv("OMPI_MCA_io");
    psw_format(launch->mpi_io, sizeof launch->mpi_io, "%s", component ? component : "default");
    psw_store_library(launch->hdf5, sizeof launch->hdf5);
    psw_format(launch->cpu, sizeof launch->cpu, "%s", machine->cpu);
    psw_format(launch->blas, sizeof launch->blas, "%s", machine->blas_config);
    psw_format(launch->blas_kernel, sizeof launch->blas_kernel, "%s", machine->blas_kernel);
}

/* Of the node that has least: what runs on all must fit it. */
static psw_status least_node(const psw_comm *world, const psw_machine *machine, psw_launch *launch)
{
    double least[] = {-psw_machine_processors(machine, machine->cores_node), -machine->memory_bytes};
    psw_status status = psw_comm_max(world, least, 2);
    launch->node_cores = -least[0];
    launch->node_memory_bytes = least[1] < 0 ? -least[1] : NAN;
    return status;
}

psw_status psw_launch_describe(const psw_comm *world, const psw_comm *node, const psw_machine *machine,
                               const char *command, int threads, psw_launch *launch)
{
    place mine = {.node_rank = node->rank}, *all = NULL;
    time_t now = (time_t)psw_wall_s();
    struct tm utc;
    psw_format(mine.host, sizeof mine.host, "%s", machine->host);
    psw_format(mine.binding, sizeof mine.binding, "%.60s", machine->binding);
    *launch = (psw_launch){.ranks = world->size, .threads = threads, .clock_resolution_s = psw_clock_resolution_s()};
    if (world->rank == 0) all = calloc((size_t)world->size, sizeof *all);
    PSW_TRY(psw_comm_agree(world, world->rank == 0 && !all ? PSW_FAIL(PSW_NO_MEMORY, "no memory for the list of ranks")
                                                           : PSW_OK));
    psw_status status = psw_comm_gather(world, &mine, sizeof mine, all);
    if (all && status == PSW_OK) summarise(all, world->size, launch);
    free(all);
    strftime(launch->started, sizeof launch->started, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    psw_format(launch->command, sizeof launch->command, "%s", command);
    versions(machine, launch);
    PSW_TRY(status);
    return least_node(world, machine, launch);
}
