psw_script_test(analysis e2e/analysis.sh)
psw_script_test(package e2e/package.py)
