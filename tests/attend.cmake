psw_test(attend_sums unit/attend_sums.c)
