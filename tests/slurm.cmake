psw_test(slurm_time unit/slurm_time.c)
psw_script_test(job_script e2e/job_script.sh)
psw_script_test(teams slurm/teams.sh WHOLE)
psw_script_test(parts_array slurm/parts.sh COST 21 TIMEOUT 600)
psw_script_test(ends slurm/ends.sh LABELS long TIMEOUT 900)
psw_script_test(jobs slurm/jobs.sh COST 100 TIMEOUT 600) # it waits most of the time
set_tests_properties(slurm.teams slurm.ends slurm.jobs slurm.parts_array PROPERTIES SKIP_RETURN_CODE 77 RESOURCE_LOCK slurm)
