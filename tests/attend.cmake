psw_test(attend_sums unit/attend_sums.c)
psw_test(attend_reference unit/attend_reference.c)
psw_test(attend_bits property/attend_bits.c)
