/* Nodes and teams in a sidecar: "HOST NODES RANKS POINTS HEARD;...", "RANKS TEAMS POINTS LONGEST HEARD;...". */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/sweep.h"

static void add(char text[PSW_PLACES_TEXT], const char *words)
{
    size_t used = strlen(text);
    psw_format(text + used, PSW_PLACES_TEXT - used, "%s%s", used ? ";" : "", words);
}

static void seconds(double value, char text[32])
{
    psw_format(text, 32, isnan(value) ? "-" : "%.1f", value);
}

void psw_sweep_nodes_print(const psw_sweep_state *state, char text[PSW_PLACES_TEXT])
{
    text[0] = '\0';
    for (ptrdiff_t i = 0; i < state->node_count; i++) {
        const psw_sweep_node *n = &state->nodes[i];
        char words[192], heard[32];
        seconds(n->heard_s, heard);
        psw_format(words, sizeof words, "%s %td %td %td %s", n->host[0] ? n->host : "-", n->nodes, n->ranks, n->points,
                   heard);
        add(text, words);
    }
}

void psw_sweep_teams_print(const psw_sweep_state *state, char text[PSW_PLACES_TEXT])
{
    text[0] = '\0';
    for (ptrdiff_t i = 0; i < state->team_count; i++) {
        const psw_sweep_team *t = &state->teams[i];
        char words[192], longest[32], heard[32];
        seconds(t->longest_s, longest);
        seconds(t->heard_s, heard);
        psw_format(words, sizeof words, "%td %td %td %s %s", t->ranks, t->teams, t->points, longest, heard);
        add(text, words);
    }
}

/* ---- reading: anybody may have written it ---- */

enum { WORDS = 5 };

/* The next entry: five words; NULL: it is none. */
static const char *entry(const char *at, char words[WORDS][64])
{
    for (int i = 0; i < WORDS; i++) {
        size_t length = strcspn(at, " ;");
        if (length == 0 || length >= sizeof words[i] || at[length] != (i < WORDS - 1 ? ' ' : at[length])) return NULL;
        memcpy(words[i], at, length);
        words[i][length] = '\0';
        at += length;
        if (i < WORDS - 1) at++;
    }
    if (*at == ';') return at[1] ? at + 1 : NULL;
    return *at ? NULL : at;
}

static bool count_of(const char *word, ptrdiff_t *count)
{
    size_t digits = strspn(word, "0123456789");
    *count = strtoll(word, NULL, 10);
    return digits > 0 && digits < 16 && !word[digits];
}

static bool seconds_of(const char *word, double *value)
{
    *value = NAN;
    if (strcmp(word, "-") == 0) return true;
    size_t length = strspn(word, "0123456789.");
    char *end;
    *value = strtod(word, &end);
    return length > 0 && length < 24 && !word[length] && !*end;
}

bool psw_sweep_nodes_read(const char *text, psw_sweep_state *state)
{
    char words[WORDS][64];
    for (state->node_count = 0; *text; state->node_count++) {
        psw_sweep_node *n = &state->nodes[state->node_count];
        if (state->node_count == PSW_NODES_SHOWN || !(text = entry(text, words))) return false;
        *n = (psw_sweep_node){0};
        if (strcmp(words[0], "-") != 0) memcpy(n->host, words[0], sizeof n->host);
        if (!count_of(words[1], &n->nodes) || !count_of(words[2], &n->ranks) || !count_of(words[3], &n->points) ||
            !seconds_of(words[4], &n->heard_s))
            return false;
    }
    return true;
}

bool psw_sweep_teams_read(const char *text, psw_sweep_state *state)
{
    char words[WORDS][64];
    for (state->team_count = 0; *text; state->team_count++) {
        psw_sweep_team *t = &state->teams[state->team_count];
        if (state->team_count == PSW_TEAMS_SHOWN || !(text = entry(text, words))) return false;
        if (!count_of(words[0], &t->ranks) || !count_of(words[1], &t->teams) || !count_of(words[2], &t->points) ||
            !seconds_of(words[3], &t->longest_s) || !seconds_of(words[4], &t->heard_s))
            return false;
    }
    return true;
}
