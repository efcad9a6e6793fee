psw_test(search property/search.c)
