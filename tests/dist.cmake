psw_test(teams_mpi mpi/teams.c MPI 1 2 3 4)
psw_script_test(team_faults fault/team_faults.py)
psw_script_test(team_faults_all fault/team_faults.py ARGS all LABELS long TIMEOUT 1800)
