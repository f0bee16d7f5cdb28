/* SPDX-License-Identifier: MIT */
/* What the shim has to tell its user: one line on stderr. */
#ifndef MVGAL_CUDA_SAY_H
#define MVGAL_CUDA_SAY_H

/* What the user has to know. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* What helps to find out why: with MVGAL_LOG alone. */
__attribute__((format(printf, 1, 2))) void say_detail(const char *format, ...);

#endif
