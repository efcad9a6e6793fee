/* route: which rank of a team owns which leaves of a sequence, and which messages the ranks exchange.
 *
 * A route is a value. Pure functions derive everything else from it, for any rank, on any rank: attend lays out memory
 * by it, plan predicts its cost, dist carries it out, tests run all its ranks in one process.
 *
 *   layout   contiguous  rank p owns one stretch of leaves
 *            zigzag      2P stretches, rank p owns stretches p and 2P - 1 - p: causal work is balanced
 *            striped     unit u on rank u mod P
 *   pattern  of row folds (Liu, Zaharia, Abbeel 2023 for the ring)
 *            ring        keys and values go round, rank to next rank, while the tiles of the resident ones are computed
 *            all_gather  every rank receives all keys and values, then computes as if alone
 *            pass_q      queries go round; sums come back to their owner
 *            stream      one query leaf at a time, keys and values arrive leaf by leaf directly from their owners: a
 *                        rank holds its own rows and two leaves; each leaf is sent once for every query leaf
 *            grid        ranks are rows and columns, rank = row * columns + column: all that is in a row has the same
 *                        queries, a column the same keys, and a rank computes where they meet. The owner of a leaf is
 *                        where its row and its column meet: it sends its queries along the row and its keys down the
 *                        column, and sums come back along the row. With P ranks each leaf is sent about 2 sqrt(P)
 *                        times, and there is work for as many ranks as there are pairs of leaves. Queries are striped
 *                        over rows, `layout` says how keys lie in columns: contiguous or zigzag
 *   scan     of state folds: doubling (recursive), chain (rank to rank), exscan (the MPI library's), all_gather
 *
 * A unit is `unit` consecutive leaves (the stretches that a sketch computes exactly); all its leaves have one owner. A
 * rank may own none. Sums of key leaves are added along one binary tree over the leaf index, whichever rank computed
 * them (nodes, below). */
#ifndef POLYSWEEP_ROUTE_H
#define POLYSWEEP_ROUTE_H

#include "polysweep/base.h"

typedef enum psw_layout { PSW_CONTIGUOUS, PSW_ZIGZAG, PSW_STRIPED, PSW_LAYOUTS } psw_layout;
typedef enum psw_pattern { PSW_RING, PSW_ALL_GATHER, PSW_PASS_Q, PSW_STREAM, PSW_GRID, PSW_PATTERNS } psw_pattern;
typedef enum psw_scan { PSW_DOUBLING, PSW_CHAIN, PSW_EXSCAN, PSW_STATE_GATHER, PSW_SCANS } psw_scan;

/* What a study asks for (run.layout, run.route, run.scan); -1 = auto. */
typedef struct psw_choice {
    int layout, pattern, scan;
    int columns; /* of a grid whose shape is known already; 0: psw_route_shape says */
} psw_choice;
#define PSW_CHOICE_AUTO ((psw_choice){.layout = -1, .pattern = -1, .scan = -1})
/* PSW_USAGE names the key and its words, or says that they do not go together. */
psw_status psw_choice_read(const char *layout, const char *pattern, const char *scan, psw_choice *choice);

typedef struct psw_route {
    psw_layout layout;
    psw_pattern pattern;
    psw_scan scan;
    bool causal;
    ptrdiff_t leaves, unit;
    int size, rank; /* of the team */
    int columns;    /* of a grid, 1 .. size; it has as many rows as there are ranks for, at most one for each unit */
} psw_route;

/* ---- who owns what ---- */

ptrdiff_t psw_route_count(const psw_route *route, int rank);                 /* leaves of a rank */
ptrdiff_t psw_route_leaf(const psw_route *route, int rank, ptrdiff_t place); /* ascending in place */
int psw_route_owner(const psw_route *route, ptrdiff_t leaf);
ptrdiff_t psw_route_place(const psw_route *route, ptrdiff_t leaf); /* of a leaf among those of its owner */
ptrdiff_t psw_route_most(const psw_route *route);                  /* leaves of the rank with the most */

/* Stretches of neighbouring leaves of a rank, of a grid those of its column, in ascending order. The stretches `round`
 * of all ranks together are one stretch of the sequence, in the order of ranks, or in the opposite order where
 * psw_route_down is true. */
ptrdiff_t psw_route_rounds(const psw_route *route);
bool psw_route_down(const psw_route *route, ptrdiff_t round);
typedef struct psw_leaves {
    ptrdiff_t first, count;
} psw_leaves;
psw_leaves psw_route_round(const psw_route *route, int rank, ptrdiff_t round);

/* ---- a grid ---- */

/* How columns share the keys, and rows the queries: routes of as many ranks, with the calling one's column or row. */
psw_route psw_route_columns(const psw_route *grid);
psw_route psw_route_rows(const psw_route *grid);
/* The number of columns for `queries` leaves with queries (all of them under a causal mask) and `leaves` in all: of the
 * shapes that come within a sixteenth of the fewest tiles for the rank with most, the one that sends least. */
int psw_route_shape(ptrdiff_t queries, ptrdiff_t leaves, bool causal, int size);
/* Pairs of leaves of the rank with most; of many columns by some of them. Units are leaves here. */
double psw_route_grid_tiles(const psw_route *grid, ptrdiff_t queries);

/* ---- tiles and transfers of a row fold ---- */

typedef enum psw_payload_kind { PSW_KEYS, PSW_QUERIES, PSW_SUMS } psw_payload_kind;

/* In a compute step a rank computes the tiles of the query leaves of rank `queries` with the key leaves of rank `keys`
 * (-1: of all; of a grid: of the column of `keys`), as far as the mask lets them see each other. `remote` is the remote
 * buffer with the leaves that are not its own, of a grid the queries, -1: all are its own; tiles = false: no tiles in
 * this step. */
typedef struct psw_step {
    bool tiles;
    int queries, keys, remote;
    ptrdiff_t query, key; /* the one leaf of each, -1: all of them */
} psw_step;
typedef struct psw_transfer {
    psw_payload_kind what;
    int of; /* the rank that owns the leaves; for sums, the queries */
    int peer;
    bool send;      /* else receive */
    bool after;     /* posted after the step's tiles, else before; all are complete at the end of the step */
    int remote;     /* the remote buffer it is sent from or received in, -1: the rank's own leaves; of sums that a
                       grid sends, which of two: those of a step are sent during the next one, from buffer step % 2 */
    ptrdiff_t leaf; /* -1: all leaves of that rank */
} psw_transfer;

int psw_route_steps(const psw_route *route);
psw_step psw_route_step(const psw_route *route, int step);
int psw_route_transfers(const psw_route *route, int step); /* their number */
psw_transfer psw_route_transfer(const psw_route *route, int step, int index);
int psw_route_remote_buffers(const psw_route *route); /* buffers for leaves of other ranks */
typedef struct psw_remote {
    psw_payload_kind what;
    int of;           /* of a grid, the rank whose leaves it holds; else -1, for they change */
    ptrdiff_t leaves; /* that it has room for */
} psw_remote;
psw_remote psw_route_remote(const psw_route *route, int index);
psw_leaves psw_route_done(const psw_route *route, int step); /* places of own query leaves that a step completes */

/* ring, pass_q: how many ranks the leaves of rank `of` are passed on, up to the last rank that needs them. */
int psw_route_hops(const psw_route *route, int of);

/* Does a query leaf of rank `queries` see a key leaf of rank `keys`, of a grid one of its column? */
bool psw_route_sees(const psw_route *route, int queries, int keys);
/* Number of key leaves that query leaf `leaf` sees: these are the first ones. */
ptrdiff_t psw_route_seen(const psw_route *route, ptrdiff_t leaf);

/* ---- the tree of sums ---- */

/* Node (level, index) is the sum of its children (level - 1, 2 index) and (level - 1, 2 index + 1); if one is missing,
 * it is the other. */
typedef struct psw_node {
    ptrdiff_t level, index;
} psw_node;

/* The fewest nodes of the tree over `seen` leaves that hold exactly the leaves of rank `keys` among them (of a
 * grid, those of its column), ascending. Returns their number; `list` may be NULL. */
ptrdiff_t psw_route_nodes(const psw_route *route, int keys, ptrdiff_t seen, psw_node *list);
/* Number of nodes of the tree of query leaf `leaf` that other ranks than its owner compute, each by itself, and send.
 */
ptrdiff_t psw_route_foreign(const psw_route *route, ptrdiff_t leaf);
/* The largest number of nodes that wait between two steps in the tree of an own query leaf, over `seen` key leaves. */
ptrdiff_t psw_route_waiting(const psw_route *route, ptrdiff_t seen);

/* ---- scans ---- */

/* Sums over ranks of a vector of `rounds` states: before[j] = sum over the ranks before the calling one, in the
 * direction of round j; total[j] = over all ranks. A window is the sum of a rank's own state and of some before it.
 * Moves of one step are independent. */
typedef struct psw_move {
    int step, peer;
    bool send;
    bool down;  /* the rounds in the opposite order of ranks, else the others */
    bool total; /* a total, which all ranks get, else a window, which is added to `before` */
} psw_move;
/* Moves of the calling rank in ascending step, with those of totals if `totals`. Returns their number; `list` may be
 * NULL. For doubling and chain; the others are one call of the MPI library. */
int psw_route_moves(const psw_route *route, bool totals, psw_move *list);
enum { PSW_MOVES_MAX = 512 };

/* The route of the scan of states: under a full mask all leaves of a rank are one stretch. totals: are they needed? */
psw_route psw_route_of_states(const psw_route *route, bool *totals);

/* ---- what all ranks together send in one pass ---- */

/* Each leaf, node and state counts once per message that contains it. A call of the MPI library counts as if each rank
 * sent its states once (all_gather: to each other rank). route.rank does not matter. */
typedef struct psw_volume {
    double messages;
    double keys, queries;   /* leaves; keys with their values */
    double sums, last_sums; /* nodes of the trees of all query leaves; of the last leaf, which may be ragged */
    double states;          /* of stretches */
} psw_volume;
psw_volume psw_route_volume(const psw_route *route);       /* of a row fold */
psw_volume psw_route_state_volume(const psw_route *route); /* of a state fold */

#endif
