psw_script_test(sketches e2e/sketches.py)
psw_script_test(kernels_by_states e2e/kernels_by_states.py)
psw_script_test(sketch_tables_short e2e/sketch_tables.py ARGS short)
psw_script_test(sketch_tables e2e/sketch_tables.py LABELS long TIMEOUT 3000)
