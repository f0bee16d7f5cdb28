/* SPDX-License-Identifier: MIT */
/* What all members have: extensions, formats, features. */
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "pool.h"

/*
 * Extensions of the language, and those that need nothing of a pool but to pass a query or a
 * property on. Those with functions or handles of their own (sharing with other interfaces,
 * command buffers, unified memory) would reach one member behind our back.
 */
static const char *const kept[] = {
    "cl_khr_icd",
    "cl_khr_byte_addressable_store",
    "cl_khr_fp64",
    "cl_khr_fp16",
    "cl_khr_global_int32_base_atomics",
    "cl_khr_global_int32_extended_atomics",
    "cl_khr_local_int32_base_atomics",
    "cl_khr_local_int32_extended_atomics",
    "cl_khr_int64_base_atomics",
    "cl_khr_int64_extended_atomics",
    "cl_khr_3d_image_writes",
    "cl_khr_depth_images",
    "cl_khr_select_fprounding_mode",
    "cl_khr_il_program",
    "cl_khr_integer_dot_product",
    "cl_khr_extended_bit_ops",
    "cl_khr_expect_assume",
    "cl_khr_work_group_uniform_arithmetic",
    "cl_khr_pci_bus_info",
    "cl_ext_float_atomics",
    "cl_amd_device_attribute_query",
    "cl_amd_fp64",
    "cl_amd_media_ops",
    "cl_amd_media_ops2",
    "cl_nv_compiler_options",
    "cl_nv_device_attribute_query",
    "cl_nv_pragma_unroll",
    "cl_intel_subgroups",
    "cl_intel_subgroups_char",
    "cl_intel_subgroups_short",
    "cl_intel_subgroups_long",
    "cl_intel_required_subgroup_size",
};

bool keeps_extension(const char *name)
{
	/* Its queries are those of 3.0. */
	if (!strcmp(name, "cl_khr_extended_versioning"))
		return pool()->version >= 300;
	if (!strncmp(name, "cl_khr_subgroup_", 16))
		return strcmp(name, "cl_khr_subgroup_named_barrier") != 0;
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		if (!strcmp(name, kept[i]))
			return true;
	return false;
}

static bool has_word(const char *text, const char *word, size_t length)
{
	for (const char *at = text; (at = strstr(at, word)); at += length)
		if ((at == text || at[-1] == ' ') && (at[length] == '\0' || at[length] == ' '))
			return true;
	return false;
}

static char *extensions_of(const struct member *member)
{
	size_t size = 0;
	char *text;

	if (of(member->device)
		->clGetDeviceInfo(member->device, CL_DEVICE_EXTENSIONS, 0, NULL, &size) !=
	    CL_SUCCESS)
		size = 0;
	text = calloc(1, size + 1);
	if (text && size &&
	    of(member->device)
		    ->clGetDeviceInfo(member->device, CL_DEVICE_EXTENSIONS, size, text, NULL) !=
		CL_SUCCESS)
		text[0] = '\0';
	return text;
}

/* Keeps of `text` what `other` has too. */
static void intersect(char *text, const char *other)
{
	char *end = text, *rest = NULL;
	char word[128];

	for (char *at = strtok_r(text, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) {
		const size_t length = strlen(at);

		if (length >= sizeof(word))
			continue;
		memcpy(word, at, length + 1);
		if (!keeps_extension(word) || (other && !has_word(other, word, length)))
			continue;
		/* Behind what is kept, which is never longer than what was read. */
		if (end != text)
			*end++ = ' ';
		memmove(end, word, length);
		end += length;
	}
	*end = '\0';
}

char *shared_extensions(void)
{
	static const char icd[] = "cl_khr_icd";
	const struct pool *members = pool();
	char *text = members->count ? extensions_of(&members->members[0]) : calloc(1, 1);
	char *with;

	for (unsigned int i = 0; text && i < members->count; i++) {
		char *other = i ? extensions_of(&members->members[i]) : NULL;

		if (i && !other) {
			free(text);
			return NULL;
		}
		intersect(text, other);
		free(other);
	}
	if (!text || has_word(text, icd, sizeof(icd) - 1))
		return text;
	/* It is ours whatever the members say. */
	with = malloc(strlen(text) + sizeof(icd) + 1);
	if (with) {
		strcpy(with, icd);
		if (text[0])
			strcat(strcat(with, " "), text);
	}
	free(text);
	return with;
}

static cl_name_version *versions_of(const struct member *member, cl_device_info name, size_t *count)
{
	cl_name_version *list;
	size_t size = 0;

	*count = 0;
	if (of(member->device)->clGetDeviceInfo(member->device, name, 0, NULL, &size) != CL_SUCCESS)
		size = 0;
	list = calloc(1, size + sizeof(*list));
	if (!list || !size)
		return list;
	if (of(member->device)->clGetDeviceInfo(member->device, name, size, list, NULL) ==
	    CL_SUCCESS)
		*count = size / sizeof(*list);
	return list;
}

/* There is room for one more. */
static size_t with_icd(cl_name_version *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].name, "cl_khr_icd"))
			return count;
	list[count] = (cl_name_version){CL_MAKE_VERSION(1, 0, 0), "cl_khr_icd"};
	return count + 1;
}

cl_int answer_versions(cl_device_info name, bool (*wanted)(const char *name), size_t room,
		       void *out, size_t *used)
{
	const struct pool *members = pool();
	cl_name_version *list;
	size_t count, kept_count = 0;
	cl_int status;

	list = versions_of(&members->members[0], name, &count);
	if (!list)
		return CL_OUT_OF_HOST_MEMORY;
	for (size_t i = 0; i < count; i++)
		if (!wanted || wanted(list[i].name))
			list[kept_count++] = list[i];
	for (unsigned int m = 1; m < members->count; m++) {
		cl_name_version *other = versions_of(&members->members[m], name, &count);
		size_t both = 0;

		if (!other) {
			free(list);
			return CL_OUT_OF_HOST_MEMORY;
		}
		for (size_t i = 0; i < kept_count; i++)
			for (size_t j = 0; j < count; j++)
				/* OPENCL_C_ALL_VERSIONS has one name and many versions. */
				if (!strcmp(list[i].name, other[j].name) &&
				    (name != CL_DEVICE_OPENCL_C_ALL_VERSIONS ||
				     list[i].version == other[j].version)) {
					list[both++] = list[i];
					break;
				}
		kept_count = both;
		free(other);
	}
	if (name == CL_DEVICE_EXTENSIONS_WITH_VERSION)
		kept_count = with_icd(list, kept_count);
	status = answer(list, kept_count * sizeof(*list), room, out, used);
	free(list);
	return status;
}
