/*
 * places.h
 *		The bounded pool: how launcher and workers use the mailbox.
 */
#ifndef SPINE_WORKER_PLACES_H
#define SPINE_WORKER_PLACES_H

#include "state/mailbox.h"

/* What a worker should do about its place. */
typedef enum PlaceOrder
{
	PLACE_STAY,
	PLACE_YIELD,				/* another database waits for a place */
	PLACE_GO					/* somebody needs the database empty */
} PlaceOrder;

/* For the launcher. */
extern void places_attach_launcher(void);
extern void places_launcher_woken(void);
extern void places_record_error(const char *message);
extern uint64 places_generation(void);
extern void places_forget(Oid database, uint64 generation);
extern bool places_take_overflow(void);
extern bool places_set_starting(Oid database);
extern void places_set_failed(Oid database);
extern void places_set_waiting(int databases);

/* For a worker, about its own place. */
extern bool place_attach(Oid database);
extern void place_arrived(bool absent);
extern bool place_set_merges(bool merges);
extern bool place_take_pending(void);
extern int64 place_rows_waiting_since(void);
extern void place_set_rows_waiting_since(int64 since);
extern PlaceOrder place_order(void);
extern bool place_leave(PlaceOrder why, int again);
extern bool place_record_error(uint64 task, const char *message);
extern void place_clear_errors(uint64 task);

#endif
