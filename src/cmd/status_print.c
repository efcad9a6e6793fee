/* What is known of a run, for people and as JSON. */
#include <math.h>
#include <time.h>

#include "cmd/status.h"

#include "polysweep/plain.h"
#include "polysweep/print.h"

ptrdiff_t cmd_status_missing(const psw_sweep_state *s)
{
    return s->points - s->done - s->failed - s->skipped - s->not_needed - s->running;
}

double cmd_status_rate(const psw_sweep_state *s)
{
    ptrdiff_t ended = s->done + s->failed + s->skipped + s->not_needed;
    bool known = s->elapsed_s > 0 && ended >= s->before;
    return known ? (double)(ended - s->before) / s->elapsed_s : NAN;
}

double cmd_status_time(const char *iso)
{
    struct tm utc = {0};
    const char *end = strptime(iso, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return end && !*end ? (double)timegm(&utc) : NAN;
}

double cmd_status_age(const psw_sweep_state *s)
{
    double age_s = psw_wall_s() - cmd_status_time(s->updated);
    return age_s < 0 ? 0 : age_s; /* clocks of two machines differ */
}

/* ---- for people ---- */

static void print_count(FILE *out, const char *label, ptrdiff_t count)
{
    if (count > 0) psw_print(out, "%-11s %td\n", label, count);
}

/* "2.5 points/s", "12 points/min", "3 points/h" */
static void print_rate(FILE *out, const char *before, double rate, const char *after)
{
    static const struct {
        double seconds;
        const char *name;
    } units[] = {{1, "s"}, {60, "min"}, {3600, "h"}};
    int unit = 0;
    while (unit < 2 && rate * units[unit].seconds < 1) unit++;
    if (isfinite(rate) && rate > 0)
        psw_print(out, "%s%.3g points/%s%s", before, rate * units[unit].seconds, units[unit].name, after);
}

/* What was heard so long before the state was written. */
static void heard(double heard_s, double age_s, char text[PSW_TEXT])
{
    if (isnan(heard_s))
        psw_format(text, PSW_TEXT, "not yet");
    else
        psw_format_seconds(round(heard_s + (isnan(age_s) ? 0 : age_s)), text);
}

/* Which nodes and which teams the ranks of a running launch are. */
static void print_places(const psw_sweep_state *s, FILE *out)
{
    char silent[PSW_TEXT], longest[PSW_TEXT];
    double age_s = cmd_status_age(s);
    if (s->node_count > 0) psw_print(out, "\n%-24s %6s %9s  %s\n", "node", "ranks", "points", "heard before");
    for (ptrdiff_t i = 0; i < s->node_count; i++) {
        const psw_sweep_node *n = &s->nodes[i];
        char name[80];
        psw_format(name, sizeof name, n->host[0] ? "%s" : "%.0s%td others", n->host, n->nodes);
        heard(n->heard_s, age_s, silent);
        psw_print(out, "%-24s %6td %9td  %s\n", name, n->ranks, n->points, silent);
    }
    if (s->team_count > 0)
        psw_print(out, "\n%-24s %6s %9s  %-12s  %s\n", "teams of", "teams", "points", "heard before", "longest point");
    for (ptrdiff_t i = 0; i < s->team_count; i++) {
        const psw_sweep_team *t = &s->teams[i];
        char name[48];
        psw_format(name, sizeof name, "%td rank%s", t->ranks, t->ranks == 1 ? "" : "s");
        heard(t->heard_s, age_s, silent);
        psw_format_seconds(t->longest_s, longest);
        psw_print(out, "%-24s %6td %9td  %-12s  %s\n", name, t->teams, t->points, silent, longest);
    }
}

static void print_head(const psw_sweep_state *s, FILE *out)
{
    psw_print(out, "study       %s, ", s->study);
    if (s->part[0]) psw_print(out, "part %s: ", s->part);
    psw_print(out, "%td points\nstate       %s", s->points, s->state);
    if (cmd_status_runs(s))
        psw_print(out, ": %td rank%s, process %td on %s", s->ranks, s->ranks == 1 ? "" : "s", s->pid, s->host);
    if (s->stop_reason[0]) psw_print(out, " (%s)", s->stop_reason);
    psw_print(out, "\ndone        %td\n", s->done);
    print_count(out, "failed", s->failed);
    print_count(out, "skipped", s->skipped);
    print_count(out, "not needed", s->not_needed);
    print_count(out, "running", s->running);
    print_count(out, "missing", cmd_status_missing(s));
}

static void print_times(const psw_sweep_state *s, FILE *out)
{
    char elapsed[PSW_TEXT], left[PSW_TEXT], limit[PSW_TEXT], ago[PSW_TEXT];
    bool running = cmd_status_runs(s);
    psw_format_seconds(s->elapsed_s, elapsed);
    psw_format_seconds(s->eta_s, left);
    psw_format_seconds(s->time_limit_s, limit);
    psw_format_seconds(round(cmd_status_age(s)), ago);
    if (isfinite(s->fraction))
        psw_print(out, "progress    %.1f %% of the predicted cost%s\n", 100 * s->fraction,
                  s->failed + s->skipped > 0 ? ", that of failed and skipped points included" : "");
    if (running) print_rate(out, "rate        ", cmd_status_rate(s), "\n");
    if (isfinite(s->elapsed_s)) psw_print(out, "elapsed     %s\n", elapsed);
    if (running) psw_print(out, "left        about %s\n", left);
    if (isfinite(s->time_limit_s)) psw_print(out, "time limit  %s, from %s\n", limit, s->time_limit_from);
    if (s->updated[0])
        psw_print(out, "updated     %s%s%s%s\n", s->updated, running ? ", " : "", running ? ago : "",
                  running ? " ago" : "");
}

void cmd_status_print(const char *path, const psw_sweep_state *s, FILE *out)
{
    print_head(s, out);
    print_times(s, out);
    if (cmd_status_runs(s)) print_places(s, out);
    if (!cmd_status_runs(s) && cmd_status_missing(s) + s->running > 0)
        psw_print(out, "to continue run the same study on %s again\n", path);
    if (s->failed + s->skipped > 0)
        psw_print(out,
                  "to see them polysweep show %s --where \"error_code != none\"\n"
                  "once more   run the same study on %s with --redo failed\n",
                  path, path);
}

void cmd_status_line(const psw_sweep_state *s, FILE *out)
{
    char left[PSW_TEXT], silent[PSW_TEXT];
    double longest = 0;
    psw_format_seconds(s->eta_s, left);
    for (ptrdiff_t i = 0; i < s->node_count; i++)
        if (!(s->nodes[i].heard_s <= longest)) longest = s->nodes[i].heard_s;
    psw_print(out, "%s  %s  %td of %td points", s->updated, s->state, s->done, s->points);
    if (s->failed) psw_print(out, ", %td failed", s->failed);
    if (isfinite(s->fraction)) psw_print(out, "  %.1f %%", 100 * s->fraction);
    print_rate(out, "  ", cmd_status_rate(s), "");
    if (cmd_status_runs(s)) psw_print(out, "  about %s left", left);
    heard(longest, cmd_status_age(s), silent);
    if (s->node_count > 0)
        psw_print(out, "  %td node%s, all heard within %s", s->node_count, s->node_count == 1 ? "" : "s", silent);
    psw_print(out, "\n");
}

/* ---- for programs ---- */

static void json_places(psw_json *out, const psw_sweep_state *s)
{
    psw_json_open(out, "nodes", '[');
    for (ptrdiff_t i = 0; i < s->node_count; i++) {
        psw_json_open(out, NULL, '{');
        psw_json_text(out, "host", s->nodes[i].host);
        psw_json_count(out, "nodes", s->nodes[i].nodes);
        psw_json_count(out, "ranks", s->nodes[i].ranks);
        psw_json_count(out, "points", s->nodes[i].points);
        psw_json_number(out, "heard_s", s->nodes[i].heard_s);
        psw_json_close(out);
    }
    psw_json_close(out);
    psw_json_open(out, "teams", '[');
    for (ptrdiff_t i = 0; i < s->team_count; i++) {
        psw_json_open(out, NULL, '{');
        psw_json_count(out, "ranks", s->teams[i].ranks);
        psw_json_count(out, "teams", s->teams[i].teams);
        psw_json_count(out, "points", s->teams[i].points);
        psw_json_number(out, "longest_s", s->teams[i].longest_s);
        psw_json_number(out, "heard_s", s->teams[i].heard_s);
        psw_json_close(out);
    }
    psw_json_close(out);
}

void cmd_status_json(const char *path, const psw_sweep_state *s)
{
    psw_json out = psw_json_begin(stdout, "status");
    psw_json_text(&out, "file", path);
    psw_json_text(&out, "study", s->study);
    psw_json_text(&out, "part", s->part);
    psw_json_text(&out, "state", s->state);
    psw_json_count(&out, "points", s->points);
    psw_json_count(&out, "done", s->done);
    psw_json_count(&out, "failed", s->failed);
    psw_json_count(&out, "skipped", s->skipped);
    psw_json_count(&out, "not_needed", s->not_needed);
    psw_json_count(&out, "running", s->running);
    psw_json_count(&out, "missing", cmd_status_missing(s));
    psw_json_number(&out, "fraction", s->fraction);
    psw_json_number(&out, "elapsed_s", s->elapsed_s);
    psw_json_number(&out, "eta_s", s->eta_s);
    psw_json_number(&out, "time_limit_s", s->time_limit_s);
    psw_json_text(&out, "time_limit_from", s->time_limit_from);
    psw_json_text(&out, "stop_reason", s->stop_reason);
    psw_json_count(&out, "ranks", s->ranks);
    psw_json_text(&out, "host", s->host);
    psw_json_count(&out, "pid", s->pid);
    psw_json_text(&out, "started", s->started);
    psw_json_text(&out, "updated", s->updated);
    psw_json_number(&out, "rate", cmd_status_rate(s));
    psw_json_number(&out, "age_s", cmd_status_age(s));
    json_places(&out, s);
    psw_json_end(&out);
    fflush(stdout);
}
