psw_test(print unit/print.c)
psw_script_test(commands e2e/commands.py)
psw_script_test(separation e2e/separation.py)
psw_script_test(failures e2e/failures.sh)
