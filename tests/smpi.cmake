# What teams send against the plan: many ranks that SimGrid simulates, in a build of their own (of smpi/ranks.c).
# A few real ones: mpi.team_plan.
psw_script_test(ranks_64 smpi/ranks.sh COST 50 ARGS 64 splits states_causal rows_full rows_causal grid_full grid_causal TIMEOUT 600)
psw_script_test(ranks_256 smpi/ranks.sh WHOLE ARGS 256 LABELS long TIMEOUT 3000)
psw_script_test(ranks_1024 smpi/ranks.sh WHOLE ARGS 1024 LABELS long TIMEOUT 6000)
# not a test: smpi/kinds.sh shows how busy two kinds of nodes are, by the queues and by the plan
# a search by the program's own loop, in simulated time (of smpi/search.c); by assumed delays: mpi.search_ranks
psw_script_test(search_64 smpi/search.sh COST 20 ARGS 64 equal unequal one_long many_long TIMEOUT 600)
foreach(test ranks_64 ranks_256 ranks_1024 search_64)
  set_tests_properties(smpi.${test} PROPERTIES SKIP_RETURN_CODE 77 RESOURCE_LOCK build-smpi)
endforeach()
