/* What control groups and Slurm allow: trees of files as machines and containers have them, of both versions. */
#define _DEFAULT_SOURCE
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "polysweep/measure.h"

static char base[] = "/tmp/polysweep-allowance-XXXXXX", root[256];
static const double MIB = 1048576;

static void make_directories(char *path)
{
    for (char *at = path + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        mkdir(path, 0700);
        *at = '/';
    }
}

/* Files of a tree of its own: pairs of name and text, NULL at the end. */
static void tree(const char *name, ...)
{
    static int count = 0;
    va_list pairs;
    psw_format(root, sizeof root, "%s/%d", base, count++);
    va_start(pairs, name);
    for (; name; name = va_arg(pairs, const char *)) {
        char path[1024];
        psw_format(path, sizeof path, "%s%s", root, name);
        make_directories(path);
        FILE *file = fopen(path, "w");
        const char *text = va_arg(pairs, const char *);
        CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s cannot be made", path);
    }
    va_end(pairs);
}

static void expect(const char *what, double mib, const char *memory_from, double cores, const char *cores_from)
{
    psw_allowance a = psw_allowance_read(root);
    CHECK(a.memory_bytes == mib * MIB && a.cores == cores, "%s: %g MiB, %g cores", what, a.memory_bytes / MIB, a.cores);
    CHECK(strcmp(a.memory_from, memory_from) == 0, "%s: memory from \"%s\"", what, a.memory_from);
    CHECK(strcmp(a.cores_from, cores_from) == 0, "%s: cores from \"%s\"", what, a.cores_from);
}

#define CGROUP "/proc/self/cgroup"
#define MOUNTS "/proc/self/mountinfo"
#define MIB_300 "314572800\n"
#define MIB_500 "524288000\n"
#define NO_LIMIT_1 "9223372036854771712\n"

static void test_nothing(void)
{
    tree(NULL);
    expect("no files", 0, "", 0, "");
    tree(CGROUP, "0::/\n", MOUNTS, "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup/cpu.stat",
         "usage_usec 1\n", NULL);
    expect("the root group has no limits", 0, "", 0, "");
    tree(CGROUP, "garbage\n::\n4:memory\n", MOUNTS, "garbage - cgroup2\n - \n", NULL);
    expect("garbage", 0, "", 0, "");
}

static void test_version_2(void)
{
    const char *mounts = "24 1 0:20 / / rw shared:1 - ext4 /dev/vda rw\n"
                         "41 31 0:38 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
    const char *own = "0::/system.slice/slurmstepd.scope/job_5/step_0/user/task_0\n";
    tree(CGROUP, own, MOUNTS, mounts, "/sys/fs/cgroup/system.slice/slurmstepd.scope/job_5/memory.max", MIB_300,
         "/sys/fs/cgroup/system.slice/slurmstepd.scope/job_5/step_0/memory.max", "max\n",
         "/sys/fs/cgroup/system.slice/memory.max", MIB_500, "/sys/fs/cgroup/system.slice/cpu.max", "250000 100000\n",
         "/sys/fs/cgroup/system.slice/slurmstepd.scope/job_5/cpu.max", "max 100000\n", NULL);
    expect("groups above count", 300, "control group /sys/fs/cgroup/system.slice/slurmstepd.scope/job_5", 2.5,
           "control group /sys/fs/cgroup/system.slice");
    tree(CGROUP, "0::/a/b\n", MOUNTS, mounts, "/sys/fs/cgroup/a/b/memory.max", MIB_500,
         "/sys/fs/cgroup/a/b/memory.high", MIB_300, NULL);
    expect("memory.high holds processes up", 300, "control group /sys/fs/cgroup/a/b", 0, "");
    tree(CGROUP, "0::/a/b\n", MOUNTS, mounts, "/sys/fs/cgroup/a/c/memory.max", MIB_300, NULL);
    expect("a neighbour's limit", 0, "", 0, "");
}

static void test_version_1(void)
{
    const char *mounts = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
                         "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                         "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
    const char *own = "5:memory:/slurm/uid_0/job_5/step_0\n2:cpu,cpuacct:/slurm/uid_0/job_5/step_0\n"
                      "1:cpuset:/slurm\n0::/\n";
    tree(CGROUP, own, MOUNTS, mounts, "/sys/fs/cgroup/memory/memory.limit_in_bytes", NO_LIMIT_1,
         "/sys/fs/cgroup/memory/slurm/uid_0/job_5/memory.limit_in_bytes", MIB_300,
         "/sys/fs/cgroup/memory/slurm/uid_0/job_5/step_0/memory.limit_in_bytes", NO_LIMIT_1,
         "/sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_quota_us", "-1\n",
         "/sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_period_us", "100000\n",
         "/sys/fs/cgroup/cpu,cpuacct/slurm/uid_0/job_5/cpu.cfs_quota_us", "50000\n",
         "/sys/fs/cgroup/cpu,cpuacct/slurm/uid_0/job_5/cpu.cfs_period_us", "100000\n", NULL);
    expect("each controller has its hierarchy", 300, "control group /sys/fs/cgroup/memory/slurm/uid_0/job_5", 0.5,
           "control group /sys/fs/cgroup/cpu,cpuacct/slurm/uid_0/job_5");
    tree(CGROUP, "5:memory:/a\n", MOUNTS, mounts, "/sys/fs/cgroup/memory/a/memory.limit_in_bytes", NO_LIMIT_1,
         "/sys/fs/cgroup/memory/a/memory.stat", "cache 4096\nhierarchical_memory_limit 314572800\ntotal_cache 1\n",
         NULL);
    expect("a group above that is not mounted", 300, "control group /sys/fs/cgroup/memory/a", 0, "");
}

/* A container shows its own group as the mount's root. */
static void test_containers(void)
{
    tree(CGROUP, "5:memory:/docker/8f\n0::/\n", MOUNTS,
         "35 31 0:32 /docker/8f /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
         "/sys/fs/cgroup/memory/memory.limit_in_bytes", MIB_300, NULL);
    expect("bound group, host's path", 300, "control group /sys/fs/cgroup/memory", 0, "");
    tree(CGROUP, "5:memory:/docker/8f/job\n", MOUNTS,
         "35 31 0:32 /docker/8f /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
         "/sys/fs/cgroup/memory/memory.limit_in_bytes", MIB_500, "/sys/fs/cgroup/memory/job/memory.limit_in_bytes",
         MIB_300, NULL);
    expect("a group inside of it", 300, "control group /sys/fs/cgroup/memory/job", 0, "");
    tree(CGROUP, "0::/kubepods/pod1/c2\n", MOUNTS, "41 31 0:38 /other /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
         "/sys/fs/cgroup/memory.max", MIB_300, "/sys/fs/cgroup/cpu.max", "150000 100000\n", NULL);
    expect("a path of another root", 300, "control group /sys/fs/cgroup", 1.5, "control group /sys/fs/cgroup");
    tree(CGROUP, "0::/\n", MOUNTS, "41 31 0:38 /.. /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
         "/sys/fs/cgroup/memory.max", MIB_300, NULL);
    expect("mounted outside of the namespace", 300, "control group /sys/fs/cgroup", 0, "");
    tree(CGROUP, "0::/job\n", MOUNTS,
         "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n42 31 0:38 /other /mnt/with\\040blank rw - cgroup2 c "
         "rw\n",
         "/sys/fs/cgroup/job/memory.max", MIB_500, "/mnt/with blank/memory.max", MIB_300, NULL);
    expect("a second mount of another group", 500, "control group /sys/fs/cgroup/job", 0, "");
    tree(CGROUP, "0::/job\n", MOUNTS, "42 31 0:38 /job /mnt/with\\040blank rw - cgroup2 c rw\n",
         "/mnt/with blank/memory.max", MIB_300, NULL);
    expect("a name with a blank", 300, "control group /mnt/with blank", 0, "");
    tree(CGROUP, "0::/jobs\n", MOUNTS,
         "41 31 0:38 / /cgroup rw - cgroup2 cgroup2 rw\n42 31 0:38 /job /b rw - cgroup2 c rw\n", "/b/memory.max",
         MIB_300, NULL);
    expect("a name that only begins alike", 0, "", 0, "");
}

static void set(const char *cpus, const char *per_node, const char *mem_node, const char *mem_cpu)
{
    const char *const names[] = {"SLURM_CPUS_ON_NODE", "SLURM_JOB_CPUS_PER_NODE", "SLURM_MEM_PER_NODE",
                                 "SLURM_MEM_PER_CPU"};
    const char *const values[] = {cpus, per_node, mem_node, mem_cpu};
    for (int i = 0; i < 4; i++)
        if (values[i])
            setenv(names[i], values[i], 1);
        else
            unsetenv(names[i]);
}

static void test_slurm(void)
{
    tree(CGROUP, "0::/job\n", MOUNTS, "41 31 0:38 / /cg rw - cgroup2 cgroup2 rw\n", "/cg/job/memory.max", MIB_500,
         NULL);
    set("4", NULL, "300", NULL);
    expect("no job", 500, "control group /cg/job", 0, "");
    setenv("SLURM_JOB_ID", "5", 1);
    expect("less than the group", 300, "SLURM_MEM_PER_NODE", 4, "SLURM_CPUS_ON_NODE");
    set(NULL, NULL, "800", NULL);
    expect("more than the group", 500, "control group /cg/job", 0, "");
    set(NULL, NULL, "0", NULL);
    expect("--mem=0 is all", 500, "control group /cg/job", 0, "");
    set("3", NULL, NULL, "100");
    expect("for each CPU", 300, "SLURM_MEM_PER_CPU", 3, "SLURM_CPUS_ON_NODE");
    set("1", "2(x2),3", NULL, "100");
    expect("the job's, not those of mpirun's step", 300, "SLURM_MEM_PER_CPU", 3, "SLURM_JOB_CPUS_PER_NODE");
    set(NULL, ",,(x", "banana", "-1");
    expect("garbage", 500, "control group /cg/job", 0, "");
    set(NULL, NULL, NULL, NULL);
    unsetenv("SLURM_JOB_ID");
}

static void test_processors(void)
{
    psw_machine m = {.cores_node = 64};
    CHECK(psw_machine_processors(&m, 64) == 64 && psw_machine_processors(&m, 0) == 1, "no limit");
    m.allowed.cores = 2.5;
    CHECK(psw_machine_processors(&m, 64) == 2 && psw_machine_processors(&m, 1) == 1, "whole ones");
    m.allowed.cores = 0.5;
    CHECK(psw_machine_processors(&m, 64) == 1, "at least one");
}

int main(void)
{
    set(NULL, NULL, NULL, NULL);
    unsetenv("SLURM_JOB_ID");
    CHECK(mkdtemp(base) != NULL, "no directory");
    test_nothing();
    test_version_2();
    test_version_1();
    test_containers();
    test_slurm();
    test_processors();
    char command[512];
    psw_format(command, sizeof command, "rm -rf '%s'", base);
    CHECK(system(command) == 0, "%s is left", base);
    return test_end();
}
