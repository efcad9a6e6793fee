/* plan --slurm: a job script for the study, every line with its reason. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/plan.h"
#include "cmd/sbatch.h"
#include "cmd/slurm.h"

enum { MINUTE = 60, HOUR = 3600 };

typedef struct script {
    const psw_options *options;
    const plan_outlook *o;
    FILE *out;
    bool srun;
    double time_s, least_s; /* asked for, and the least that lets the longest point end; INFINITY: no limit */
    double lead_s;          /* of the signal before the end */
    double node_bytes, rank_bytes;
    char program[PATH_MAX], study[PATH_MAX], result[PATH_MAX];
} script;

/* ---- numbers ---- */

static double round_up(double value, double step)
{
    return ceil(value / step) * step;
}

/* In steps that a person would choose. */
static double walltime(double seconds)
{
    const double least = 10 * MINUTE;
    if (seconds < least) return least;
    return round_up(seconds, seconds < HOUR ? 5 * MINUTE : seconds < 6 * HOUR ? 15 * MINUTE : HOUR);
}

/* A prediction is trusted to half of itself; starting, measuring rates and closing take a minute and a half. What was
 * asked for by --sbatch stays, and the signal keeps to it. */
static void set_times(script *s)
{
    const double safety = 1.5, around_s = 90, resolution_s = 60; /* Slurm sends a signal up to a minute early or late */
    const plan_outcome *out = &s->o->outcome;
    const char *asked = psw_sbatch_value(s->options, "time");
    double longest = safety * out->critical.value;
    s->lead_s = fmin(round_up(resolution_s + longest, 30), HOUR);
    s->least_s = walltime(longest + s->lead_s + around_s);
    s->time_s = fmax(walltime(safety * out->schedule.finish_s + around_s), s->least_s);
    if (asked) psw_slurm_time(asked, &s->time_s);
    s->lead_s = fmin(s->lead_s, floor(s->time_s / 4));
}

/* The arena of the largest point, and beside it what a rank of any program has: code, MPI, HDF5. A fifth on top, since
 * rates measured there may choose other teams. The run is told what it may take of it. */
static void set_memory(script *s)
{
    const double program = 256 * 0x1p20, safety = 1.2, step = 0x1p20, least = 64 * 0x1p20;
    double ranks = (double)(s->o->ranks < s->o->ranks_per_node ? s->o->ranks : s->o->ranks_per_node);
    s->rank_bytes = fmax(round_up(safety * s->o->largest.value, step), least);
    s->node_bytes = ranks * (s->rank_bytes + program);
}

/* ---- texts ---- */

static psw_status set_paths(script *s)
{
    const char *output = s->options->output ? s->options->output : psw_study_settings(s->o->study)->file;
    char directory[PATH_MAX] = "";
    ssize_t length = readlink("/proc/self/exe", s->program, sizeof s->program - 1);
    if (length <= 0) psw_format(s->program, sizeof s->program, "polysweep");
    if (!realpath(s->options->files[0], s->study))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s: %s", s->options->files[0], strerror(errno));
    if (output[0] != '/' && !getcwd(directory, sizeof directory - 1))
        return PSW_FAIL(PSW_ENVIRONMENT, "the current directory has no name: %s", strerror(errno));
    if (directory[0]) psw_format(directory + strlen(directory), 2, "/");
    bool whole = output[0] ? psw_format(s->result, sizeof s->result, "%s%s", directory, output)
                           : psw_format(s->result, sizeof s->result, "%s%s.h5", directory, psw_study_name(s->o->study));
    return whole ? PSW_OK : PSW_FAIL(PSW_USAGE, "the name of the result file is longer than %d characters", PATH_MAX - 1);
}

/* For the shell: in single quotes where it has more than letters, digits and the like. */
static void quoted(FILE *out, const char *text)
{
    const char *plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
    if (text[0] && strspn(text, plain) == strlen(text)) {
        fputs(text, out);
        return;
    }
    fputc('\'', out);
    for (; *text; text++) fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, out);
    fputc('\'', out);
}

/* In a comment: nothing that would end its line. */
static void commented(FILE *out, const char *text)
{
    for (; *text; text++) fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
}

static void job_name(const psw_study *study, char *name, size_t size)
{
    psw_format(name, size, "%s", psw_study_name(study));
    for (char *at = name; *at; at++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", *at)) *at = '-';
}

/* ---- the lines for sbatch ---- */

static void set_line(const script *s, const char *key, const char *value, const char *why)
{
    const char *asked = psw_sbatch_value(s->options, key);
    fprintf(s->out, "# %s%s\n", why, asked ? " (asked for by --sbatch)" : "");
    psw_sbatch_line(key, asked ? asked : value, s->out);
}

static void number_line(const script *s, const char *key, double number, const char *unit, const char *why)
{
    char value[64];
    psw_format(value, sizeof value, "%.0f%s", number, unit);
    set_line(s, key, value, why);
}

static void size_lines(const script *s)
{
    const plan_outlook *o = s->o;
    double nodes = (double)((o->ranks + o->ranks_per_node - 1) / o->ranks_per_node);
    number_line(s, "nodes", nodes, "",
                s->options->ranks > 0 ? "Nodes: --ranks over --ranks-per-node."
                                      : "Nodes: no --ranks was given, so these are the cores of the machine that planned.");
    number_line(s, "ntasks", (double)o->ranks, "", "Ranks of the run.");
    number_line(s, "ntasks-per-node", fmin((double)o->ranks_per_node, (double)o->ranks), "", "Ranks that share a node.");
    number_line(s, "cpus-per-task", psw_study_settings(o->study)->threads, "", "Cores of a rank: run.threads of the study.");
    set_line(s, "hint", "nomultithread", "A core each, not a hardware thread: two threads of one core take its multipliers from each other.");
}

static void memory_line(const script *s)
{
    if (psw_sbatch_has(s->options, "mem-per-cpu") || psw_sbatch_has(s->options, "mem-per-gpu")) return;
    number_line(s, "mem", ceil(s->node_bytes / 0x1p20), "M",
                "Memory of a node: of each rank the largest point, a fifth more, and 256 MiB for MPI and HDF5. mem=0 would ask for all.");
}

static void time_lines(const script *s)
{
    char time[PSW_SLURM_TEXT] = "UNLIMITED", least[PSW_SLURM_TEXT], value[64];
    if (isfinite(s->time_s)) psw_slurm_time_print(s->time_s, time);
    psw_slurm_time_print(s->least_s, least);
    set_line(s, "time", time,
             "Walltime: half as much again as predicted, and a minute and a half. Less is possible: what is left is requeued.");
    if (psw_sbatch_has(s->options, "time-min") || s->least_s < s->time_s)
        set_line(s, "time-min", least, "Slurm may give less to start it sooner, down to what the longest point needs.");
    psw_format(value, sizeof value, "B:USR1@%.0f", s->lead_s);
    set_line(s, "signal", value,
             "This shell (B:) hears USR1 so many seconds before the end: a second way, for the run itself asks Slurm for its time.");
    fprintf(s->out, "# After a failed node, and when this script asks for it below, the same job runs again.\n");
    psw_sbatch_line(psw_sbatch_has(s->options, "no-requeue") ? "no-requeue" : "requeue", "", s->out);
}

static void sbatch_lines(const script *s)
{
    static const char *const done[] = {"job-name", "output", "open-mode", "hint",    "mem",        "time",
                                       "time-min", "signal", "requeue",   "no-requeue", NULL};
    char name[128];
    job_name(s->o->study, name, sizeof name);
    set_line(s, "job-name", name, "The name in squeue and of the log.");
    set_line(s, "output", "%x.%j.out", "The log: name and number of the job.");
    set_line(s, "open-mode", "append", "A job that runs again goes on in the same log.");
    size_lines(s);
    memory_line(s);
    time_lines(s);
    psw_sbatch_print(s->options, done, s->out);
}

/* ---- the rest ---- */

static void head(const script *s)
{
    const plan_outlook *o = s->o;
    char busy[PSW_TEXT], finish[PSW_TEXT], longest[PSW_TEXT], memory[PSW_TEXT];
    psw_say_seconds(o->outcome.schedule.busy_s, busy);
    psw_say_seconds(o->outcome.schedule.finish_s, finish);
    psw_say_seconds(o->outcome.critical.value, longest);
    psw_say_bytes(o->largest.value, memory);
    fprintf(s->out, "#!/bin/bash -l\n# A job script for Slurm, printed by:\n#     polysweep");
    for (int i = 1; i < s->options->argc; i++) {
        fputc(' ', s->out);
        commented(s->out, s->options->argv[i]);
    }
    fprintf(s->out,
            "\n# sbatch FILE submits it, sbatch --test-only FILE says whether and when it would start.\n#\n"
            "# Predicted, by rates %s: %td points, %s of work, %s on %td ranks,\n"
            "# the longest point %s, at most %s a rank.\n\n",
            o->rates_from, o->points, busy, finish, o->ranks, longest, memory);
}

/* A directory opens like a file and is found out at the first byte. */
static psw_status open_prologue(const char *path, FILE **in)
{
    *in = fopen(path, "r");
    if (*in && ungetc(fgetc(*in), *in) == EOF && ferror(*in)) {
        fclose(*in);
        *in = NULL;
    }
    return *in ? PSW_OK : PSW_FAIL(PSW_ENVIRONMENT, "--prologue %s cannot be read: %s", path, strerror(errno));
}

/* Above everything that takes time: a shell without a trap dies of the signal. */
static const char listening[] = "\n# USR1 goes on to the run, once it has begun.\n"
                                "run=\n"
                                "trap 'told=yes; [ -z \"$run\" ] || kill -USR1 \"$run\"' USR1\n";

/* What the site needs, word for word. */
static psw_status prologue(const script *s)
{
    const char *path = s->options->prologue;
    char line[4096] = "\n";
    FILE *in;
    if (!path) {
        fprintf(s->out, "\n# What the program was built with, as in: module load gcc openmpi hdf5-parallel openblas\n"
                        "# (--prologue FILE puts the lines of FILE here.)\n");
        return PSW_OK;
    }
    PSW_TRY(open_prologue(path, &in));
    fprintf(s->out, "\n# From --prologue ");
    commented(s->out, path);
    fprintf(s->out, ":\n");
    while (fgets(line, sizeof line, in)) fputs(line, s->out);
    if (line[strlen(line) - 1] != '\n') fputc('\n', s->out);
    bool whole = !ferror(in);
    fclose(in);
    return whole ? PSW_OK : PSW_FAIL(PSW_ENVIRONMENT, "--prologue %s cannot be read: %s", path, strerror(errno));
}

static void environment(const script *s)
{
    FILE *out = s->out;
    fprintf(out, "\n# srun has not taken over --cpus-per-task by itself since Slurm 22.05.\n"
                 "export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}\n"
                 "# Threads of a rank; a BLAS would start one for each core of the node.\n"
                 "export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1} OPENBLAS_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}\n"
                 "# OpenBLAS takes a slow kernel for a processor younger than itself, and where a profile sets OPENBLAS_CORETYPE for\n"
                 "# another; `polysweep doctor` on a node says so, and what helps: export OPENBLAS_CORETYPE=SkylakeX\n"
                 "\n# The program, the study, and the file of results, where all nodes can write. On Lustre, spread it over several\n"
                 "# targets, once, before the first start: lfs setstripe -c 4 DIRECTORY\npolysweep=");
    quoted(out, s->program);
    fprintf(out, "\nstudy=");
    quoted(out, s->study);
    fprintf(out, "\nresult=");
    quoted(out, s->result);
    fprintf(out, "\n");
}

static void launcher(const script *s)
{
    ptrdiff_t ranks = s->o->ranks, per_node = s->o->ranks_per_node < ranks ? s->o->ranks_per_node : ranks;
    int threads = psw_study_settings(s->o->study)->threads;
    fprintf(s->out, "\n# One rank a task, each bound to its cores. ");
    if (s->srun) {
        fprintf(s->out, "Open MPI needs PMIx to find its ranks: without it each would be alone.\n");
        fprintf(s->out, "launch=(srun --mpi=pmix --ntasks=%td --ntasks-per-node=%td --cpu-bind=cores)\n", ranks, per_node);
        return;
    }
    fprintf(s->out, "mpirun learns from Slurm which nodes they are.\n");
#ifdef OPEN_MPI
    fprintf(s->out, "launch=(mpirun -n %td --map-by ppr:%td:node:PE=%d --bind-to core)\n", ranks, per_node, threads);
#else
    fprintf(s->out, "launch=(mpiexec -n %td -ppn %td -bind-to core:%d)\n", ranks, per_node, threads);
#endif
}

static void command(const script *s)
{
    const psw_options *options = s->options;
    fprintf(s->out, "# Points that are complete in the file are not computed again.\n"
                    "command=(\"$polysweep\" run \"$study\" -o \"$result\"");
    for (ptrdiff_t i = 0; i < options->set_count; i++) {
        fprintf(s->out, " --set ");
        quoted(s->out, options->set[i]);
    }
    if (options->where) {
        fprintf(s->out, " --where ");
        quoted(s->out, options->where);
    }
    if (psw_study_settings(s->o->study)->memory_per_rank_bytes <= 0 && !psw_sbatch_has(options, "mem") &&
        !psw_sbatch_has(options, "mem-per-cpu") && !psw_sbatch_has(options, "mem-per-gpu"))
        fprintf(s->out, " --set run.memory_per_rank=%.0fMi", s->rank_bytes / 0x1p20);
    fprintf(s->out, ")\n");
}

/* The same in every script of jobs/; a test compares them. */
static const char running[] =
    "\n# ---- run, and run again ----\n"
    "\n"
    "# Points that are done so far, from the file beside the result.\n"
    "done_so_far() { sed -n 's/.*\"done\": \\([0-9]*\\).*/\\1/p' \"$result.status.json\" 2>/dev/null; }\n"
    "before=$(done_so_far)\n"
    "\n"
    "# In the background, because a shell that waits in the foreground hears signals only afterwards. Ranks that hear USR1\n"
    "# finish the points in flight and stop. A signal also ends `wait`, so it waits again.\n"
    "\"${launch[@]}\" \"${command[@]}\" &\n"
    "run=$!\n"
    "told=yes\n"
    "while [ \"$told\" = yes ]; do\n"
    "    told=no\n"
    "    wait \"$run\"\n"
    "    code=$?\n"
    "done\n"
    "\n"
    "# 75: stopped in time, points are left; mpirun reports the code like an error. The job queues again and goes on where\n"
    "# it stopped, unless this run finished no point: the next would not either. POLYSWEEP_REQUEUE=no leaves going on to\n"
    "# others. An element of an array goes by its own name, for one of them has the number of them all.\n"
    "job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}\n"
    "if [ \"$code\" = 75 ] && [ \"$(done_so_far)\" = \"${before:-0}\" ]; then\n"
    "    echo \"No point was finished in this time; ask for more (--time), or see polysweep status $result\"\n"
    "elif [ \"$code\" = 75 ] && [ \"${POLYSWEEP_REQUEUE:-yes}\" = yes ]; then\n"
    "    scontrol requeue \"${job:-$SLURM_JOB_ID}\" ||\n"
    "        echo \"This cluster does not requeue: submit the script again, or see jobs/slurm-chain.sh\"\n"
    "fi\n"
    "exit \"$code\"\n";

/* ---- asked for ---- */

psw_status plan_slurm_check(const psw_options *o)
{
    const char *alone = o->sbatch_count > 0 ? "sbatch" : o->prologue ? "prologue" : o->launcher ? "launcher" : NULL;
    if (!o->slurm && alone) return PSW_FAIL(PSW_USAGE, "--%s is for a job script: add --slurm", alone);
    if (o->slurm && (o->json || o->compare || o->budget || o->points))
        return PSW_FAIL(PSW_USAGE, "--slurm prints a job script and nothing else: leave out --%s",
                        o->json ? "json" : o->compare ? "compare" : o->budget ? "budget" : "points");
    if (o->launcher && strcmp(o->launcher, "srun") != 0 && strcmp(o->launcher, "mpirun") != 0)
        return PSW_FAIL(PSW_USAGE, "--launcher: \"%s\" is neither srun nor mpirun", o->launcher);
    if (o->prologue) {
        FILE *in;
        PSW_TRY(open_prologue(o->prologue, &in));
        fclose(in);
    }
    return psw_sbatch_check(o);
}

/* What the script cannot mend. */
static void warn(const script *s)
{
    char longest[PSW_TEXT], time[PSW_SLURM_TEXT];
    psw_say_seconds(s->o->outcome.critical.value, longest);
    if (s->o->too_large > 0)
        fprintf(stderr, "polysweep: note: %td points are too large for the memory or the ranks that there are; the run will skip them\n",
                s->o->too_large);
    if (!isfinite(s->time_s) || s->o->outcome.critical.value < s->time_s - psw_slurm_margin_s(s->time_s)) return;
    psw_slurm_time_print(s->time_s, time);
    fprintf(stderr, "polysweep: note: the longest point is predicted to take %s, which a walltime of %s has no room for\n", longest, time);
}

psw_status plan_slurm(const psw_options *options, const plan_outlook *o)
{
    script s = {.options = options, .o = o, .out = stdout, .srun = options->launcher && strcmp(options->launcher, "srun") == 0};
    PSW_TRY(set_paths(&s));
    set_times(&s);
    set_memory(&s);
    warn(&s);
    head(&s);
    sbatch_lines(&s);
    fputs(listening, s.out);
    PSW_TRY(prologue(&s));
    environment(&s);
    launcher(&s);
    command(&s);
    fputs(running, s.out);
    return PSW_OK;
}
