/* Scenarios of captured streams and graphs. */
#pragma once
#include "cuda_driver_program.h"

static void capture(void)
{
	CUstream streams[2];
	CUevent events[2];
	CUdeviceptr pointer;
	CUgraph graph;
	CUgraphExec exec;
	CUgraphNode nodes[4];
	CUDA_KERNEL_NODE_PARAMS params;
	size_t count;
	int status;
	unsigned char byte = 0;
	uint64_t size = 100;
	unsigned int value = 8;
	void *args[] = {&pointer, &size, &value};

	use_device(0);
	kernel("empty"); /* a module is not loaded while capturing */
	OK(cuMemAlloc, &pointer, size);
	OK(cuMemsetD8, pointer, 1, size);
	for (int i = 0; i < 2; i++) {
		OK(cuStreamCreate, &streams[i], 1);
		OK(cuEventCreate, &events[i], 0);
	}
	OK(cuStreamBeginCapture, streams[0], 0);
	EXPECT(0, launch(kernel("fill_5ms"), streams[0], args));
	OK(cuEventRecord, events[0], streams[0]);
	OK(cuStreamWaitEvent, streams[1], events[0], 0);
	EXPECT(0, launch(kernel("spin_5ms"), streams[1], NULL));
	OK(cuEventRecord, events[1], streams[1]);
	OK(cuStreamWaitEvent, streams[0], events[1], 0);
	EXPECT(CUDA_ERROR_CAPTURED_EVENT, CU(cuEventQuery, events[1]));
	OK(cuStreamIsCapturing, streams[1], &status);
	REQUIRE(status == 1);
	OK(cuStreamEndCapture, streams[0], &graph);
	OK(cuStreamIsCapturing, streams[1], &status);
	REQUIRE(status == 0);
	OK(cuGraphGetNodes, graph, NULL, &count);
	REQUIRE(count == 2);
	OK(cuGraphGetNodes, graph, nodes, &count);
	OK(cuGraphKernelNodeGetParams, nodes[0], &params);
	REQUIRE(params.function == kernel("fill_5ms") && params.block[0] == 32);
	OK(cuMemcpyDtoH, &byte, pointer, (size_t)1);
	REQUIRE(byte == 1); /* captured, not done */
	OK(cuGraphInstantiate, &exec, graph, 0ull);
	double start = seconds();
	OK(cuGraphLaunch, exec, streams[0]);
	OK(cuStreamSynchronize, streams[0]);
	REQUIRE(seconds() - start >= 0.010);
	OK(cuMemcpyDtoH, &byte, pointer, (size_t)1);
	REQUIRE(byte == 8);
	value = 9;
	params.params = args;
	OK(cuGraphExecKernelNodeSetParams, exec, nodes[0], &params);
	OK(cuGraphLaunch, exec, streams[0]);
	OK(cuStreamSynchronize, streams[0]);
	OK(cuMemcpyDtoH, &byte, pointer, (size_t)1);
	REQUIRE(byte == 9);
	OK(cuGraphDestroy, graph);
	OK(cuGraphExecDestroy, exec);
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuGraphLaunch, exec, streams[0]));
}

static void capture_rules(void)
{
	CUstream streams[3];
	CUdeviceptr pointer;
	CUevent event;
	CUgraph graph;
	int relaxed = 2, thread_local_mode = 1;

	use_device(0);
	kernel("empty");
	OK(cuStreamCreate, &streams[0], 1);
	OK(cuStreamCreate, &streams[1], 1);
	OK(cuStreamCreate, &streams[2], 0);
	OK(cuEventCreate, &event, 0);
	EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, CU(cuStreamBeginCapture, NULL, 0));
	EXPECT(CUDA_ERROR_INVALID_VALUE, CU(cuStreamEndCapture, streams[0], &graph));
	/* What could wait is refused, and spoils the capture. */
	OK(cuStreamBeginCapture, streams[0], 0);
	EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, CU(cuMemAlloc, &pointer, (size_t)10));
	EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, launch(kernel("empty"), streams[0], NULL));
	EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, CU(cuStreamEndCapture, streams[0], &graph));
	OK(cuMemAlloc, &pointer, (size_t)10);
	/* A relaxed thread may. */
	OK(cuStreamBeginCapture, streams[0], 2);
	OK(cuThreadExchangeStreamCaptureMode, &relaxed);
	REQUIRE(relaxed == 0);
	OK(cuMemFree, pointer);
	EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, CU(cuStreamSynchronize, streams[0]));
	EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, CU(cuStreamEndCapture, streams[0], &graph));
	OK(cuThreadExchangeStreamCaptureMode, &thread_local_mode);
	/* Work that nobody waits for. */
	OK(cuStreamBeginCapture, streams[0], 0);
	OK(cuEventRecord, event, streams[0]);
	OK(cuStreamWaitEvent, streams[1], event, 0);
	EXPECT(0, launch(kernel("empty"), streams[1], NULL));
	EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, CU(cuStreamEndCapture, streams[1], &graph));
	EXPECT(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, CU(cuStreamEndCapture, streams[0], &graph));
	/* The legacy stream waits for blocking ones. */
	OK(cuStreamBeginCapture, streams[2], 0);
	EXPECT(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, launch(kernel("empty"), NULL, NULL));
	EXPECT(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, CU(cuStreamEndCapture, streams[2], &graph));
}

static void built_graph(void)
{
	CUDA_KERNEL_NODE_PARAMS params = {.grid = {1, 1, 1}, .block = {1, 1, 1}};
	CUgraph graph, longer;
	CUgraphNode node, next;
	CUgraphExec exec;
	CUgraphExecUpdateResultInfo info;
	CUevent events[2];
	float milliseconds;

	use_device(0);
	for (int i = 0; i < 2; i++)
		OK(cuEventCreate, &events[i], 0);
	OK(cuGraphCreate, &graph, 0);
	params.function = kernel("spin_1ms");
	OK(cuGraphAddKernelNode, &node, graph, NULL, (size_t)0, &params);
	OK(cuGraphInstantiate, &exec, graph, 0ull);
	params.function = kernel("spin_7ms");
	OK(cuGraphKernelNodeSetParams, node, &params);
	OK(cuGraphExecUpdate, exec, graph, &info);
	OK(cuEventRecord, events[0], NULL);
	OK(cuGraphLaunch, exec, NULL);
	OK(cuEventRecord, events[1], NULL);
	OK(cuEventSynchronize, events[1]);
	OK(cuEventElapsedTime, &milliseconds, events[0], events[1]);
	REQUIRE(milliseconds >= 7);
	OK(cuGraphClone, &longer, graph);
	OK(cuGraphAddEmptyNode, &next, longer, NULL, (size_t)0);
	EXPECT(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, CU(cuGraphExecUpdate, exec, longer, &info));
	EXPECT(CUDA_ERROR_INVALID_VALUE,
	       CU(cuGraphAddEmptyNode, &next, longer, &node, (size_t)1));
}

#define GRAPH_SCENARIOS                                                                            \
	{"capture", capture}, {"capture_rules", capture_rules}, {"built_graph", built_graph},
