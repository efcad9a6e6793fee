psw_test(teams_mpi mpi/teams.c MPI 1 2 3 4)
