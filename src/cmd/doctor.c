/* doctor: what this machine and launch look like, what is wrong, what to type. It reads what is there. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/print.h"

typedef enum grade { FINE, WARN, BAD } grade;
static const char *const grade_words[] = {"ok", "warn", "bad"};

enum { LINES = 96, RANKS_SHOWN = 16, CORES_MAX = 1024, ORDINARY_HOST = 64 };

typedef struct line {
    grade grade;
    char topic[16], text[320];
} line;

typedef struct report {
    line lines[LINES];
    ptrdiff_t count, bad;
} report;

static void say(report *r, grade g, const char *topic, const char *format, ...) __attribute__((format(printf, 4, 5)));

static void say(report *r, grade g, const char *topic, const char *format, ...)
{
    if (r->count == LINES) return;
    line *l = &r->lines[r->count++];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(l->text, sizeof l->text, format, arguments);
    va_end(arguments);
    psw_format(l->topic, sizeof l->topic, "%s", topic);
    l->grade = g;
    r->bad += g == BAD;
}

/* What rank 0 hears from every rank. */
typedef struct place {
    char host[ORDINARY_HOST], binding[160];
    int cores, cores_node, blas_threads, node_rank, node_size;
} place;

/* ---- launch ---- */

static void check_launch(report *r, const psw_comm *world, const psw_machine *m, const place *places)
{
    int nodes = 0, expected = m->expected_ranks;
    for (int i = 0; i < world->size; i++) nodes += places[i].node_rank == 0;
    if (world->size == 1 && expected > 1)
        say(r, BAD, "launch",
            "the launcher started %d processes, each sees a world of one; type "
            "`mpirun -n %d polysweep ...`, or `srun --mpi=pmix -n %d polysweep ...`",
            expected, expected, expected);
    else if (expected > 0 && expected != world->size)
        say(r, WARN, "launch", "%d ranks on %d node%s, but the launcher speaks of %d", world->size, nodes,
            nodes == 1 ? "" : "s", expected);
    else
        say(r, FINE, "launch", "%d rank%s on %d node%s, rank 0 on %s", world->size, world->size == 1 ? "" : "s", nodes,
            nodes == 1 ? "" : "s", m->host);
}

/* ---- binding ---- */

/* "0-3,8": one mark a core; cores at or above CORES_MAX are not looked at. */
static void read_list(const char *list, bool cores[CORES_MAX])
{
    memset(cores, 0, CORES_MAX * sizeof *cores);
    for (const char *at = list; *at;) {
        char *end;
        long first = strtol(at, &end, 10), last = first;
        if (end == at) return;
        if (*end == '-') last = strtol(end + 1, &end, 10);
        for (long core = first; core <= last && core < CORES_MAX; core++) cores[core] = true;
        at = *end == ',' ? end + 1 : end;
    }
}

static bool overlap(const place *a, const place *b)
{
    bool x[CORES_MAX], y[CORES_MAX];
    if (strcmp(a->host, b->host) != 0) return false;
    read_list(a->binding, x);
    read_list(b->binding, y);
    for (int i = 0; i < CORES_MAX; i++)
        if (x[i] && y[i]) return true;
    return false;
}

/* Neighbours in rank order are the ones that share by mistake. */
static void check_overlap(report *r, int size, const place *places)
{
    for (int i = 1; i < size; i++)
        if (places[i].cores < places[i].cores_node && overlap(&places[i - 1], &places[i])) {
            say(r, BAD, "binding",
                "ranks %d and %d on %s share cores (%s and %s); type "
                "`mpirun --map-by core --bind-to core ...`",
                i - 1, i, places[i].host, places[i - 1].binding, places[i].binding);
            return;
        }
}

static void check_binding(report *r, int size, const place *places)
{
    bool free = false;
    for (int i = 0; i < size; i++) {
        if (i < RANKS_SHOWN)
            say(r, FINE, "binding", "rank %d on %s: hardware threads %s, %d of %d cores", i, places[i].host,
                places[i].binding[0] ? places[i].binding : "unknown", places[i].cores, places[i].cores_node);
        free |= places[i].cores == places[i].cores_node && places[i].node_size > 1;
    }
    if (size > RANKS_SHOWN) say(r, FINE, "binding", "and %d ranks more", size - RANKS_SHOWN);
    if (free)
        say(r, WARN, "binding", "ranks may wander over all cores of their node; type `mpirun --bind-to core ...`");
    check_overlap(r, size, places);
}

static void check_cores(report *r, int size, const place *places)
{
    for (int i = 0; i < size; i++) {
        const place *p = &places[i];
        if (p->node_rank != 0 || p->node_size <= p->cores_node) continue;
        say(r, BAD, "cores",
            "%d ranks on the %d core%s of %s; type `mpirun -n %d ...`, or run with --oversubscribe "
            "(its times are marked as not valid)",
            p->node_size, p->cores_node, p->cores_node == 1 ? "" : "s", p->host, p->cores_node);
        return;
    }
    say(r, FINE, "cores", "no node has more ranks than cores (%d on this one)", places[0].cores_node);
}

/* ---- BLAS ---- */

static bool one_of(const char *word, const char *list)
{
    const char *at = strstr(list, word);
    return word[0] && at && (at == list || at[-1] == ' ') && (at[strlen(word)] == ' ' || at[strlen(word)] == '\0');
}

static void check_kernel(report *r, const psw_machine *m)
{
    const char *wide = "SkylakeX Cooperlake Sapphirerapids SapphireRapids", *middle = "Haswell Zen";
    const char *forced = getenv("OPENBLAS_CORETYPE"), *kernel = m->blas_kernel;
    const char *advice = forced ? "type `unset OPENBLAS_CORETYPE`" : "a newer OpenBLAS, or one built with DYNAMIC_ARCH";
    if (forced) say(r, WARN, "blas", "OPENBLAS_CORETYPE=%s forces the kernel; type `unset OPENBLAS_CORETYPE`", forced);
    if (getenv("OPENBLAS_L2_SIZE"))
        say(r, WARN, "blas", "OPENBLAS_L2_SIZE is set and changes the tiles; type `unset OPENBLAS_L2_SIZE`");
    if (!kernel[0])
        say(r, WARN, "blas", "this CBLAS does not tell its kernel: bits of different builds cannot be compared");
    else if (m->avx512 && !one_of(kernel, wide))
        say(r, one_of(kernel, middle) ? WARN : BAD, "blas", "kernel %s on a processor with AVX-512: %s", kernel,
            advice);
    else if (m->avx2 && !m->avx512 && !one_of(kernel, middle))
        say(r, BAD, "blas", "kernel %s on a processor with AVX2: %s", kernel, advice);
    else
        say(r, FINE, "blas", "kernel %s", kernel);
    say(r, FINE, "blas", "%s", m->blas_config);
}

static void check_tiles(report *r, const psw_machine *m)
{
    const char *tiles = psw_tile_backend();
    bool own = strncmp(tiles, "BLAS", 4) != 0, wide = strstr(tiles, "AVX-512") || strstr(tiles, "AVX2");
    if (own && m->avx2 && !wide)
        say(r, WARN, "tiles",
            "%s, on a processor with AVX2; type `cmake -DPOLYSWEEP_NATIVE=ON ...`, or, where one build serves many "
            "processors, `cmake -DPOLYSWEEP_TILES=blas ...`",
            tiles);
    else
        say(r, FINE, "tiles", "%s", tiles);
}

static void check_threads(report *r, const psw_machine *m)
{
    const char *asked = getenv("OPENBLAS_NUM_THREADS");
    say(r, FINE, "threads", "BLAS would use %d; polysweep sets run.threads, 1 by default (OPENBLAS_NUM_THREADS=%s)",
        m->blas_threads, asked ? asked : "");
}

/* ---- the rest ---- */

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "not set";
}

static void check_libraries(report *r)
{
    char library[MPI_MAX_LIBRARY_VERSION_STRING], hdf5[32];
    int length;
    MPI_Get_library_version(library, &length);
    library[strcspn(library, "\n,")] = '\0';
    psw_store_library(hdf5, sizeof hdf5);
    say(r, FINE, "mpi", "%s", library);
    say(r, FINE, "hdf5", "%s, with MPI-IO", hdf5);
    say(r, FINE, "files", "HDF5_USE_FILE_LOCKING %s, OMPI_MCA_io %s, OMPI_MCA_sharedfp %s",
        environment("HDF5_USE_FILE_LOCKING"), environment("OMPI_MCA_io"), environment("OMPI_MCA_sharedfp"));
#ifdef __OPTIMIZE__
    say(r, FINE, "build", "polysweep " PSW_VERSION ", optimised");
#else
    say(r, WARN, "build",
        "polysweep " PSW_VERSION " without optimisation; type `cmake -DCMAKE_BUILD_TYPE=Release ...`");
#endif
}

static void check_machine(report *r, const psw_machine *m, const place *here)
{
    char all[PSW_TEXT], each[PSW_TEXT];
    double resolution = psw_clock_resolution_s();
    say(r, FINE, "cpu", "%s%s", m->cpu[0] ? m->cpu : "unknown", m->avx512 ? ", AVX-512" : m->avx2 ? ", AVX2" : "");
    psw_say_bytes(m->memory_bytes, all);
    psw_say_bytes(m->memory_bytes / here->node_size, each);
    say(r, m->memory_bytes > 0 ? FINE : WARN, "memory", "%s on this node, %s for each of its ranks", all, each);
    say(r, resolution < 1e-6 ? FINE : WARN, "clock", "steps of %.0f ns", 1e9 * resolution);
}

/* ---- telling ---- */

static void tell(const report *r)
{
    for (ptrdiff_t i = 0; i < r->count; i++)
        printf("%-4s  %-8s %s\n", grade_words[r->lines[i].grade], r->lines[i].topic, r->lines[i].text);
}

static void json(const report *r)
{
    psw_json out = psw_json_begin(stdout, "doctor");
    psw_json_count(&out, "bad", r->bad);
    psw_json_open(&out, "findings", '[');
    for (ptrdiff_t i = 0; i < r->count; i++) {
        psw_json_open(&out, NULL, '{');
        psw_json_text(&out, "grade", grade_words[r->lines[i].grade]);
        psw_json_text(&out, "topic", r->lines[i].topic);
        psw_json_text(&out, "text", r->lines[i].text);
        psw_json_close(&out);
    }
    psw_json_end(&out);
}

static psw_status examine(const psw_options *options, const psw_comm *world, const psw_machine *m, const place *places)
{
    report r = {.count = 0};
    check_launch(&r, world, m, places);
    check_cores(&r, world->size, places);
    check_binding(&r, world->size, places);
    check_threads(&r, m);
    check_kernel(&r, m);
    check_tiles(&r, m);
    check_libraries(&r);
    check_machine(&r, m, &places[0]);
    (options->json ? json : tell)(&r);
    return r.bad ? PSW_FAIL(PSW_ENVIRONMENT, "doctor: %td finding%s to mend", r.bad, r.bad == 1 ? "" : "s") : PSW_OK;
}

psw_status psw_cmd_doctor(const psw_options *options, const psw_comm *world)
{
    psw_comm node;
    psw_machine m = psw_machine_read();
    place *places = calloc((size_t)world->size, sizeof *places);
    PSW_TRY(psw_comm_agree(world, places ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for a list of ranks")));
    psw_status status = psw_comm_split_node(world, &node);
    if (status == PSW_OK) {
        place mine = {.cores = m.cores,
                      .cores_node = m.cores_node,
                      .blas_threads = m.blas_threads,
                      .node_rank = node.rank,
                      .node_size = node.size};
        psw_format(mine.host, sizeof mine.host, "%s", m.host);
        psw_format(mine.binding, sizeof mine.binding, "%s", m.binding);
        status = psw_comm_gather(world, &mine, sizeof mine, places);
        psw_comm_free(&node);
    }
    if (status == PSW_OK && world->rank == 0) status = examine(options, world, &m, places);
    free(places);
    return psw_comm_agree(world, status);
}
