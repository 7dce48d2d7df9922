/*
 * stop_point.h
 *		Named places in the code where a test can hold a process up, to kill it
 *		or to cancel what it does just there.
 *
 * Only in builds with STOP_POINTS=1; in all others nothing of it is compiled.
 * The functions that arm a stop point are in stop_point.sql, which is never
 * installed: a test runs it where it needs it.
 */
#ifndef SPINE_DEV_STOP_POINT_H
#define SPINE_DEV_STOP_POINT_H

#ifdef SPINE_STOP_POINTS

/* Called once from _PG_init: asks for shared memory. */
extern void stop_points_init(void);

/*
 * Stops here if this point is armed.  A process that waits can be cancelled,
 * unless the server holds interrupts off there, and is not to be released.
 */
extern void stop_point(const char *name);

#else

#define stop_points_init() ((void) 0)
#define stop_point(name) ((void) 0)

#endif

#endif
