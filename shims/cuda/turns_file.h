/* SPDX-License-Identifier: MIT */
/* The table of a GPU that its programs share: gpus/<id>.turn below the runtime directory. */
#ifndef MVGAL_CUDA_TURNS_FILE_H
#define MVGAL_CUDA_TURNS_FILE_H

#include "turns.h"

/* Maps it; where that cannot be, a table of this process alone. NULL without memory. */
struct turns_table *turns_file_open(const char *id);

/* This process, as an owner of turns, and whether another one lives. */
uint64_t turns_file_own(void);
bool turns_file_lives(uint64_t owner);

#endif
