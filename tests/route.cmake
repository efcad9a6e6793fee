psw_test(routes property/routes.c)
psw_test(scans property/scans.c)
psw_test(volumes property/volumes.c)
psw_test(teams property/teams.c)
