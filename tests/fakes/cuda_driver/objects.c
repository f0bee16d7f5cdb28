#include "driver.h"
#include <stdlib.h>

struct object {
	struct object *next;
	enum kind kind;
	_Alignas(16) char bytes[];
};

static struct object *table[4096];

static size_t place_of(const void *object)
{
	return ((uintptr_t)object >> 4) % 4096;
}

static struct object **find(const void *object)
{
	struct object **link = &table[place_of(object)];

	while (*link && (*link)->bytes != (const char *)object)
		link = &(*link)->next;
	return link;
}

void *object_new(enum kind kind, size_t size)
{
	struct object *made = calloc(1, sizeof(*made) + size);
	size_t place;

	if (!made)
		abort();
	place = place_of(made->bytes);
	made->kind = kind;
	made->next = table[place];
	table[place] = made;
	return made->bytes;
}

bool object_is(const void *object, enum kind kind)
{
	struct object *found = object ? *find(object) : NULL;

	return found && found->kind == kind;
}

void object_end(void *object)
{
	struct object **link = find(object), *found = *link;

	*link = found->next;
	free(found);
}

void objects_of(enum kind kind, void (*each)(void *object, void *data), void *data)
{
	for (size_t i = 0; i < 4096; i++)
		for (struct object *object = table[i], *next; object; object = next) {
			next = object->next;
			if (object->kind == kind)
				each(object->bytes, data);
		}
}
