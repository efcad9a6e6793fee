/* What the build makes of the tables of commands and options: manual pages and completion. */
#include <string.h>

#include "cmd/cmd.h"

/* ---- manual pages ---- */

/* In roff a backslash and a leading dot or quote mean something, and a plain - is a hyphen. */
static void roff(FILE *stream, const char *text)
{
    bool begins = true;
    for (; *text; text++) {
        if (begins && (*text == '.' || *text == '\'')) fputs("\\&", stream);
        begins = *text == '\n';
        if (*text == '\\')
            fputs("\\e", stream);
        else if (*text == '-')
            fputs("\\-", stream);
        else
            fputc(*text, stream);
    }
}

static void heading(FILE *stream, const char *name, const char *summary)
{
    fprintf(stream, ".TH POLYSWEEP%s%s 1 \"\" \"polysweep " PSW_VERSION "\"\n.SH NAME\npolysweep%s%s \\- ",
            *name ? "-" : "", name, *name ? "-" : "", name);
    roff(stream, summary);
    fputc('\n', stream);
}

static void block(FILE *stream, const char *text)
{
    fputs(".nf\n", stream);
    roff(stream, text);
    fputs(".fi\n", stream);
}

static void options(FILE *stream, const cmd_command *command)
{
    cmd_option option;
    fputs(".SH OPTIONS\n", stream);
    for (ptrdiff_t i = 0; cmd_option_at(command, i, &option); i++) {
        fputs(".TP\n.B ", stream);
        if (option.letter) fprintf(stream, "\\-%c, ", option.letter);
        fputs("\\-\\-", stream);
        roff(stream, option.name);
        if (option.argument) fputc(' ', stream), roff(stream, option.argument);
        fputc('\n', stream);
        roff(stream, option.help);
        fputc('\n', stream);
    }
}

static void others(FILE *stream, const cmd_command *but)
{
    fputs(".SH SEE ALSO\n", stream);
    if (but) fputs(".BR polysweep (1)", stream);
    for (const cmd_command *c = cmd_commands; c->name; c++)
        if (c != but) fprintf(stream, "%s.BR polysweep\\-%s (1)", c == cmd_commands && !but ? "" : ",\n", c->name);
    fputc('\n', stream);
}

static void page_of_all(FILE *stream)
{
    heading(stream, "", "sweeps of polynomial attention, exact and sketched");
    fputs(".SH SYNOPSIS\n.B polysweep\nCOMMAND [OPTIONS] [FILE...]\n.SH COMMANDS\n", stream);
    for (const cmd_command *c = cmd_commands; c->name; c++) {
        fprintf(stream, ".TP\n.B %s\n", c->name);
        roff(stream, c->summary);
        fputc('\n', stream);
    }
    for (const cmd_topic *topic = cmd_topics; topic->name; topic++) {
        const char *body = strchr(topic->text, '\n'); /* its first line is a title */
        fprintf(stream, ".SH \"%.*s\"\n", (int)(body - topic->text), topic->text);
        block(stream, body + 1);
    }
    others(stream, NULL);
}

void cmd_man_print(const cmd_command *command, FILE *stream)
{
    if (!command) {
        page_of_all(stream);
        return;
    }
    heading(stream, command->name, command->summary);
    fprintf(stream, ".SH SYNOPSIS\n.B polysweep %s\n", command->name);
    roff(stream, command->arguments);
    fputs(" [OPTIONS]\n", stream);
    options(stream, command);
    fputs(".SH EXAMPLES\n", stream);
    block(stream, command->examples);
    others(stream, command);
}

/* ---- completion ---- */

/* The words an argument may be, "a|b|c"; NULL: it is something else. */
static const char *choices(const cmd_option *option)
{
    const char *lower = "abcdefghijklmnopqrstuvwxyz_0123456789|";
    bool several = option->argument && strchr(option->argument, '|');
    return several && option->argument[strspn(option->argument, lower)] == '\0' ? option->argument : NULL;
}

static void spaced(FILE *stream, const char *words)
{
    for (; *words; words++) fputc(*words == '|' ? ' ' : *words, stream);
}

static void topics(FILE *stream)
{
    fputs("columns keys methods schema completion", stream);
    for (const cmd_topic *topic = cmd_topics; topic->name; topic++) fprintf(stream, " %s", topic->name);
}

static void bash(FILE *stream)
{
    cmd_option option;
    fputs("# bash completion of polysweep\n"
          "_polysweep()\n"
          "{\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='help",
          stream);
    for (const cmd_command *c = cmd_commands; c->name; c++) fprintf(stream, " %s", c->name);
    fputs("'\n    else\n        case ${COMP_WORDS[1]}$before in\n", stream);
    for (const cmd_command *c = cmd_commands; c->name; c++)
        for (ptrdiff_t i = 0; cmd_option_at(c, i, &option); i++) {
            if (!choices(&option)) continue;
            fprintf(stream, "            %s--%s) words='", c->name, option.name);
            spaced(stream, choices(&option));
            fputs("' ;;\n", stream);
        }
    fputs("            helphelp) words='", stream);
    topics(stream);
    for (const cmd_command *c = cmd_commands; c->name; c++) fprintf(stream, " %s", c->name);
    fputs("' ;;\n", stream);
    for (const cmd_command *c = cmd_commands; c->name; c++) {
        fprintf(stream, "            %s*) words='", c->name);
        for (ptrdiff_t i = 0; cmd_option_at(c, i, &option); i++) fprintf(stream, "%s--%s", i ? " " : "", option.name);
        fputs("' ;;\n", stream);
    }
    fputs("        esac\n    fi\n"
          "    case $words$word in\n"
          "        --*[!-]*) [[ $word == -* ]] || words= ;;\n"
          "    esac\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
          "}\n"
          "complete -o default -F _polysweep polysweep\n",
          stream);
}

/* Inside quotes of zsh's _arguments, brackets and colons mean something, as quotes do in both shells. */
static void quoted(FILE *stream, const char *text, const char *escaped)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stream);
        else
            fprintf(stream, "%s%c", strchr(escaped, *text) ? "\\" : "", *text);
    }
}

static void zsh(FILE *stream)
{
    cmd_option option;
    fputs("#compdef polysweep\n# zsh completion of polysweep\nlocal -a commands\ncommands=(\n", stream);
    for (const cmd_command *c = cmd_commands; c->name; c++) {
        fprintf(stream, "  '%s:", c->name);
        quoted(stream, c->summary, ":");
        fputs("'\n", stream);
    }
    fputs("  'help:explains a command or a topic'\n)\n"
          "if (( CURRENT == 2 )); then\n  _describe command commands\n  return\nfi\n"
          "case $words[2] in\n  help) (( CURRENT == 3 )) && compadd ",
          stream);
    topics(stream);
    fputs(" ${commands%%:*} ;;\n", stream);
    for (const cmd_command *c = cmd_commands; c->name; c++) {
        fprintf(stream, "  %s)\n    shift words; (( CURRENT-- ))\n    _arguments \\\n", c->name);
        for (ptrdiff_t i = 0; cmd_option_at(c, i, &option); i++) {
            fprintf(stream, "      '--%s[", option.name);
            quoted(stream, option.help, "[]:");
            fputc(']', stream);
            if (option.argument)
                fputs(option.argument[0] == '[' ? "::" : ":", stream), quoted(stream, option.argument, ":[]");
            if (option.argument && choices(&option))
                fputs(":(", stream), spaced(stream, choices(&option)), fputc(')', stream);
            else if (option.argument && option.argument[0] != '[')
                fputs(":_files", stream);
            fputs("' \\\n", stream);
        }
        fputs("      '*:file:_files' ;;\n", stream);
    }
    fputs("esac\n", stream);
}

static void fish(FILE *stream)
{
    cmd_option option;
    fputs("# fish completion of polysweep\n", stream);
    for (const cmd_command *c = cmd_commands; c->name; c++) {
        fprintf(stream, "complete -c polysweep -f -n __fish_use_subcommand -a %s -d '", c->name);
        quoted(stream, c->summary, "\\");
        fputs("'\n", stream);
    }
    fputs("complete -c polysweep -f -n __fish_use_subcommand -a help -d 'explains a command or a topic'\n"
          "complete -c polysweep -f -n '__fish_seen_subcommand_from help' -a '",
          stream);
    topics(stream);
    fputs("'\n", stream);
    for (const cmd_command *c = cmd_commands; c->name; c++)
        for (ptrdiff_t i = 0; cmd_option_at(c, i, &option); i++) {
            fprintf(stream, "complete -c polysweep -n '__fish_seen_subcommand_from %s' -l %s", c->name, option.name);
            if (option.letter) fprintf(stream, " -s %c", option.letter);
            if (option.argument && choices(&option))
                fputs(" -x -a '", stream), spaced(stream, choices(&option)), fputc('\'', stream);
            else if (option.argument && option.argument[0] != '[')
                fputs(" -r", stream);
            fputs(" -d '", stream);
            quoted(stream, option.help, "\\");
            fputs("'\n", stream);
        }
}

psw_status cmd_completion_print(const char *shell, FILE *stream)
{
    static const struct {
        const char *name;
        void (*print)(FILE *stream);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strcmp(shell, shells[i].name) == 0) return shells[i].print(stream), PSW_OK;
    return PSW_FAIL(PSW_USAGE, "help completion is for a shell: bash, zsh or fish");
}
