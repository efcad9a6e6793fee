/* How a world of ranks splits into teams. */
#include "polysweep/plan.h"

/* ---- nodes ---- */

static ptrdiff_t ranks_of_node(const psw_split *s)
{
    return s->nodes > 0 ? (s->ranks + s->nodes - 1) / s->nodes : s->ranks;
}

/* Number of the node that has `rank`. */
static ptrdiff_t node_of(const psw_split *s, ptrdiff_t rank)
{
    if (!s->node) return rank / ranks_of_node(s);
    ptrdiff_t low = 0, high = s->nodes;
    while (high - low > 1) {
        ptrdiff_t middle = (low + high) / 2;
        if (s->node[middle] <= rank)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static ptrdiff_t first_of_node(const psw_split *s, ptrdiff_t node)
{
    return s->node ? s->node[node] : node * ranks_of_node(s);
}

static psw_team team_of(const psw_split *s, ptrdiff_t first, ptrdiff_t size)
{
    return (psw_team){first, size, node_of(s, first + size - 1) - node_of(s, first) + 1};
}

/* ---- halves ---- */

/* Ranks of the first half of a team that spans nodes: up to the cut nearest to its middle, the lower one of two. */
static ptrdiff_t whole_nodes(const psw_split *s, const psw_team *t)
{
    ptrdiff_t node = node_of(s, t->first + t->size / 2), below = first_of_node(s, node) - t->first;
    if (node == node_of(s, t->first + t->size - 1)) return below;
    ptrdiff_t above = first_of_node(s, node + 1) - t->first;
    return below > 0 && t->size - 2 * below <= 2 * above - t->size ? below : above;
}

void psw_split_halves(const psw_split *split, const psw_team *team, psw_team halves[2])
{
    ptrdiff_t size = team->nodes > 1 ? whole_nodes(split, team) : team->size / 2;
    halves[0] = team_of(split, team->first, size);
    halves[1] = team_of(split, team->first + size, team->size - size);
}

psw_team psw_split_team(const psw_split *split, int depth, ptrdiff_t rank)
{
    psw_team team = team_of(split, 0, split->ranks), halves[2];
    for (; depth > 0 && team.size > 1; depth--) {
        psw_split_halves(split, &team, halves);
        team = halves[rank >= halves[1].first];
    }
    return team;
}

/* ---- depths ---- */

static void add(psw_level *level, ptrdiff_t teams, ptrdiff_t least, ptrdiff_t most, ptrdiff_t nodes)
{
    if (level->teams == 0 || least < level->least) level->least = least;
    if (most > level->most) level->most = most;
    if (nodes > level->nodes) level->nodes = nodes;
    level->teams += teams;
}

/* `size` ranks of one node, halved j times, are 2^j teams of floor and ceiling of size / 2^j; in the end single ranks.
 */
static void add_node(psw_level *levels, int depth, ptrdiff_t size)
{
    for (int k = depth; k < PSW_DEPTHS_MAX; k++) {
        ptrdiff_t teams = k - depth < 62 && (ptrdiff_t)1 << (k - depth) < size ? (ptrdiff_t)1 << (k - depth) : size;
        add(&levels[k], teams, size / teams, (size + teams - 1) / teams, 1);
    }
}

static void add_teams(const psw_split *s, psw_level *levels, int depth, const psw_team *team)
{
    psw_team halves[2];
    if (team->nodes == 1 || depth + 1 == PSW_DEPTHS_MAX) {
        add_node(levels, depth, team->size);
        return;
    }
    add(&levels[depth], 1, team->size, team->size, team->nodes);
    psw_split_halves(s, team, halves);
    add_teams(s, levels, depth + 1, &halves[0]);
    add_teams(s, levels, depth + 1, &halves[1]);
}

int psw_split_levels(const psw_split *split, psw_level levels[PSW_DEPTHS_MAX])
{
    int depths = 1;
    for (int k = 0; k < PSW_DEPTHS_MAX; k++) levels[k] = (psw_level){0};
    psw_team world = team_of(split, 0, split->ranks);
    add_teams(split, levels, 0, &world);
    while (depths < PSW_DEPTHS_MAX && levels[depths - 1].most > 1) depths++;
    return depths;
}

ptrdiff_t psw_split_node(const psw_split *split, ptrdiff_t rank)
{
    return node_of(split, rank);
}

int psw_split_depths(const psw_split *split)
{
    psw_level levels[PSW_DEPTHS_MAX];
    return psw_split_levels(split, levels);
}

ptrdiff_t psw_split_least(const psw_split *split, int depth)
{
    psw_level levels[PSW_DEPTHS_MAX];
    psw_split_levels(split, levels);
    return levels[depth].least;
}

ptrdiff_t psw_split_teams(const psw_split *split, int depth)
{
    psw_level levels[PSW_DEPTHS_MAX];
    psw_split_levels(split, levels);
    return levels[depth].teams;
}
