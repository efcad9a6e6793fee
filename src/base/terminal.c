/* What is known of a terminal: its width, whether lines can be drawn over, which characters it has. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "polysweep/terminal.h"

typedef struct winsize winsize;

static winsize size_of(int descriptor)
{
    winsize size = {0};
    return descriptor >= 0 && ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size : (winsize){0};
}

/* 0: it is no terminal, and the process has none, or it does not know. */
static winsize size_seen(int descriptor)
{
    winsize size = size_of(descriptor);
    if (size.ws_col > 0) return size;
    int own = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    size = size_of(own);
    if (own >= 0) close(own);
    return size;
}

/* What a variable of the environment says; 0: nothing that can be. */
static int said(const char *name)
{
    const long most = 10000;
    const char *text = getenv(name);
    char *end = "";
    long number = text ? strtol(text, &end, 10) : 0;
    return number > 0 && number <= most && !*end ? (int)number : 0;
}

int psw_terminal_columns(int descriptor)
{
    const int usual = 80, asked = said("COLUMNS"), seen = asked ? asked : size_seen(descriptor).ws_col;
    return seen ? seen : usual;
}

int psw_terminal_lines(int descriptor)
{
    const int usual = 24, asked = said("LINES"), seen = asked ? asked : size_seen(descriptor).ws_row;
    return seen ? seen : usual;
}

bool psw_terminal_draws(int descriptor)
{
    const char *kind = getenv("TERM");
    return isatty(descriptor) && kind && *kind && strcmp(kind, "dumb") != 0;
}

bool psw_terminal_unicode(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *locale = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !(locale && *locale); i++) locale = getenv(names[i]);
    const char *coding = locale ? strchr(locale, '.') : NULL;
    return coding && (strncasecmp(coding + 1, "utf-8", 5) == 0 || strncasecmp(coding + 1, "utf8", 4) == 0);
}
