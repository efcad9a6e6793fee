/* cmd: the studies of jobs/init, as the build puts them into the program. */
#ifndef CMD_INIT_H
#define CMD_INIT_H

typedef struct cmd_init_study {
    const char *kind; /* the name of its file, without .yaml */
    const char *text;
} cmd_init_study;
extern const cmd_init_study cmd_init_studies[]; /* by name; ended by a kind of NULL */

#endif
