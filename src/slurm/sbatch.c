#include "slurm/sbatch.h"

#include <string.h>

#include "polysweep/plain.h"
#include "polysweep/spec.h"

/* Long options of sbatch, of Slurm 20 to 24. Others may be a site's: Slurm's plugins add options. */
static const char *const with_value[] = {"account",
                                         "acctg-freq",
                                         "array",
                                         "batch",
                                         "bb",
                                         "bbf",
                                         "begin",
                                         "chdir",
                                         "cluster-constraint",
                                         "clusters",
                                         "comment",
                                         "constraint",
                                         "container",
                                         "core-spec",
                                         "cores-per-socket",
                                         "cpu-freq",
                                         "cpus-per-gpu",
                                         "deadline",
                                         "delay-boot",
                                         "dependency",
                                         "distribution",
                                         "error",
                                         "exclude",
                                         "export",
                                         "export-file",
                                         "extra-node-info",
                                         "gid",
                                         "gpu-bind",
                                         "gpu-freq",
                                         "gpus",
                                         "gpus-per-node",
                                         "gpus-per-socket",
                                         "gpus-per-task",
                                         "gres",
                                         "gres-flags",
                                         "hint",
                                         "input",
                                         "job-name",
                                         "licenses",
                                         "mail-type",
                                         "mail-user",
                                         "mcs-label",
                                         "mem",
                                         "mem-bind",
                                         "mem-per-cpu",
                                         "mem-per-gpu",
                                         "mincpus",
                                         "network",
                                         "nice",
                                         "nodefile",
                                         "nodelist",
                                         "open-mode",
                                         "output",
                                         "partition",
                                         "power",
                                         "prefer",
                                         "priority",
                                         "profile",
                                         "qos",
                                         "reservation",
                                         "signal",
                                         "sockets-per-node",
                                         "switches",
                                         "thread-spec",
                                         "threads-per-core",
                                         "time",
                                         "time-min",
                                         "tmp",
                                         "tres-per-task",
                                         "uid",
                                         "wait-all-nodes",
                                         "wckey",
                                         NULL};
/* Flags, and options whose value may be left out. */
static const char *const without_value[] = {"contiguous",
                                            "exclusive",
                                            "get-user-env",
                                            "ignore-pbs",
                                            "kill-on-invalid-dep",
                                            "no-kill",
                                            "no-requeue",
                                            "oversubscribe",
                                            "overcommit",
                                            "propagate",
                                            "quiet",
                                            "reboot",
                                            "requeue",
                                            "spread-job",
                                            "stepmgr",
                                            "use-min-nodes",
                                            "verbose",
                                            NULL};
static const char *const decided[] = {
    "nodes", "ntasks", "ntasks-per-node", "ntasks-per-core", "ntasks-per-socket", "cpus-per-task", NULL};

static bool one_of(const char *const *list, const char *key, size_t length)
{
    for (; *list; list++)
        if (strlen(*list) == length && strncmp(*list, key, length) == 0) return true;
    return false;
}

static size_t key_length(const char *argument)
{
    return strcspn(argument, "=");
}

/* ---- what is given ---- */

const char *slurm_sbatch_value(const psw_script_request *o, const char *key)
{
    size_t length = strlen(key);
    for (ptrdiff_t i = o->sbatch_count - 1; i >= 0; i--) {
        const char *given = o->sbatch[i];
        if (key_length(given) != length || strncmp(given, key, length) != 0) continue;
        return given[length] ? given + length + 1 : given + length;
    }
    return NULL;
}

bool slurm_sbatch_has(const psw_script_request *asked, const char *key)
{
    return slurm_sbatch_value(asked, key) != NULL;
}

/* ---- what is right ---- */

static psw_status unknown_key(const char *argument, const char *key)
{
    const char *near = psw_nearest(key, with_value);
    if (!near) near = psw_nearest(key, without_value);
    if (!near) near = psw_nearest(key, decided);
    if (!near) return PSW_OK; /* an option of the site's own */
    return PSW_FAIL(PSW_USAGE, "--sbatch %s: sbatch has no option --%s, did you mean %s", argument, key, near);
}

static psw_status check_key(const char *argument)
{
    char key[64];
    size_t length = key_length(argument);
    bool given = argument[length] && argument[length + 1];
    if (length == 0 || length >= sizeof key || argument[0] == '-' ||
        strspn(argument, "abcdefghijklmnopqrstuvwxyz0123456789-") != length)
        return PSW_FAIL(
            PSW_USAGE,
            "--sbatch %s: KEY=VALUE is expected, KEY a long option of sbatch without its dashes, as in account=physics",
            argument);
    psw_format(key, sizeof key, "%.*s", (int)length, argument);
    if (one_of(decided, key, length))
        return PSW_FAIL(PSW_USAGE,
                        "--sbatch %s: nodes and tasks follow from --ranks and --ranks-per-node, cores of a task from "
                        "--set run.threads=N",
                        argument);
    if (one_of(without_value, key, length)) return PSW_OK;
    if (!one_of(with_value, key, length))
        PSW_TRY(unknown_key(argument, key));
    else if (!given)
        return PSW_FAIL(PSW_USAGE, "--sbatch %s: a value is expected, %s=VALUE", argument, key);
    return PSW_OK;
}

/* A line of its own, which ends where it should. */
static psw_status check_value(const char *argument)
{
    unsigned code;
    for (const char *at = argument; *at; at += psw_character_read(at, &code)) {
        psw_character_read(at, &code);
        if (psw_character_obeyed(code) || code == 0xfffd || code == '"' || code == '\\')
            return PSW_FAIL(PSW_USAGE,
                            "--sbatch %.*s: the value has a control character, a quotation mark or a backslash, which "
                            "a line for sbatch cannot hold",
                            (int)key_length(argument), argument);
    }
    return PSW_OK;
}

static psw_status check_time(const psw_script_request *asked, const char *key)
{
    const char *value = slurm_sbatch_value(asked, key);
    double seconds;
    if (!value || (psw_slurm_time(value, &seconds) && seconds >= 60)) return PSW_OK;
    return PSW_FAIL(PSW_USAGE,
                    "--sbatch %s=%s: a time of a minute or more is expected, as Slurm writes it: 90 (minutes), 1:30:00 "
                    "or 2-12:00:00",
                    key, value);
}

psw_status slurm_sbatch_check(const psw_script_request *asked)
{
    for (ptrdiff_t i = 0; i < asked->sbatch_count; i++) {
        PSW_TRY(check_value(asked->sbatch[i]));
        PSW_TRY(check_key(asked->sbatch[i]));
    }
    PSW_TRY(check_time(asked, "time"));
    return check_time(asked, "time-min");
}

/* ---- lines ---- */

/* Quotes keep blanks and number signs in a value. */
void slurm_sbatch_line(const char *key, const char *value, FILE *out)
{
    const char *quote = strpbrk(value, " #'") ? "\"" : "";
    fprintf(out, "#SBATCH --%s", key);
    if (value[0]) fprintf(out, "=%s%s%s", quote, value, quote);
    fprintf(out, "\n");
}

void slurm_sbatch_print(const psw_script_request *asked, const char *const *done, FILE *out)
{
    for (ptrdiff_t i = 0; i < asked->sbatch_count; i++) {
        char key[64];
        size_t length = key_length(asked->sbatch[i]);
        psw_format(key, sizeof key, "%.*s", (int)length, asked->sbatch[i]);
        const char *value = asked->sbatch[i] + length + (asked->sbatch[i][length] != '\0');
        if (one_of(done, key, length) || slurm_sbatch_value(asked, key) != value) continue;
        bool known = one_of(with_value, key, length) || one_of(without_value, key, length);
        fprintf(out, "# Asked for by --sbatch%s.\n",
                known ? "" : "; sbatch itself has no such option, but the site may");
        slurm_sbatch_line(key, value, out);
    }
}
