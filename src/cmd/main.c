/* Start of MPI where a command needs it, the command table, the exit code. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"

#include "polysweep/built.h"
#include "polysweep/measure.h"
#include "polysweep/plain.h"
#include "polysweep/targets.h"
#include "polysweep/threads.h"

const cmd_command cmd_commands[] = {
    {"init", "[KIND]", "a commented study to start from; without KIND, which there are", "output",
     "  polysweep init\n"
     "  polysweep init phase > phase.yaml\n"
     "  polysweep init search -o edges.yaml\n",
     false, true, cmd_init},
    {"run", "STUDY.yaml [-o FILE.h5]", "compute every point that is not complete in FILE.h5; run again, it resumes",
     "output set where part time-limit redo extend max-fails dry-run no-inputs oversubscribe calibrate progress quiet",
     "  mpirun -n 4 polysweep run phase.yaml\n"
     "  mpirun -n 4 polysweep run phase.yaml -o /scratch/phase.h5 --time-limit 55m\n"
     "  mpirun -n 4 polysweep run phase.yaml --set grid.n=[1024,2048,4096] --extend\n"
     "  mpirun -n 4 polysweep run phase.yaml -o phase.h5 --part 2/10\n"
     "  polysweep run phase.yaml --set judge.trials=20 --where \"n <= 1024\"\n",
     true, false, cmd_run},
    {"plan", "STUDY.yaml",
     "points, exclusions, predicted time, memory and file size for any number of ranks; a job script for Slurm",
     "set where part ranks ranks-per-node compare budget points calibration calibrate no-inputs slurm output sbatch "
     "prologue "
     "launcher "
     "json",
     "  polysweep plan phase.yaml --ranks 64\n"
     "  polysweep plan phase.yaml --ranks 4096 --ranks-per-node 64 --calibration phase.h5\n"
     "  polysweep plan phase.yaml --compare 1,2,4,8,16,32\n"
     "  polysweep plan phase.yaml --ranks 512 --ranks-per-node 64 --budget 200nodeh\n"
     "  polysweep plan scaling.yaml --set grid.team=[1,2,4,8,16] --ranks 16 --points --json > plan.json\n"
     "  polysweep plan phase.yaml --ranks 256 --ranks-per-node 64 --slurm --sbatch account=physics > phase.job\n",
     false, false, cmd_plan},
    {"scale", "STUDY.yaml", "strong or weak scaling: times the points on teams of several sizes and compares them",
     "strong weak teams output set where time-limit redo max-fails dry-run no-inputs oversubscribe calibrate progress "
     "quiet json",
     "  mpirun -n 8 polysweep scale phase.yaml --strong --set grid.n=[16384]\n"
     "  mpirun -n 8 polysweep scale phase.yaml --weak --teams 1,2,4,8 -o weak.h5\n"
     "  mpirun -n 8 polysweep scale phase.yaml --strong --set time.beside=true\n",
     true, false, cmd_scale},
    {"status", "FILE.h5", "progress of a run, from its sidecar file, while it runs or after", "watch prometheus json",
     "  polysweep status phase.h5\n"
     "  polysweep status phase.h5 --watch\n"
     "  polysweep status phase.h5 --watch 60 >> phase.log\n"
     "  polysweep status phase.h5 --prometheus > phase.prom.new && mv phase.prom.new "
     "/var/lib/node_exporter/phase.prom\n",
     false, false, cmd_status},
    {"show", "FILE.h5",
     "rows of the result table; points that a search did not need are left out, unless --where names their status",
     "where columns sort limit list-columns edges counterexamples study csv jsonl extrap json",
     "  polysweep show phase.h5 --where \"method == exact and n == 1024\" --columns beta,success_rate,theory_success\n"
     "  polysweep show phase.h5 --csv > phase.csv\n"
     "  polysweep show phase.h5 --list-columns\n"
     "  polysweep show phase.h5 --sort -time_median_s,n --limit 10 --columns method,n,d,time_median_s\n"
     "  polysweep show windows.h5 --edges --where \"kind == rise\"\n"
     "  polysweep show phase.h5 --counterexamples fails\n"
     "  polysweep show phase.h5 --counterexamples fails --study > again.yaml\n"
     "  polysweep show scaling.h5 --extrap --where \"method == exact\" > scaling.jsonl\n",
     false, false, cmd_show},
    {"verify", "FILE.h5", "check schema and commit words, recompute slots and compare", "sample quiet json",
     "  polysweep verify phase.h5\n"
     "  mpirun -n 4 polysweep verify phase.h5 --sample 5\n",
     true, false, cmd_verify},
    {"merge", "OUT.h5 IN.h5...", "join files of one study; slots that several files have done must agree", "json",
     "  polysweep merge phase.h5 monday.h5 tuesday.h5\n"
     "  polysweep merge phase.h5 phase.*.h5 --json\n",
     false, true, cmd_merge},
    {"pack", "FILE.h5 -o SMALL.h5",
     "a smaller file with the same contents, for keeping; every command and reader takes it, a run unpacks it by "
     "itself",
     "output quiet json",
     "  polysweep pack phase.h5 -o phase.small.h5\n"
     "  polysweep pack phase.h5 -o /archive/phase.h5 --json\n",
     false, true, cmd_pack},
    {"doctor", "[DIR]", "what this machine and launch look like, what is wrong and what to type; tests writing in DIR",
     "set json",
     "  polysweep doctor\n"
     "  mpirun -n 4 polysweep doctor /scratch/results\n"
     "  mpirun -n 4 polysweep doctor --set run.threads=2\n"
     "  srun --mpi=pmix -n 128 polysweep doctor /scratch/results --json > doctor.json\n",
     true, false, cmd_doctor},
    {0},
};

static psw_status unknown(const char *name)
{
    const char *names[24];
    ptrdiff_t count = 0;
    for (const cmd_command *c = cmd_commands; c->name; c++) names[count++] = c->name;
    names[count++] = "help";
    names[count] = NULL;
    const char *near = psw_nearest(name, names);
    return PSW_FAIL(PSW_USAGE, "%s: no such command%s%s; polysweep --help lists them", name,
                    near ? ", did you mean " : "", near ? near : "");
}

/* Some points that failed and a stop have been reported by the run. */
static bool has_message(psw_status status)
{
    return status != PSW_OK && status != PSW_POINTS_FAILED && status != PSW_STOPPED;
}

static int report(psw_status status, int rank)
{
    if (has_message(status) && rank == 0) {
        psw_message_print("", "");
        if (status == PSW_BUG)
            psw_print(stderr, "polysweep: this is a bug, from %s; please report it\n", psw_message_site());
    }
    switch (status) {
    case PSW_OK:
    case PSW_POINTS_FAILED:
    case PSW_USAGE:
    case PSW_ENVIRONMENT:
    case PSW_MISMATCH:
    case PSW_BUG:
    case PSW_STOPPED: return (int)status;
    case PSW_NO_MEMORY:
    case PSW_INJECTED: return PSW_ENVIRONMENT;
    case PSW_NOT_FINITE:
    case PSW_TIMEOUT:
    case PSW_KILLED: return PSW_POINTS_FAILED;
    }
    return PSW_BUG;
}

/* A table that could not be written (a full disk, say) is a failure. */
static int printed(int code)
{
    bool lost = fflush(stdout) != 0 || ferror(stdout);
    if (!lost || code != PSW_OK) return code;
    psw_print(stderr, "polysweep: standard output could not be written completely\n");
    return PSW_ENVIRONMENT;
}

/* A step of srun without a server that Open MPI could ask: its tasks would be strangers to each other. Some versions
 * end such a process in MPI_Init, with advice for those who build MPI; others let each process run as a world of one.
 * */
static psw_status one_step(void)
{
#ifdef OPEN_MPI
    static const char *const met_by[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "POLYSWEEP_TRUST_SRUN"};
    const char *tasks = getenv("SLURM_STEP_NUM_TASKS");
    if (!tasks || !getenv("SLURM_STEP_ID")) return PSW_OK;
    for (size_t i = 0; i < sizeof met_by / sizeof *met_by; i++)
        if (getenv(met_by[i])) return PSW_OK;
    return PSW_FAIL(
        PSW_ENVIRONMENT,
        "srun started %s process%s without PMIx, so they cannot make one MPI world. Start them with "
        "`srun --mpi=pmix -n %s polysweep ...` (`srun --mpi=list` shows whether Slurm has it), or with "
        "`mpirun -n %s polysweep ...` in a job. POLYSWEEP_TRUST_SRUN=yes is for an Open MPI built with Slurm's PMI",
        tasks, strcmp(tasks, "1") == 0 ? "" : "es", tasks, tasks);
#else
    return PSW_OK;
#endif
}

/* Outside MPI nobody can wait for rank 0, and a launcher ends all processes when the first leaves with an error: the
 * others give it time to say what all would say. Who is still there then had another command or file, and speaks. */
static int leave(psw_status status)
{
    const unsigned patience_s = 3;
    if (has_message(status) && cmd_world_rank() != 0) sleep(patience_s);
    return printed(report(status, 0));
}

/* Of several processes of one world one prints: where their output comes together, not into files of their own. */
static psw_status print_once(void)
{
    struct stat out;
    if (cmd_world_rank() == 0 || (fstat(STDOUT_FILENO, &out) == 0 && S_ISREG(out.st_mode))) return PSW_OK;
    if (freopen("/dev/null", "w", stdout)) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "/dev/null cannot be opened: %s", psw_reason(errno));
}

/* All ranks leave together: one that went early would take the others down with it. */
static int inside_mpi(const cmd_command *command, const cmd_options *options, int *argc, char ***argv)
{
    psw_comm world;
    int provided;
    if (one_step() != PSW_OK) return report(PSW_ENVIRONMENT, cmd_step_task()); /* of all tasks alike */
    psw_store_environment();
    MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
    psw_status status = psw_comm_world(&world);
    if (status == PSW_OK) {
        psw_fault_rank(world.rank);
        status = psw_target_share(&world);
        if (status == PSW_OK) status = psw_comm_agree(&world, command->run(options, &world));
    }
    int code = printed(report(status, world.rank));
    fflush(NULL);
    psw_comm_barrier(&world);
    psw_comm_free(&world);
    MPI_Finalize();
    return code;
}

static int no_command(void)
{
    if (cmd_world_rank() != 0) return leave(PSW_FAIL(PSW_USAGE, "a command is missing"));
    cmd_help_print(NULL, stderr);
    return PSW_USAGE;
}

static int help(int argc, char **argv)
{
    psw_status status = print_once();
    if (status == PSW_OK && strcmp(argv[1], "help") == 0) return leave(cmd_help(argc, argv));
    if (status == PSW_OK) cmd_help_print(NULL, stdout);
    return leave(status);
}

/* And what is missing, where something is. */
static void print_version(void)
{
    psw_print(stdout, "polysweep " PSW_VERSION "\n");
    if (!psw_built_with_fftw()) psw_print(stdout, "built without FFTW\n");
    if (!psw_built_with_hwloc()) psw_print(stdout, "built without hwloc\n");
}

/* Every process of a launch does what reads, and ends with the code that it comes to. */
static int without_mpi(const cmd_command *command, const cmd_options *options)
{
    psw_status status = print_once();
    if (status != PSW_OK) return leave(status);
    if (options->help)
        cmd_help_print(command, stdout);
    else if (options->version)
        print_version();
    else if (options->citation)
        cmd_citation_print(stdout);
    else if (!command->writes || cmd_world_rank() == 0)
        status = command->run(options, NULL);
    return leave(status);
}

int main(int argc, char **argv)
{
    const cmd_options version = {.version = true}, citation = {.citation = true};
    cmd_options options;
    psw_threads_unbind();
    signal(SIGPIPE,
           SIG_IGN); /* who stops reading a table or the progress does not end a run: that is an error of writing */
    if (argc < 2) return no_command();
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return help(argc, argv);
    if (strcmp(argv[1], "--version") == 0) return without_mpi(NULL, &version);
    if (strcmp(argv[1], "--citation") == 0) return without_mpi(NULL, &citation);
    const cmd_command *command = cmd_command_find(argv[1]);
    psw_status status = command ? cmd_options_parse(command, argc, argv, &options) : unknown(argv[1]);
    if (status == PSW_OK) status = psw_fault_check();
    if (status == PSW_OK) status = psw_target_check();
    if (status != PSW_OK) return leave(status);
    bool told = options.help || options.version || options.citation;
    if (command->mpi && !told) return inside_mpi(command, &options, &argc, &argv);
    return without_mpi(command, &options);
}
