psw_test(comm mpi/comm.c MPI 1 2 3 4)
psw_test(queue mpi/queue.c MPI 1 2 3 4)
psw_test(kinds mpi/kinds.c MPI 4)
psw_test(pool mpi/pool.c MPI 1 2 3 4)
