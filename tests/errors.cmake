psw_test(errors unit/errors.c)
psw_test(errors_single unit/errors_single.c)
psw_test(errors_tables property/errors_tables.c)
psw_test(scores property/scores.c)
