#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"

typedef enum kind { FLAG, TEXT, COUNT, DURATION, PERCENT, LIST, PROGRESS, REDO, PART, EVERY } kind;

typedef struct option {
    const char *name, *argument, *help;
    kind kind;
    size_t at; /* member of psw_options */
    char letter;
} option;

#define AT(member) offsetof(cmd_options, member)

static const option options_table[] = {
    {"output", "FILE.h5",
     "the file to write: the result (default: output.file of the study, else its name); of pack the smaller file, of "
     "init the study",
     TEXT, AT(output), 'o'},
    {"set", "KEY=VALUE",
     "replace a value of the study: grid.beta=[2,4], run.threads=2 (doctor takes only this one); may be repeated", LIST,
     AT(set), 0},
    {"where", "EXPR", "only points for which EXPR holds: \"n <= 4096 and method == exact\"", TEXT, AT(where), 0},
    {"part", "K/N", "only part K of N: its points go to FILE.K.h5, and merge FILE.h5 FILE.*.h5 joins the parts", PART,
     AT(part), 0},
    {"time-limit", "TIME", "stop cleanly (exit code 75) before TIME is over: 45s, 1h30m", DURATION, AT(time_limit_s),
     0},
    {"redo", "failed|not_needed",
     "compute again: failed, timed out and skipped points; or, without a search, those that a search did not need",
     REDO, AT(redo), 0},
    {"extend", NULL, "the study has grown: make a file for it and keep what FILE.h5 has done", FLAG, AT(extend), 0},
    {"max-fails", "N", "stop after N failed points", COUNT, AT(max_fails), 0},
    {"dry-run", NULL, "only print what would be done, as plan does, on the ranks of this launch", FLAG, AT(dry_run), 0},
    {"no-inputs", NULL, "plan without opening the files that the study names (data, weights)", FLAG, AT(no_inputs), 0},
    {"oversubscribe", NULL, "allow more ranks x threads than hardware threads", FLAG, AT(oversubscribe), 0},
    {"progress", "auto|bar|plain|off",
     "how to show progress on stderr: a bar, lines now and then, nothing; auto: a bar on a terminal, also of mpirun on "
     "this machine, else lines. Where a launcher hides a terminal, as srun does, and somebody looks: --progress bar",
     PROGRESS, AT(progress), 0},
    {"quiet", NULL, "only errors on stderr", FLAG, AT(quiet), 'q'},
    {"ranks", "P", "number of ranks to plan for (default: the cores of this machine)", COUNT, AT(ranks), 0},
    {"ranks-per-node", "K", "ranks that share the memory of a node", COUNT, AT(ranks_per_node), 0},
    {"compare", "P,P,...", "finish, speed-up and their limit for several numbers of ranks", TEXT, AT(compare), 0},
    {"budget", "HOURS", "which points an allocation buys on --ranks: 200nodeh, 5000coreh", TEXT, AT(budget), 0},
    {"points", NULL, "each point by itself: its team, seconds, messages, memory (with --json: every parameter, too)",
     FLAG, AT(points), 0},
    {"slurm", NULL, "print a job script for the study, every line explained", FLAG, AT(slurm), 0},
    {"sbatch", "KEY=VALUE", "a line for sbatch in that script: account=physics, time=24:00:00; may be repeated", LIST,
     AT(sbatch), 0},
    {"prologue", "FILE", "lines of FILE go into that script before the run: modules to load", TEXT, AT(prologue), 0},
    {"launcher", "srun|mpirun", "the command that starts the ranks in that script (default: mpirun)", TEXT,
     AT(launcher), 0},
    {"calibration", "FILE.h5", "use the rates that a run measured and stored in FILE.h5", TEXT, AT(calibration), 0},
    {"calibrate", NULL, "measure the speeds of this machine again, and keep them for launches to come", FLAG,
     AT(calibrate), 0},
    {"strong", NULL, "the same points on every team", FLAG, AT(strong), 0},
    {"weak", NULL, "n grows with the team, so that the work per rank stays the same", FLAG, AT(weak), 0},
    {"teams", "T,T,...", "sizes of teams (default: 1, 2, 4, ... and all ranks)", TEXT, AT(teams), 0},
    {"watch", "[SECONDS]",
     "look again every SECONDS (default: 2) until the run has ended, or Ctrl-C: in place on a terminal, else a line "
     "each "
     "time",
     EVERY, AT(watch_s), 0},
    {"prometheus", NULL, "in the text format of Prometheus, for the textfile collector of its node exporter", FLAG,
     AT(prometheus), 0},
    {"sort", "[-]COLUMN,...", "rows in ascending order of COLUMN, with - in descending; what has no value comes last",
     TEXT, AT(sort), 0},
    {"limit", "N", "only the first N rows", COUNT, AT(limit), 0},
    {"list-columns", NULL, "name, unit and meaning of every column of the file, instead of rows", FLAG,
     AT(list_columns), 0},
    {"columns", "A,B,...", "columns to show", TEXT, AT(columns), 0},
    {"counterexamples", "NAME", "points that contradict the claim NAME of the study (predict), the strongest first",
     TEXT, AT(counterexamples), 0},
    {"study", NULL, "with --counterexamples: print a study of these points with other seeds and ten times the trials",
     FLAG, AT(study), 0},
    {"sample", "PERCENT",
     "share of the done slots to recompute, whole blocks of 16 (default: all that a minute allows)", PERCENT,
     AT(sample), 0},
    {"edges", NULL, "what a search found: an edge a row, and a row for a combination without", FLAG, AT(edges), 0},
    {"csv", NULL, "comma-separated values", FLAG, AT(csv), 0},
    {"jsonl", NULL, "one JSON object a line", FLAG, AT(jsonl), 0},
    {"extrap", NULL, "times as JSON lines for Extra-P: team, n, d, beta and r are its parameters, where they vary",
     FLAG, AT(extrap), 0},
    {"json", NULL, "one versioned JSON document", FLAG, AT(json), 0},
    {"help", NULL, "this text", FLAG, AT(help), 'h'},
    {"version", NULL, "the version of the program", FLAG, AT(version), 0},
    {"citation", NULL, "how to cite the program and the paper: BibTeX", FLAG, AT(citation), 0},
};
enum { OPTIONS = sizeof options_table / sizeof options_table[0] };

/* Is `name` one of the blank-separated words of `list`? */
static bool listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == '\0' || at[length] == ' ')) return true;
    return false;
}

static bool takes(const cmd_command *command, const option *o)
{
    bool always = o->at == AT(help) || o->at == AT(version) || o->at == AT(citation);
    return always || listed(command->options, o->name);
}

static psw_status unknown(const cmd_command *command, const char *argument)
{
    const char *names[OPTIONS + 1];
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < OPTIONS; i++)
        if (takes(command, &options_table[i])) names[count++] = options_table[i].name;
    names[count] = NULL;
    psw_shown name;
    size_t dashes = strspn(argument, "-");
    psw_format(name.text, sizeof name.text, "%.*s", (int)strcspn(argument + dashes, "="), argument + dashes);
    const char *near = psw_nearest(name.text, names);
    return PSW_FAIL(PSW_USAGE, "%s: unknown option of %s%s%s; polysweep %s --help lists them", argument, command->name,
                    near ? ", did you mean --" : "", near ? near : "", command->name);
}

static psw_status percent(const char *argument, const char *value, double *out)
{
    char *end;
    *out = strtod(value, &end);
    if (end == value || *end || !(*out > 0 && *out <= 100))
        return PSW_FAIL(PSW_USAGE, "%s: \"%s\" is not a percentage, above 0 and at most 100", argument, value);
    return PSW_OK;
}

static psw_status count(const char *argument, const char *value, ptrdiff_t *out)
{
    const double most = 1e9;
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end || !(number >= 1 && number <= most && number == floor(number)))
        return PSW_FAIL(PSW_USAGE, "%s: \"%s\" is not a whole number from 1 to %.0f", argument, value, most);
    *out = (ptrdiff_t)number;
    return PSW_OK;
}

static psw_status append(const char **list, ptrdiff_t *length, const char *name, const char *value)
{
    if (*length == PSW_LIST_MAX) return PSW_FAIL(PSW_USAGE, "--%s is given more than %d times", name, PSW_LIST_MAX);
    list[(*length)++] = value;
    return PSW_OK;
}

static psw_status progress_word(const char *value, psw_progress *out)
{
    static const char *const words[] = {"auto", "bar", "plain", "off"};
    for (int i = 0; i < 4; i++)
        if (strcmp(value, words[i]) == 0) {
            *out = (psw_progress)i;
            return PSW_OK;
        }
    return PSW_FAIL(PSW_USAGE, "--progress: \"%s\" is not one of auto, bar, plain, off", value);
}

static psw_status redo_word(const char *value, psw_redo *out)
{
    if (strcmp(value, "failed") == 0) return *out = PSW_REDO_FAILED, PSW_OK;
    if (strcmp(value, psw_word(PSW_WORDS_STATUS, PSW_SLOT_NOT_NEEDED)) == 0) return *out = PSW_REDO_NOT_NEEDED, PSW_OK;
    return PSW_FAIL(PSW_USAGE,
                    "--redo: unknown value \"%s\"; --redo failed computes failed, timed out and skipped points again, "
                    "--redo not_needed those that a search left out",
                    value);
}

static psw_status every(const char *value, double *out)
{
    const double least_s = 0.1, most_s = 86400, usual_s = 2;
    char *end = "";
    *out = value ? strtod(value, &end) : usual_s;
    if (value && (end == value || *end || !(*out >= least_s && *out <= most_s)))
        return PSW_FAIL(PSW_USAGE, "--watch: \"%s\" is not a number of seconds from %g to %.0f", value, least_s,
                        most_s);
    return PSW_OK;
}

static psw_status part_of(const char *value, psw_part *out)
{
    if (psw_part_read(value, out)) return PSW_OK;
    return PSW_FAIL(PSW_USAGE, "--part: \"%s\" is not K/N, part K of N with K from 1 to N, at most %d: --part 2/10",
                    value, PSW_PARTS_MAX);
}

static psw_status keep(const option *o, const char *argument, const char *value, cmd_options *options)
{
    void *member = (char *)options + o->at;
    switch (o->kind) {
    case FLAG: *(bool *)member = true; return PSW_OK;
    case TEXT: *(const char **)member = value; return PSW_OK;
    case LIST: return append(member, o->at == AT(set) ? &options->set_count : &options->sbatch_count, o->name, value);
    case PART: return part_of(value, member);
    case PROGRESS: return progress_word(value, member);
    case REDO: return redo_word(value, member);
    case DURATION: return psw_parse_duration(value, member);
    case PERCENT: return percent(argument, value, member);
    case COUNT: return count(argument, value, member);
    case EVERY: return every(value, member);
    }
    return PSW_OK;
}

/* --name, --name=value, -x */
static const option *find(const cmd_command *command, const char *argument, const char **value)
{
    bool wordy = argument[1] == '-';
    size_t length = strcspn(argument, "=");
    *value = wordy && argument[length] ? argument + length + 1 : NULL;
    for (ptrdiff_t i = 0; i < OPTIONS; i++) {
        const option *o = &options_table[i];
        bool same = wordy ? strlen(o->name) + 2 == length && strncmp(o->name, argument + 2, length - 2) == 0
                          : o->letter == argument[1] && argument[2] == '\0';
        if (same && takes(command, o)) return o;
    }
    return NULL;
}

/* What follows an option that may have a number. */
static bool is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789.")] == '\0';
}

static void command_line(int argc, char **argv, cmd_options *options)
{
    char *text = options->command;
    for (int i = 0; i < argc; i++) {
        size_t used = strlen(text);
        psw_format(text + used, sizeof options->command - used, "%s%s", used ? " " : "", argv[i]);
    }
}

psw_status cmd_options_parse(const cmd_command *command, int argc, char **argv, cmd_options *options)
{
    *options = (cmd_options){
        .time_limit_s = -1,
    };
    command_line(argc, argv, options);
    for (int i = 2; i < argc; i++) {
        const char *value;
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            if (options->file_count == PSW_LIST_MAX)
                return PSW_FAIL(PSW_USAGE, "more than %d files are named", PSW_LIST_MAX);
            options->files[options->file_count++] = argv[i];
            continue;
        }
        const option *o = find(command, argv[i], &value);
        if (!o) return unknown(command, argv[i]);
        if (o->kind == EVERY) {
            bool next = !value && i + 1 < argc && is_number(argv[i + 1]);
            PSW_TRY(keep(o, argv[i], next ? argv[i + 1] : value, options));
            i += next;
            continue;
        }
        if (o->kind != FLAG && !value && i + 1 == argc)
            return PSW_FAIL(PSW_USAGE, "%s needs a value: %s %s", argv[i], argv[i], o->argument);
        if (o->kind == FLAG && value) return PSW_FAIL(PSW_USAGE, "--%s takes no value", o->name);
        const char *argument = argv[i];
        if (o->kind != FLAG && !value) value = argv[++i];
        PSW_TRY(keep(o, argument, value, options));
    }
    if (options->no_inputs && !options->dry_run && listed(command->options, "dry-run"))
        return PSW_FAIL(PSW_USAGE, "--no-inputs is for a plan: add --dry-run");
    return PSW_OK;
}

bool cmd_option_at(const cmd_command *command, ptrdiff_t index, cmd_option *out)
{
    for (ptrdiff_t i = 0; i < OPTIONS; i++) {
        const option *o = &options_table[i];
        if (!takes(command, o) || index-- > 0) continue;
        *out = (cmd_option){o->name, o->argument, o->help, o->letter};
        return true;
    }
    return false;
}
