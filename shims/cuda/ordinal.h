/* SPDX-License-Identifier: MIT */
/* CUDA's number of a GPU for a process that has no CUDA: by CUDA_VISIBLE_DEVICES. */
#ifndef MVGAL_CUDA_ORDINAL_H
#define MVGAL_CUDA_ORDINAL_H

/*
 * Place of a GPU in a list as of CUDA_VISIBLE_DEVICES (NULL: unset), by NVML's index and UUID; -1
 * where it is not in it. The list ends at the first entry that is none. CUDA's own order is NVML's
 * with CUDA_DEVICE_ORDER=PCI_BUS_ID, and wherever all GPUs of the host are alike.
 */
int ordinal_in(const char *list, unsigned int index, const char *uuid);

#endif
