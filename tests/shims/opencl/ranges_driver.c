/* Sets of ranges beside sets of bytes, changed at random. */
#include "../../../shims/opencl/ranges.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES 64

static bool bytes[BYTES];

static bool first(bool wanted, size_t start, size_t end, struct range *found)
{
	while (start < end && bytes[start] != wanted)
		start++;
	found->start = found->end = start;
	while (found->end < end && bytes[found->end] == wanted)
		found->end++;
	return start < end;
}

int main(void)
{
	struct ranges ranges = {0};

	srand(1);
	for (int i = 0; i < 200000; i++) {
		size_t start = (size_t)rand() % BYTES, end = (size_t)rand() % (BYTES + 1);
		struct range got, expected;
		bool has, gap;

		if (rand() % 2)
			end = start + (size_t)rand() % (BYTES + 1 - start);
		if (rand() % 2) {
			ranges_add(&ranges, start, end);
			for (size_t at = start; at < end; at++)
				bytes[at] = true;
		} else {
			ranges_remove(&ranges, start, end);
			for (size_t at = start; at < end; at++)
				bytes[at] = false;
		}
		start = (size_t)rand() % BYTES;
		end = start + (size_t)rand() % (BYTES + 1 - start);
		has = first(true, start, end, &expected);
		if (ranges_first(&ranges, start, end, &got) != has ||
		    (has && memcmp(&got, &expected, sizeof(got)))) {
			printf("step %d: the first of [%zu, %zu) differs\n", i, start, end);
			return 1;
		}
		gap = first(false, start, end, &expected);
		if (ranges_first_gap(&ranges, start, end, &got) != gap ||
		    ranges_has(&ranges, start, end) == gap ||
		    (gap && memcmp(&got, &expected, sizeof(got)))) {
			printf("step %d: the first gap of [%zu, %zu) differs\n", i, start, end);
			return 1;
		}
		for (unsigned int j = 1; j < ranges.count; j++)
			if (ranges.list[j - 1].end >= ranges.list[j].start) {
				printf("step %d: intervals touch\n", i);
				return 1;
			}
	}
	ranges_free(&ranges);
	puts("done");
	return 0;
}
