launch_run
conclude
exit "$code"
