psw_test(measure unit/measure.c)
psw_test(allowance unit/allowance.c)
psw_test(counters unit/counters.c)
psw_test(spent mpi/spent.c MPI 1 3 LABELS mpi)
psw_test(kept unit/kept.c)
psw_test(seal unit/seal.c)
psw_test(repeat unit/repeat.c)
psw_test(rates mpi/rates.c MPI 1 2 3 LABELS mpi)
psw_script_test(speeds e2e/speeds.py)
psw_script_test(job_limits e2e/job_limits.sh)
set_tests_properties(e2e.job_limits PROPERTIES SKIP_RETURN_CODE 77)

# not a test: bench/run.py measures ratios to peers and what small points cost; this tests the tool, without a clock
psw_script_test(bench e2e/bench.py COST 15)
# not a test: bench/start.py prints how soon a launch computes, and how soon it sees that nothing is left
# not a test: bench/remaining.py holds the time that is left, as it was said, against what it took
# not a test: bench/cycles.py holds cycles of points against user time, on a machine that shows them
# not a test: bench/million.py takes a million points from their run, killed half-way, to their report
# not a test: bench/predictions.py holds predicted seconds of three studies against the clock
