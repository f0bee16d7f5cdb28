/* SPDX-License-Identifier: MIT */
/* Functions of the OpenCL extended instruction set that load, store or print. */
#include "spirv_op.h"
#include "spirv_run.h"

enum {
	FRACT = 30,
	FREXP = 31,
	LGAMMA_R = 36,
	MODF = 45,
	REMQUO = 52,
	SINCOS = 58,
	VLOADN = 171,
	VSTOREN = 172,
	VLOAD_HALF = 173,
	VLOAD_HALFN = 174,
	VSTORE_HALF = 175,
	VSTORE_HALF_R = 176,
	VSTORE_HALFN = 177,
	VSTORE_HALFN_R = 178,
	VLOADA_HALFN = 179,
	VSTOREA_HALFN = 180,
	VSTOREA_HALFN_R = 181,
	PRINTF = 184,
	PREFETCH = 185,
	/* What is not in the set yet may do anything. */
	FUNCTIONS = 205,
};

/* The word of the pointer behind which a function has its second result, or 0. */
static uint32_t second_result(uint32_t function)
{
	switch (function) {
	case FRACT:
	case FREXP:
	case LGAMMA_R:
	case MODF:
	case SINCOS:
		return 6;
	case REMQUO:
		return 7;
	default:
		return 0;
	}
}

bool spirv_is_extended_memory(const uint32_t *at)
{
	uint32_t function = spirv_word(at, 4);

	return second_result(function) || (function >= VLOADN && function <= VSTOREA_HALFN_R) ||
	       function == PRINTF || function == PREFETCH || function >= FUNCTIONS;
}

static void vector_access(struct spirv_run *r, const uint32_t *at, uint32_t function)
{
	bool is_store = function == VSTOREN ||
			(function >= VSTORE_HALF && function <= VSTORE_HALFN_R) ||
			function >= VSTOREA_HALFN;
	bool is_aligned = function >= VLOADA_HALFN;
	uint32_t offset = spirv_word(at, is_store ? 6 : 5), to = spirv_word(at, is_store ? 7 : 6);
	const struct type *data = spirv_type_of(r, is_store ? spirv_word(at, 5) : spirv_result(at));
	const struct type *of = spirv_type_of(r, to);
	const struct value *pointer = spirv_as_pointer(r, to);
	double count = data->kind == TYPE_VECTOR ? (double)data->count : 1, size;
	struct range stride;

	size = of->kind == TYPE_POINTER ? (double)of->of->size : 0;
	stride = range_constant(is_aligned && count == 3 ? 4 * size : count * size);
	pointer = pointer_move(r->e, pointer,
			       range_mul(r->e->last,
					 type_integer_of(spirv_type_of(r, offset)) &&
						 spirv_type_of(r, offset)->size == 8
					     ? value_range(spirv_value(r, offset), 0)
					     : spirv_window(r, offset, false),
					 stride, 64));
	memory_access(r->e, pointer, of->kind == TYPE_POINTER ? of->of : &TYPE_ANY, count * size,
		      is_store, spirv_place(r->m, at));
	if (is_store)
		spirv_forget(r, pointer);
}

bool spirv_extended_memory(struct spirv_run *r, const uint32_t *at)
{
	uint32_t function = spirv_word(at, 4), word = second_result(function);
	const struct value *pointer;
	const struct type *type;

	if (spirv_word(at, 3) != r->m->opencl)
		return false;
	if (function >= VLOADN && function <= VSTOREA_HALFN_R) {
		vector_access(r, at, function);
		return true;
	}
	if (function == PRINTF) {
		refuse(r->e, ANALYSIS_SIDE_EFFECT, spirv_place(r->m, at),
		       "what several devices print comes in another order");
		return true;
	}
	if (word) {
		type = spirv_type_of(r, spirv_word(at, word));
		pointer = spirv_as_pointer(r, spirv_word(at, word));
		memory_access(r->e, pointer, type->kind == TYPE_POINTER ? type->of : &TYPE_ANY,
			      type->kind == TYPE_POINTER ? (double)type->of->size : 0, true,
			      spirv_place(r->m, at));
		spirv_forget(r, pointer);
		return true;
	}
	return function == PREFETCH;
}
