psw_script_test(sketches e2e/sketches.py)
psw_script_test(heads e2e/heads.py)
psw_script_test(sketch_tables_short e2e/sketch_tables.py ARGS short)
psw_script_test(sketch_tables e2e/sketch_tables.py LABELS long TIMEOUT 3000)
