/*
 * replay_dd.c
 *		The directives of `dd` scripts: a spine of batches that have a length and
 *		a name.
 */
#include "core/dd.h"
#include "core/replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct DdState
{
	Chunks		memory;			/* the spine's arena */
	DdSpine		spine;
	char	  **names;			/* of batches, by the id they begin with */
	uint64_t	nnames;
	const char *name;			/* of the batch being inserted */
	int64_t		ratio_num;		/* how much of its input a merge leaves */
	int64_t		ratio_den;
	Text		events;
	int64_t		activations;
} DdState;

static void
set_name(DdState *state, uint64_t id, char *name)
{
	if (id >= state->nnames)
	{
		uint64_t	n = 2 * id + 64;

		state->names = realloc(state->names, n * sizeof(char *));
		if (state->names == NULL)
			exit(2);
		memset(state->names + state->nnames, 0, (n - state->nnames) * sizeof(char *));
		state->nnames = n;
	}
	free(state->names[id]);
	state->names[id] = name;
}

static void
inserted(void *context, const SpineBatch *batch)
{
	DdState    *state = context;

	text_add(&state->events, "batch len=%" PRId64 "\n", batch->len);
	set_name(state, batch->lo, strdup(state->name));
}

static void
met(void *context, int level, const SpineBatch pair[2])
{
	DdState    *state = context;

	text_add(&state->events, "merge begin scale=%d len1=%" PRId64 " len2=%" PRId64 "\n",
			 level, pair[0].len, pair[1].len);
}

static int64_t
merge(void *context, int level, const SpineBatch pair[2])
{
	DdState    *state = context;
	int64_t		sum = pair[0].len + pair[1].len;
	int64_t		len = (sum * state->ratio_num + state->ratio_den - 1) / state->ratio_den;
	Text		name = {0};

	text_add(&state->events, "merge done scale=%d len1=%" PRId64 " len2=%" PRId64
			 " len=%" PRId64 "\n", level, pair[0].len, pair[1].len, len);
	text_add(&name, "(%s+%s)", state->names[pair[0].lo], state->names[pair[1].lo]);
	set_name(state, pair[1].lo, NULL);
	set_name(state, pair[0].lo, name.data);
	return len;
}

static void
dropped(void *context, const SpineBatch *batch)
{
	DdState    *state = context;

	text_add(&state->events, "drop len=%" PRId64 "\n", batch->len);
}

static void
activate(void *context)
{
	DdState    *state = context;

	state->activations++;
}

static Status
start_spine(DdState *state, int dims, int effort, CoreError *err)
{
	DdOwner		owner = {state, inserted, met, merge, dropped, activate};

	chunks_free(&state->memory);
	return dd_init(&state->spine, dims, effort, chunks_arena(&state->memory), &owner, err);
}

static void *
start(void)
{
	DdState    *state = calloc(1, sizeof(DdState));
	CoreError	err;

	if (state == NULL)
		exit(2);
	state->ratio_num = state->ratio_den = 1;
	start_spine(state, 1, 1, &err);
	return state;
}

static void
end(void *context)
{
	DdState    *state = context;

	for (uint64_t i = 0; i < state->nnames; i++)
		free(state->names[i]);
	free(state->names);
	text_reset(&state->events);
	chunks_free(&state->memory);
	free(state);
}

static int64_t
number(const char *directive, const char *name)
{
	const char *text = directive_argument(directive, name);

	return text == NULL ? 0 : strtoll(text, NULL, 10);
}

/* A bare frontier is an answer, too. */
static void
answer_frontier(const Frontier *f, Text *answer)
{
	text_add_frontier(answer, f);
	text_add(answer, "\n");
}

/* As the recorded answers have it, where that is not the sentence for people. */
static const char *
recorded_words(const CoreError *err)
{
	switch (err->status)
	{
		case CORE_STRADDLES:
			return "straddles";
		case CORE_NOT_BEYOND_PHYSICAL:
			return "not beyond physical";
		case CORE_PHYSICAL_REGRESSED:
			return "physical frontier regressed";
		case CORE_CLOSED:
			return "closed";
		default:
			return err->message;
	}
}

static void
answer_status(Status status, const CoreError *err, Text *answer)
{
	if (status == CORE_OK)
		text_add(answer, "ok\n");
	else
		text_add(answer, "error: %s\n", recorded_words(err));
}

static Status
insert_line(void *context, const HollowBatch *batch, Text *answer, CoreError *err)
{
	DdState    *state = context;

	(void) answer;
	state->name = batch->nparts > 0 ? batch->parts[0] : "_";
	return dd_insert(&state->spine, batch, err);
}

static void
batch_line(const DdState *state, const SpineBatch *batch, Text *answer)
{
	text_add_description(answer, &batch->desc);
	text_add(answer, " %" PRId64 " %s\n", batch->len, state->names[batch->lo]);
}

static void
batches(DdState *state, Text *answer)
{
	Trace	   *trace = &state->spine.trace;
	LevelsWalk	walk = LEVELS_WALK_START(&trace->levels);
	SpineBatch *batch;

	while ((batch = levels_next(&trace->levels, &walk, NULL)) != NULL)
		batch_line(state, batch, answer);
	for (uint32_t i = 0; i < trace->npending; i++)
		batch_line(state, &trace->pending[i], answer);
}

static void
levels(DdState *state, Text *answer)
{
	const Levels *all = &state->spine.trace.levels;

	for (int i = 0; i < all->count; i++)
	{
		const Level *level = &all->level[i];
		LevelState	now = level_state(level);
		bool		none = now != LEVEL_VACANT && now != LEVEL_IN_PROGRESS &&
			spine_batch_is_structural(level_batch(level));

		text_add(answer, "L%d: %d,%" PRId64 " %s%s", i, level->count, level_length(level),
				 now == LEVEL_VACANT ? "Vacant" : now == LEVEL_SINGLE ? "Single" :
				 now == LEVEL_COMPLETE ? "Complete" : "InProgress since=",
				 none ? "(None)" : "");
		if (now == LEVEL_IN_PROGRESS)
		{
			text_add_frontier(answer, &level->merge.since);
			text_add(answer, " remaining=%" PRId64, level->merge.remaining);
		}
		text_add(answer, "\n");
	}
}

/* What a cursor reads, on its way to the answer. */
typedef struct Cursor
{
	DdState    *state;
	Text	   *answer;
} Cursor;

static void
take(void *context, const SpineBatch *batch)
{
	Cursor	   *cursor = context;

	text_add(cursor->answer, "%s\n", cursor->state->names[batch->lo]);
}

static void
drain(Text *from, Text *answer)
{
	if (from->size > 0)
		text_add(answer, "%s", from->data);
	text_reset(from);
}

/* Directives with a frontier, f=. */
static bool
run_frontier(DdState *state, const char *directive, Text *answer)
{
	bool		logical = directive_is(directive, "set-logical");
	bool		physical = directive_is(directive, "set-physical");
	DdSpine    *spine = &state->spine;
	Cursor		cursor = {state, answer};
	Frontier	f;
	CoreError	err;
	Status		status;

	if (!logical && !physical && !directive_is(directive, "cursor-through"))
		return false;
	status = directive_frontier(directive, "f", &spine->trace.arena, &f, &err);
	if (status == CORE_OK)
		status = logical ? dd_set_logical(spine, &f, &err) :
			physical ? dd_set_physical(spine, &f, &err) :
			dd_cursor_through(spine, &f, take, &cursor, &err);
	if (status != CORE_OK || logical || physical)
		answer_status(status, &err, answer);
	return true;
}

/* Directives that look at the spine. */
static bool
run_look(DdState *state, const char *directive, Text *answer)
{
	const Trace *trace = &state->spine.trace;

	if (directive_is(directive, "logical"))
		answer_frontier(&trace->since, answer);
	else if (directive_is(directive, "physical"))
		answer_frontier(&trace->physical, answer);
	else if (directive_is(directive, "upper") || directive_is(directive, "read-upper"))
		answer_frontier(&trace->upper, answer);
	else if (directive_is(directive, "levels"))
		levels(state, answer);
	else if (directive_is(directive, "batches"))
		batches(state, answer);
	else if (directive_is(directive, "pending"))
		text_add(answer, "n=%" PRIu32 "\n", trace->npending);
	else if (directive_is(directive, "events"))
		drain(&state->events, answer);
	else if (directive_is(directive, "activations"))
	{
		text_add(answer, "n=%" PRId64 "\n", state->activations);
		state->activations = 0;
	}
	else
		return false;
	return true;
}

/* Directives that start over, or set how the spine works. */
static bool
run_setting(DdState *state, const char *directive, CoreError *err, Status *status)
{
	if (directive_is(directive, "time") || directive_is(directive, "new"))
	{
		bool		time = directive_is(directive, "time");

		dd_drop(&state->spine);
		*status = start_spine(state, time ? (int) number(directive, "dims") :
							  state->spine.trace.dims,
							  time ? 1 : (int) number(directive, "effort"), err);
	}
	else if (directive_is(directive, "exert-logic"))
		state->spine.idle_effort = number(directive, "effort");
	else if (directive_is(directive, "merge-ratio"))
	{
		state->ratio_num = number(directive, "num");
		state->ratio_den = number(directive, "den");
	}
	else
		return false;
	return true;
}

static void
run(void *context, const char *directive, const char *input, Text *answer)
{
	DdState    *state = context;
	DdSpine    *spine = &state->spine;
	Status		status = CORE_OK;
	bool		closed;
	CoreError	err;

	if (run_look(state, directive, answer) || run_frontier(state, directive, answer))
		return;
	if (directive_is(directive, "insert"))
		status = for_each_line(state, input, insert_line, answer, &err);
	else if (directive_is(directive, "exert"))
		status = dd_exert(spine, &err);
	else if (directive_is(directive, "introduce-empty"))
		status = dd_introduce_empty(spine, (int) number(directive, "level"), &err);
	else if (directive_is(directive, "apply-fuel"))
		status = dd_apply_fuel(spine, number(directive, "n"), &err);
	else if (directive_is(directive, "close"))
	{
		state->name = "close";
		status = dd_close(spine, &closed, &err);
	}
	else if (!run_setting(state, directive, &err, &status))
	{
		text_add(answer, "error: unknown directive\n");
		return;
	}
	answer_status(status, &err, answer);
}

const ReplayKind replay_dd = {"dd", start, run, end};
