psw_test(store unit/store.c)
psw_test(store_files mpi/store_files.c MPI 1 2 3 4)
