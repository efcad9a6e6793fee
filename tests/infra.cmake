psw_script_test(rules lint/lint.py)
psw_script_test(rules_can_fail lint/selftest.py)
psw_script_test(setup e2e/setup.sh)
