/* SPDX-License-Identifier: MIT */
/* The properties of the device: the honest combination of its members'. */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "settings.h"

enum type { UINT, ULONG, SIZE };
enum rule {
	LEAST, /* a limit that each member keeps */
	MOST,  /* an alignment or granularity that suits each member */
	SUM,
	ALL,  /* bits that all members have */
	OURS, /* `value` */
};

struct property {
	cl_device_info name;
	enum type type;
	enum rule rule;
	cl_ulong value;
};

static const struct property properties[] = {
    {CL_DEVICE_VENDOR_ID, UINT, LEAST, 0},
    {CL_DEVICE_MAX_COMPUTE_UNITS, UINT, SUM, 0},
    {CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS, UINT, OURS, 3},
    {CL_DEVICE_MAX_WORK_GROUP_SIZE, SIZE, LEAST, 0},
    {CL_DEVICE_PREFERRED_VECTOR_WIDTH_CHAR, UINT, LEAST, 0},
    {CL_DEVICE_PREFERRED_VECTOR_WIDTH_SHORT, UINT, LEAST, 0},
    {CL_DEVICE_PREFERRED_VECTOR_WIDTH_INT, UINT, LEAST, 0},
    {CL_DEVICE_PREFERRED_VECTOR_WIDTH_LONG, UINT, LEAST, 0},
    {CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT, UINT, LEAST, 0},
    {CL_DEVICE_PREFERRED_VECTOR_WIDTH_DOUBLE, UINT, LEAST, 0},
    {CL_DEVICE_PREFERRED_VECTOR_WIDTH_HALF, UINT, LEAST, 0},
    {CL_DEVICE_NATIVE_VECTOR_WIDTH_CHAR, UINT, LEAST, 0},
    {CL_DEVICE_NATIVE_VECTOR_WIDTH_SHORT, UINT, LEAST, 0},
    {CL_DEVICE_NATIVE_VECTOR_WIDTH_INT, UINT, LEAST, 0},
    {CL_DEVICE_NATIVE_VECTOR_WIDTH_LONG, UINT, LEAST, 0},
    {CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, UINT, LEAST, 0},
    {CL_DEVICE_NATIVE_VECTOR_WIDTH_DOUBLE, UINT, LEAST, 0},
    {CL_DEVICE_NATIVE_VECTOR_WIDTH_HALF, UINT, LEAST, 0},
    {CL_DEVICE_MAX_CLOCK_FREQUENCY, UINT, LEAST, 0},
    {CL_DEVICE_ADDRESS_BITS, UINT, LEAST, 0},
    {CL_DEVICE_IMAGE_SUPPORT, UINT, LEAST, 0},
    {CL_DEVICE_MAX_READ_IMAGE_ARGS, UINT, LEAST, 0},
    {CL_DEVICE_MAX_WRITE_IMAGE_ARGS, UINT, LEAST, 0},
    {CL_DEVICE_MAX_READ_WRITE_IMAGE_ARGS, UINT, LEAST, 0},
    {CL_DEVICE_IMAGE2D_MAX_WIDTH, SIZE, LEAST, 0},
    {CL_DEVICE_IMAGE2D_MAX_HEIGHT, SIZE, LEAST, 0},
    {CL_DEVICE_IMAGE3D_MAX_WIDTH, SIZE, LEAST, 0},
    {CL_DEVICE_IMAGE3D_MAX_HEIGHT, SIZE, LEAST, 0},
    {CL_DEVICE_IMAGE3D_MAX_DEPTH, SIZE, LEAST, 0},
    {CL_DEVICE_IMAGE_MAX_BUFFER_SIZE, SIZE, LEAST, 0},
    {CL_DEVICE_IMAGE_MAX_ARRAY_SIZE, SIZE, LEAST, 0},
    {CL_DEVICE_MAX_SAMPLERS, UINT, LEAST, 0},
    {CL_DEVICE_IMAGE_PITCH_ALIGNMENT, UINT, MOST, 0},
    {CL_DEVICE_IMAGE_BASE_ADDRESS_ALIGNMENT, UINT, MOST, 0},
    {CL_DEVICE_MAX_PARAMETER_SIZE, SIZE, LEAST, 0},
    {CL_DEVICE_MEM_BASE_ADDR_ALIGN, UINT, MOST, 0},
    {CL_DEVICE_MIN_DATA_TYPE_ALIGN_SIZE, UINT, MOST, 0},
    {CL_DEVICE_SINGLE_FP_CONFIG, ULONG, ALL, 0},
    {CL_DEVICE_DOUBLE_FP_CONFIG, ULONG, ALL, 0},
    {CL_DEVICE_HALF_FP_CONFIG, ULONG, ALL, 0},
    {CL_DEVICE_GLOBAL_MEM_CACHE_TYPE, UINT, LEAST, 0},
    {CL_DEVICE_GLOBAL_MEM_CACHELINE_SIZE, UINT, MOST, 0},
    {CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, ULONG, LEAST, 0},
    {CL_DEVICE_GLOBAL_MEM_SIZE, ULONG, SUM, 0},
    {CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE, ULONG, LEAST, 0},
    {CL_DEVICE_MAX_CONSTANT_ARGS, UINT, LEAST, 0},
    {CL_DEVICE_MAX_GLOBAL_VARIABLE_SIZE, SIZE, OURS, 0},
    {CL_DEVICE_GLOBAL_VARIABLE_PREFERRED_TOTAL_SIZE, SIZE, OURS, 0},
    {CL_DEVICE_LOCAL_MEM_TYPE, UINT, MOST, 0},
    {CL_DEVICE_LOCAL_MEM_SIZE, ULONG, LEAST, 0},
    {CL_DEVICE_ERROR_CORRECTION_SUPPORT, UINT, LEAST, 0},
    {CL_DEVICE_HOST_UNIFIED_MEMORY, UINT, LEAST, 0},
    {CL_DEVICE_PROFILING_TIMER_RESOLUTION, SIZE, MOST, 0},
    {CL_DEVICE_ENDIAN_LITTLE, UINT, LEAST, 0},
    {CL_DEVICE_AVAILABLE, UINT, LEAST, 0},
    {CL_DEVICE_COMPILER_AVAILABLE, UINT, LEAST, 0},
    {CL_DEVICE_LINKER_AVAILABLE, UINT, LEAST, 0},
    /* A native kernel gets pointers to the memory of one member. */
    {CL_DEVICE_EXECUTION_CAPABILITIES, ULONG, OURS, CL_EXEC_KERNEL},
    {CL_DEVICE_QUEUE_ON_HOST_PROPERTIES, ULONG, ALL, 0},
    {CL_DEVICE_QUEUE_ON_DEVICE_PROPERTIES, ULONG, OURS, 0},
    {CL_DEVICE_QUEUE_ON_DEVICE_PREFERRED_SIZE, UINT, OURS, 0},
    {CL_DEVICE_QUEUE_ON_DEVICE_MAX_SIZE, UINT, OURS, 0},
    {CL_DEVICE_MAX_ON_DEVICE_QUEUES, UINT, OURS, 0},
    {CL_DEVICE_MAX_ON_DEVICE_EVENTS, UINT, OURS, 0},
    {CL_DEVICE_MAX_PIPE_ARGS, UINT, OURS, 0},
    {CL_DEVICE_PIPE_MAX_ACTIVE_RESERVATIONS, UINT, OURS, 0},
    {CL_DEVICE_PIPE_MAX_PACKET_SIZE, UINT, OURS, 0},
    {CL_DEVICE_PIPE_SUPPORT, UINT, OURS, 0},
    {CL_DEVICE_DEVICE_ENQUEUE_CAPABILITIES, ULONG, OURS, 0},
    {CL_DEVICE_SVM_CAPABILITIES, ULONG, OURS, 0},
    {CL_DEVICE_PREFERRED_PLATFORM_ATOMIC_ALIGNMENT, UINT, MOST, 0},
    {CL_DEVICE_PREFERRED_GLOBAL_ATOMIC_ALIGNMENT, UINT, MOST, 0},
    {CL_DEVICE_PREFERRED_LOCAL_ATOMIC_ALIGNMENT, UINT, MOST, 0},
    {CL_DEVICE_MAX_NUM_SUB_GROUPS, UINT, LEAST, 0},
    {CL_DEVICE_SUB_GROUP_INDEPENDENT_FORWARD_PROGRESS, UINT, LEAST, 0},
    {CL_DEVICE_ATOMIC_MEMORY_CAPABILITIES, ULONG, ALL, 0},
    {CL_DEVICE_ATOMIC_FENCE_CAPABILITIES, ULONG, ALL, 0},
    {CL_DEVICE_NON_UNIFORM_WORK_GROUP_SUPPORT, UINT, LEAST, 0},
    {CL_DEVICE_WORK_GROUP_COLLECTIVE_FUNCTIONS_SUPPORT, UINT, LEAST, 0},
    {CL_DEVICE_GENERIC_ADDRESS_SPACE_SUPPORT, UINT, LEAST, 0},
    {CL_DEVICE_PREFERRED_WORK_GROUP_SIZE_MULTIPLE, SIZE, MOST, 0},
    {CL_DEVICE_PRINTF_BUFFER_SIZE, SIZE, LEAST, 0},
    {CL_DEVICE_PREFERRED_INTEROP_USER_SYNC, UINT, MOST, 0},
    {CL_DEVICE_PARTITION_MAX_SUB_DEVICES, UINT, OURS, 0},
    {CL_DEVICE_PARTITION_AFFINITY_DOMAIN, ULONG, OURS, 0},
    {CL_DEVICE_REFERENCE_COUNT, UINT, OURS, 1},
};

static const size_t sizes[] = {
    [UINT] = sizeof(cl_uint), [ULONG] = sizeof(cl_ulong), [SIZE] = sizeof(size_t)};

static bool read_member(const struct property *property, const struct member *member,
			cl_ulong *value)
{
	cl_uint small = 0;
	cl_ulong large = 0;
	const bool is_small = property->type == UINT;

	if (of(member->device)
		->clGetDeviceInfo(member->device, property->name, sizes[property->type],
				  is_small ? (void *)&small : (void *)&large, NULL) != CL_SUCCESS)
		return false;
	*value = is_small ? small : large;
	return true;
}

static bool combine(const struct property *property, cl_ulong *value)
{
	const struct pool *members = pool();

	*value = property->value;
	if (property->rule == OURS)
		return true;
	for (unsigned int i = 0; i < members->count; i++) {
		cl_ulong other;

		/* What a member does not know, it has not. */
		if (!read_member(property, &members->members[i], &other))
			return false;
		if (i == 0)
			*value = other;
		else if (property->rule == LEAST)
			*value = other < *value ? other : *value;
		else if (property->rule == MOST)
			*value = other > *value ? other : *value;
		else if (property->rule == SUM)
			*value += other;
		else
			*value &= other;
	}
	return true;
}

/* Names of extensions that newer headers alone have. */
enum {
	INTEGER_DOT_PRODUCT_CAPABILITIES = 0x1073,
	INTEGER_DOT_PRODUCT_ACCELERATION_8BIT,
	INTEGER_DOT_PRODUCT_ACCELERATION_4X8BIT_PACKED,
	SINGLE_FP_ATOMIC_CAPABILITIES = 0x4231,
	DOUBLE_FP_ATOMIC_CAPABILITIES,
	HALF_FP_ATOMIC_CAPABILITIES,
};

/* Bits, or a structure of truths, as far as all members have them. */
static cl_int shared_bits(cl_device_info name, size_t room, void *out, size_t *used)
{
	const struct pool *members = pool();
	unsigned char bits[64], other[sizeof(bits)];
	size_t length, same;

	for (unsigned int i = 0; i < members->count; i++) {
		const struct member *member = &members->members[i];

		if (of(member->device)
			    ->clGetDeviceInfo(member->device, name, sizeof(other), i ? other : bits,
					      i ? &same : &length) != CL_SUCCESS ||
		    (i && same != length))
			return CL_INVALID_VALUE;
		for (size_t at = 0; i && at < length; at++)
			bits[at] &= other[at];
	}
	return answer(bits, length, room, out, used);
}

static bool is_same_text(cl_device_info name, char *text, size_t room)
{
	const struct pool *members = pool();
	char other[256];

	member_text(&members->members[0], name, text, room);
	for (unsigned int i = 1; i < members->count; i++) {
		member_text(&members->members[i], name, other, sizeof(other));
		if (strncmp(text, other, sizeof(other) - 1))
			return false;
	}
	return true;
}

/*
 * Equal members give the pool their own name: programs look up what they tuned for it. Others are
 * all named.
 */
static cl_int device_name(size_t room, void *out, size_t *used)
{
	const struct pool *members = pool();
	char text[256], list[512] = MVGAL_NAME ": ";

	if (is_same_text(CL_DEVICE_NAME, text, sizeof(text)))
		return answer_text(text, room, out, used);
	for (unsigned int i = 0; i < members->count; i++) {
		const size_t length = strlen(list);

		snprintf(list + length, sizeof(list) - length, "%s%s", i ? " + " : "",
			 members->members[i].name);
	}
	return answer_text(list, room, out, used);
}

static cl_int shared_text(cl_device_info name, const char *otherwise, size_t room, void *out,
			  size_t *used)
{
	char text[256];

	return answer_text(is_same_text(name, text, sizeof(text)) ? text : otherwise, room, out,
			   used);
}

/* An extension's before OpenCL 2.1. */
static cl_int il_version(bool three, size_t room, void *out, size_t *used)
{
	char text[256] = "";

	if (!is_same_text(CL_DEVICE_IL_VERSION, text, sizeof(text)))
		text[0] = '\0';
	return three || text[0] ? answer_text(text, room, out, used) : CL_INVALID_VALUE;
}

static cl_int item_sizes(size_t room, void *out, size_t *used)
{
	const struct pool *members = pool();
	size_t least[3] = {SIZE_MAX, SIZE_MAX, SIZE_MAX};

	for (unsigned int i = 0; i < members->count; i++) {
		size_t sizes_here[16] = {0};

		if (of(members->members[i].device)
			->clGetDeviceInfo(members->members[i].device, CL_DEVICE_MAX_WORK_ITEM_SIZES,
					  sizeof(sizes_here), sizes_here, NULL) != CL_SUCCESS)
			return CL_INVALID_VALUE;
		for (int axis = 0; axis < 3; axis++)
			if (sizes_here[axis] < least[axis])
				least[axis] = sizes_here[axis];
	}
	return answer(least, sizeof(least), room, out, used);
}

static bool is_feature(const char *name)
{
	return strcmp(name, "__opencl_c_pipes") && strcmp(name, "__opencl_c_device_enqueue");
}

/* What is no number of the table. */
static cl_int device_text(cl_device_info name, bool three, size_t room, void *out, size_t *used)
{
	char *shared;
	cl_int status;

	switch (name) {
	case CL_DEVICE_NAME:
		return device_name(room, out, used);
	case CL_DEVICE_VENDOR:
		return shared_text(name, MVGAL_NAME, room, out, used);
	case CL_DRIVER_VERSION:
		return shared_text(name, MVGAL_VERSION, room, out, used);
	case CL_DEVICE_PROFILE:
		return answer_text("FULL_PROFILE", room, out, used);
	case CL_DEVICE_VERSION:
		return answer_text(three ? "OpenCL 3.0 " MVGAL_NAME : "OpenCL 1.2 " MVGAL_NAME,
				   room, out, used);
	case CL_DEVICE_OPENCL_C_VERSION:
		return answer_text("OpenCL C 1.2 " MVGAL_NAME, room, out, used);
	case CL_DEVICE_EXTENSIONS:
		shared = shared_extensions();
		if (!shared)
			return CL_OUT_OF_HOST_MEMORY;
		status = answer_text(shared, room, out, used);
		free(shared);
		return status;
	case CL_DEVICE_BUILT_IN_KERNELS:
		return answer_text("", room, out, used);
	case CL_DEVICE_IL_VERSION:
		return il_version(three, room, out, used);
	case CL_DEVICE_MAX_WORK_ITEM_SIZES:
		return item_sizes(room, out, used);
	case CL_DEVICE_PLATFORM:
		ANSWER(cl_platform_id, the_platform());
	case CL_DEVICE_PARENT_DEVICE:
		ANSWER(cl_device_id, NULL);
	case CL_DEVICE_PARTITION_PROPERTIES:
		ANSWER(cl_device_partition_property, 0);
	case CL_DEVICE_PARTITION_TYPE:
		return answer(NULL, 0, room, out, used);
	case INTEGER_DOT_PRODUCT_CAPABILITIES:
	case INTEGER_DOT_PRODUCT_ACCELERATION_8BIT:
	case INTEGER_DOT_PRODUCT_ACCELERATION_4X8BIT_PACKED:
	case SINGLE_FP_ATOMIC_CAPABILITIES:
	case DOUBLE_FP_ATOMIC_CAPABILITIES:
	case HALF_FP_ATOMIC_CAPABILITIES:
		return shared_bits(name, room, out, used);
	default:
		break;
	}
	if (!three)
		return CL_INVALID_VALUE;
	switch (name) {
	case CL_DEVICE_NUMERIC_VERSION:
		ANSWER(cl_version, CL_MAKE_VERSION(3, 0, 0));
	case CL_DEVICE_LATEST_CONFORMANCE_VERSION_PASSED:
		return answer_text("", room, out, used);
	case CL_DEVICE_ILS_WITH_VERSION:
	case CL_DEVICE_OPENCL_C_ALL_VERSIONS:
		return answer_versions(name, NULL, room, out, used);
	case CL_DEVICE_OPENCL_C_FEATURES:
		return answer_versions(name, is_feature, room, out, used);
	case CL_DEVICE_EXTENSIONS_WITH_VERSION:
		return answer_versions(name, keeps_extension, room, out, used);
	case CL_DEVICE_BUILT_IN_KERNELS_WITH_VERSION:
		return answer(NULL, 0, room, out, used);
	default:
		return CL_INVALID_VALUE;
	}
}

cl_int CL_API_CALL pool_clGetDeviceInfo(cl_device_id asked, cl_device_info name, size_t room,
					void *out, size_t *used)
{
	const struct pool *members = pool();
	const struct member *best = &members->members[0];
	const bool three = members->version >= 300;
	cl_int status;

	if (check_device(asked) != CL_SUCCESS || !members->count)
		return CL_INVALID_DEVICE;
	if (name == CL_DEVICE_TYPE)
		/* Many programs take no device that is not a GPU. */
		ANSWER(cl_device_type, members->all_cpu && settings()->cpu ? CL_DEVICE_TYPE_CPU
									   : CL_DEVICE_TYPE_GPU);
	if (name == CL_DEVICE_MAX_MEM_ALLOC_SIZE)
		/* What lies on one member is no larger than it takes. */
		ANSWER(cl_ulong, best->largest);
	for (size_t i = 0; i < sizeof(properties) / sizeof(*properties); i++) {
		const struct property *property = &properties[i];
		cl_ulong value;
		cl_uint small;

		if (property->name != name)
			continue;
		if (!combine(property, &value))
			return CL_INVALID_VALUE;
		small = (cl_uint)value;
		return answer(property->type == UINT ? (void *)&small : (void *)&value,
			      sizes[property->type], room, out, used);
	}
	status = device_text(name, three, room, out, used);
	/* What we do not know is the vendor's own: the best member's answer. Core names have none.
	 */
	if (status == CL_INVALID_VALUE && name >= 0x4000)
		return of(best->device)->clGetDeviceInfo(best->device, name, room, out, used);
	return status;
}
