psw_test(teams_mpi mpi/teams.c MPI 1 2 3 4)
psw_test(dist_requests unit/dist_requests.c)
psw_test(team_plan mpi/team_plan.c MPI 1 2 3 4)
psw_script_test(team_faults fault/team_faults.py COST 46) # mpirun and its ranks wait for each other most of the time
psw_script_test(team_faults_all fault/team_faults.py WHOLE ARGS all LABELS long TIMEOUT 1800)
psw_script_test(team_limits fault/team_limits.sh WHOLE)
psw_script_test(deaths fault/deaths.sh COST 50) # it waits for points that hang
psw_script_test(team_stops fault/team_stops.sh WHOLE COST 30)
psw_script_test(team_stops_many fault/team_stops.sh WHOLE ARGS 40 LABELS long TIMEOUT 1800)

# not a test: one rank against a team, for a person (mpirun -n 2 bench_team [method n d r degree mask precision repetitions route])
add_executable(bench_team EXCLUDE_FROM_ALL bench/bench_team.c)
target_link_libraries(bench_team PRIVATE polysweep_mpi)
target_include_directories(bench_team PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
# not a test: bench/heavy_tail.py prints makespans of a sweep of very unequal points, with teams and without
