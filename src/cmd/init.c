#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/init.h"

static const cmd_init_study *find(const char *kind)
{
    for (const cmd_init_study *s = cmd_init_studies; s->kind; s++)
        if (strcmp(s->kind, kind) == 0) return s;
    return NULL;
}

/* The first line of a study says what it asks: a comment. */
static void list(FILE *out)
{
    fprintf(out, "polysweep init KIND prints a study to start from, every line explained:\n\n");
    for (const cmd_init_study *s = cmd_init_studies; s->kind; s++) {
        enum { NAME = 14 };
        psw_list_text first;
        const char *text = s->text + strspn(s->text, "# ");
        psw_format(first.text, sizeof first.text, "%.*s", (int)strcspn(text, "\n"), text);
        fprintf(out, "  %-*s", NAME - 2, s->kind);
        psw_print_wrapped(out, NAME, NAME, first.text);
    }
}

static psw_status unknown(const char *kind)
{
    const char *names[24];
    ptrdiff_t count = 0;
    for (const cmd_init_study *s = cmd_init_studies; s->kind; s++) names[count++] = s->kind;
    names[count] = NULL;
    return PSW_FAIL(PSW_USAGE, "%s: no such kind of study%s; polysweep init lists them", kind,
                    psw_hint(kind, names).text);
}

/* A file that exists is somebody's. */
static psw_status write_new(const char *path, const cmd_init_study *study)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0)
        return PSW_FAIL(errno == EEXIST ? PSW_USAGE : PSW_ENVIRONMENT, "%s: %s", path,
                        errno == EEXIST ? "is there already; another name, or remove it" : psw_reason(errno));
    size_t done = 0, size = strlen(study->text);
    while (done < size) {
        ssize_t bytes = write(descriptor, study->text + done, size - done);
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes < 0) break;
        done += (size_t)bytes;
    }
    int reason = errno;
    bool closed = close(descriptor) == 0;
    if (done == size && closed) return PSW_OK;
    unlink(path);
    return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be written: %s", path, psw_reason(done < size ? reason : errno));
}

static void put(const cmd_init_study *study, FILE *out)
{
    fputs(study->text, out);
}

psw_status cmd_init(const cmd_options *options, const psw_comm *world)
{
    (void)world;
    if (options->file_count == 0) return list(stdout), PSW_OK;
    if (options->file_count > 1) return PSW_FAIL(PSW_USAGE, "init takes one kind of study");
    const cmd_init_study *study = find(options->files[0]);
    if (!study) return unknown(options->files[0]);
    if (options->output) return write_new(options->output, study);
    put(study, stdout);
    return PSW_OK;
}
