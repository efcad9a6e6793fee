psw_test(slurm_time unit/slurm_time.c)
psw_script_test(teams slurm/teams.sh)
set_tests_properties(slurm.teams PROPERTIES SKIP_RETURN_CODE 77)
