/* What is known of a run in Prometheus' text format, for the textfile collector of its node exporter. */
#include <math.h>
#include <string.h>

#include "cmd/status.h"

#include "polysweep/plain.h"

typedef struct metrics {
    const char *path;
    const psw_sweep_state *state;
    char common[1536]; /* labels of all samples */
} metrics;

/* A label: what a terminal obeys is written out, and backslash, quote and line end are escaped. */
static void add_label(char *out, size_t size, const char *name, const char *value)
{
    char plain[512], escaped[1024];
    size_t used = 0, begun = strlen(out);
    psw_plain_text(value, plain, sizeof plain);
    for (const char *at = plain; *at; at++) {
        if (*at == '\\' || *at == '"') escaped[used++] = '\\';
        escaped[used++] = *at;
    }
    escaped[used] = '\0';
    psw_format(out + begun, size - begun, "%s%s=\"%s\"", begun ? "," : "", name, escaped);
}

static void begin(const char *name, const char *help)
{
    psw_print(stdout, "# HELP polysweep_%s %s\n# TYPE polysweep_%s gauge\n", name, help, name);
}

/* A number that is not known has no sample. */
static void sample(const metrics *m, const char *name, const char *label, const char *value, double number)
{
    char labels[sizeof m->common + 1100], text[32];
    if (isnan(number)) return;
    psw_format(labels, sizeof labels, "%s", m->common);
    if (label) add_label(labels, sizeof labels, label, value);
    psw_format(text, sizeof text, isinf(number) ? "+Inf" : "%.15g", number);
    psw_print(stdout, "polysweep_%s{%s} %s\n", name, labels, text);
}

static void one(const metrics *m, const char *name, const char *help, double number)
{
    if (isnan(number)) return;
    begin(name, help);
    sample(m, name, NULL, NULL, number);
}

static void states(const metrics *m)
{
    static const char *const words[] = {"running", "done", "failed", "partial", "stopped_clean", "interrupted"};
    begin("state", "What has become of the launch: 1 for one of these words.");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        sample(m, "state", "state", words[i], strcmp(words[i], m->state->state) == 0);
}

static void points(const metrics *m)
{
    const psw_sweep_state *s = m->state;
    begin("points", "Points of the study, or of its part, by what has become of them.");
    sample(m, "points", "state", "done", (double)s->done);
    sample(m, "points", "state", "failed", (double)s->failed);
    sample(m, "points", "state", "skipped", (double)s->skipped);
    sample(m, "points", "state", "not_needed", (double)s->not_needed);
    sample(m, "points", "state", "running", (double)s->running);
    sample(m, "points", "state", "missing", (double)cmd_status_missing(s));
}

static double node_ranks(const psw_sweep_node *node)
{
    return (double)node->ranks;
}

static double node_points(const psw_sweep_node *node)
{
    return (double)node->points;
}

static double node_heard(const psw_sweep_node *node)
{
    return node->heard_s;
}

static void nodes(const metrics *m, const char *name, const char *help, double value_of(const psw_sweep_node *node),
                  double more)
{
    if (m->state->node_count > 0) begin(name, help);
    for (ptrdiff_t i = 0; i < m->state->node_count; i++) {
        const psw_sweep_node *node = &m->state->nodes[i];
        sample(m, name, "node", node->host[0] ? node->host : "others", value_of(node) + more);
    }
}

static double team_teams(const psw_sweep_team *team)
{
    return (double)team->teams;
}

static double team_points(const psw_sweep_team *team)
{
    return (double)team->points;
}

static double team_longest(const psw_sweep_team *team)
{
    return team->longest_s;
}

static void teams(const metrics *m, const char *name, const char *help, double value_of(const psw_sweep_team *team))
{
    if (m->state->team_count > 0) begin(name, help);
    for (ptrdiff_t i = 0; i < m->state->team_count; i++) {
        char ranks[24];
        psw_format(ranks, sizeof ranks, "%td", m->state->teams[i].ranks);
        sample(m, name, "ranks", ranks, value_of(&m->state->teams[i]));
    }
}

void cmd_status_metrics(const char *path, const psw_sweep_state *s)
{
    metrics m = {.path = path, .state = s};
    bool running = cmd_status_runs(s);
    double age_s = cmd_status_age(s);
    add_label(m.common, sizeof m.common, "file", path);
    add_label(m.common, sizeof m.common, "study", s->study);
    if (s->part[0]) add_label(m.common, sizeof m.common, "part", s->part);
    states(&m);
    points(&m);
    one(&m, "progress_ratio", "Share of the predicted cost that has ended, 0 to 1.", s->fraction);
    one(&m, "points_per_second", "Points that this launch has ended, a second.", cmd_status_rate(s));
    one(&m, "elapsed_seconds", "Since the launch began.", s->elapsed_s);
    one(&m, "remaining_seconds", "Predicted until it ends.", running ? s->eta_s : NAN);
    one(&m, "time_limit_seconds", "What the launch may take, from its start.", s->time_limit_s);
    one(&m, "ranks", "Ranks of the launch.", s->ranks > 0 ? (double)s->ranks : NAN);
    one(&m, "started_timestamp_seconds", "When the launch began, since 1970.", cmd_status_time(s->started));
    one(&m, "updated_timestamp_seconds", "When it last wrote its status, since 1970.", cmd_status_time(s->updated));
    if (!running) return;
    one(&m, "heartbeat_seconds", "Since it last wrote its status.", age_s);
    double more = isnan(age_s) ? 0 : age_s;
    nodes(&m, "node_ranks", "Ranks on a node.", node_ranks, 0);
    nodes(&m, "node_points", "Points that ranks of a node have ended.", node_points, 0);
    nodes(&m, "node_heartbeat_seconds", "Since the rank of a node was heard that has been silent for longest.",
          node_heard, more);
    teams(&m, "teams", "Teams at work, by their ranks.", team_teams);
    teams(&m, "team_points", "Points that they have ended.", team_points);
    teams(&m, "team_longest_seconds", "For how long they have computed the point that takes longest.", team_longest);
}
