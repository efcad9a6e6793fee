/* doctor: facts from the environment, the MPI library and this build. */
#include <stdlib.h>
#include <string.h>

#include "doctor/facts.h"
#include "polysweep/built.h"
#include "polysweep/targets.h"
#include "polysweep/threads.h"

/* ---- the launcher ---- */

/* The environment that this process was started with: a process alone gets more from MPI_Init, which serves itself. */
static bool started_with(const char *environment, size_t length, const char *name)
{
    size_t word = strlen(name);
    for (const char *at = environment; at < environment + length; at += strlen(at) + 1)
        if (strncmp(at, name, word) == 0 && at[word] == '=') return true;
    return false;
}

/* Of at most 1 MiB; the caller frees it. NULL: it cannot be read. */
static char *read_environment(size_t *length)
{
    const size_t most = 1 << 20;
    char *text = malloc(most);
    FILE *file = fopen("/proc/self/environ", "r");
    *length = text && file ? fread(text, 1, most - 1, file) : 0;
    if (text) text[*length] = '\0';
    if (file) fclose(file);
    return text;
}

static void copy(char *out, size_t size, const char *name)
{
    const char *text = getenv(name);
    psw_format(out, size, "%s", text ? text : "");
}

static doctor_launcher read_launcher(void)
{
    const char *nodes = getenv("SLURM_JOB_NUM_NODES");
    size_t length;
    char *text = read_environment(&length);
    doctor_launcher out = {.step = started_with(text, length, "SLURM_STEP_ID"),
                           .pmix = started_with(text, length, "PMIX_RANK"),
                           .open_mpi = started_with(text, length, "OMPI_COMM_WORLD_SIZE"),
                           .pmi = started_with(text, length, "PMI_SIZE"),
                           .nodes = nodes ? atoi(nodes) : 0,
                           .job = getenv("SLURM_JOB_ID") != NULL};
    copy(out.slurm_mpi, sizeof out.slurm_mpi, "SLURM_MPI_TYPE");
    copy(out.plm, sizeof out.plm, "OMPI_MCA_plm");
    free(text);
    return out;
}

/* ---- MPI ---- */

/* The word for a value of an enumeration, else its digits. */
static void format_value(MPI_T_enum words, int value, char *out, size_t size)
{
    int count = 0, length = 0, number, room;
    char word[64];
    psw_format(out, size, "%d", value);
    if (words == MPI_T_ENUM_NULL || MPI_T_enum_get_info(words, &count, NULL, &length) != MPI_SUCCESS) return;
    for (int i = 0; i < count; i++) {
        room = sizeof word;
        if (MPI_T_enum_get_item(words, i, &number, word, &room) == MPI_SUCCESS && number == value)
            psw_format(out, size, "%s", word);
    }
}

static void read_handle(MPI_T_cvar_handle handle, int count, MPI_Datatype type, MPI_T_enum words, char *out,
                        size_t size)
{
    char text[8192] = "";
    int value = 0;
    if (type == MPI_CHAR && count < (int)sizeof text && MPI_T_cvar_read(handle, text) == MPI_SUCCESS)
        psw_format(out, size, "%s", text);
    if (type == MPI_INT && count == 1 && MPI_T_cvar_read(handle, &value) == MPI_SUCCESS)
        format_value(words, value, out, size);
}

/* A setting as the library has it, wherever it came from; "" if it has none of that name. */
static void read_setting(const char *name, char *out, size_t size)
{
    int index, level, length = 0, more = 0, bind, scope, count;
    MPI_Datatype type;
    MPI_T_enum words;
    MPI_T_cvar_handle handle;
    out[0] = '\0';
    if (MPI_T_cvar_get_index(name, &index) != MPI_SUCCESS) return;
    if (MPI_T_cvar_get_info(index, NULL, &length, &level, &type, &words, NULL, &more, &bind, &scope) != MPI_SUCCESS)
        return;
    if (MPI_T_cvar_handle_alloc(index, NULL, &handle, &count) != MPI_SUCCESS) return;
    read_handle(handle, count, type, words, out, size);
    MPI_T_cvar_handle_free(&handle);
}

static void read_settings(doctor_library *out)
{
    int provided;
    if (MPI_T_init_thread(MPI_THREAD_SINGLE, &provided) != MPI_SUCCESS) return;
    read_setting("io", out->io, sizeof out->io);
    read_setting("sharedfp", out->sharedfp, sizeof out->sharedfp);
    read_setting("btl_vader_single_copy_mechanism", out->single_copy, sizeof out->single_copy);
    MPI_T_finalize();
}

/* "Open MPI v4.1.4, package: ...", "MPICH Version:\t4.0.2\n..." */
static void read_version(doctor_library *out)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length, *v = out->version;
    MPI_Get_library_version(text, &length);
    text[strcspn(text, ",\n")] = '\0';
    for (char *at = text; *at; at++)
        if (*at == '\t') *at = ' ';
    psw_format(out->name, sizeof out->name, "%s", text);
    out->open_mpi = strncmp(text, "Open MPI", 8) == 0;
    sscanf(text + strcspn(text, "0123456789"), "%d.%d.%d", &v[0], &v[1], &v[2]);
}

static doctor_library read_library(void)
{
    doctor_library out = {.talk = {0, 0}};
    read_version(&out);
    if (out.open_mpi) read_settings(&out);
#if defined(OMPI_MAJOR_VERSION)
    int built[3] = {OMPI_MAJOR_VERSION, OMPI_MINOR_VERSION, OMPI_RELEASE_VERSION};
    memcpy(out.built, built, sizeof built);
#elif defined(MPICH_VERSION)
    sscanf(MPICH_VERSION, "%d.%d.%d", &out.built[0], &out.built[1], &out.built[2]);
#endif
    return out;
}

/* ---- the build ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer))
#else
#define SANITIZED false
#endif

extern void __ubsan_handle_out_of_bounds(void *, void *) __attribute__((weak)); /* gcc has no word for this sanitizer */

static doctor_build read_build(void)
{
    doctor_build out = {.sanitized = SANITIZED || __ubsan_handle_out_of_bounds != NULL,
                        .fftw = psw_built_with_fftw(),
                        .hwloc = psw_built_with_hwloc()};
#ifdef __OPTIMIZE__
    out.optimised = true;
#endif
    psw_format(out.tiles, sizeof out.tiles, "%s", psw_tile_backend());
    out.threads = psw_threads_of(2) > 1;
    out.target = psw_target_word();
    out.best = psw_target_best();
    return out;
}

void doctor_facts_read(doctor_facts *facts)
{
    facts->launcher = read_launcher();
    facts->mpi = read_library();
    facts->build = read_build();
    facts->variables = (doctor_variables){.coretype = getenv("OPENBLAS_CORETYPE"),
                                          .l2_size = getenv("OPENBLAS_L2_SIZE"),
                                          .blas_threads = getenv("OPENBLAS_NUM_THREADS"),
                                          .omp_limit = getenv("OMP_THREAD_LIMIT"),
                                          .omp_dynamic = getenv("OMP_DYNAMIC"),
                                          .omp_bind = getenv("OMP_PROC_BIND"),
                                          .hdf5_locking = getenv("HDF5_USE_FILE_LOCKING")};
    psw_store_library(facts->hdf5, sizeof facts->hdf5);
    facts->clock_s = psw_clock_resolution_s();
    psw_counters_open("", &facts->counters);
    psw_counters_close(&facts->counters);
}

/* ---- of nodes ---- */

int doctor_facts_nodes(const doctor_facts *facts)
{
    int nodes = 0;
    for (int i = 0; i < facts->ranks; i++) nodes += facts->places[i].node_rank == 0;
    return nodes;
}

static void append(char *out, size_t size, const char *before, const char *text)
{
    size_t used = strlen(out);
    psw_format(out + used, size - used, "%s%s", before, text);
}

void doctor_facts_hosts(const doctor_facts *f, char *out, size_t size)
{
    enum { MOST = 8 };
    int nodes = doctor_facts_nodes(f);
    bool first = true;
    out[0] = '\0';
    for (int i = 0; i < f->ranks && !out[0]; i++) psw_format(out, size, "%s", f->places[i].hosts);
    if (out[0] || nodes < 2 || nodes > MOST || f->launcher.job || !f->mpi.open_mpi) return;
    for (int i = 0; i < f->ranks; i++) {
        char slots[96];
        if (f->places[i].node_rank != 0) continue;
        psw_format(slots, sizeof slots, "%s:%d", f->places[i].machine.host, f->places[i].node_size);
        append(out, size, first ? " --host " : ",", slots);
        first = false;
    }
}

void doctor_facts_list(const doctor_facts *f, doctor_place_is *is, char *out, size_t size)
{
    enum { MOST = 4 };
    int listed = 0, more = 0, node = -1;
    char count[32];
    out[0] = '\0';
    for (int i = 0; i < f->ranks; i++) {
        const doctor_place *p = &f->places[i];
        if (p->node == node || (is && !is(p))) continue;
        node = p->node;
        if (listed++ < MOST)
            append(out, size, listed > 1 ? ", " : "", p->machine.host[0] ? p->machine.host : "an unnamed host");
        else
            more++;
    }
    psw_format(count, sizeof count, " and %d more", more);
    if (more) append(out, size, "", count);
}

/* Tiles of our own kernel are shared by OpenMP's threads, products of a BLAS by its own. */
bool doctor_facts_threads(const doctor_facts *f)
{
    bool own = strncmp(f->build.tiles, "own", 3) == 0;
    return own ? f->build.threads : f->places[0].machine.blas_parallel != 0;
}

bool doctor_place_crowded(const doctor_facts *f, const doctor_place *p)
{
    return p->node_rank == 0 && p->machine.cores_node > 0 && p->node_size * f->threads > p->machine.cores_node;
}

bool doctor_facts_crowded(const doctor_facts *f)
{
    for (int i = 0; i < f->ranks; i++)
        if (doctor_place_crowded(f, &f->places[i])) return true;
    return false;
}
