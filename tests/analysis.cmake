psw_script_test(analysis e2e/analysis.sh)
