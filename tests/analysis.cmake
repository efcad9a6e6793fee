psw_script_test(analysis e2e/analysis.sh COST 170 TIMEOUT 900)
psw_script_test(analysis_long e2e/analysis.sh WHOLE ARGS -m long LABELS long TIMEOUT 1800)
psw_script_test(versions e2e/versions.py COST 10)
psw_script_test(versions_long e2e/versions.py ARGS long LABELS long TIMEOUT 3600)
set_tests_properties(e2e.versions e2e.versions_long PROPERTIES SKIP_RETURN_CODE 77)
psw_script_test(package e2e/package.py)
psw_script_test(heads e2e/heads.py COST 10)
psw_script_test(scaling e2e/scaling.py WHOLE)
# not a test: bench/coverage.py prints how often intervals over draws and edges of critical degrees hold the truth
