/* A job script for a study, every line with its reason. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <mpi.h> /* for its name alone: options of launchers differ */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "polysweep/plain.h"
#include "polysweep/print.h"
#include "slurm/parts.h"
#include "slurm/sbatch.h"

enum { MINUTE = 60, HOUR = 3600 };

typedef struct script {
    const psw_script_request *asked;
    const psw_script_prediction *p;
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
    const char *asked = slurm_sbatch_value(s->asked, "time");
    double longest = safety * s->p->longest_s;
    s->lead_s = fmin(round_up(resolution_s + longest, 30), HOUR);
    s->least_s = walltime(longest + s->lead_s + around_s);
    s->time_s = fmax(walltime(safety * s->p->finish_s + around_s), s->least_s);
    if (asked) psw_slurm_time(asked, &s->time_s);
    s->lead_s = fmin(s->lead_s, floor(s->time_s / 4));
}

/* The arena of the largest point, and beside it what a rank of any program has: code, MPI, HDF5. A fifth on top, since
 * rates measured there may choose other teams. The run is given its share (run.memory_per_rank). */
static void set_memory(script *s)
{
    const double program = 256 * 0x1p20, safety = 1.2, step = 0x1p20, least = 64 * 0x1p20;
    double ranks = (double)(s->p->ranks < s->p->ranks_per_node ? s->p->ranks : s->p->ranks_per_node);
    s->rank_bytes = fmax(round_up(safety * s->p->largest_bytes, step), least);
    s->node_bytes = ranks * (s->rank_bytes + program);
}

/* ---- texts ---- */

static psw_status set_paths(script *s)
{
    const char *output = s->asked->output;
    char directory[PATH_MAX] = "";
    ssize_t length = readlink("/proc/self/exe", s->program, sizeof s->program - 1);
    if (length <= 0) psw_format(s->program, sizeof s->program, "polysweep");
    if (!realpath(s->asked->study, s->study))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s: %s", s->asked->study, psw_reason(errno));
    if (output[0] != '/' && !getcwd(directory, sizeof directory - 1))
        return PSW_FAIL(PSW_ENVIRONMENT, "the current directory cannot be determined: %s", psw_reason(errno));
    if (directory[0]) psw_format(directory + strlen(directory), 2, "/");
    bool whole = output[0] ? psw_format(s->result, sizeof s->result, "%s%s", directory, output)
                           : psw_format(s->result, sizeof s->result, "%s%s.h5", directory, s->asked->study_name);
    return whole ? PSW_OK
                 : PSW_FAIL(PSW_USAGE, "the name of the result file is longer than %d characters", PATH_MAX - 1);
}

/* For bash, byte by byte: what a terminal would obey, and bytes that are no UTF-8. */
static void escaped(FILE *out, const char *text)
{
    fputs("$'", out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c > 0x7e)
            fprintf(out, "\\x%02x", c);
        else
            fprintf(out, c == '\'' || c == '\\' ? "\\%c" : "%c", c);
    }
    fputc('\'', out);
}

/* For the shell: in single quotes where it has more than letters, digits and the like. */
static void quoted(FILE *out, const char *text)
{
    const char *plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
    char shown[PATH_MAX];
    if (text[0] && strspn(text, plain) == strlen(text)) {
        fputs(text, out);
        return;
    }
    if (!psw_plain_text(text, shown, sizeof shown) || strcmp(text, shown) != 0) {
        escaped(out, text);
        return;
    }
    fputc('\'', out);
    for (; *text; text++) fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, out);
    fputc('\'', out);
}

/* In a comment: nothing that would end its line. */
static void commented(FILE *out, const char *text)
{
    char shown[PATH_MAX];
    psw_plain_text(text, shown, sizeof shown);
    fputs(shown, out);
}

static void job_name(const char *study, char *name, size_t size)
{
    psw_format(name, size, "%s", study);
    for (char *at = name; *at; at++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", *at)) *at = '-';
}

/* ---- the lines for sbatch ---- */

static void set_line(const script *s, const char *key, const char *value, const char *why)
{
    const char *asked = slurm_sbatch_value(s->asked, key);
    fprintf(s->out, "# %s%s\n", why, asked ? " (asked for by --sbatch)" : "");
    slurm_sbatch_line(key, asked ? asked : value, s->out);
}

static void number_line(const script *s, const char *key, double number, const char *unit, const char *why)
{
    char value[64];
    psw_format(value, sizeof value, "%.0f%s", number, unit);
    set_line(s, key, value, why);
}

static void size_lines(const script *s)
{
    const psw_script_prediction *p = s->p;
    double nodes = (double)((p->ranks + p->ranks_per_node - 1) / p->ranks_per_node);
    number_line(s, "nodes", nodes, "",
                s->asked->ranks_given
                    ? "Nodes: --ranks over --ranks-per-node."
                    : "Nodes: no --ranks was given, so these are the cores of the machine that planned.");
    number_line(s, "ntasks", (double)p->ranks, "", "Ranks of the run.");
    number_line(s, "ntasks-per-node", fmin((double)p->ranks_per_node, (double)p->ranks), "",
                "Ranks that share a node.");
    number_line(s, "cpus-per-task", s->asked->threads, "", "Cores of a rank: run.threads of the study.");
    set_line(s, "hint", "nomultithread",
             "A core for each rank, not a hardware thread: two threads of one core share its multipliers.");
}

static void memory_line(const script *s)
{
    if (slurm_sbatch_has(s->asked, "mem-per-cpu") || slurm_sbatch_has(s->asked, "mem-per-gpu")) return;
    number_line(s, "mem", ceil(s->node_bytes / 0x1p20), "M",
                "Memory of a node: of each rank the largest point, a fifth more, and 256 MiB for MPI and HDF5. mem=0 "
                "would ask for all.");
}

static void time_lines(const script *s)
{
    char time[PSW_SLURM_TEXT] = "UNLIMITED", least[PSW_SLURM_TEXT], value[64];
    if (isfinite(s->time_s)) psw_slurm_time_print(s->time_s, time);
    psw_slurm_time_print(s->least_s, least);
    set_line(s, "time", time,
             "Walltime: half as much again as predicted, and a minute and a half. Less is possible: what is left is "
             "requeued.");
    if (slurm_sbatch_has(s->asked, "time-min") || s->least_s < s->time_s)
        set_line(s, "time-min", least, "Slurm may give less to start it sooner, down to what the longest point needs.");
    psw_format(value, sizeof value, "B:USR1@%.0f", s->lead_s);
    set_line(s, "signal", value,
             "This shell (B:) gets USR1 so many seconds before the end: a second way, since the run itself asks Slurm "
             "for its time.");
    fprintf(s->out, "# After a failed node, and when this script asks for it below, the same job runs again.\n");
    slurm_sbatch_line(slurm_sbatch_has(s->asked, "no-requeue") ? "no-requeue" : "requeue", "", s->out);
}

static void sbatch_lines(const script *s)
{
    static const char *const done[] = {"job-name", "output", "open-mode", "hint",       "mem", "time",
                                       "time-min", "signal", "requeue",   "no-requeue", NULL};
    char name[128];
    job_name(s->asked->study_name, name, sizeof name);
    set_line(s, "job-name", name, "The name in squeue and of the log.");
    set_line(s, "output", "%x.%j.out", "The log: name and number of the job.");
    set_line(s, "open-mode", "append", "A job that runs again appends to the same log.");
    size_lines(s);
    memory_line(s);
    time_lines(s);
    slurm_sbatch_print(s->asked, done, s->out);
}

/* ---- the rest ---- */

static void head(const script *s)
{
    const psw_script_prediction *p = s->p;
    char busy[PSW_TEXT], finish[PSW_TEXT], longest[PSW_TEXT], memory[PSW_TEXT];
    psw_format_seconds(p->busy_s, busy);
    psw_format_seconds(p->finish_s, finish);
    psw_format_seconds(p->longest_s, longest);
    psw_format_bytes(p->largest_bytes, memory);
    fprintf(s->out, "#!/bin/bash -l\n# A job script for Slurm, printed by:\n#     polysweep");
    commented(s->out, s->asked->command + strcspn(s->asked->command, " "));
    fprintf(s->out,
            "\n# sbatch FILE submits it, sbatch --test-only FILE shows whether and when it would start.\n#\n"
            "# Predicted, by rates %s: %td points, %s of work, %s on %td ranks,\n"
            "# the longest point %s, at most %s a rank.\n\n",
            p->rates_from, p->points, busy, finish, p->ranks, longest, memory);
}

static psw_status open_prologue(const char *path, FILE **in)
{
    psw_status status = psw_file_open(path, in);
    return status == PSW_OK ? status : PSW_FAIL(status, "--prologue %s", psw_message());
}

/* What the site needs, word for word. */
static psw_status prologue(const script *s)
{
    const char *path = s->asked->prologue;
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
    return whole ? PSW_OK : PSW_FAIL(PSW_ENVIRONMENT, "--prologue %s cannot be read: %s", path, psw_reason(errno));
}

static void environment(const script *s)
{
    FILE *out = s->out;
    fprintf(out,
            "\n%s"
            "\n# The program, the study, and the file of results, where all nodes can write. On Lustre, spread it over "
            "several\n"
            "# targets, once, before the first start: lfs setstripe -c 4 DIRECTORY\npolysweep=",
            slurm_part_environment);
    quoted(out, s->program);
    fprintf(out, "\nstudy=");
    quoted(out, s->study);
    fprintf(out, "\nresult=");
    quoted(out, s->result);
    fprintf(out, "\n");
}

static void launcher(const script *s)
{
    ptrdiff_t ranks = s->p->ranks, per_node = s->p->ranks_per_node < ranks ? s->p->ranks_per_node : ranks;
    int threads = s->asked->threads;
    fprintf(s->out, "\n# One rank a task, each bound to its cores. ");
    if (s->srun) {
        fprintf(s->out, "Open MPI needs PMIx to find its ranks: without it each would be alone.\n");
        fprintf(s->out, "launch=(srun --mpi=pmix --ntasks=%td --ntasks-per-node=%td --cpu-bind=cores)\n", ranks,
                per_node);
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
    const psw_script_request *asked = s->asked;
    fprintf(s->out, "# Points that are complete in the file are not computed again.\n"
                    "command=(\"$polysweep\" run \"$study\" -o \"$result\"");
    for (ptrdiff_t i = 0; i < asked->sets; i++) {
        fprintf(s->out, " --set ");
        quoted(s->out, asked->set[i]);
    }
    if (asked->where) {
        fprintf(s->out, " --where ");
        quoted(s->out, asked->where);
    }
    if (!s->asked->memory_given && !slurm_sbatch_has(asked, "mem") && !slurm_sbatch_has(asked, "mem-per-cpu") &&
        !slurm_sbatch_has(asked, "mem-per-gpu"))
        fprintf(s->out, " --set run.memory_per_rank=%.0fMi", s->rank_bytes / 0x1p20);
    fprintf(s->out, ")\n");
}

/* ---- asked for ---- */

psw_status psw_script_check(const psw_script_request *asked)
{
    const char *launcher = asked->launcher;
    if (launcher && strcmp(launcher, "srun") != 0 && strcmp(launcher, "mpirun") != 0)
        return PSW_FAIL(PSW_USAGE, "--launcher: \"%s\" is neither srun nor mpirun", launcher);
    if (asked->prologue) {
        FILE *in;
        PSW_TRY(open_prologue(asked->prologue, &in));
        fclose(in);
    }
    return slurm_sbatch_check(asked);
}

/* What the script cannot solve. */
static void warn(const script *s)
{
    char longest[PSW_TEXT], time[PSW_SLURM_TEXT];
    psw_format_seconds(s->p->longest_s, longest);
    if (s->p->too_large > 0)
        psw_print(
            stderr,
            "polysweep: note: %td points are too large for the available memory or ranks; the run will skip them\n",
            s->p->too_large);
    if (!isfinite(s->time_s) || s->p->longest_s < s->time_s - psw_slurm_margin_s(s->time_s)) return;
    psw_slurm_time_print(s->time_s, time);
    psw_print(stderr, "polysweep: note: the longest point is predicted to take %s, more than a walltime of %s allows\n",
              longest, time);
}

psw_status psw_script_print(const psw_script_request *asked, const psw_script_prediction *prediction, FILE *out)
{
    bool srun = asked->launcher && strcmp(asked->launcher, "srun") == 0;
    script s = {.asked = asked, .p = prediction, .out = out, .srun = srun};
    PSW_TRY(set_paths(&s));
    set_times(&s);
    set_memory(&s);
    warn(&s);
    head(&s);
    sbatch_lines(&s);
    fprintf(out, "\n%s", slurm_part_listen); /* above everything that takes time: without a trap USR1 ends the shell */
    PSW_TRY(prologue(&s));
    environment(&s);
    launcher(&s);
    command(&s);
    fprintf(out, "\n%s\n%s\n%s", slurm_part_launch, slurm_part_conclude, slurm_part_run);
    return PSW_OK;
}
