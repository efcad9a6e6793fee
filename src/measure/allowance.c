/* What a job may use of its node: limits of control groups, from the process's own up to the root of the hierarchy as
 * far as it is mounted here, and what Slurm has given. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/measure.h"

enum { PATH = 4096, LINE = 3 * PATH };

/* One hierarchy of control groups, and the process's place in it. */
typedef struct hierarchy {
    const char *controller; /* "memory", "cpu" of version 1; "": version 2, which has them all */
    char path[PATH];        /* of the process, from the hierarchy's root or that of its namespace */
} hierarchy;

typedef struct mount {
    char root[PATH], point[PATH]; /* the group that is mounted, and where */
} mount;

typedef struct search {
    const char *files; /* directory of the system's files; "" but in tests */
    psw_allowance *found;
} search;

/* ---- what limits ---- */

static void lower(double value, const char *from, double *least, char *name, size_t size)
{
    if (!(value > 0) || (*least > 0 && *least <= value)) return;
    *least = value;
    psw_format(name, size, "%s", from);
}

static void lower_memory(const search *s, double bytes, const char *from)
{
    const double none = 1e18; /* version 1 writes "no limit" as the largest multiple of a page */
    if (bytes < none) lower(bytes, from, &s->found->memory_bytes, s->found->memory_from, PSW_FROM);
}

static void lower_cores(const search *s, double cores, const char *from)
{
    lower(cores, from, &s->found->cores, s->found->cores_from, PSW_FROM);
}

/* ---- files ---- */

static FILE *open_in(const search *s, const char *directory, const char *name)
{
    char path[3 * PATH];
    psw_format(path, sizeof path, "%s%s/%s", s->files, directory, name);
    return fopen(path, "r");
}

/* Numbers at the start of a file, as many as there are ("max" is none). */
static int numbers_of(const search *s, const char *directory, const char *name, double out[2])
{
    FILE *file = open_in(s, directory, name);
    if (!file) return 0;
    int count = fscanf(file, "%lf %lf", &out[0], &out[1]);
    fclose(file);
    return count > 0 ? count : 0;
}

/* Version 1 says here what groups above allow, those that are not mounted included. */
static double limit_above(const search *s, const char *directory)
{
    char word[64];
    double value = 0;
    FILE *file = open_in(s, directory, "memory.stat");
    if (!file) return 0;
    while (fscanf(file, "%63s %lf", word, &value) == 2 && strcmp(word, "hierarchical_memory_limit") != 0) value = 0;
    fclose(file);
    return value;
}

/* ---- one group ---- */

static void read_memory(const search *s, const char *directory, const char *from)
{
    static const char *const names[] = {"memory.max", "memory.high", "memory.limit_in_bytes"};
    double value[2];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (numbers_of(s, directory, names[i], value) > 0) lower_memory(s, value[0], from);
    lower_memory(s, limit_above(s, directory), from);
}

static void read_cores(const search *s, const char *directory, const char *from)
{
    double quota[2], period[2];
    if (numbers_of(s, directory, "cpu.max", quota) == 2 && quota[1] > 0) lower_cores(s, quota[0] / quota[1], from);
    if (numbers_of(s, directory, "cpu.cfs_quota_us", quota) == 1 &&
        numbers_of(s, directory, "cpu.cfs_period_us", period) == 1 && period[0] > 0)
        lower_cores(s, quota[0] / period[0], from);
}

static void read_group(const search *s, const char *directory)
{
    char from[PSW_FROM];
    psw_format(from, sizeof from, "control group %s", directory);
    read_memory(s, directory, from);
    read_cores(s, directory, from);
}

/* ---- from the process's group to the root ---- */

static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; *at; at += strspn(at, ",\n")) {
        size_t span = strcspn(at, ",\n");
        if (span == length && strncmp(at, word, length) == 0) return true;
        at += span;
    }
    return false;
}

/* What of `path` is below the mounted group, NULL if it is not in there. */
static const char *below(const char *path, const char *root)
{
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    bool inside = strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == '\0');
    bool outside = strncmp(path + (inside ? length : 0), "/..", 3) == 0;
    return inside && !outside ? path + length : NULL;
}

/* `rest`: of the process's group, below the mounted one. */
static void climb(const search *s, const mount *m, const char *rest)
{
    char directory[2 * PATH];
    size_t point = strlen(m->point);
    psw_format(directory, sizeof directory, "%s%s", m->point, strcmp(rest, "/") != 0 ? rest : "");
    for (;;) {
        read_group(s, directory);
        char *slash = strrchr(directory, '/');
        if (!slash || (size_t)(slash - directory) < point) return;
        *slash = '\0';
    }
}

/* "\040" is a blank, in /proc/self/mountinfo. */
static void unescape(char *text)
{
    char *out = text;
    for (char *in = text; *in; in++)
        if (in[0] == '\\' && strspn(in + 1, "01234567") >= 3) {
            *out++ = (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0'));
            in += 3;
        } else {
            *out++ = *in;
        }
    *out = '\0';
}

/* "31 23 0:28 /root /point rw,relatime shared:1 - cgroup cgroup rw,memory" */
static bool read_mount(char *line, const hierarchy *h, mount *m)
{
    char type[32], options[512];
    char *end = strstr(line, " - ");
    if (!end || sscanf(end, " - %31s %*s %511s", type, options) != 2) return false;
    if (sscanf(line, "%*s %*s %*s %4095s %4095s", m->root, m->point) != 2) return false;
    unescape(m->root);
    unescape(m->point);
    return h->controller[0] ? strcmp(type, "cgroup") == 0 && has_word(options, h->controller)
                            : strcmp(type, "cgroup2") == 0;
}

/* In the mounts that the process's group is below of, or in the others; is there one? */
static bool follow(const search *s, const hierarchy *h, bool inside)
{
    mount m;
    char line[LINE];
    bool found = false;
    FILE *file = open_in(s, "/proc/self", "mountinfo");
    if (!file) return false;
    while (fgets(line, sizeof line, file)) {
        if (!read_mount(line, h, &m)) continue;
        const char *rest = below(h->path, m.root);
        if ((rest != NULL) != inside) continue;
        climb(s, &m, rest ? rest : "");
        found = true;
    }
    fclose(file);
    return found;
}

/* A container's mounts may begin at other groups than the path in /proc/self/cgroup does: then these are all that is
 * known. */
static void read_hierarchy(const search *s, const hierarchy *h)
{
    if (!follow(s, h, true)) follow(s, h, false);
}

/* "4:memory:/job" of version 1, "0::/job" of version 2. */
static void read_groups(const search *s)
{
    static const char *const controllers[] = {"", "memory", "cpu"};
    char line[LINE];
    hierarchy h;
    FILE *file = open_in(s, "/proc/self", "cgroup");
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
        if (!path || !psw_format(h.path, sizeof h.path, "%s", path + 1)) continue;
        *path = '\0';
        for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++) {
            h.controller = controllers[i];
            if (h.controller[0] ? has_word(list + 1, h.controller) : list[1] == '\0') read_hierarchy(s, &h);
        }
    }
    fclose(file);
}

/* ---- Slurm ---- */

static double number_in(const char *name)
{
    const char *text = getenv(name);
    return text ? strtod(text, NULL) : 0;
}

/* "72(x2),36": the largest. Which node of the job a step's process is on, its variables do not say. */
static double largest_of(const char *list)
{
    double most = 0;
    for (; list && *list; list += *list == ',') {
        double value = strtod(list, NULL);
        most = value > most ? value : most;
        list += strcspn(list, ",");
    }
    return most;
}

/* SLURM_CPUS_ON_NODE is the step's, and mpirun starts its daemons in a step of one processor a node. */
static void read_slurm(const search *s)
{
    const double mib = 1048576;
    if (!getenv("SLURM_JOB_ID")) return;
    double of_job = largest_of(getenv("SLURM_JOB_CPUS_PER_NODE")), cpus = of_job;
    if (!(of_job > 0)) cpus = number_in("SLURM_CPUS_ON_NODE");
    lower_cores(s, cpus, of_job > 0 ? "SLURM_JOB_CPUS_PER_NODE" : "SLURM_CPUS_ON_NODE");
    lower_memory(s, mib * number_in("SLURM_MEM_PER_NODE"), "SLURM_MEM_PER_NODE");
    lower_memory(s, mib * number_in("SLURM_MEM_PER_CPU") * cpus, "SLURM_MEM_PER_CPU");
}

psw_allowance psw_allowance_read(const char *files)
{
    psw_allowance found = {0};
    search s = {files, &found};
    read_groups(&s);
    read_slurm(&s);
    return found;
}
