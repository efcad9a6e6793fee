psw_test(plan unit/plan.c)
psw_test(runs property/runs.c)
psw_test(parts property/parts.c)
psw_test(splits property/splits.c)
psw_test(plan_teams property/plan_teams.c LABELS long TIMEOUT 1200) # every world is planned as each smaller one, too
psw_test(classes property/classes.c)
psw_test(deals property/deals.c)
psw_test(remaining property/remaining.c)

# not a test: predicted and measured times of sketches for a person (bench_cost [repetitions])
add_executable(bench_cost EXCLUDE_FROM_ALL bench/bench_cost.c)
target_link_libraries(bench_cost PRIVATE polysweep_mpi)
target_include_directories(bench_cost PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
