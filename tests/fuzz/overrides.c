/* The command line: each line of the input is an argument of `run`, or what follows --set where it begins with no
 * dash. The options are read, the study with its overrides is built and its points are filtered. */
#include "cmd/cmd.h"
#include "fuzz/fuzz.h"

static const char text[] =
    "schema: 1\nstudy: s\nseed: 4\ndata: {preset: P1, noise: 0}\n"
    "methods: [exact, softmax, polysketch: {r: [2, 3], local: 0, draws: 4}]\n"
    "grid: {beta: [2, 4], n: {from: 64, to: 128, factor: 2}, classes: [8, 16]}\n"
    "zip: {s: {mask: [full, causal], block: [8, 16]}}\nderive: {d: classes + 2}\n"
    "exclude: [{when: \"n < 8 * classes\", why: x}]\njudge: {m: \"ceil(8 * log(n))\", trials: 5}\n"
    "predict: {mine: log(n)}\ntime: off\nrun: {threads: 1}\noutput: {file: a.h5, keep: []}\n";

/* main's table, which belongs to the program, with one command that takes all options */
const cmd_command cmd_commands[] = {
    {.name = "run",
     .options = "output set where time-limit redo max-fails dry-run oversubscribe progress quiet ranks compare budget "
                "columns sample csv json"},
    {0}};

enum { ARGUMENTS = 2 * PSW_LIST_MAX, LONGEST = 1 << 14 };

static int split(char *line, char **argv)
{
    int count = 2;
    while (line && count + 2 < ARGUMENTS) {
        char *next = strchr(line, '\n');
        if (next) *next++ = '\0';
        if (line[0] != '-') argv[count++] = "--set";
        argv[count++] = line;
        line = next;
    }
    return count;
}

static void build(const cmd_options *options)
{
    psw_study *study = NULL;
    psw_filter *filter = NULL;
    psw_rooms rooms = *psw_house();
    rooms.learned_r = NULL, rooms.file_facts = NULL; /* whatever files it names */
    psw_status status = psw_study_parse(
        &(psw_study_source){text, sizeof text - 1, "study.yaml", options->set, options->set_count}, &rooms, &study);
    must_say(status, PSW_USAGE);
    if (study && options->where) must_say(psw_filter_create(study, options->where, &filter), PSW_USAGE);
    for (ptrdiff_t slot = 0; filter && slot < psw_study_slots(study) && slot < 64; slot++) {
        psw_point point = psw_study_point(study, slot);
        psw_filter_keeps(filter, &point);
    }
    psw_filter_free(filter);
    psw_study_free(study);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *argv[ARGUMENTS] = {"polysweep", "run"}, *line = malloc(size + 1);
    cmd_options options;
    if (!line || size > LONGEST) {
        free(line);
        return 0;
    }
    memcpy(line, data, size);
    line[size] = '\0';
    psw_status status = cmd_options_parse(cmd_commands, split(line, argv), argv, &options);
    must_say(status, PSW_USAGE);
    if (status == PSW_OK) build(&options);
    free(line);
    return 0;
}
