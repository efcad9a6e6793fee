# Messages and bytes against the plan's: with a few real ranks here, with many simulated ones where SimGrid is
psw_test(team_plan smpi/team_plan.c MPI 1 2 3 4)
