/* Messages and bytes of a team are those of the plan: every kind of fold, layout, pattern and scan, with ragged leaves,
 * two data sets, groups of degrees, exact stretches and distinct queries. Of few ranks; smpi/ranks.c has many. */
#include "pass.h"
#include "polysweep/sketch.h"

static psw_point point_of(psw_method method, psw_data_kind kind, psw_mask mask, psw_precision precision)
{
    bool two = kind == PSW_SELF_ATTENTION; /* whole classes, and values as wide as rows */
    psw_point p = {.method = method, .data_kind = kind, .mask = mask, .precision = precision, .beta = 4, .seed = 3};
    p.n = two ? 132 : 131, p.d = 6, p.v = two ? 6 : 5, p.block = 16, p.j3 = 70;
    p.a_0 = 1, p.a_1 = 2, p.b = 1, p.c = 1;
    if (psw_sketch_has(&p)) p.r = 6, p.draws = 1;
    if (psw_point_folds(&p) == PSW_FOLDS_LANDMARKS) p.landmarks = two ? 66 : 3; /* a matrix that can be inverted */
    return p;
}

static void check_choices(const psw_comm *team, const psw_group *group)
{
    digest alone = digest_alone(group);
    bool rows = psw_attend_kind(group->points) == PSW_ROW_FOLD;
    for (int layout = 0; layout < PSW_LAYOUTS; layout++)
        for (int how = 0; how < (rows ? (int)PSW_PATTERNS : (int)PSW_SCANS); how++)
            check_pass(team, group, (psw_choice){layout, rows ? how : -1, rows ? -1 : how, 0}, (psw_watch){NULL, NULL},
                       &alone);
}

static void check_point(const psw_comm *team, psw_point p)
{
    check_choices(team, &(psw_group){&p, 1});
    if (psw_attend_kind(&p) == PSW_ROW_FOLD) {
        psw_point points[] = {p, p, p};
        points[1].beta = 2, points[2].beta = 8;
        check_choices(team, &(psw_group){points, 3});
        p.block = 100; /* fewer leaves than ranks */
    } else if (p.mask == PSW_CAUSAL) {
        p.local = 48;
    }
    check_choices(team, &(psw_group){&p, 1});
}

int main(int argc, char **argv)
{
    static const psw_method methods[] = {PSW_EXACT, PSW_POLYSKETCH, PSW_NYSTROM};
    psw_comm world;
    MPI_Init(&argc, &argv);
    psw_comm_world(&world);
    for (int kind = 0; kind < 2; kind++)
        for (int mask = 0; mask < 2; mask++)
            for (int precision = 0; precision < 2; precision++)
                for (int m = 0; m < (mask == PSW_FULL ? 3 : 2); m++) /* the last one has no causal form */
                    check_point(&world, point_of(methods[m], kind ? PSW_GAUSSIAN : PSW_SELF_ATTENTION, (psw_mask)mask,
                                                 (psw_precision)precision));
    for (int i = 0; i < 2 * 2 * 3; i++) { /* few queries: in one leaf, parted by two, in more */
        psw_point p = point_of(methods[i % 2], PSW_SELF_ATTENTION, PSW_FULL, (psw_precision)(i / 2 % 2));
        p.queries = PSW_QUERIES_DISTINCT, p.j3 = i < 4 ? 70 : i < 8 ? 49 : 100;
        if (i >= 8) p.d = p.v = 46;
        check_point(&world, p);
    }
    double failures = test_failures;
    psw_comm_max(&world, &failures, 1);
    psw_comm_free(&world);
    MPI_Finalize();
    test_failures = failures > 0;
    return test_end();
}
