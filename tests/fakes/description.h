/*
 * What a fake vendor library shows, read from the file devices.txt beside the library itself.
 *
 * A line is a key and a value. A line `device` begins a device and `instance` a part of the device
 * before it; lines before the first are the system's. `fail FUNCTION CODE` makes a function answer
 * CODE for that device (or for the system); `*` stands for every function. A key that is not there
 * is one that the device lacks.
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
};

struct fake_section {
	enum fake_kind kind;
	struct fake_section *parent;
	int line_count;
	struct fake_line lines[64];
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

/* What `function` shall answer for this section: 0, or the code of its `fail` line. */
static inline long fake_failure(const struct fake_section *section, const char *function)
{
	char name[64];
	long code;

	for (int i = 0; i < section->line_count; i++)
		if (!strcmp(section->lines[i].key, "fail") &&
		    sscanf(section->lines[i].value, "%63s %li", name, &code) == 2 &&
		    (!strcmp(name, function) || !strcmp(name, "*")))
			return code;
	return 0;
}

#endif
