/* SPDX-License-Identifier: MIT */
/* The lender's part, by the driver of the tests itself: memory of cards that the program does not
 * see. */
#include "lent.h"

#include <string.h>

#include "charged.h"
#include "devices.h"
#include "pool.h"
#include "pool_program.h"
#include "real.h"

void lent_begin(void)
{
}

CUresult lent_cards(struct lender_card cards[LENDER_CARDS], unsigned int *count)
{
	const struct cuda_real *real = cuda_real();

	*count = (unsigned int)fake_cards();
	for (int i = 0; i < fake_cards(); i++) {
		struct lender_card *card = &cards[i];
		int reaches = 0;
		size_t total;

		memset(card, 0, sizeof(*card));
		EXPECT(device_names(i, card->id, card->uuid));
		EXPECT(real->cuDeviceTotalMem_v2(&total, i) == CUDA_SUCCESS);
		card->total = total;
		card->unused = total - fake_used(i);
		card->granularity = 2 * MIB;
		card->is_reached =
		    i == 0 ||
		    (real->cuDeviceCanAccessPeer(&reaches, 0, i) == CUDA_SUCCESS && reaches);
	}
	return CUDA_SUCCESS;
}

/* As the shim's own, without the accounts. */
CUresult charged_cuMemCreate(CUmemGenericAllocationHandle *handle, size_t bytes,
			     const CUmemAllocationProp *props, unsigned long long flags)
{
	CUresult result;

	return pool_create(handle, bytes, props, &result)
		   ? result
		   : cuda_real()->cuMemCreate(handle, bytes, props, flags);
}

CUresult lent_memory(unsigned int card, size_t bytes, unsigned int count,
		     CUmemGenericAllocationHandle *handles, unsigned int *made)
{
	CUmemAllocationProp props = {.type = CU_MEM_ALLOCATION_TYPE_PINNED,
				     .location = {CU_MEM_LOCATION_TYPE_DEVICE, (int)card}};
	CUresult result = CUDA_SUCCESS;

	EXPECT(count <= LENDER_PIECES);
	for (*made = 0; *made < count && result == CUDA_SUCCESS;) {
		result = cuda_real()->cuMemCreate(&handles[*made], bytes, &props, 0);
		*made += result == CUDA_SUCCESS;
	}
	return *made ? CUDA_SUCCESS : result;
}
