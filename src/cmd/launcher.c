/* What started this process. A rank in the environment alone says little: shells and task farms hand it down to
 * programs that have nothing to do with each other. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"

#include "polysweep/terminal.h"

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

/* What /proc says of a process, its last zero included; 0 bytes: nothing. */
static size_t read_process(long process, const char *what, char *text, size_t size)
{
    char path[64];
    psw_format(path, sizeof path, "/proc/%ld/%s", process, what);
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(text, 1, size - 1, file) : 0;
    text[length] = '\0';
    if (file) fclose(file);
    return length;
}

/* NULL: this process was started by something else, such as a shell, or that cannot be known. */
static const launcher *find_parent(void)
{
    char name[32];
    bool known = read_process(getppid(), "comm", name, sizeof name) > 0;
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

bool cmd_launched(void)
{
    return find_parent() != NULL;
}

int cmd_step_task(void)
{
    return find_parent() ? number_of("SLURM_PROCID") : 0;
}

/* ---- is there a terminal behind the launcher? ---- */

/* Does it write what ranks say to files, or something in front of their lines? Its options stand before our name. */
static bool changes_output(long process)
{
    static const char *const options[] = {"output", "tag-output", "timestamp-output", "xml",     "xterm", "merge",
                                          "stream", "outfile",    "errfile",          "prepend", "l"};
    char line[8192];
    size_t length = read_process(process, "cmdline", line, sizeof line);
    if (length == 0 || length == sizeof line - 1) return true;
    for (const char *word = line; word < line + length; word += strlen(word) + 1) {
        const char *name = strrchr(word, '/') ? strrchr(word, '/') + 1 : word;
        size_t dashes = strspn(word, "-");
        if (strcmp(name, program_invocation_short_name) == 0) return false;
        for (size_t i = 0; dashes > 0 && i < sizeof options / sizeof *options; i++)
            if (strncmp(word + dashes, options[i], strlen(options[i])) == 0) return true;
    }
    return true; /* a script or a shell may stand between */
}

static bool is_told_to_change_output(void)
{
    extern char **environ;
    static const char *const begins[] = {"OMPI_MCA_orte_", "PRTE_MCA_"};
    for (char **variable = environ; *variable; variable++)
        for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
            if (strncmp(*variable, begins[i], strlen(begins[i])) == 0 && strstr(*variable, "output")) return true;
    return false;
}

static bool starts_ranks(const char *name)
{
    static const char *const names[] = {"mpirun", "mpiexec", "orterun", "prterun"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0) return true;
    return false;
}

static long parent_of(long process)
{
    char text[512];
    long parent = 0;
    read_process(process, "stat", text, sizeof text);
    const char *end = strrchr(text, ')'); /* of its name, which may hold anything */
    return end && sscanf(end, ") %*c %ld", &parent) == 1 ? parent : 0;
}

bool cmd_launcher_draws(void)
{
    char name[32] = "", path[64];
    long process = getppid();
    if (!find_parent() || is_told_to_change_output()) return false;
    read_process(process, "comm", name, sizeof name);
    if (!starts_ranks(name)) read_process(process = parent_of(process), "comm", name, sizeof name); /* MPICH's proxy */
    if (!starts_ranks(name) || changes_output(process)) return false;
    psw_format(path, sizeof path, "/proc/%ld/fd/2", process);
    int its = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    bool draws = its >= 0 && psw_terminal_draws(its);
    if (its >= 0) close(its);
    return draws;
}
