/*
 * replay.h
 *		What the parts of the replay program share.
 */
#ifndef SPINE_CORE_REPLAY_H
#define SPINE_CORE_REPLAY_H

#include "core/hollow.h"

/* Text that grows; all zero at first. */
typedef struct Text
{
	char	   *data;
	size_t		size;
	size_t		capacity;
} Text;

extern void text_add(Text *text, const char *format,...)
	__attribute__((format(printf, 2, 3)));
extern void text_reset(Text *text);

typedef struct ReplayState ReplayState;

extern ReplayState *replay_persist_new(void);
extern void replay_persist_free(ReplayState *state);

/* Adds the answer to one directive and its input lines; nothing means empty. */
extern void replay_persist(ReplayState *state, const char *directive,
						   const char *input, Text *answer);

#endif
