psw_test(routes property/routes.c)
