#include "measure/cores.h"

#ifdef PSW_WITH_HWLOC
#include <hwloc.h>

/* Cores (not hardware threads) of which at least one thread is in `set`. */
static int cores_in(hwloc_topology_t topology, hwloc_const_cpuset_t set)
{
    int count = 0;
    hwloc_obj_t core = NULL;
    while ((core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core)) != NULL)
        count += hwloc_bitmap_intersects(core->cpuset, set) ? 1 : 0;
    return count > 0 ? count : hwloc_bitmap_weight(set);
}

/* "0-3,8": which cores those are. */
static void list_cores(hwloc_topology_t topology, hwloc_const_cpuset_t set, char *out, size_t size)
{
    hwloc_bitmap_t cores = hwloc_bitmap_alloc();
    hwloc_obj_t core = NULL;
    while (cores && (core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core)) != NULL)
        if (hwloc_bitmap_intersects(core->cpuset, set)) hwloc_bitmap_set(cores, core->logical_index);
    if (cores && !hwloc_bitmap_iszero(cores)) hwloc_bitmap_list_snprintf(out, size, cores);
    hwloc_bitmap_free(cores);
}

static void read_binding_from(hwloc_topology_t topology, hwloc_bitmap_t set, psw_machine *machine)
{
    hwloc_const_cpuset_t all = hwloc_topology_get_topology_cpuset(topology);
    machine->cores_node = cores_in(topology, all);
    if (hwloc_get_cpubind(topology, set, HWLOC_CPUBIND_PROCESS) != 0) return;
    hwloc_bitmap_and(set, set, all);
    machine->cores = cores_in(topology, set);
    hwloc_bitmap_list_snprintf(machine->binding, sizeof machine->binding, set);
    list_cores(topology, set, machine->core_list, sizeof machine->core_list);
}

void measure_cores_read(psw_machine *machine)
{
    hwloc_topology_t topology;
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    if (set && hwloc_topology_init(&topology) == 0) {
        if (hwloc_topology_load(topology) == 0) read_binding_from(topology, set, machine);
        hwloc_topology_destroy(topology);
    }
    hwloc_bitmap_free(set);
}

#else
#include <sched.h>
#include <stdio.h>
#include <string.h>

typedef struct list { /* "0-3,8", from ascending numbers */
    char *out;
    size_t size;
    int first, last; /* of the range that is not written yet; -1: none */
} list;

static void write_range(list *l)
{
    size_t used = strlen(l->out);
    if (l->first < 0) return;
    psw_format(l->out + used, l->size - used, l->last > l->first ? "%s%d-%d" : "%s%d", used ? "," : "", l->first,
               l->last);
}

static void add(list *l, int number)
{
    if (l->first >= 0 && number == l->last) return;
    if (l->first < 0 || number != l->last + 1) {
        write_range(l);
        l->first = number;
    }
    l->last = number;
}

static int number_of(int thread, const char *what)
{
    char path[96];
    int number = -1;
    psw_format(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/%s", thread, what);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%d", &number) != 1) number = -1;
    if (file) fclose(file);
    return number;
}

/* The threads of a core have one number in one package. Cores count in the order of their first threads; a thread that
 * the kernel says nothing of is a core. */
static int core_of(int thread, int (*cores)[2], int *count)
{
    int own[2] = {number_of(thread, "physical_package_id"), number_of(thread, "core_id")}, i = 0;
    while (i < *count && (own[1] < 0 || cores[i][0] != own[0] || cores[i][1] != own[1])) i++;
    if (i == *count) memcpy(cores[(*count)++], own, sizeof own);
    return i;
}

void measure_cores_read(psw_machine *machine)
{
    cpu_set_t mine;
    int cores[CPU_SETSIZE][2], count = 0;
    bool here[CPU_SETSIZE] = {false};
    list threads = {machine->binding, sizeof machine->binding, -1, -1},
         own = {machine->core_list, sizeof machine->core_list, -1, -1};
    bool known = sched_getaffinity(0, sizeof mine, &mine) == 0;
    for (int thread = 0; known && thread < CPU_SETSIZE; thread++) {
        bool mine_too = CPU_ISSET(thread, &mine);
        if (!mine_too && number_of(thread, "core_id") < 0) continue;
        int core = core_of(thread, cores, &count);
        if (mine_too) add(&threads, thread), here[core] = true;
    }
    machine->cores_node = count;
    for (int core = 0; core < count; core++)
        if (here[core]) add(&own, core), machine->cores++;
    write_range(&threads);
    write_range(&own);
}

#endif
