/* A study file as written: a tree of nodes, each with its place, not yet interpreted. */
#ifndef SPEC_TREE_H
#define SPEC_TREE_H

#include "polysweep/spec.h"

#define PSW_TEXT_MAX (4 << 20)  /* bytes of a study file */
#define PSW_SCALAR_MAX 4096     /* bytes of one value */
#define PSW_NAME_MAX 64         /* bytes of one key */
#define PSW_DEPTH_MAX 12        /* the deepest key of a study is at 5 */
#define PSW_NODES_MAX (1 << 18) /* values written one by one */

typedef struct psw_where {
    ptrdiff_t line, column; /* counted from 1; 0 = nowhere in particular */
    ptrdiff_t set;          /* 1 + number of the --set argument, 0 = the file */
} psw_where;
static inline psw_where psw_nowhere(ptrdiff_t set)
{
    return (psw_where){0, 0, set};
}

typedef enum psw_node_kind { PSW_SCALAR, PSW_LIST, PSW_MAP } psw_node_kind;

typedef struct psw_node {
    psw_node_kind kind;
    bool quoted;
    char *key;  /* under a map, else NULL */
    char *text; /* of a scalar */
    psw_where where, key_where;
    ptrdiff_t children;
    struct psw_node *parent, *child, *last, *next;
} psw_node;

typedef struct psw_tree {
    const char *name; /* of the file, in messages */
    const char *const *set;
    psw_node *root;
    ptrdiff_t nodes;
} psw_tree;

/* Fills tree->root from text; `set` marks places that come from a --set argument (0 = the file). PSW_USAGE. */
psw_status psw_tree_load(psw_tree *tree, const char *text, size_t length, ptrdiff_t set);
void psw_node_free(psw_node *node); /* with its children; does not remove it from its parent */

psw_node *psw_node_child(const psw_node *map, const char *key); /* NULL if there is none, or map is NULL */
void psw_node_append(psw_node *parent, psw_node *child);
psw_node *psw_node_create(psw_tree *tree, psw_node_kind kind, const char *key, const char *text, psw_where where);

/* Replaces or adds what the KEY=VALUE arguments name. PSW_USAGE names the argument. */
psw_status psw_tree_override(psw_tree *tree, const char *const *set, ptrdiff_t sets);

/* "name:line:column: text" with PSW_USAGE. */
psw_status psw_wrong_at(const psw_tree *tree, psw_where where, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
#define PSW_WRONG(tree, where, ...) psw_wrong_at((tree), (where), __FILE__, __LINE__, __VA_ARGS__)

/* A text of the user's, safe and short enough for a message. */
typedef struct psw_shown {
    char text[72];
} psw_shown;
psw_shown psw_show(const char *text);

#endif
