/* SPDX-License-Identifier: MIT */
/* api: references, destructors, and what is told of memory. */
#include "ask.h"

static cl_uint references(cl_mem mem)
{
	cl_uint count;

	OK(clGetMemObjectInfo(mem, CL_MEM_REFERENCE_COUNT, sizeof(count), &count, NULL));
	return count;
}

static cl_uint queue_references(cl_command_queue queue)
{
	cl_uint count;

	OK(clGetCommandQueueInfo(queue, CL_QUEUE_REFERENCE_COUNT, sizeof(count), &count, NULL));
	return count;
}

CHECK(api, retain_queue_single)
{
	SAME(queue_references(cts_queue(0)), 1);
}

CHECK(api, retain_queue_multiple)
{
	cl_command_queue queue = cts_queue(0);

	for (cl_uint i = 1; i < 64; i++) {
		OK(clRetainCommandQueue(queue));
		SAME(queue_references(queue), i + 1);
	}
	for (cl_uint i = 64; i > 1; i--) {
		SAME(queue_references(queue), i);
		OK(clReleaseCommandQueue(queue));
	}
	SAME(queue_references(queue), 1);
}

CHECK(api, retain_mem_object_single)
{
	SAME(references(cts_buffer(CL_MEM_READ_ONLY, 32, NULL)), 1);
}

CHECK(api, retain_mem_object_multiple)
{
	cl_mem mem = cts_buffer(CL_MEM_READ_ONLY, 32, NULL);

	for (cl_uint i = 1; i < 64; i++) {
		OK(clRetainMemObject(mem));
		SAME(references(mem), i + 1);
	}
	for (cl_uint i = 64; i > 1; i--)
		OK(clReleaseMemObject(mem));
	SAME(references(mem), 1);
}

/* To be an argument is no reference. */
CHECK(api, retain_mem_object_set_kernel_arg)
{
	cl_kernel kernel = cts_build("kernel void none(global int *a, global int *b) {}", NULL);
	cl_mem mem = cts_buffer(CL_MEM_READ_WRITE, 32, NULL);

	for (int i = 0; i < 8; i++)
		ARG(kernel, 0, mem);
	ARG(kernel, 1, mem);
	SAME(references(mem), 1);
}

static int order[8], order_count;

static void CL_CALLBACK gone(cl_mem mem, void *data)
{
	(void)mem;
	if (order_count < 8)
		order[order_count++] = *(int *)data;
}

/* The last to be set is called first, of buffers, of parts and of images. */
CHECK(api, mem_object_destructor_callback)
{
	static int numbers[3] = {0, 1, 2};
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	const cl_image_desc desc = {
	    .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 8, .image_height = 8};

	for (int kind = 0; kind < 2; kind++) {
		cl_mem mem = kind ? cts_image(CL_MEM_READ_ONLY, &format, &desc, NULL)
				  : cts_buffer(CL_MEM_READ_ONLY, 64, NULL);

		order_count = 0;
		for (int i = 0; i < 3; i++)
			OK(clSetMemObjectDestructorCallback(mem, gone, &numbers[i]));
		REFUSED(clSetMemObjectDestructorCallback(mem, NULL, NULL), CL_INVALID_VALUE);
		cts_disown(mem);
		OK(clReleaseMemObject(mem));
		OK(clFinish(cts.queue));
		SAME(order_count, 3);
		for (int i = 0; i < 3; i++)
			SAME(order[i], 2 - i);
	}
}

static void CL_CALLBACK context_gone(cl_context context, void *data)
{
	(void)context;
	if (order_count < 8)
		order[order_count++] = *(int *)data;
}

CHECK(api, context_destructor_callback)
{
	static int numbers[3] = {0, 1, 2};
	cl_int status;
	cl_context context = clCreateContext(NULL, 1, &cts.device, NULL, NULL, &status);

	OK(status);
	order_count = 0;
	for (int i = 0; i < 3; i++)
		OK(clSetContextDestructorCallback(context, context_gone, &numbers[i]));
	REFUSED(clSetContextDestructorCallback(context, NULL, NULL), CL_INVALID_VALUE);
	REFUSED(clSetContextDestructorCallback(NULL, context_gone, NULL), CL_INVALID_CONTEXT);
	OK(clReleaseContext(context));
	SAME(order_count, 3);
	for (int i = 0; i < 3; i++)
		SAME(order[i], 2 - i);
}

static void memory_is(cl_mem mem, cl_mem_object_type type, cl_mem_flags flags, void *host)
{
	QUERY_IS(clGetMemObjectInfo, mem, CL_MEM_TYPE, cl_mem_object_type, type);
	QUERY_IS(clGetMemObjectInfo, mem, CL_MEM_FLAGS, cl_mem_flags, flags);
	QUERY_IS(clGetMemObjectInfo, mem, CL_MEM_HOST_PTR, void *, host);
	QUERY_IS(clGetMemObjectInfo, mem, CL_MEM_MAP_COUNT, cl_uint, 0);
	QUERY_IS(clGetMemObjectInfo, mem, CL_MEM_REFERENCE_COUNT, cl_uint, 1);
	QUERY_IS(clGetMemObjectInfo, mem, CL_MEM_CONTEXT, cl_context, cts.context);
	REFUSED(clGetMemObjectInfo(mem, 0x4711, 0, NULL, NULL), CL_INVALID_VALUE);
}

static const cl_mem_flags accesses[] = {CL_MEM_READ_WRITE,
					CL_MEM_READ_ONLY,
					CL_MEM_WRITE_ONLY,
					CL_MEM_READ_WRITE | CL_MEM_HOST_READ_ONLY,
					CL_MEM_READ_ONLY | CL_MEM_HOST_WRITE_ONLY,
					CL_MEM_WRITE_ONLY | CL_MEM_HOST_NO_ACCESS};
static const cl_mem_flags places[] = {0, CL_MEM_USE_HOST_PTR, CL_MEM_COPY_HOST_PTR,
				      CL_MEM_ALLOC_HOST_PTR,
				      CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR};

CHECK(api, get_buffer_info)
{
	for (size_t i = 0; i < COUNT(accesses) * COUNT(places); i++) {
		const cl_mem_flags flags = accesses[i / COUNT(places)] | places[i % COUNT(places)];
		const bool takes = flags & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR);
		const size_t size = 1024 + 8 * i;
		void *host = ask_host(2048);
		cl_mem mem = cts_buffer(flags, size, takes ? host : NULL), part;
		const cl_buffer_region region = {0, 512};
		cl_int status;

		memory_is(mem, CL_MEM_OBJECT_BUFFER, flags,
			  flags & CL_MEM_USE_HOST_PTR ? host : NULL);
		QUERY_IS(clGetMemObjectInfo, mem, CL_MEM_SIZE, size_t, size);
		QUERY_IS(clGetMemObjectInfo, mem, CL_MEM_ASSOCIATED_MEMOBJECT, cl_mem, NULL);
		QUERY_IS(clGetMemObjectInfo, mem, CL_MEM_OFFSET, size_t, 0);
		part = clCreateSubBuffer(mem, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &status);
		OK(status);
		cts_own(CTS_MEM, part);
		memory_is(part, CL_MEM_OBJECT_BUFFER, flags,
			  flags & CL_MEM_USE_HOST_PTR ? host : NULL);
		QUERY_IS(clGetMemObjectInfo, part, CL_MEM_SIZE, size_t, 512);
		QUERY_IS(clGetMemObjectInfo, part, CL_MEM_ASSOCIATED_MEMOBJECT, cl_mem, mem);
	}
}

static void image_info(cl_mem_object_type type)
{
	const bool is_3d = type == CL_MEM_OBJECT_IMAGE3D, is_2d = type == CL_MEM_OBJECT_IMAGE2D;
	const bool lines = type == CL_MEM_OBJECT_IMAGE1D_ARRAY;
	const bool planes = type == CL_MEM_OBJECT_IMAGE2D_ARRAY;
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	const size_t w = 33, h = is_2d || is_3d || planes ? 17 : 0, d = is_3d ? 5 : 0;
	const size_t layers = lines || planes ? 7 : 0;
	const cl_image_desc desc = {.image_type = type,
				    .image_width = w,
				    .image_height = h,
				    .image_depth = d,
				    .image_array_size = layers};

	cts_needs_images();
	for (size_t i = 0; i < COUNT(accesses) * COUNT(places); i++) {
		const cl_mem_flags flags = accesses[i / COUNT(places)] | places[i % COUNT(places)];
		const bool takes = flags & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR);
		const size_t height = h ? h : 1, depth = d ? d : layers ? layers : 1;
		void *host = ask_host(w * height * depth * 4);
		cl_mem mem = cts_image(flags, &format, &desc, takes ? host : NULL);
		cl_image_format its;
		size_t row, slice;

		memory_is(mem, type, flags, flags & CL_MEM_USE_HOST_PTR ? host : NULL);
		QUERY(clGetImageInfo, mem, CL_IMAGE_FORMAT, its);
		SAME(memcmp(&its, &format, sizeof(its)), 0);
		QUERY_IS(clGetImageInfo, mem, CL_IMAGE_ELEMENT_SIZE, size_t, 4);
		QUERY_IS(clGetImageInfo, mem, CL_IMAGE_WIDTH, size_t, w);
		QUERY_IS(clGetImageInfo, mem, CL_IMAGE_HEIGHT, size_t, h);
		QUERY_IS(clGetImageInfo, mem, CL_IMAGE_DEPTH, size_t, d);
		QUERY_IS(clGetImageInfo, mem, CL_IMAGE_ARRAY_SIZE, size_t, layers);
		QUERY_IS(clGetImageInfo, mem, CL_IMAGE_NUM_MIP_LEVELS, cl_uint, 0);
		QUERY_IS(clGetImageInfo, mem, CL_IMAGE_NUM_SAMPLES, cl_uint, 0);
		QUERY(clGetImageInfo, mem, CL_IMAGE_ROW_PITCH, row);
		QUERY(clGetImageInfo, mem, CL_IMAGE_SLICE_PITCH, slice);
		IS(row >= w * 4);
		EXPECT(d || layers ? slice >= row : !slice, "slice pitch %zu", slice);
	}
}

CHECK(api, get_image2d_info)
{
	image_info(CL_MEM_OBJECT_IMAGE2D);
}

CHECK(api, get_image3d_info)
{
	image_info(CL_MEM_OBJECT_IMAGE3D);
}

CHECK(api, get_image1d_info)
{
	image_info(CL_MEM_OBJECT_IMAGE1D);
}

CHECK(api, get_image1d_array_info)
{
	image_info(CL_MEM_OBJECT_IMAGE1D_ARRAY);
}

CHECK(api, get_image2d_array_info)
{
	image_info(CL_MEM_OBJECT_IMAGE2D_ARRAY);
}

/* No list, or an empty one, is told as it was given. */
CHECK(api, buffer_properties_queries)
{
	const cl_mem_properties empty[] = {0};
	cl_mem_properties got[4];

	for (int way = 0; way < 2; way++) {
		cl_int status;
		size_t used = 99;
		cl_mem mem = clCreateBufferWithProperties(cts.context, way ? empty : NULL,
							  CL_MEM_READ_ONLY, 64, NULL, &status);

		OK(status);
		cts_own(CTS_MEM, mem);
		OK(clGetMemObjectInfo(mem, CL_MEM_PROPERTIES, sizeof(got), got, &used));
		EXPECT(way ? used == 0 || (used == sizeof(*got) && !got[0]) : used == 0,
		       "%zu bytes of properties", used);
	}
}

CHECK(api, image_properties_queries)
{
	const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
	const cl_image_desc desc = {
	    .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 8, .image_height = 8};
	const cl_mem_properties empty[] = {0};
	cl_mem_properties got[4];

	cts_needs_images();
	for (int way = 0; way < 2; way++) {
		cl_int status;
		size_t used = 99;
		cl_mem mem =
		    clCreateImageWithProperties(cts.context, way ? empty : NULL, CL_MEM_READ_ONLY,
						&format, &desc, NULL, &status);

		OK(status);
		cts_own(CTS_MEM, mem);
		OK(clGetMemObjectInfo(mem, CL_MEM_PROPERTIES, sizeof(got), got, &used));
		EXPECT(way ? used == 0 || (used == sizeof(*got) && !got[0]) : used == 0,
		       "%zu bytes of properties", used);
	}
}

/* The formats that all devices of version 1.2 read and write. */
CHECK(api, min_image_formats)
{
	static const cl_channel_type types[] = {
	    CL_UNORM_INT8,   CL_UNORM_INT16,   CL_SIGNED_INT8,	  CL_SIGNED_INT16,
	    CL_SIGNED_INT32, CL_UNSIGNED_INT8, CL_UNSIGNED_INT16, CL_UNSIGNED_INT32,
	    CL_HALF_FLOAT,   CL_FLOAT};
	static const cl_mem_object_type kinds[] = {
	    CL_MEM_OBJECT_IMAGE1D, CL_MEM_OBJECT_IMAGE2D, CL_MEM_OBJECT_IMAGE3D,
	    CL_MEM_OBJECT_IMAGE1D_ARRAY, CL_MEM_OBJECT_IMAGE2D_ARRAY};
	static const cl_mem_flags flags[] = {CL_MEM_READ_ONLY, CL_MEM_WRITE_ONLY,
					     CL_MEM_READ_WRITE};
	static cl_image_format all[512];

	cts_needs_images();
	for (size_t i = 0; i < COUNT(kinds) * COUNT(flags); i++) {
		cl_uint count = 0;

		OK(clGetSupportedImageFormats(cts.context, flags[i % COUNT(flags)],
					      kinds[i / COUNT(flags)], COUNT(all), all, &count));
		if (kinds[i / COUNT(flags)] == CL_MEM_OBJECT_IMAGE3D && i % COUNT(flags) &&
		    !cts_has("cl_khr_3d_image_writes"))
			continue;
		for (size_t t = 0; t <= COUNT(types); t++) {
			const cl_image_format want = {t < COUNT(types) ? CL_RGBA : CL_BGRA,
						      t < COUNT(types) ? types[t] : CL_UNORM_INT8};
			bool is = false;

			for (cl_uint f = 0; f < count && f < COUNT(all); f++)
				is |= !memcmp(&all[f], &want, sizeof(want));
			EXPECT(is, "kind %#x has no order %#x type %#x", kinds[i / COUNT(flags)],
			       want.image_channel_order, want.image_channel_data_type);
		}
	}
}
