psw_script_test(analysis e2e/analysis.sh ALONE TIMEOUT 900)
psw_script_test(analysis_long e2e/analysis.sh ARGS -m long LABELS long TIMEOUT 1800)
psw_script_test(package e2e/package.py ALONE)
psw_script_test(scaling e2e/scaling.py)
# not a test: bench/coverage.py prints how often intervals over draws and edges of critical degrees hold the truth
