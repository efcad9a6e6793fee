psw_script_test(teams slurm/teams.sh)
set_tests_properties(slurm.teams PROPERTIES SKIP_RETURN_CODE 77)
