psw_test(search unit/search.c)
psw_test(searches property/search.c)
