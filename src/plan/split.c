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

/* ---- trunks ---- */

/* Of an even world: ranks of every node but the last. */
static ptrdiff_t whole_node(const psw_split *s)
{
    return s->node && s->nodes > 1 ? s->node[1] - s->node[0] : ranks_of_node(s);
}

bool psw_split_is_even(const psw_split *s)
{
    ptrdiff_t whole = whole_node(s);
    for (ptrdiff_t k = 1; s->node && k < s->nodes; k++)
        if (s->node[k] != k * whole) return false;
    return s->ranks - first_of_node(s, s->nodes > 0 ? s->nodes - 1 : 0) <= whole;
}

static int log2_of(ptrdiff_t number)
{
    int log2 = 0;
    while (number >> (log2 + 1)) log2++;
    return log2;
}

typedef struct felling {
    const psw_split *split;
    psw_trunk *trunks;
    int count;
    ptrdiff_t first, end; /* ranks that are in no trunk yet */
} felling;

static void fell(felling *f, ptrdiff_t size, int depth)
{
    f->trunks[f->count++] = (psw_trunk){team_of(f->split, f->first, size), depth};
    f->first += size;
}

/* At `depth` teams have `whole` ranks of one node; fewer than twice as many are left. */
static void fell_within(felling *f, ptrdiff_t whole, int depth)
{
    while (f->first < f->end) {
        for (; whole > f->end - f->first; depth++) whole /= 2;
        fell(f, whole, depth);
    }
}

int psw_split_trunks(const psw_split *split, psw_trunk trunks[PSW_TRUNKS_MAX])
{
    ptrdiff_t used = psw_split_used(split), whole = whole_node(split), nodes = used > whole ? used / whole : 0;
    felling f = {split, trunks, 0, 0, used};
    if (!split->how.trunks) return fell(&f, used, 0), f.count;
    int depth = nodes > 0 ? log2_of(nodes) : 0;
    for (int k = depth; nodes > 0 && k >= 0; k--)
        if (nodes >> k & 1) fell(&f, whole << k, depth - k);
    fell_within(&f, nodes > 0 ? whole : (ptrdiff_t)1 << log2_of(used), depth);
    return f.count;
}

psw_team psw_split_team(const psw_split *split, int depth, ptrdiff_t rank)
{
    psw_trunk trunks[PSW_TRUNKS_MAX];
    int count = psw_split_trunks(split, trunks), i = 0;
    while (i < count && rank >= trunks[i].team.first + trunks[i].team.size) i++;
    if (i == count || depth < trunks[i].depth) return (psw_team){rank, 0, 0};
    psw_team team = trunks[i].team, halves[2];
    for (int k = trunks[i].depth; k < depth && team.size > 1; k++) {
        psw_split_halves(split, &team, halves);
        team = halves[rank >= halves[1].first];
    }
    return team;
}

/* ---- depths ---- */

/* Teams of a depth that split alike: `count` of them. */
typedef struct shape {
    psw_team team;
    ptrdiff_t count;
} shape;
enum { SHAPES = 16 }; /* nodes that are all alike but the last make at most a few */

static void add(psw_level *level, ptrdiff_t teams, ptrdiff_t least, ptrdiff_t most, ptrdiff_t nodes)
{
    if (level->teams == 0 || least < level->least) level->least = least;
    if (most > level->most) level->most = most;
    if (nodes > level->nodes) level->nodes = nodes;
    level->teams += teams;
}

/* `size` ranks of one node, halved j times, are 2^j teams of floor and ceiling of size / 2^j; in the end single ranks.
 */
static void add_node(psw_level *levels, int depth, ptrdiff_t size, ptrdiff_t count)
{
    for (int k = depth; k < PSW_DEPTHS_MAX; k++) {
        ptrdiff_t teams = k - depth < 62 && (ptrdiff_t)1 << (k - depth) < size ? (ptrdiff_t)1 << (k - depth) : size;
        add(&levels[k], count * teams, size / teams, (size + teams - 1) / teams, 1);
    }
}

static void add_teams(const psw_split *s, psw_level *levels, int depth, const psw_team *team)
{
    psw_team halves[2];
    if (team->nodes == 1 || depth + 1 == PSW_DEPTHS_MAX) {
        add_node(levels, depth, team->size, 1);
        return;
    }
    add(&levels[depth], 1, team->size, team->size, team->nodes);
    psw_split_halves(s, team, halves);
    add_teams(s, levels, depth + 1, &halves[0]);
    add_teams(s, levels, depth + 1, &halves[1]);
}

static void count_shape(shape *shapes, int *known, const psw_team *team, ptrdiff_t count)
{
    int i = 0;
    while (i < *known && (shapes[i].team.size != team->size || shapes[i].team.nodes != team->nodes)) i++;
    if (i == *known && *known < SHAPES) shapes[(*known)++] = (shape){*team, 0};
    if (i < SHAPES) shapes[i].count += count;
}

/* The same where nodes are even: teams of as many ranks and nodes split alike wherever they begin. */
static void add_alike(const psw_split *s, psw_level *levels, const psw_trunk *trunk)
{
    shape now[SHAPES] = {{trunk->team, 1}}, next[SHAPES];
    int count = 1;
    for (int k = trunk->depth; count > 0 && k < PSW_DEPTHS_MAX; k++) {
        int known = 0;
        for (int i = 0; i < count; i++) {
            psw_team halves[2];
            if (now[i].team.nodes == 1) {
                add_node(levels, k, now[i].team.size, now[i].count);
                continue;
            }
            add(&levels[k], now[i].count, now[i].team.size, now[i].team.size, now[i].team.nodes);
            psw_split_halves(s, &now[i].team, halves);
            count_shape(next, &known, &halves[0], now[i].count);
            count_shape(next, &known, &halves[1], now[i].count);
        }
        for (int i = 0; i < known; i++) now[i] = next[i];
        count = known;
    }
}

int psw_split_levels(const psw_split *split, psw_level levels[PSW_DEPTHS_MAX])
{
    psw_trunk trunks[PSW_TRUNKS_MAX];
    bool even = psw_split_is_even(split);
    int depths = 1, count = psw_split_trunks(split, trunks);
    for (int k = 0; k < PSW_DEPTHS_MAX; k++) levels[k] = (psw_level){0};
    for (int i = 0; i < count && even; i++) add_alike(split, levels, &trunks[i]);
    for (int i = 0; i < count && !even; i++) add_teams(split, levels, trunks[i].depth, &trunks[i].team);
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
