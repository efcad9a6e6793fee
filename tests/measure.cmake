psw_test(measure unit/measure.c)
psw_test(rates mpi/rates.c MPI 1 2 3 LABELS mpi)
