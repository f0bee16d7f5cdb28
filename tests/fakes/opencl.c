/*
 * A libOpenCL.so.1 with one platform that lists the devices of devices.txt.
 *
 * Keys: text_<N> VALUE, u32_<N> VALUE, u64_<N> VALUE, bytes_<N> HEXADECIMAL DIGITS, where N is the
 * number of the property in hexadecimal (text_902 is CL_PLATFORM_NAME, of the system).
 */
#include "abi/opencl.h"
#include "description.h"

static cl_int answer(const void *data, size_t length, size_t room, void *out, size_t *used)
{
	if (used)
		*used = length;
	if (!out)
		return CL_SUCCESS;
	if (room < length)
		return CL_INVALID_VALUE;
	memcpy(out, data, length);
	return CL_SUCCESS;
}

static cl_int info(struct fake_section *section, const char *function, cl_uint name, size_t room,
		   void *out, size_t *used)
{
	long failure = fake_failure(section, function);
	const char *text;
	char key[32];
	uint64_t number;

	if (failure)
		return (cl_int)failure;
	snprintf(key, sizeof(key), "text_%x", name);
	text = fake_text(section, key);
	if (text)
		return answer(text, strlen(text) + 1, room, out, used);
	snprintf(key, sizeof(key), "u32_%x", name);
	if (fake_number(section, key, &number))
		return answer(&(cl_uint){(cl_uint)number}, sizeof(cl_uint), room, out, used);
	snprintf(key, sizeof(key), "u64_%x", name);
	if (fake_number(section, key, &number))
		return answer(&(cl_ulong){number}, sizeof(cl_ulong), room, out, used);
	snprintf(key, sizeof(key), "bytes_%x", name);
	text = fake_text(section, key);
	if (text) {
		unsigned char bytes[64] = {0};
		size_t length = strlen(text) / 2;
		unsigned int byte;

		for (size_t i = 0; i < length && i < sizeof(bytes); i++)
			if (sscanf(text + 2 * i, "%2x", &byte) == 1)
				bytes[i] = (unsigned char)byte;
		return answer(bytes, length, room, out, used);
	}
	return CL_INVALID_VALUE;
}

EXPORT cl_int clGetPlatformIDs(cl_uint room, cl_platform_id *platforms, cl_uint *count)
{
	if (!fake_load() || fake_text(&fake.sections[0], "none"))
		return -1001; /* CL_PLATFORM_NOT_FOUND_KHR */
	if (fake_text(&fake.sections[0], "print"))
		printf("%s\n", fake_text(&fake.sections[0], "print"));
	if (platforms && room > 0)
		platforms[0] = (cl_platform_id)&fake.sections[0];
	if (count)
		*count = 1;
	return CL_SUCCESS;
}

EXPORT cl_int clGetPlatformInfo(cl_platform_id platform, cl_platform_info name, size_t room,
				void *out, size_t *used)
{
	return info((struct fake_section *)platform, __func__, name, room, out, used);
}

EXPORT cl_int clGetDeviceIDs(cl_platform_id platform, cl_device_type type, cl_uint room,
			     cl_device_id *devices, cl_uint *count)
{
	cl_uint there = (cl_uint)fake_count(FAKE_DEVICE, NULL);
	long failure = fake_failure((struct fake_section *)platform, __func__);

	(void)type;
	if (failure)
		return (cl_int)failure;
	if (there == 0)
		return CL_DEVICE_NOT_FOUND;
	for (cl_uint i = 0; devices && i < room && i < there; i++)
		devices[i] = (cl_device_id)fake_find(FAKE_DEVICE, NULL, (int)i);
	if (count)
		*count = there;
	return CL_SUCCESS;
}

EXPORT cl_int clGetDeviceInfo(cl_device_id device, cl_device_info name, size_t room, void *out,
			      size_t *used)
{
	return info((struct fake_section *)device, __func__, name, room, out, used);
}
