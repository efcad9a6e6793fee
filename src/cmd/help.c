/* `polysweep help`: commands, and what can be looked up: columns, keys, methods, and topics that are a text. */
#include <string.h>

#include "cmd/cmd.h"

#include "polysweep/built.h"
#include "polysweep/record.h"

const cmd_command *cmd_command_find(const char *name)
{
    for (const cmd_command *c = cmd_commands; c->name; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

/* ---- a command ---- */

static void help_of_command(const cmd_command *command, FILE *stream)
{
    enum { HEAD = 33 };
    cmd_option option;
    fprintf(stream, "polysweep %s %s\n\n", command->name, command->arguments);
    psw_print_wrapped(stream, 0, 0, command->summary);
    fprintf(stream, "\noptions\n");
    for (ptrdiff_t i = 0; cmd_option_at(command, i, &option); i++) {
        char head[64];
        psw_format(head, sizeof head, "%s%c%s--%s %s", option.letter ? "-" : "", option.letter ? option.letter : ' ',
                   option.letter ? ", " : "   ", option.name, option.argument ? option.argument : "");
        fprintf(stream, "  %-30s ", head);
        psw_print_wrapped(stream, HEAD, HEAD, option.help);
    }
    fprintf(stream, "\nexamples\n%s", command->examples);
}

static void overview(FILE *stream)
{
    enum { NAME = 14 };
    fprintf(stream, "polysweep " PSW_VERSION ": sweeps of polynomial attention, exact and sketched\n\n"
                    "polysweep COMMAND [OPTIONS] [FILE...], alone or under mpirun or srun\n\n");
    for (const cmd_command *c = cmd_commands; c->name; c++) {
        fprintf(stream, "  %-*s", NAME - 2, c->name);
        psw_print_wrapped(stream, NAME, NAME, c->summary);
    }
    fprintf(stream, "\npolysweep help TOPIC explains\n\n"
                    "  COMMAND     one of these, with its options and examples\n"
                    "  columns     the columns of a result; help columns margin_d1, or 'err_*': unit, formula, digits\n"
                    "  keys        the keys of a study file; help keys run: those of a section\n"
                    "  methods     methods and their own parameters, and kinds of data\n"
                    "  schema      a JSON Schema of studies, for editors\n"
                    "  completion  of the command line: help completion bash, zsh or fish\n");
    for (const cmd_topic *topic = cmd_topics; topic->name; topic++)
        fprintf(stream, "  %-*s%s\n", NAME - 2, topic->name, topic->summary);
}

void cmd_help_print(const cmd_command *command, FILE *stream)
{
    command ? help_of_command(command, stream) : overview(stream);
}

/* ---- topics ---- */

/* What stands behind a topic on the command line. */
typedef struct request {
    const char *of; /* NULL: nothing */
    bool markdown, man;
} request;

static psw_status columns(const request *asked)
{
    const char *names[PSW_COLUMNS_MAX];
    ptrdiff_t count;
    if (asked->markdown) return psw_columns_markdown(stdout), PSW_OK;
    if (psw_columns_print(stdout, asked->of) > 0) return PSW_OK;
    const psw_column *list = psw_columns(&count);
    for (ptrdiff_t i = 0; i < count; i++) names[i] = list[i].name;
    names[count] = NULL;
    return PSW_FAIL(PSW_USAGE, "%s: no such column%s; polysweep help columns lists them", asked->of,
                    psw_hint(asked->of, names).text);
}

static psw_status keys(const request *asked)
{
    static const char *const sections[] = {"top",    "data", "grid",   "method", "judge", "search",
                                           "decode", "time", "output", "run",    NULL};
    if (psw_keys_print(stdout, asked->of, asked->markdown) > 0) return PSW_OK;
    return PSW_FAIL(
        PSW_USAGE,
        "%s: no such section%s; the sections are top, data, grid, method, judge, search, decode, time, output "
        "and run",
        asked->of, psw_hint(asked->of, sections).text);
}

static psw_status methods(const request *asked)
{
    psw_methods_print(stdout, asked->markdown);
    if (!asked->markdown && !psw_built_with_fftw())
        psw_print_wrapped(stdout, 0, 0,
                          "This program was built without FFTW: tensorsketch takes no r with a prime factor above 31.");
    return PSW_OK;
}

static psw_status schema(const request *asked)
{
    (void)asked;
    psw_schema_print(stdout);
    return PSW_OK;
}

static psw_status completion(const request *asked)
{
    return cmd_completion_print(asked->of ? asked->of : "", stdout);
}

static const struct {
    const char *name;
    psw_status (*print)(const request *asked);
} lookups[] = {
    {"columns", columns}, {"keys", keys}, {"methods", methods}, {"schema", schema}, {"completion", completion}};
enum { LOOKUPS = sizeof lookups / sizeof *lookups };

static psw_status unknown(const char *topic)
{
    const char *names[48];
    ptrdiff_t count = 0;
    for (int i = 0; i < LOOKUPS; i++) names[count++] = lookups[i].name;
    for (const cmd_command *c = cmd_commands; c->name; c++) names[count++] = c->name;
    for (const cmd_topic *t = cmd_topics; t->name; t++) names[count++] = t->name;
    names[count] = NULL;
    const char *near = psw_nearest(topic, names);
    return PSW_FAIL(PSW_USAGE, "%s: no such command or topic of help%s%s; polysweep help lists them", topic,
                    near ? ", did you mean " : "", near ? near : "");
}

static psw_status print_topic(const char *topic, const request *asked, FILE *stream)
{
    const cmd_command *command = cmd_command_find(topic);
    if (command) {
        (asked->man ? cmd_man_print : cmd_help_print)(command, stream);
        return PSW_OK;
    }
    for (int i = 0; i < LOOKUPS; i++)
        if (strcmp(topic, lookups[i].name) == 0) return lookups[i].print(asked);
    for (const cmd_topic *t = cmd_topics; t->name; t++)
        if (strcmp(topic, t->name) == 0) return fputs(t->text, stream), PSW_OK;
    if (!asked->of && psw_columns_print(stream, topic) > 0) return PSW_OK; /* help margin_d1 */
    return unknown(topic);
}

psw_status cmd_help(int argc, char **argv)
{
    const char *topic = NULL;
    request asked = {0};
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--markdown") == 0)
            asked.markdown = true;
        else if (strcmp(argv[i], "--man") == 0)
            asked.man = true;
        else if (argv[i][0] == '-')
            return PSW_FAIL(PSW_USAGE, "%s: unknown option of help, which has --markdown and --man", argv[i]);
        else if (!topic)
            topic = argv[i];
        else if (!asked.of)
            asked.of = argv[i];
        else
            return PSW_FAIL(PSW_USAGE, "%s: help is for one thing at a time", argv[i]);
    }
    if (topic) return print_topic(topic, &asked, stdout);
    (asked.man ? cmd_man_print : cmd_help_print)(NULL, stdout);
    return PSW_OK;
}
