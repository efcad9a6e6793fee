/* What started this process. A rank in the environment alone says little: shells and task farms hand it down to
 * programs that have nothing to do with each other. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"

typedef struct launcher {
    const char *name; /* of the process that starts ranks: how it begins */
    const char *rank, *size;
} launcher;

static const launcher launchers[] = {
#ifdef OPEN_MPI
    {"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"mpiexec", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"orterun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"orted", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"prte", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"prun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"slurmstepd", "PMIX_RANK", "SLURM_STEP_NUM_TASKS"},
#else
    {"hydra_pmi_proxy", "PMI_RANK", "PMI_SIZE"},
    {"slurmstepd", "PMI_RANK", "PMI_SIZE"},
#endif
    {0},
};

/* NULL: this process was started by something else, such as a shell, or that cannot be known. */
static const launcher *find_parent(void)
{
    char path[64], name[32] = "";
    psw_format(path, sizeof path, "/proc/%ld/comm", (long)getppid());
    FILE *file = fopen(path, "r");
    if (!file) return NULL;
    bool known = fgets(name, sizeof name, file) != NULL;
    fclose(file);
    for (const launcher *l = launchers; known && l->name; l++)
        if (strncmp(name, l->name, strlen(l->name)) == 0) return l;
    return NULL;
}

static int number_of(const char *name)
{
    const char *value = getenv(name);
    return value ? atoi(value) : 0;
}

int cmd_world_rank(void)
{
    const launcher *l = find_parent();
    return l && number_of(l->size) > 1 ? number_of(l->rank) : 0;
}

int cmd_step_task(void)
{
    return find_parent() ? number_of("SLURM_PROCID") : 0;
}
