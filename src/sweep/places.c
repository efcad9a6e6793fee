#include "sweep/places.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct place { /* rank 0 gathers them */
    int leader;        /* rank of the world that is the first of its node */
    char host[64];
} place;

static psw_status keep(const place *all, int ranks, sweep_places *places)
{
    places->ranks = ranks;
    places->node = malloc((size_t)ranks * sizeof *places->node);
    places->host = malloc((size_t)ranks * sizeof *places->host);
    if (!places->node || !places->host) return PSW_FAIL(PSW_NO_MEMORY, "no memory for the list of nodes");
    for (int rank = 0; rank < ranks; rank++) {
        bool leads = all[rank].leader == rank; /* the first of a node comes before its others */
        places->node[rank] = leads ? places->nodes : places->node[all[rank].leader];
        if (!leads) continue;
        char *host = places->host[places->nodes++];
        psw_format(host, sizeof *places->host, "%s", all[rank].host);
        for (char *at = host; *at; at++)
            if (*at <= ' ' || *at == ';' || *at > '~') *at = '_';
    }
    return PSW_OK;
}

psw_status sweep_places_find(const psw_comm *world, const psw_comm *node, const char *host, sweep_places *places)
{
    place mine = {.leader = world->rank}, *all = world->rank == 0 ? calloc((size_t)world->size, sizeof *all) : NULL;
    *places = (sweep_places){0};
    psw_format(mine.host, sizeof mine.host, "%s", host);
    bool room = world->rank > 0 || all;
    psw_status status =
        psw_comm_agree(world, room ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for the list of ranks"));
    if (status == PSW_OK) status = psw_comm_bytes(node, 0, &mine.leader, sizeof mine.leader);
    if (status == PSW_OK) status = psw_comm_gather(world, &mine, sizeof mine, all);
    if (status == PSW_OK) status = psw_comm_agree(world, all ? keep(all, world->size, places) : PSW_OK);
    free(all);
    return status;
}

void sweep_places_free(sweep_places *places)
{
    free(places->node);
    free(places->host);
    *places = (sweep_places){0};
}

/* ---- what was heard ---- */

void sweep_places_empty(psw_sweep_state *state)
{
    state->node_count = state->team_count = 0;
}

/* The longer silence; never heard is the longest. */
static double longer(double a, double b)
{
    return isnan(a) || isnan(b) ? NAN : fmax(a, b);
}

/* Nodes that are too many for the list share its last place. */
static psw_sweep_node *node_of(const sweep_places *places, int rank, psw_sweep_state *state)
{
    int node = places->node[rank];
    bool pooled = places->nodes > PSW_NODES_SHOWN && node >= PSW_NODES_SHOWN - 1;
    psw_sweep_node *at = &state->nodes[pooled ? PSW_NODES_SHOWN - 1 : node];
    if (at - state->nodes >= state->node_count) {
        *at = (psw_sweep_node){.nodes = pooled ? places->nodes - PSW_NODES_SHOWN + 1 : 1};
        if (!pooled) memcpy(at->host, places->host[node], sizeof at->host);
        state->node_count = at - state->nodes + 1;
    }
    return at;
}

/* In ascending order of ranks; NULL: there are too many sizes. */
static psw_sweep_team *team_of(ptrdiff_t ranks, psw_sweep_state *state)
{
    ptrdiff_t i = 0;
    while (i < state->team_count && state->teams[i].ranks < ranks) i++;
    if (i < state->team_count && state->teams[i].ranks == ranks) return &state->teams[i];
    if (state->team_count == PSW_TEAMS_SHOWN) return NULL;
    memmove(&state->teams[i + 1], &state->teams[i], (size_t)(state->team_count++ - i) * sizeof *state->teams);
    state->teams[i] = (psw_sweep_team){.ranks = ranks};
    return &state->teams[i];
}

void sweep_places_add(const sweep_places *places, int rank, const sweep_word *word, psw_sweep_state *state)
{
    psw_sweep_node *node = node_of(places, rank, state);
    psw_sweep_team *team = word->team > 0 ? team_of((ptrdiff_t)word->team, state) : NULL;
    node->ranks++;
    node->points += (ptrdiff_t)word->points;
    node->heard_s = longer(node->heard_s, word->heard_s);
    if (!team) return;
    team->teams++;
    team->points += (ptrdiff_t)word->points;
    team->longest_s = fmax(team->longest_s, word->run_s);
    team->heard_s = longer(team->heard_s, word->heard_s);
}
