/* SPDX-License-Identifier: MIT */
#include "view.h"

#include "account.h"
#include "async.h"
#include "group.h"
#include "limits_now.h"

static uint64_t least(uint64_t one, uint64_t other)
{
	return one < other ? one : other;
}

struct memory_view view_of(struct group_use use, uint64_t own_limit, uint64_t total,
			   uint64_t unused)
{
	struct memory_view view = {.total = total, .unused = unused, .used = total - unused};
	uint64_t own_left = own_limit - least(use.own, own_limit);
	uint64_t left = least(own_left, use.limit - least(use.all, use.limit));

	view.is_limited = least(own_limit, use.limit) < total;
	if (!view.is_limited)
		return view;
	view.total = least(own_limit, use.limit);
	left = least(left, view.total);
	view.used = view.total - left;
	view.unused = least(unused, left);
	return view;
}

struct memory_view view_of_device(const struct device *device, uint64_t total, uint64_t unused)
{
	if (!device)
		return (struct memory_view){
		    .total = total, .unused = unused, .used = total - unused};
	account_begin();
	async_settle(device);
	return view_of(group_use_named(device->id),
		       limits_own_bytes(device->device, device->id, device->uuid), total, unused);
}

void account_view(CUdevice device, size_t *unused, size_t *total)
{
	struct memory_view view = view_of_device(account_device(device), *total, *unused);

	*unused = view.unused;
	*total = view.total;
}

struct memory_view view_of_named(int index, const char *id, const char *uuid, uint64_t total,
				 uint64_t unused)
{
	account_begin();
	return view_of(group_use_named(id), limits_own_bytes(index, id, uuid), total, unused);
}
