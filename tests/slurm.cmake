psw_test(slurm_time unit/slurm_time.c)
psw_script_test(job_script e2e/job_script.sh)
psw_script_test(teams slurm/teams.sh)
psw_script_test(jobs slurm/jobs.sh ALONE TIMEOUT 600) # it waits most of the time
set_tests_properties(slurm.teams slurm.jobs PROPERTIES SKIP_RETURN_CODE 77)
