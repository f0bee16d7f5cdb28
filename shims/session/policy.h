/* SPDX-License-Identifier: MIT */
/*
 * Copying a policy that mvgal may be writing, and that anybody with the same rights may have
 * scribbled over: what comes out is whole and within the layout's bounds, or is not taken.
 */
#ifndef MVGAL_SESSION_POLICY_H
#define MVGAL_SESSION_POLICY_H

#include "mvgal_session.h"

enum policy_state {
	POLICY_SOUND,
	POLICY_TORN,	/* it was written meanwhile */
	POLICY_UNSOUND, /* its checksum is wrong, or a value is out of range */
};

/* The generation that stands there. */
uint64_t policy_generation(const struct mvgal_session_policy *shared);

/* Copies the policy. `copy` is to be used only where it is sound; its generation always is. */
enum policy_state policy_copy(struct mvgal_session_policy *copy,
			      const struct mvgal_session_policy *shared);

#endif
