/* What this process has of the fake driver. Everything in it is kept by one lock, which CALL()
 * takes. */
#pragma once
#include "abi.h"
#include "state.h"

enum kind {
	CONTEXT = 1,
	STREAM,
	EVENT,
	MODULE,
	FUNCTION,
	LIBRARY,
	GRAPH,
	NODE,
	EXEC,
	ARRAY,
	POOL,
	EXTERNAL,
	CAPTURE
};

/* A moment of a device's work: when this process's service there reaches the level. */
struct point {
	int device;
	uint64_t level;
};

struct stream {
	CUcontext context;
	unsigned int flags;
	int priority;
	uint64_t level;
	struct point waits[8]; /* for other devices, seen to before the next work */
	int wait_count;
	uint64_t callbacks, called; /* host functions: submitted, done */
	struct capture *capture;
	CUgraphNode tips[8]; /* while capturing: what the next node depends on */
	int tip_count;
	uint64_t id;
};

struct event {
	CUcontext context;
	unsigned int flags;
	bool recorded, resolved;
	uint64_t level, time;
	struct stream *stream; /* whose host functions come before it */
	uint64_t callbacks;
	struct capture *capture; /* in which it was last recorded */
	CUgraphNode tips[8];
	int tip_count;
	struct event *next;
};

struct context {
	int device;
	bool primary;
	unsigned int flags;
	int retained; /* of the primary */
	int fault;    /* sticks */
	uint64_t charged;
	uint32_t reaches; /* peers enabled */
	struct stream legacy, per_thread;
	struct slab *slabs;
};

enum action { SPIN, FILL, COPY, SUM };

struct module {
	CUcontext context;
	bool library, charged;
	int device;
	struct function *functions;
	char *text; /* PTX, when it is */
};

struct function {
	struct module *module;
	struct function *next;
	enum action action;
	uint64_t duration;
	char name[64];
};

/* Memory that kernels and copies may reach: a stretch of addresses with something behind it. */
struct piece {
	uint64_t va, size;
	char *bytes;
	int place; /* the device it lies on; HOST */
	int extent;
	uint64_t offset; /* in the extent */
	bool vmm;
	uint32_t read, write; /* by which devices, of mapped memory */
	struct point busy;    /* when the last work that touches it is over */
	CUcontext busy_context;
	struct handle *handle; /* of mapped memory */
};

enum block_kind {
	DEVICE_BLOCK = 1,
	MANAGED,
	HOST_BLOCK,
	REGISTERED,
	POOL_BLOCK,
	IPC_BLOCK,
	EXTERNAL_BLOCK,
	RANGE
};

/* What the program was given: an allocation, or a reserved range. */
struct block {
	uint64_t va, size, reserved; /* `reserved` of a reserved range is all of it; so is `size` */
	enum block_kind kind;
	CUcontext context;
	int device;
	struct slab *slab;
	struct pool *pool;
	unsigned int flags;
	uint64_t id;
	uint64_t free_level; /* pool: stream-ordered free */
	int opens;
};

struct guard {
	bool locked;
};

CUresult fake_enter(struct guard *guard, const char *name, struct counter **counter);
void fake_leave(struct guard *guard);

/* Begins each exported function: counts it, fails it when that is due, and takes the lock. */
#define CALL()                                                                                     \
	static struct counter *counter_;                                                           \
	struct guard guard_ __attribute__((cleanup(fake_leave))) = {false};                        \
	CUresult early_ = fake_enter(&guard_, __func__, &counter_);                                \
	if (early_)                                                                                \
	return early_

/* The same where the driver must be initialised. */
#define INITIALISED()                                                                              \
	CALL();                                                                                    \
	if (!driver_ready())                                                                       \
	return CUDA_ERROR_NOT_INITIALIZED

/* And where the thread must have a context that works. */
#define CURRENT(variable)                                                                          \
	INITIALISED();                                                                             \
	CUcontext variable = context_current();                                                    \
	if (!variable)                                                                             \
		return CUDA_ERROR_INVALID_CONTEXT;                                                 \
	if (variable->fault)                                                                       \
	return variable->fault

bool driver_ready(void);
void driver_unlock(void);
void driver_lock(void);

/* What CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER leave: the described device of each ordinal. */
extern int visible[MAX_DEVICES], visible_count;

static inline bool is_device(CUdevice device)
{
	return device >= 0 && device < visible_count;
}

/* The ordinal of a described device; the program sees nothing else of it. */
static inline int ordinal_of(int place)
{
	for (int i = 0; i < visible_count; i++)
		if (visible[i] == place)
			return i;
	return -1;
}

/* Turns an ordinal into the described device. */
#define DEVICE(variable)                                                                           \
	INITIALISED();                                                                             \
	if (!is_device(variable))                                                                  \
		return CUDA_ERROR_INVALID_DEVICE;                                                  \
	variable = visible[variable]

/* objects.c: handles that were given out, so that wrong ones are refused. */
void *object_new(enum kind kind, size_t size);
bool object_is(const void *object, enum kind kind);
void object_end(void *object);
/* Calls `each` for all objects of a kind. */
void objects_of(enum kind kind, void (*each)(void *object, void *data), void *data);

/* context.c */
CUcontext context_current(void);
CUcontext context_primary(int device);
bool context_valid(CUcontext context);

/* space.c: addresses. */
extern struct piece *pieces;
extern size_t piece_count;
extern struct block *blocks;
extern size_t block_count;
uint64_t space_reserve(uint64_t size, uint64_t align, uint64_t wanted);
void space_release(uint64_t va, uint64_t size);
struct piece *piece_add(struct piece piece);
void piece_remove(struct piece *piece);
struct piece *piece_at(uint64_t va);
struct block *block_add(struct block block);
void block_remove(struct block *block);
struct block *block_at(uint64_t va); /* that holds the address */
struct block *block_exact(uint64_t va);
char *extent_map(int extent);
void extent_unmap(int extent, char *bytes);
/* Drops this process's hold of an extent. */
void extent_end(int extent);
/* Whether memory of a piece is in use by work that is not over. */
bool piece_busy(const struct piece *piece);

/* A stretch of bytes, piece by piece: calls `each` until it is false. False too where nothing is
 * mapped. */
bool space_walk(uint64_t va, uint64_t size,
		bool (*each)(struct piece *piece, char *bytes, uint64_t size, void *data),
		void *data);
/* Whether a device's kernels may touch a piece. */
bool piece_allows(const struct piece *piece, CUcontext context, bool write);

/* memory.c */
CUresult memory_allocate(CUcontext context, uint64_t size, uint64_t *out);
CUresult memory_free(uint64_t va);
void memory_free_context(CUcontext context);
uint64_t next_id(void);

/* pool.c */
CUresult pool_free(struct block *block, CUstream stream);
void pool_settle(int device);

/* stream.c */
CUresult stream_of(CUcontext context, CUstream handle, bool per_thread, struct stream **out);
struct point stream_tail(struct stream *stream);
/* Waits for the stream's waits for other devices and its host functions. */
void stream_ready(struct stream *stream);
/* Puts work of some nanoseconds on a stream; the point where it is over. */
struct point stream_work(struct stream *stream, uint64_t duration);
/* Waits, without the lock. */
void wait_point(struct point point);
bool point_reached(struct point point);
void wait_stream(struct stream *stream);
void wait_context(CUcontext context);
void events_resolve(void);

/* module.c */
CUresult module_first_launch(struct function *function, CUcontext context);

/* launch.c */
struct launch {
	CUfunction function;
	unsigned int grid[3], block[3], shared;
	uint64_t args[8];
	CUcontext context;
};
int function_sizes(CUfunction function, int sizes[8]);
CUresult launch_read(CUfunction function, void **params, void **extra, struct launch *out);
CUresult launch_check(const struct launch *launch);
CUresult launch_run(struct stream *stream, const struct launch *launch);

/* host_function.c */
CUresult host_function_run(struct stream *stream, CUhostFn function, void *data);
void host_function_forget(void);

/* capture.c */
bool capture_unsafe(void); /* true: the call is not allowed now, and the capture is spoilt */
CUresult capture_kernel(struct stream *stream, const struct launch *launch);
enum { NODE_KERNEL = 0, NODE_MEMCPY = 1, NODE_MEMSET = 2, NODE_HOST = 3, NODE_EMPTY = 5 };
struct node {
	CUgraph graph;
	struct node *next;
	int type;
	struct launch launch;
	uint64_t to, from, size;
	unsigned int value, width;
	CUhostFn call;
	void *data;
	struct node *deps[8];
	size_t dep_count;
	bool marked;
	void *params[8]; /* for cuGraphKernelNodeGetParams */
};
struct graph {
	struct node *first, **last;
	size_t count;
};
CUgraphNode graph_add(CUgraph graph, const struct node *like, const CUgraphNode *deps,
		      size_t count);
CUgraph graph_new(void);
void graph_end(CUgraph graph);
CUresult capture_node(struct stream *stream, struct node like);
CUresult capture_event(struct stream *stream, struct event *event);
CUresult capture_wait(struct stream *stream, struct event *event);
bool capture_implicit(struct stream *stream);
void capture_spoil(struct stream *stream);

/* copy.c */
CUresult copy_bytes(uint64_t to, uint64_t from, uint64_t size, struct point busy,
		    CUcontext context);
CUresult set_bytes(uint64_t to, unsigned int value, unsigned int width, uint64_t count,
		   struct point busy, CUcontext context);
uint64_t copy_time(CUcontext context, uint64_t size);

/* resolve.c */
bool symbol_exists(const char *name);
