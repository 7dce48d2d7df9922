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
extern void text_add_frontier(Text *text, const Frontier *f);
extern void text_add_description(Text *text, const Description *desc);
extern void text_add_error(Text *text, const CoreError *err);
extern void text_reset(Text *text);

/* Is this the name of the directive?  And the value of name=... in it, or NULL. */
extern bool directive_is(const char *directive, const char *name);
extern const char *directive_argument(const char *directive, const char *name);

/* Parses a frontier argument; an error if it is missing. */
extern Status directive_frontier(const char *directive, const char *name,
								 const Arena *arena, Frontier *result, CoreError *err);

/*
 * Runs action on each line of input, `[lower][upper][since] len part part ...`,
 * as far as the first error.  The batch is gone afterwards.
 */
typedef Status (*LineAction) (void *state, const HollowBatch *batch, Text *answer,
							  CoreError *err);
extern Status for_each_line(void *state, const char *input, LineAction action,
							Text *answer, CoreError *err);

/*
 * A kind of script.  run adds the answer to one directive and its input lines;
 * nothing means empty.
 */
typedef struct ReplayKind
{
	const char *name;
	void	   *(*start) (void);
	void		(*run) (void *state, const char *directive, const char *input,
						Text *answer);
	void		(*end) (void *state);
} ReplayKind;

extern const ReplayKind replay_persist;
extern const ReplayKind replay_dd;

/* What the persist directives work on. */
typedef struct PersistState
{
	Chunks		memory;			/* the trace's arena */
	Trace		trace;
	HollowList	hollow;
	Text		requests;		/* kept for take-merge-reqs */
} PersistState;

/* replay_flat.c: the directives flatten, roundtrip and rebuild. */
extern void persist_flatten(PersistState *state, Text *answer);
extern void persist_unflatten(PersistState *state, bool structure, Text *answer);

/* Part names of the hollow batches in [lo, hi), with a space before each. */
extern void persist_add_parts(const PersistState *state, uint64_t lo, uint64_t hi,
							  Text *text);

#endif
