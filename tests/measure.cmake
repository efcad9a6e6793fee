psw_test(measure unit/measure.c)
psw_test(repeat unit/repeat.c)
psw_test(rates mpi/rates.c MPI 1 2 3 LABELS mpi)

# not a test: bench/overhead.sh prints what a small point costs outside of its mathematics
# not a test: bench/predictions.py holds predicted seconds of three studies against the clock
