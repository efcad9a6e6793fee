# What teams send against the plan: many ranks that SimGrid simulates, in a build of their own (of smpi/ranks.c).
# A few real ones: mpi.team_plan.
psw_script_test(ranks_64 smpi/ranks.sh COST 50 ARGS 64 splits states_causal rows_full rows_causal grid_full grid_causal TIMEOUT 600)
psw_script_test(ranks_256 smpi/ranks.sh WHOLE ARGS 256 LABELS long TIMEOUT 3000)
psw_script_test(ranks_1024 smpi/ranks.sh WHOLE ARGS 1024 LABELS long TIMEOUT 6000)
psw_script_test(ranks_4096 smpi/ranks.sh WHOLE ARGS 4096 grid_full grid_causal LABELS long TIMEOUT 6000) # 4.5 GB
# the queues of a sweep against its plan, in simulated time (of mpi/kinds.c): nodes of two speeds; a study of 1,122 points
psw_script_test(kinds_64 smpi/timed.sh COST 6 ARGS kinds 64 half_4 few_4)
psw_script_test(kinds_64_long smpi/timed.sh ARGS kinds 64 half_2 most_4 LABELS long)
psw_script_test(kinds_1024 smpi/timed.sh WHOLE ARGS kinds 1024:64 alike LABELS long TIMEOUT 3000)
# a search by the program's own loop, in simulated time (of smpi/search.c); by assumed delays: mpi.search_ranks
psw_script_test(search_64 smpi/timed.sh COST 20 ARGS search 64 equal unequal one_long many_long TIMEOUT 600)
foreach(test ranks_64 ranks_256 ranks_1024 ranks_4096 kinds_64 kinds_64_long kinds_1024 search_64)
  set_tests_properties(smpi.${test} PROPERTIES SKIP_RETURN_CODE 77 RESOURCE_LOCK build-smpi)
endforeach()
