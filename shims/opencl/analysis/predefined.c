/* SPDX-License-Identifier: MIT */
/*
 * What the driver's compiler has defined before the program's first line. Only what the
 * specification or the device says is known; of other names that a compiler may have it is not.
 */
#include <string.h>

#include "evaluate.h"
#include "preprocess.h"

/* Macros of OpenCL C. */
static const char *const CONSTANTS[] = {
    "CHAR_BIT",	   "SCHAR_MAX",	 "SCHAR_MIN",	   "CHAR_MAX",	   "CHAR_MIN",	  "UCHAR_MAX",
    "SHRT_MAX",	   "SHRT_MIN",	 "USHRT_MAX",	   "INT_MAX",	   "INT_MIN",	  "UINT_MAX",
    "LONG_MAX",	   "LONG_MIN",	 "ULONG_MAX",	   "FLT_DIG",	   "FLT_EPSILON", "FLT_MANT_DIG",
    "FLT_MAX",	   "FLT_MIN",	 "FLT_MAX_10_EXP", "FLT_MAX_EXP",  "FLT_RADIX",	  "FLT_MIN_10_EXP",
    "FLT_MIN_EXP", "MAXFLOAT",	 "HUGE_VALF",	   "INFINITY",	   "NAN",	  "M_E_F",
    "M_LOG2E_F",   "M_LOG10E_F", "M_LN2_F",	   "M_LN10_F",	   "M_PI_F",	  "M_PI_2_F",
    "M_PI_4_F",	   "M_1_PI_F",	 "M_2_PI_F",	   "M_2_SQRTPI_F", "M_SQRT2_F",	  "M_SQRT1_2_F",
};

/* The same of double. */
static const char *const DOUBLES[] = {
    "DBL_DIG",	   "DBL_EPSILON", "DBL_MANT_DIG",   "DBL_MAX",	   "DBL_MIN",  "DBL_MAX_10_EXP",
    "DBL_MAX_EXP", "DBL_RADIX",	  "DBL_MIN_10_EXP", "DBL_MIN_EXP", "HUGE_VAL", "M_E",
    "M_LOG2E",	   "M_LOG10E",	  "M_LN2",	    "M_LN10",	   "M_PI",     "M_PI_2",
    "M_PI_4",	   "M_1_PI",	  "M_2_PI",	    "M_2_SQRTPI",  "M_SQRT2",  "M_SQRT1_2",
};

/* The same of half, which compilers have with cl_khr_fp16 or always. */
static const char *const HALVES[] = {
    "HALF_DIG",	       "HALF_EPSILON", "HALF_MANT_DIG", "HALF_MAX",	   "HALF_MIN",
    "HALF_MAX_10_EXP", "HALF_MAX_EXP", "HALF_RADIX",	"HALF_MIN_10_EXP", "HALF_MIN_EXP",
    "M_E_H",	       "M_LOG2E_H",    "M_LOG10E_H",	"M_LN2_H",	   "M_LN10_H",
    "M_PI_H",	       "M_PI_2_H",     "M_PI_4_H",	"M_1_PI_H",	   "M_2_PI_H",
    "M_2_SQRTPI_H",    "M_SQRT2_H",    "M_SQRT1_2_H"};

/* Defined by headers of compilers at will, as builtin functions are: types and other words. */
static const char *const WORDS[] = {"kernel",
				    "kernel_exec",
				    "global",
				    "local",
				    "constant",
				    "private",
				    "generic",
				    "bool",
				    "uchar",
				    "ushort",
				    "uint",
				    "ulong",
				    "half",
				    "double",
				    "size_t",
				    "ptrdiff_t",
				    "intptr_t",
				    "uintptr_t",
				    "true",
				    "false",
				    "NULL",
				    "INTTYPE",
				    "MAX_WORK_DIM",
				    "unix",
				    "linux",
				    "i386",
				    "ATOMIC_VAR_INIT",
				    "ATOMIC_FLAG_INIT",
				    "IMG_RO_AQ",
				    "IMG_WO_AQ",
				    "IMG_RW_AQ"};

static const char *const PREFIXES[] = {
    "FLT_",  "DBL_",   "HUGE_", "CL_VERSION_", "CLK_",	 "FP_FAST_", "FP_ILOGB", "POCL_",
    "LLVM_", "CLANG_", "SPIR_", "get_",	       "async_", "intel_",   "amd_",	 "cles_"};

/* Of other languages and systems: no compiler of OpenCL C here has them. */
static const char *const FOREIGN[] = {
    "__APPLE__",
    "__cplusplus",
    "_WIN32",
    "_WIN64",
    "_MSC_VER",
    "__CUDACC__",
    "__CUDACC_RTC__",
    "__HIPCC__",
    "__HIPCC_RTC__",
    "__METAL__",
    "__METAL_MACOS__",
    "__METAL_VERSION__",
    "__SYCL_DEVICE_ONLY__",
};

/* Extensions that compilers have where the device lists them, and not else. */
static const char *const EXTENSIONS[] = {
    "cl_khr_fp16",
    "cl_khr_fp64",
    "cl_khr_byte_addressable_store",
    "cl_khr_3d_image_writes",
    "cl_khr_global_int32_base_atomics",
    "cl_khr_global_int32_extended_atomics",
    "cl_khr_local_int32_base_atomics",
    "cl_khr_local_int32_extended_atomics",
    "cl_khr_int64_base_atomics",
    "cl_khr_int64_extended_atomics",
    "cl_khr_select_fprounding_mode",
};
static const char *const VENDORS[] = {"cl_amd_",  "cl_nv_",  "cl_intel_", "cl_arm_",
				      "cl_qcom_", "cl_img_", "cl_APPLE_"};
/* These are in clang's own header, for whoever compiles by way of SPIR-V. */
static const char *const OF_CLANG[] = {"cl_intel_subgroups", "cl_intel_device_side_avc",
				       "cl_arm_integer_dot_product"};

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static bool is_one_of(const struct token *name, const char *const *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (token_is(name, list[i]))
			return true;
	}
	return false;
}

static bool begins_like(const struct token *name, const char *const *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		size_t length = strlen(list[i]);

		if (name->length >= length && !memcmp(name->text, list[i], length))
			return true;
	}
	return false;
}

static bool ends_like(const struct token *name, const char *end)
{
	size_t length = strlen(end);

	return name->length > length && !memcmp(name->text + name->length - length, end, length);
}

/* `_FOO_H`, `__FOO_CL__`: what headers define against being read twice. Those of compilers have
 * their own names in it. */
static bool is_guard(const struct token *name)
{
	static const char *const ENDS[] = {"_H",   "_H_",   "_H__",   "_CL",
					   "_CL_", "_CL__", "_HPP__", "_CLH__"};
	static const char *const THEIRS[] = {"_OPENCL", "__OPENCL", "_KERNEL_", "__CLC", "__CLANG",
					     "__clang", "_POCL",    "__POCL",	"__NV",	 "__AMD"};
	size_t i;

	for (i = 0; i < COUNT(ENDS); i++) {
		if (ends_like(name, ENDS[i]))
			return !begins_like(name, THEIRS, COUNT(THEIRS));
	}
	return false;
}

static bool is_extension(const struct token *name)
{
	static const char *const CL[] = {"cl_"};

	return begins_like(name, CL, 1);
}

static bool is_builtin(const struct token *name)
{
	char text[64] = "";

	if (name->length >= sizeof(text))
		return false;
	memcpy(text, name->text, name->length);
	return is_builtin_name(text);
}

static bool is_of_header(const struct token *name)
{
	return is_builtin(name) || is_one_of(name, CONSTANTS, COUNT(CONSTANTS)) ||
	       is_one_of(name, DOUBLES, COUNT(DOUBLES)) || is_one_of(name, HALVES, COUNT(HALVES)) ||
	       is_one_of(name, WORDS, COUNT(WORDS)) ||
	       begins_like(name, PREFIXES, COUNT(PREFIXES)) ||
	       (is_extension(name) && is_one_of(name, EXTENSIONS, COUNT(EXTENSIONS)));
}

static bool is_reserved(const struct token *name)
{
	return name->length > 1 && name->text[0] == '_' &&
	       (name->text[1] == '_' || (name->text[1] >= 'A' && name->text[1] <= 'Z'));
}

static enum macro_state state_of_extension(const struct token *name)
{
	if (is_one_of(name, EXTENSIONS, COUNT(EXTENSIONS)))
		return MACRO_ABSENT;
	if (begins_like(name, OF_CLANG, COUNT(OF_CLANG)))
		return MACRO_UNKNOWN;
	return begins_like(name, VENDORS, COUNT(VENDORS)) ? MACRO_ABSENT : MACRO_UNKNOWN;
}

static bool is_mixed(const struct preprocessor *pp, const struct token *name)
{
	return is_one_of(name, pp->input->mixed, pp->input->mixed_count);
}

static bool has_double(const struct preprocessor *pp)
{
	static const struct token DOUBLE = {
	    .kind = TOKEN_NAME, .length = 11, .text = "cl_khr_fp64"};

	return macro_find(pp, &DOUBLE) != NULL;
}

static enum macro_state predefined(const struct preprocessor *pp, const struct token *name)
{
	if (is_mixed(pp, name))
		return MACRO_UNKNOWN;
	/* Its value is not known without -cl-std: that it has one is. */
	if (token_is(name, "__OPENCL_C_VERSION__") || token_is(name, "__OPENCL_VERSION__"))
		return MACRO_PRESENT;
	if (token_is(name, "__FAST_RELAXED_MATH__") || is_one_of(name, FOREIGN, COUNT(FOREIGN)))
		return MACRO_ABSENT;
	if (is_one_of(name, CONSTANTS, COUNT(CONSTANTS)))
		return MACRO_PRESENT;
	if (is_one_of(name, DOUBLES, COUNT(DOUBLES)) && has_double(pp))
		return MACRO_PRESENT;
	if (is_extension(name))
		return state_of_extension(name);
	if (is_guard(name))
		return MACRO_ABSENT;
	return is_reserved(name) || is_of_header(name) ? MACRO_UNKNOWN : MACRO_ABSENT;
}

enum macro_state macro_state(const struct preprocessor *pp, const struct token *name)
{
	if (macro_find(pp, name))
		return MACRO_PRESENT;
	return macro_is_removed(pp, name) ? MACRO_ABSENT : predefined(pp, name);
}

bool macro_may_be_predefined(const struct preprocessor *pp, const struct token *name)
{
	return predefined(pp, name) != MACRO_ABSENT || is_extension(name);
}

/* An option comes before the compiler's own header, and may not have the last word. */
bool macro_is_for_options(const struct preprocessor *pp, const struct token *name, bool is_undef)
{
	if (is_of_header(name) || is_mixed(pp, name))
		return false;
	return !is_undef || !(is_reserved(name) || is_extension(name));
}
