/* More ranks than a machine has cores, simulated by SimGrid's SMPI: every kind of pass is completed by a team of all
 * ranks, and by teams that split down to single ranks while they take runs from queues over nodes; each sends as many
 * messages and bytes as the plan says, and its rows are those of one rank. Nothing here is about time. */
#include "pass.h"
#include "ranks.h"
#include "sweep/crew.h"

/* Ranks up to which a kind is simulated: those whose messages grow with the square of the ranks in one step take long
 * to simulate. SMPI's own MPI_Iexscan is wrong from 16 ranks on. */
static const int most_of_pattern[PSW_PATTERNS] = {
    [PSW_RING] = 1 << 20, [PSW_ALL_GATHER] = 64, [PSW_PASS_Q] = 64, [PSW_STREAM] = 64, [PSW_GRID] = 64};
static const int most_of_scan[PSW_SCANS] = {
    [PSW_DOUBLING] = 1 << 20, [PSW_CHAIN] = 1 << 20, 0, [PSW_STATE_GATHER] = 64};

static psw_point point_of(psw_method method, psw_mask mask, ptrdiff_t leaves)
{
    psw_point p = {.method = method, .data_kind = PSW_GAUSSIAN, .mask = mask, .beta = 4, .seed = 7};
    p.block = 2, p.n = p.block * leaves - 1, p.d = 3, p.v = 2;
    if (method == PSW_POLYSKETCH) p.r = 4, p.draws = 1;
    return p;
}

static const psw_watch nobody = {NULL, NULL};

/* ---- one team ---- */

/* On many ranks a ring has time for one layout of each mask: the one that is chosen if none is asked for. */
static bool is_skipped(const psw_comm *world, const psw_point *p, int layout)
{
    bool rows = psw_attend_kind(p) == PSW_ROW_FOLD;
    return world->size > 256 && rows && layout != (p->mask == PSW_CAUSAL ? PSW_ZIGZAG : PSW_CONTIGUOUS);
}

static void check_choices(const psw_comm *world, const psw_point *p, const int *most, int count)
{
    psw_group group = {p, 1};
    bool rows = psw_attend_kind(p) == PSW_ROW_FOLD;
    digest alone = {0};
    if (world->rank == 0) alone = digest_alone(&group);
    for (int how = 0; how < count; how++)
        for (int layout = 0; layout < PSW_LAYOUTS && world->size <= most[how]; layout++) {
            psw_choice choice = {layout, rows ? how : -1, rows ? -1 : how, 0};
            if (is_skipped(world, p, layout)) continue;
            psw_team_cost sent = check_pass(world, &group, choice, nobody, &alone);
            if (world->rank == 0)
                fprintf(stderr, "%s: %.0f messages, %.0f bytes\n", describe_pass(&group, choice, world->size),
                        sent.messages, sent.sent_bytes);
        }
}

/* Some ranks own one leaf and some two; under a causal mask two and three, so that a zigzag has two stretches. */
static void check_team(const psw_comm *world, psw_method method, psw_mask mask)
{
    psw_point p = point_of(method, mask, (mask == PSW_CAUSAL ? 2 : 1) * world->size + world->size / 4);
    if (method == PSW_EXACT)
        check_choices(world, &p, most_of_pattern, PSW_PATTERNS);
    else
        check_choices(world, &p, most_of_scan, PSW_SCANS);
}

/* A grid with more ranks than leaves: most ranks own none, and work for others. */
static void check_grid(const psw_comm *world, psw_method method, psw_mask mask)
{
    int root = (int)ceil(sqrt(world->size));
    psw_point p = point_of(method, mask, 4 * root + 1);
    psw_group group = {&p, 1};
    psw_choice choice = {-1, PSW_GRID, -1, 0};
    digest alone = {0};
    if (world->rank == 0) alone = digest_alone(&group);
    psw_team_cost sent = check_pass(world, &group, choice, nobody, &alone);
    psw_route route = psw_attend_route(&p, choice, world->size, 0);
    if (world->rank == 0)
        fprintf(stderr, "%s, %d columns: %.0f messages, %.0f bytes\n", describe_pass(&group, choice, world->size),
                route.columns, sent.messages, sent.sent_bytes);
}

/* Of few ranks all methods whose bits do not depend on the grid. */
static void check_grids(const psw_comm *world, psw_method method, psw_mask mask)
{
    static const psw_method all[] = {PSW_EXACT, PSW_SOFTMAX, PSW_LINEAR};
    for (int i = 0; i < 3; i++)
        if (world->size <= 64 || all[i] == method) check_grid(world, all[i], mask);
}

/* ---- teams that split ---- */

static void serve(void *crew)
{
    sweep_crew_serve(crew);
}

static psw_status ask(void *crew)
{
    sweep_crew_serve(crew);
    return PSW_OK;
}

enum { LEAVES = 16 }; /* fewer than most teams have ranks */

static void check_run(sweep_crew *crew, const psw_comm *team, ptrdiff_t number)
{
    psw_point p = point_of(number % 2 ? PSW_POLYSKETCH : PSW_EXACT, (psw_mask)(number / 2 % 2), LEAVES);
    psw_group group = {&p, 1};
    digest alone = {0};
    if (team->rank == 0) alone = digest_alone(&group);
    check_pass(team, &group, PSW_CHOICE_AUTO, (psw_watch){ask, crew}, &alone);
}

/* The number of a run among those of its depth, -1: none. */
static ptrdiff_t take(sweep_crew *crew, int depth)
{
    ptrdiff_t run = sweep_crew_take(crew, depth);
    return run < 0 ? run : run - crew->share[depth].edge[0];
}

/* Returns the sum of number + 1 over the runs of which this rank was the first. */
static double work_depth(sweep_crew *crew, int depth)
{
    const psw_comm *team = &crew->team[depth];
    for (double sum = 0;;) {
        ptrdiff_t number = -1;
        if (team->rank == 0) number = take(crew, depth);
        psw_status status = PSW_OK;
        if (team->size > 1) status = psw_comm_bytes_wait(team, 0, &number, sizeof number, serve, crew);
        CHECK(status == PSW_OK, "%s", psw_message());
        if (number < 0) return sum;
        check_run(crew, team, number);
        sum += team->rank == 0 ? (double)number + 1 : 0;
    }
}

/* Each depth has somewhat more runs than teams. */
static psw_runs runs_of(const psw_split *split)
{
    psw_runs runs = {.depths = psw_split_depths(split)};
    for (int k = 0; k < runs.depths; k++)
        runs.first[k + 1] = runs.first[k] + psw_split_teams(split, k) + psw_split_teams(split, k) / 4 + 1;
    return runs;
}

static void check_depths(sweep_crew *crew, const psw_runs *runs)
{
    double done[PSW_DEPTHS_MAX] = {0};
    for (int k = 0; k < runs->depths; k++) done[k] = work_depth(crew, k);
    psw_status status = psw_comm_wait(&crew->order, serve, crew);
    CHECK(status == PSW_OK && sweep_crew_close(crew) == PSW_OK, "%s", psw_message());
    psw_comm_sum(&crew->order, done, runs->depths);
    for (int k = 0; k < runs->depths && crew->order.rank == 0; k++) {
        double count = (double)(runs->first[k + 1] - runs->first[k]);
        CHECK(done[k] == count * (count + 1) / 2, "depth %d: %g of %g runs, by their sum", k, done[k], count);
    }
}

static void check_split(const psw_comm *world)
{
    psw_comm node;
    sweep_crew crew;
    psw_status status = psw_comm_split_node(world, &node);
    if (status == PSW_OK) status = sweep_crew_form(world, &node, &crew);
    psw_runs runs = runs_of(&crew.split);
    if (status == PSW_OK) status = sweep_crew_open(&crew, &node, &runs, NULL);
    CHECK(status == PSW_OK, "%s", psw_message());
    if (status == PSW_OK) check_depths(&crew, &runs);
    if (world->rank == 0) fprintf(stderr, "%td nodes, %d depths\n", crew.split.nodes, runs.depths);
    sweep_crew_free(&crew);
    psw_comm_free(&node);
}

/* One part at a time: SimGrid takes the longer for a message, the more have gone before. */
int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*check)(const psw_comm *world, psw_method method, psw_mask mask);
        psw_method method;
        psw_mask mask;
    } parts[] = {{"rows_full", check_team, PSW_EXACT, PSW_FULL},
                 {"rows_causal", check_team, PSW_EXACT, PSW_CAUSAL},
                 {"grid_full", check_grids, PSW_SOFTMAX, PSW_FULL},
                 {"grid_causal", check_grids, PSW_EXACT, PSW_CAUSAL},
                 {"states_full", check_team, PSW_POLYSKETCH, PSW_FULL},
                 {"states_causal", check_team, PSW_POLYSKETCH, PSW_CAUSAL}};
    psw_comm world;
    MPI_Init(&argc, &argv);
    psw_comm_world(&world);
    const char *part = argc > 1 ? argv[1] : "";
    if (strcmp(part, "splits") == 0) check_split(&world);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcmp(part, parts[i].name) == 0) parts[i].check(&world, parts[i].method, parts[i].mask);
    return ranks_end(&world);
}
