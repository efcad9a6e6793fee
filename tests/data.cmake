psw_test(data unit/data.c)
