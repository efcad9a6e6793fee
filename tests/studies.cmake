psw_script_test(sketches e2e/sketches.py)
