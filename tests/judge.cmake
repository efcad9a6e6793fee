psw_test(judge_head unit/judge_head.c)
