/* SPDX-License-Identifier: MIT */
#include "explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_put(struct json *json, const char *format, ...)
{
	char text[256];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length < 0)
		return;
	if ((size_t)length >= sizeof(text))
		length = sizeof(text) - 1;
	if (json->length < json->room)
		memcpy(json->out + json->length, text,
		       (size_t)length < json->room - json->length ? (size_t)length
								  : json->room - json->length);
	json->length += (size_t)length;
}

void json_text(struct json *json, const char *text)
{
	json_put(json, "\"");
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			json_put(json, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			json_put(json, "\\u%04x", c);
		else
			json_put(json, "%c", c);
	}
	json_put(json, "\"");
}

static void put_sizes(struct json *json, const char *name, const uint64_t sizes[3], bool is_given)
{
	json_put(json, ",\"%s\":", name);
	if (is_given)
		json_put(json, "[%llu,%llu,%llu]", (unsigned long long)sizes[0],
			 (unsigned long long)sizes[1], (unsigned long long)sizes[2]);
	else
		json_put(json, "null");
}

static void put_window(struct json *json, const char *name, const struct analysis_window *window)
{
	json_put(json, ",\"%s\":", name);
	if (!window->is_used)
		json_put(json, "null");
	else if (window->is_all)
		json_put(json, "\"all\"");
	else
		json_put(json, "{\"stride\":%lld,\"first\":%lld,\"end\":%lld}",
			 (long long)window->stride, (long long)window->first,
			 (long long)window->end);
}

static void put_args(struct json *json, const struct analysis_kernel_info *info,
		     const struct sample *sample, const struct analysis_verdict *verdict)
{
	static const char *const KINDS[] = {"value", "buffer",	"local",
					    "image", "sampler", "other"};
	size_t i;

	json_put(json, ",\"args\":[");
	for (i = 0; i < info->arg_count && i < ANALYSIS_ARGS; i++) {
		const struct analysis_use *use = &verdict->uses[i];

		json_put(json, "%s{\"name\":", i ? "," : "");
		json_text(json, info->args[i].name);
		json_put(json, ",\"type\":");
		json_text(json, info->args[i].type);
		json_put(json, ",\"kind\":\"%s\"", KINDS[info->args[i].kind]);
		if (sample->is_given[i] || sample->is_assumed[i])
			json_put(json, ",\"value\":%lld,\"assumed\":%s",
				 (long long)sample->numbers[i],
				 sample->is_assumed[i] ? "true" : "false");
		if (!verdict->rule || verdict->has_uses) {
			put_window(json, "writes", &use->writes);
			put_window(json, "reads", &use->reads);
			if (info->args[i].kind == ANALYSIS_IMAGE)
				json_put(json, ",\"axis\":\"%c\"", "xyz"[use->axis % 3]);
		}
		json_put(json, "}");
	}
	json_put(json, "]");
}

/* Of SPIR-V. */
static void put_instruction(struct json *json, const struct analysis *analysis, unsigned word)
{
	struct analysis_instruction instruction;

	if (!analysis_instruction(analysis, word, &instruction))
		return;
	json_put(json, ",\"instruction\":{\"word\":%u,\"name\":\"Op%s\"", word, instruction.name);
	if (*instruction.file) {
		json_put(json, ",\"file\":");
		json_text(json, instruction.file);
		json_put(json, ",\"line\":%u", instruction.line);
	}
	json_put(json, "}");
}

static void put_kernel(struct json *json, const struct analysis *analysis, size_t kernel,
		       const struct wish *wish, struct sample *sample,
		       struct analysis_verdict *verdict)
{
	struct analysis_kernel_info info;

	analysis_kernel_info(analysis, kernel, &info);
	sample_judge(analysis, kernel, wish, sample, verdict);
	json_put(json, "%s{\"name\":", kernel ? "," : "");
	json_text(json, info.name);
	json_put(json, ",\"line\":%u,\"column\":%u,\"hidden\":%s",
		 analysis_is_spirv(analysis) ? 0 : info.line, info.column,
		 info.has_hidden ? "true" : "false");
	put_sizes(json, "global", sample->launch.global, true);
	put_sizes(json, "local", sample->launch.local, sample->launch.local[0] != 0);
	json_put(json, ",\"global_assumed\":%s,\"local_assumed\":%s",
		 sample->is_global_assumed ? "true" : "false",
		 sample->is_local_assumed ? "true" : "false");
	if (verdict->rule) {
		json_put(json, ",\"verdict\":\"whole\",\"rule\":\"%s\",\"reason\":",
			 analysis_rule_name(verdict->rule));
		json_text(json, verdict->reason);
		json_put(json, ",\"advice\":");
		json_text(json, analysis_rule_advice(verdict->rule));
		if (verdict->line && verdict->is_in_source)
			json_put(json, ",\"at\":{\"line\":%u,\"column\":%u}", verdict->line,
				 verdict->column);
		else
			json_put(json, ",\"at\":null");
		put_instruction(json, analysis, verdict->line);
	} else {
		json_put(
		    json,
		    ",\"verdict\":\"split\",\"dimension\":\"%c\",\"group\":%llu,\"groups\":%llu",
		    "xyz"[verdict->dimension % 3], (unsigned long long)verdict -> group,
		    (unsigned long long)verdict -> groups);
	}
	put_args(json, &info, sample, verdict);
	json_put(json, "}");
}

static void put_program(struct json *json, const struct analysis *analysis, const struct wish *wish,
			struct sample *sample, struct analysis_verdict *verdict)
{
	unsigned line = 0, column = 0;
	const char *error = analysis_error(analysis, &line, &column);
	size_t i;

	json_put(json, "{\"schema\":\"mvgal.explain/1\",\"error\":");
	if (error) {
		json_put(json, "{\"message\":");
		json_text(json, error);
		json_put(json, ",\"line\":%u,\"column\":%u}", line, column);
	} else {
		json_put(json, "null");
	}
	json_put(json, ",\"kernels\":[");
	for (i = 0; i < analysis_kernel_count(analysis); i++)
		put_kernel(json, analysis, i, wish, sample, verdict);
	json_put(json, "],\"skipped\":[");
	for (i = 0; i < analysis_gap_count(analysis); i++) {
		const char *message = analysis_gap(analysis, i, &line, &column);

		json_put(json, "%s{\"message\":", i ? "," : "");
		json_text(json, message);
		json_put(json, ",\"line\":%u,\"column\":%u}", line, column);
	}
	json_put(json, "]}");
}

__attribute__((visibility("default"))) size_t
mvgal_explain(const char *source, size_t length, const char *options, char *out, size_t out_length)
{
	static const char *const MACROS[] = {"__IMAGE_SUPPORT__=1",
					     "cl_khr_fp64=1",
					     "cl_khr_global_int32_base_atomics=1",
					     "cl_khr_global_int32_extended_atomics=1",
					     "cl_khr_local_int32_base_atomics=1",
					     "cl_khr_local_int32_extended_atomics=1",
					     "cl_khr_byte_addressable_store=1",
					     "cl_khr_3d_image_writes=1"};
	struct json json = {.out = out, .room = out_length};
	struct analysis_verdict *verdict = malloc(sizeof(*verdict));
	struct sample *sample = malloc(sizeof(*sample));
	struct analysis *analysis = NULL;
	struct wish wish = {0};

	if (verdict && sample && wish_read(&wish, options ? options : "")) {
		const struct analysis_input input = {
		    .source = source,
		    .length = length,
		    .options = wish.options,
		    .macros = MACROS,
		    .macro_count = sizeof(MACROS) / sizeof(*MACROS),
		    /* As drivers are today. */
		    .c_version = 120,
		    .device_version = 300,
		};

		analysis = analysis_create(&input);
	}
	if (analysis)
		put_program(&json, analysis, &wish, sample, verdict);
	analysis_free(analysis);
	free(wish.options);
	free(sample);
	free(verdict);
	return json.length;
}
