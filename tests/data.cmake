psw_test(data unit/data.c)
psw_test(data_kinds unit/data_kinds.c)
psw_test(data_arrays unit/data_arrays.c)
