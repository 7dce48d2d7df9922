/*
 * sweep.h
 *		Runs of files that are gone.
 */
#ifndef SPINE_AM_SWEEP_H
#define SPINE_AM_SWEEP_H

/*
 * Drops what sessions without the library have left behind.  Waits for nobody: what
 * somebody else is at is left for the next time.
 */
extern void files_sweep(void);

#endif
