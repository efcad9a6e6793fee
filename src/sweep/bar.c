#include "sweep/bar.h"

#include <math.h>
#include <string.h>

void sweep_bar_duration(double seconds, char *out, size_t size)
{
    double s = seconds > 0 ? floor(seconds + 0.5) : 0;
    if (!isfinite(seconds))
        psw_format(out, size, "?");
    else if (s < 60)
        psw_format(out, size, "%.0fs", s);
    else if (s < 3600)
        psw_format(out, size, "%.0fm%02.0fs", floor(s / 60), fmod(s, 60));
    else
        psw_format(out, size, "%.0fh%02.0fm", floor(s / 3600), floor(fmod(s, 3600) / 60));
}

/* Words beside the bar, the fullest first. */
enum { FORMS = 5 };

static void words(const psw_sweep_state *s, double expected, int form, char *text, size_t size)
{
    char elapsed[32], left[32], failed[48] = "";
    sweep_bar_duration(s->elapsed_s, elapsed, sizeof elapsed);
    sweep_bar_duration(s->eta_s, left, sizeof left);
    if (s->failed) psw_format(failed, sizeof failed, ", %td failed", s->failed);
    double percent = floor(100 * s->fraction); /* 100 only when all has ended */
    double of = expected > 0 ? expected : (double)s->points;
    if (form == 0 && expected > 0)
        psw_format(text, size,
                   "%3.0f %%  %td of about %.0f points that the search needs of %td%s  %s elapsed, about %s left",
                   percent, s->done, expected, s->points, failed, elapsed, left);
    else if (form == 0)
        psw_format(text, size, "%3.0f %%  %td of %td points%s  %s elapsed, about %s left", percent, s->done, s->points,
                   failed, elapsed, left);
    else if (form == 1)
        psw_format(text, size, "%3.0f %%  %td of %s%.0f%s  about %s left", percent, s->done, expected > 0 ? "~" : "",
                   of, failed, left);
    else if (form == 2)
        psw_format(text, size, "%3.0f %%  %td/%.0f%s  %s left", percent, s->done, of, failed, left);
    else if (form == 3)
        psw_format(text, size, "%3.0f %%  %s left", percent, left);
    else
        psw_format(text, size, "%3.0f %%", percent);
}

/* The filled part in whole columns, and in eighths where there are characters for them. */
static void draw(double fraction, int cells, bool unicode, char *text, size_t size)
{
    static const char *const eighths[] = {"", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589"};
    int filled = (int)(fraction * 8 * cells);
    size_t used = 0;
    for (int i = 0; i < cells; i++) {
        int here = filled - 8 * i;
        const char *cell = !unicode ? here >= 8 ? "#" : "." : here >= 8 ? "\u2588" : here > 0 ? eighths[here] : " ";
        psw_format(text + used, size - used, "%s", cell);
        used += strlen(text + used);
    }
}

int sweep_bar_text(const psw_sweep_state *state, double expected, int columns, bool unicode, char text[SWEEP_BAR])
{
    enum { MOST = 40, FRAME = 3 };
    static const int least[FORMS] = {12, 10, 8, 0, 0}; /* columns of a bar that is worth it */
    char beside[256] = "", bar[4 * MOST] = "";
    int room = 0, length = 0;
    for (int form = 0; form < FORMS; form++) {
        words(state, expected, form, beside, sizeof beside);
        length = (int)strlen(beside);
        room = columns - 1 - FRAME - length;
        if (room >= least[form] || (least[form] == 0 && length < columns)) break;
    }
    if (room < 5) return psw_format(text, SWEEP_BAR, "%.*s", columns - 1, beside), (int)strlen(text);
    if (room > MOST) room = MOST;
    draw(fmin(fmax(state->fraction, 0), 1), room, unicode, bar, sizeof bar);
    psw_format(text, SWEEP_BAR, "[%s] %s", bar, beside);
    return room + FRAME + length;
}
