psw_test(print unit/print.c)
