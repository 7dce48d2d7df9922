/*
 * home.h
 *		Is this database where its data came to be, or a copy?
 */
#ifndef SPINE_STATE_HOME_H
#define SPINE_STATE_HOME_H

#include "postgres.h"

/* Does everything here belong to this database?  If not: whose is it, too? */
extern bool home_is_own(int64 *system, Oid *database);

/*
 * Makes everything here this database's own.  Waits for the transactions that
 * write to spines, and keeps others out until this one ends.
 */
extern void home_adopt(void);

#endif
