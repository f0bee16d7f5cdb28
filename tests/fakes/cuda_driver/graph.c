/* Graphs: nodes in the order in which they were added, which is also that in which they run. */
#include "driver.h"
#include <stdlib.h>
#include <string.h>

/* An instance: copies of the nodes, and which they were. */
struct exec {
	struct node *nodes;
	CUgraphNode *origins;
	size_t count;
};

CUgraph graph_new(void)
{
	CUgraph graph = object_new(GRAPH, sizeof(*graph));

	graph->last = &graph->first;
	return graph;
}

void graph_end(CUgraph graph)
{
	while (graph->first) {
		CUgraphNode node = graph->first;

		graph->first = node->next;
		object_end(node);
	}
	object_end(graph);
}

CUgraphNode graph_add(CUgraph graph, const struct node *like, const CUgraphNode *deps, size_t count)
{
	CUgraphNode node = object_new(NODE, sizeof(*node));

	*node = *like;
	node->graph = graph;
	node->next = NULL;
	node->dep_count = count < 8 ? count : 8;
	for (size_t i = 0; i < node->dep_count; i++)
		node->deps[i] = deps[i];
	*graph->last = node;
	graph->last = &node->next;
	graph->count++;
	return node;
}

EXPORT CUresult cuGraphCreate(CUgraph *out, unsigned int flags)
{
	INITIALISED();
	if (!out || flags)
		return CUDA_ERROR_INVALID_VALUE;
	*out = graph_new();
	return 0;
}

EXPORT CUresult cuGraphDestroy(CUgraph graph)
{
	INITIALISED();
	if (!object_is(graph, GRAPH))
		return CUDA_ERROR_INVALID_VALUE;
	graph_end(graph);
	return 0;
}

EXPORT CUresult cuGraphClone(CUgraph *out, CUgraph graph)
{
	INITIALISED();
	if (!out || !object_is(graph, GRAPH))
		return CUDA_ERROR_INVALID_VALUE;
	*out = graph_new();
	for (CUgraphNode node = graph->first; node; node = node->next)
		graph_add(*out, node, NULL, 0);
	return 0;
}

static bool good_deps(CUgraph graph, const CUgraphNode *deps, size_t count)
{
	if (!object_is(graph, GRAPH) || (count && !deps) || count > 8)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!object_is(deps[i], NODE) || deps[i]->graph != graph)
			return false;
	return true;
}

/* Of the second version, where a context and a kernel may be named, or of the first. */
static CUresult read_params(const CUDA_KERNEL_NODE_PARAMS *params, bool second, struct launch *out)
{
	CUfunction function = params ? params->function : NULL;
	CUresult failure;

	memset(out, 0, sizeof(*out));
	if (params && second && !function)
		function = params->kernel;
	if (!object_is(function, FUNCTION))
		return CUDA_ERROR_INVALID_VALUE;
	memcpy(out->grid, params->grid, sizeof(out->grid));
	memcpy(out->block, params->block, sizeof(out->block));
	out->shared = params->shared;
	failure = launch_check(out);
	if (!failure)
		failure = launch_read(function, params->params, params->extra, out);
	out->context = second && params->context ? params->context : context_current();
	return failure;
}

static CUresult add_kernel(CUgraphNode *out, CUgraph graph, const CUgraphNode *deps, size_t count,
			   const CUDA_KERNEL_NODE_PARAMS *params, bool second)
{
	struct node node = {.type = NODE_KERNEL};
	CUresult failure;

	if (!out || !good_deps(graph, deps, count))
		return CUDA_ERROR_INVALID_VALUE;
	failure = read_params(params, second, &node.launch);
	if (!failure)
		*out = graph_add(graph, &node, deps, count);
	return failure;
}

EXPORT CUresult cuGraphAddKernelNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *deps,
				     size_t count, const CUDA_KERNEL_NODE_PARAMS *params)
{
	INITIALISED();
	return add_kernel(out, graph, deps, count, params, false);
}

EXPORT CUresult cuGraphAddKernelNode_v2(CUgraphNode *out, CUgraph graph, const CUgraphNode *deps,
					size_t count, const CUDA_KERNEL_NODE_PARAMS *params)
{
	INITIALISED();
	return add_kernel(out, graph, deps, count, params, true);
}

EXPORT CUresult cuGraphAddEmptyNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *deps,
				    size_t count)
{
	INITIALISED();
	if (!out || !good_deps(graph, deps, count))
		return CUDA_ERROR_INVALID_VALUE;
	*out = graph_add(graph, &(struct node){.type = NODE_EMPTY}, deps, count);
	return 0;
}

EXPORT CUresult cuGraphAddHostNode(CUgraphNode *out, CUgraph graph, const CUgraphNode *deps,
				   size_t count, const void *params)
{
	struct node node = {.type = NODE_HOST};

	INITIALISED();
	if (!out || !params || !good_deps(graph, deps, count))
		return CUDA_ERROR_INVALID_VALUE;
	memcpy(&node.call, params, sizeof(node.call));
	memcpy(&node.data, (const char *)params + sizeof(node.call), sizeof(node.data));
	*out = graph_add(graph, &node, deps, count);
	return 0;
}

/* Without a list it tells how many there are. */
EXPORT CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode *out, size_t *count)
{
	size_t index = 0;

	INITIALISED();
	if (!object_is(graph, GRAPH) || !count)
		return CUDA_ERROR_INVALID_VALUE;
	if (!out) {
		*count = graph->count;
		return 0;
	}
	for (CUgraphNode node = graph->first; node && index < *count; node = node->next)
		out[index++] = node;
	while (index < *count)
		out[index++] = NULL;
	*count = graph->count < *count ? graph->count : *count;
	return 0;
}

EXPORT CUresult cuGraphNodeGetType(CUgraphNode node, int *type)
{
	INITIALISED();
	if (!object_is(node, NODE) || !type)
		return CUDA_ERROR_INVALID_VALUE;
	*type = node->type;
	return 0;
}

static CUresult get_params(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS *out, bool second)
{
	if (!object_is(node, NODE) || node->type != NODE_KERNEL || !out)
		return CUDA_ERROR_INVALID_VALUE;
	out->function = node->launch.function;
	memcpy(out->grid, node->launch.grid, sizeof(out->grid));
	memcpy(out->block, node->launch.block, sizeof(out->block));
	out->shared = node->launch.shared;
	for (int i = 0; i < 8; i++)
		node->params[i] = &node->launch.args[i];
	out->params = node->params;
	out->extra = NULL;
	if (second) {
		out->kernel = NULL;
		out->context = node->launch.context;
	}
	return 0;
}

EXPORT CUresult cuGraphKernelNodeGetParams(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS *out)
{
	INITIALISED();
	return get_params(node, out, false);
}

EXPORT CUresult cuGraphKernelNodeGetParams_v2(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS *out)
{
	INITIALISED();
	return get_params(node, out, true);
}

static CUresult set_params(CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS *params, bool second)
{
	struct launch launch;
	CUresult failure;

	if (!object_is(node, NODE) || node->type != NODE_KERNEL)
		return CUDA_ERROR_INVALID_VALUE;
	failure = read_params(params, second, &launch);
	if (!failure)
		node->launch = launch;
	return failure;
}

EXPORT CUresult cuGraphKernelNodeSetParams(CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS *params)
{
	INITIALISED();
	return set_params(node, params, false);
}

EXPORT CUresult cuGraphKernelNodeSetParams_v2(CUgraphNode node,
					      const CUDA_KERNEL_NODE_PARAMS *params)
{
	INITIALISED();
	return set_params(node, params, true);
}

static void fill(CUgraphExec exec, CUgraph graph)
{
	size_t index = 0;

	for (CUgraphNode node = graph->first; node; node = node->next, index++) {
		exec->nodes[index] = *node;
		exec->origins[index] = node;
	}
}

static CUresult instantiate(CUgraphExec *out, CUgraph graph)
{
	if (!out || !object_is(graph, GRAPH))
		return CUDA_ERROR_INVALID_VALUE;
	*out = object_new(EXEC, sizeof(**out));
	(*out)->count = graph->count;
	(*out)->nodes = calloc(graph->count + 1, sizeof(struct node));
	(*out)->origins = calloc(graph->count + 1, sizeof(CUgraphNode));
	if (!(*out)->nodes || !(*out)->origins)
		abort();
	fill(*out, graph);
	return 0;
}

EXPORT CUresult cuGraphInstantiate(CUgraphExec *out, CUgraph graph, CUgraphNode *error, char *log,
				   size_t size)
{
	INITIALISED();
	(void)error;
	(void)log;
	(void)size;
	return instantiate(out, graph);
}

EXPORT CUresult cuGraphInstantiate_v2(CUgraphExec *out, CUgraph graph, CUgraphNode *error,
				      char *log, size_t size)
{
	INITIALISED();
	(void)error;
	(void)log;
	(void)size;
	return instantiate(out, graph);
}

EXPORT CUresult cuGraphInstantiateWithFlags(CUgraphExec *out, CUgraph graph,
					    unsigned long long flags)
{
	INITIALISED();
	return flags > 15 ? CUDA_ERROR_INVALID_VALUE : instantiate(out, graph);
}

EXPORT CUresult cuGraphInstantiateWithParams(CUgraphExec *out, CUgraph graph,
					     CUDA_GRAPH_INSTANTIATE_PARAMS *params)
{
	INITIALISED();
	if (!params)
		return CUDA_ERROR_INVALID_VALUE;
	params->error_node = NULL;
	early_ = instantiate(out, graph);
	params->result = early_ ? 1 : 0;
	return early_;
}

EXPORT CUresult cuGraphExecDestroy(CUgraphExec exec)
{
	INITIALISED();
	if (!object_is(exec, EXEC))
		return CUDA_ERROR_INVALID_VALUE;
	free(exec->nodes);
	free(exec->origins);
	object_end(exec);
	return 0;
}

static CUresult set_exec(CUgraphExec exec, CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS *params,
			 bool second)
{
	struct launch launch;
	CUresult failure;

	if (!object_is(exec, EXEC))
		return CUDA_ERROR_INVALID_VALUE;
	failure = read_params(params, second, &launch);
	for (size_t i = 0; i < exec->count && !failure; i++)
		if (exec->origins[i] == node && exec->nodes[i].type == NODE_KERNEL) {
			exec->nodes[i].launch = launch;
			return 0;
		}
	return CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuGraphExecKernelNodeSetParams(CUgraphExec exec, CUgraphNode node,
					       const CUDA_KERNEL_NODE_PARAMS *params)
{
	INITIALISED();
	return set_exec(exec, node, params, false);
}

EXPORT CUresult cuGraphExecKernelNodeSetParams_v2(CUgraphExec exec, CUgraphNode node,
						  const CUDA_KERNEL_NODE_PARAMS *params)
{
	INITIALISED();
	return set_exec(exec, node, params, true);
}

/* Only what the nodes hold may have changed. */
static CUresult update(CUgraphExec exec, CUgraph graph, CUgraphNode *error, int *result)
{
	size_t index = 0;

	if (!object_is(exec, EXEC) || !object_is(graph, GRAPH))
		return CUDA_ERROR_INVALID_VALUE;
	*error = NULL;
	*result = 0;
	for (CUgraphNode node = graph->first; node; node = node->next, index++)
		if (index >= exec->count || node->type != exec->nodes[index].type) {
			*error = node;
			break;
		}
	if (*error || index != exec->count) {
		*result = *error && index < exec->count ? 3 : 2; /* another type; another shape */
		return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
	}
	for (CUgraphNode node = graph->first; node; node = node->next)
		exec->nodes[exec->count - index--] = *node;
	return 0;
}

EXPORT CUresult cuGraphExecUpdate(CUgraphExec exec, CUgraph graph, CUgraphNode *error, int *result)
{
	INITIALISED();
	return !error || !result ? CUDA_ERROR_INVALID_VALUE : update(exec, graph, error, result);
}

EXPORT CUresult cuGraphExecUpdate_v2(CUgraphExec exec, CUgraph graph,
				     CUgraphExecUpdateResultInfo *info)
{
	INITIALISED();
	if (!info)
		return CUDA_ERROR_INVALID_VALUE;
	info->error_from = NULL;
	return update(exec, graph, &info->error_node, &info->result);
}

static CUresult run_node(struct stream *stream, const struct node *node)
{
	CUcontext context = stream->context;

	switch (node->type) {
	case NODE_KERNEL:
		return launch_run(stream, &node->launch);
	case NODE_MEMCPY:
		return copy_bytes(node->to, node->from, node->size,
				  stream_work(stream, copy_time(context, node->size)), context);
	case NODE_MEMSET:
		return set_bytes(node->to, node->value, node->width, node->size,
				 stream_work(stream, copy_time(context, node->size * node->width)),
				 context);
	case NODE_HOST:
		return host_function_run(stream, node->call, node->data);
	default:
		return 0;
	}
}

static CUresult run(struct stream *stream, CUgraphExec exec)
{
	CUresult failure = 0;

	if (!object_is(exec, EXEC))
		return CUDA_ERROR_INVALID_VALUE;
	if (stream->capture) {
		capture_spoil(stream); /* graphs in graphs: this driver has none */
		return CUDA_ERROR_NOT_SUPPORTED;
	}
	if (capture_implicit(stream))
		return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	for (size_t i = 0; i < exec->count && !failure; i++)
		failure = run_node(stream, &exec->nodes[i]);
	return failure;
}

EXPORT CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream)
{
	struct stream *of;

	CURRENT(context);
	early_ = stream_of(context, stream, false, &of);
	return early_ ? early_ : run(of, exec);
}

EXPORT CUresult cuGraphLaunch_ptsz(CUgraphExec exec, CUstream stream)
{
	struct stream *of;

	CURRENT(context);
	early_ = stream_of(context, stream, true, &of);
	return early_ ? early_ : run(of, exec);
}

EXPORT CUresult cuGraphUpload(CUgraphExec exec, CUstream stream)
{
	struct stream *of;

	CURRENT(context);
	early_ = stream_of(context, stream, false, &of);
	return early_ ? early_ : object_is(exec, EXEC) ? 0 : CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuGraphUpload_ptsz(CUgraphExec exec, CUstream stream)
{
	struct stream *of;

	CURRENT(context);
	early_ = stream_of(context, stream, true, &of);
	return early_ ? early_ : object_is(exec, EXEC) ? 0 : CUDA_ERROR_INVALID_VALUE;
}
