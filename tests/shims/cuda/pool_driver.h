/* SPDX-License-Identifier: MIT */
/* What a test may ask of the driver of pool_driver.c, and do to it. */
#ifndef POOL_DRIVER_H
#define POOL_DRIVER_H

#include <stddef.h>

/* The next call of that function but `after` fails with `code`, once. 0 for the name: none does. */
extern void fake_fail(const char *name, int after, int code);

/* Calls of that function so far. */
extern long fake_calls(const char *name);

/* Bytes of a card that are taken (-1: of the host), handles and reservations that are left. */
extern size_t fake_used(int device);
extern int fake_handles(void);
extern int fake_reservations(void);

/* Whose memory is mapped at an address: a card, -1 for the host, -2 for nothing. */
extern int fake_card_at(unsigned long long pointer);

/* Work is begun that lasts until somebody waits for it, or it is ended. */
extern void fake_begin_work(void);
extern void fake_end_work(void);

/* How often memory was taken away under work. */
extern int fake_faults(void);

/* How many cards there are; the program is shown the first alone. */
extern int fake_cards(void);

/* Copies and fills of memory on several cards are refused from now on. */
extern void fake_refuse_mixed(int refuse);

#endif
