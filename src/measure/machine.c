#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "polysweep/measure.h"
#include "polysweep/targets.h"
#include "measure/cores.h"

/* What a BLAS may offer beyond cblas: absent ones are NULL, so any CBLAS links. */
#define WEAK __attribute__((weak))
extern char *openblas_get_corename(void) WEAK;
extern char *openblas_get_config(void) WEAK;
extern int openblas_get_num_threads(void) WEAK;
extern int openblas_get_parallel(void) WEAK;
extern void openblas_set_num_threads(int) WEAK;
extern void MKL_Set_Num_Threads(int) WEAK;
extern int MKL_Get_Max_Threads(void) WEAK;
extern void bli_thread_set_num_threads(long) WEAK;
extern long bli_thread_get_num_threads(void) WEAK;

psw_status psw_target_share(const psw_comm *world)
{
    double least = psw_target();
    PSW_TRY(psw_comm_max(world, &least, 1));
    psw_target_at_most((int)least);
    return PSW_OK;
}

void psw_threads_set(int threads)
{
    if (openblas_set_num_threads) openblas_set_num_threads(threads);
    if (MKL_Set_Num_Threads) MKL_Set_Num_Threads(threads);
    if (bli_thread_set_num_threads) bli_thread_set_num_threads(threads);
}

static int blas_threads(void)
{
    if (openblas_get_num_threads) return openblas_get_num_threads();
    if (MKL_Get_Max_Threads) return MKL_Get_Max_Threads();
    return bli_thread_get_num_threads ? (int)bli_thread_get_num_threads() : 0;
}

static void describe_blas(char *out, size_t size)
{
    const char *config = openblas_get_config ? openblas_get_config() : "";
    psw_format(out, size, "%s%stiles: %s", config, config[0] ? "; " : "", psw_tile_backend());
}

static void copy(char *out, size_t size, const char *text)
{
    psw_format(out, size, "%s", text ? text : "");
}

/* The value of the first line of a /proc file that starts with `field`, behind its colon; "" if there is none. */
static void proc_field(const char *path, const char *field, char *out, size_t size)
{
    char line[4096];
    FILE *file = fopen(path, "r");
    out[0] = '\0';
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, field, strlen(field)) != 0 || !colon) continue;
        colon += 1 + strspn(colon + 1, " \t");
        colon[strcspn(colon, "\n")] = '\0';
        copy(out, size, colon);
        break;
    }
    fclose(file);
}

/* Kernels of AArch64 give numbers instead of a name. */
static void read_processor(psw_machine *machine)
{
    char maker[16], part[16];
    proc_field("/proc/cpuinfo", "model name", machine->cpu, sizeof machine->cpu);
    if (machine->cpu[0]) return;
    proc_field("/proc/cpuinfo", "CPU implementer", maker, sizeof maker);
    proc_field("/proc/cpuinfo", "CPU part", part, sizeof part);
    if (maker[0] && part[0]) psw_format(machine->cpu, sizeof machine->cpu, "processor %s of maker %s", part, maker);
}

/* What is allowed counts where it is less than there is. */
static void read_memory(psw_machine *machine)
{
    char text[64];
    psw_allowance *allowed = &machine->allowed;
    proc_field("/proc/meminfo", "MemTotal", text, sizeof text);
    machine->memory_bytes = 1024 * strtod(text, NULL);
    if (allowed->memory_bytes > 0 && (machine->memory_bytes == 0 || allowed->memory_bytes < machine->memory_bytes))
        machine->memory_bytes = allowed->memory_bytes;
    else
        allowed->memory_bytes = 0, allowed->memory_from[0] = '\0';
}

int psw_machine_processors(const psw_machine *machine, int processors)
{
    double allowed = machine->allowed.cores;
    if (allowed > 0 && allowed < processors) processors = (int)allowed;
    return processors > 1 ? processors : 1;
}

/* A launcher's own count first: inside an allocation shells have Slurm's variables, too. */
static int expected_ranks(void)
{
    const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = getenv(names[i]);
        long count = text ? strtol(text, NULL, 10) : 0;
        if (count > 0 && count < 1 << 30) return (int)count;
    }
    return 0;
}

psw_machine psw_machine_read(void)
{
    psw_machine machine = {0};
    char flags[4096];
    if (gethostname(machine.host, sizeof machine.host - 1) != 0) machine.host[0] = '\0';
    read_processor(&machine);
    proc_field("/proc/cpuinfo", "flags", flags, sizeof flags);
    machine.avx512 = strstr(flags, " avx512vl") != NULL;
    machine.avx2 = strstr(flags, " avx2") != NULL;
    if (openblas_get_corename) copy(machine.blas_kernel, sizeof machine.blas_kernel, openblas_get_corename());
    describe_blas(machine.blas_config, sizeof machine.blas_config);
    machine.blas_threads = blas_threads();
    machine.blas_parallel = openblas_get_parallel ? openblas_get_parallel() : -1;
    machine.expected_ranks = expected_ranks();
    machine.allowed = psw_allowance_read("");
    read_memory(&machine);
    measure_cores_read(&machine);
    return machine;
}
