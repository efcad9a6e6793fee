psw_test(judge_head unit/judge_head.c)
psw_test(judge_again unit/judge_again.c)
psw_test(judge_closed property/judge_closed.c)
psw_test(judge_verdicts property/judge_verdicts.c)
psw_test(judge_merge property/judge_merge.c)
psw_test(judge_settle property/judge_settle.c)
psw_test(distinct property/distinct.c)
psw_test(draws property/draws.c)
psw_test(watched property/watched.c)
psw_test(intervals unit/intervals.c)

add_executable(bench_judge EXCLUDE_FROM_ALL bench/bench_judge.c) # a measurement, not a test
target_link_libraries(bench_judge PRIVATE polysweep_mpi)
