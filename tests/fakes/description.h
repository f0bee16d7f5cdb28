/*
 * What a fake vendor library shows, read from the file devices.txt beside the library itself.
 *
 * A line is a key and a value. A line `device` begins a device and `instance` a part of the device
 * before it; lines before the first are the system's. `fail FUNCTION CODE [AFTER [TIMES]]` makes a
 * function answer CODE for that device (or for the system), from the call behind the first AFTER
 * on, TIMES times or for ever; `*` stands for every function. `flaky FUNCTION CODE PERMILLE` makes
 * it fail at random, in the same order in each run. A key that is not there is one that the device
 * lacks.
 *
 *     driver_version 550.54.15
 *     device
 *     name NVIDIA A100-SXM4-40GB
 *     fail nvmlDeviceGetTemperature 15
 */
#ifndef MVGAL_FAKE_DESCRIPTION_H
#define MVGAL_FAKE_DESCRIPTION_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum fake_kind { FAKE_SYSTEM, FAKE_DEVICE, FAKE_INSTANCE };

struct fake_line {
	char key[64];
	char value[256];
	/* How often the line was asked for. */
	long asked;
};

struct fake_section {
	enum fake_kind kind;
	struct fake_section *parent;
	int line_count;
	struct fake_line lines[256];
};

static struct {
	int count;
	struct fake_section sections[32];
} fake;

/* Reads devices.txt beside this library; once again for each initialisation. */
static inline bool fake_load(void)
{
	Dl_info self;
	char path[4096], text[512];
	struct fake_section *section = &fake.sections[0];
	struct fake_section *device = section;
	FILE *file;

	if (!dladdr((void *)fake_load, &self))
		return false;
	snprintf(path, sizeof(path), "%s", self.dli_fname);
	char *slash = strrchr(path, '/');
	snprintf(slash ? slash + 1 : path, 12, "devices.txt");
	file = fopen(path, "r");
	if (!file)
		return false;
	memset(&fake, 0, sizeof(fake));
	fake.count = 1;
	while (fgets(text, sizeof(text), file)) {
		text[strcspn(text, "\n")] = '\0';
		char *key = text + strspn(text, " \t");
		if (*key == '\0' || *key == '#')
			continue;
		if (!strcmp(key, "device") || !strcmp(key, "instance")) {
			section = &fake.sections[fake.count++];
			section->kind = *key == 'd' ? FAKE_DEVICE : FAKE_INSTANCE;
			section->parent = device;
			if (section->kind == FAKE_DEVICE)
				device = section;
			continue;
		}
		struct fake_line *line = &section->lines[section->line_count++];
		char *space = strchr(key, ' ');
		snprintf(line->key, sizeof(line->key), "%.*s",
			 space ? (int)(space - key) : (int)strlen(key), key);
		snprintf(line->value, sizeof(line->value), "%s", space ? space + 1 : "");
	}
	fclose(file);
	return true;
}

/* The section of this kind with this index below `parent`; a null parent means any. */
static inline struct fake_section *fake_find(enum fake_kind kind, struct fake_section *parent,
					     int index)
{
	for (int i = 0; i < fake.count; i++) {
		struct fake_section *section = &fake.sections[i];
		if (section->kind != kind || (parent && section->parent != parent))
			continue;
		if (index-- == 0)
			return section;
	}
	return NULL;
}

static inline int fake_count(enum fake_kind kind, struct fake_section *parent)
{
	int count = 0;

	while (fake_find(kind, parent, count))
		count++;
	return count;
}

/* The value of a key; null where the section has none. */
static inline const char *fake_text(const struct fake_section *section, const char *key)
{
	for (int i = 0; i < section->line_count; i++)
		if (!strcmp(section->lines[i].key, key))
			return section->lines[i].value;
	return NULL;
}

/* A number in decimal or 0x form; false where the section has none. */
static inline bool fake_number(const struct fake_section *section, const char *key, uint64_t *value)
{
	const char *text = fake_text(section, key);

	if (!text)
		return false;
	*value = strtoull(text, NULL, 0);
	return true;
}

/*
 * The next number of a list, one for each call: `1000 3000 2000` gives these in turn, and then the
 * last again and again. False where the section has none.
 */
static inline bool fake_next(struct fake_section *section, const char *key, uint64_t *value)
{
	for (int i = 0; i < section->line_count; i++) {
		struct fake_line *line = &section->lines[i];
		char *at = line->value, *end;

		if (strcmp(line->key, key))
			continue;
		*value = strtoull(at, &end, 0);
		for (long skip = line->asked; skip > 0 && *end != '\0'; skip--) {
			at = end;
			*value = strtoull(at, &end, 0);
		}
		line->asked++;
		return true;
	}
	return false;
}

/* Whether one in a thousand times `permille` came up; a linear congruential generator (Knuth). */
static inline bool fake_chance(unsigned int permille)
{
	static uint64_t state = 42;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % 1000 < permille;
}

/* What `function` shall answer for this section: 0, or the code of its `fail` or `flaky` line. */
static inline long fake_failure(struct fake_section *section, const char *function)
{
	char name[64];
	long code, after, times;

	for (int i = 0; i < section->line_count; i++) {
		struct fake_line *line = &section->lines[i];
		bool flaky = !strcmp(line->key, "flaky");
		int words;

		if (!flaky && strcmp(line->key, "fail"))
			continue;
		after = 0;
		times = -1;
		words = sscanf(line->value, "%63s %li %li %li", name, &code, &after, &times);
		if (words < 2 || (strcmp(name, function) && strcmp(name, "*")))
			continue;
		if (flaky) {
			if (fake_chance((unsigned int)after))
				return code;
			continue;
		}
		line->asked++;
		if (line->asked > after && (times < 0 || line->asked <= after + times))
			return code;
	}
	return 0;
}

#endif
