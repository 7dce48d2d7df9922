/*
 * replay_persist.c
 *		The directives of `persist` scripts: one trace and its hollow batches.
 *
 * Where our answer deliberately differs from the seed's, the seed's is printed
 * if it is merely less telling (a result with an invalid since is a no-op), and
 * an error if the seed would go wrong (inverted batches, results over no time,
 * a since that goes back).
 */
#include "core/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct ReplayState
{
	Trace		trace;
	HollowList	hollow;
	Text		requests;		/* kept for take-merge-reqs */
};

/* One batch line, taken apart; parts point into text. */
typedef struct BatchLine
{
	HollowBatch batch;
	char	   *text;
	const char **parts;
} BatchLine;

static void
start_over(ReplayState *state)
{
	CoreError	err;

	trace_init(&state->trace, 1, 1, &err);
	hollow_clear(&state->hollow);
	text_reset(&state->requests);
}

ReplayState *
replay_persist_new(void)
{
	ReplayState *state = calloc(1, sizeof(ReplayState));

	if (state == NULL)
		exit(2);
	start_over(state);
	return state;
}

void
replay_persist_free(ReplayState *state)
{
	start_over(state);
	free(state);
}

static void
answer_error(Text *answer, const CoreError *err)
{
	text_add(answer, "error: %s\n", err->message);
}

static void
batch_line_free(BatchLine *line)
{
	free(line->text);
	free(line->parts);
}

/* `[lower][upper][since] len part part ...`; frees nothing on an error. */
static Status
parse_batch_line(const char *start, size_t size, BatchLine *line, CoreError *err)
{
	Description *desc = &line->batch.desc;
	const char *p;
	char	   *rest;
	Status		status;

	*line = (BatchLine) {.text = strndup(start, size)};
	line->parts = calloc(size + 1, sizeof(char *));
	if (line->text == NULL || line->parts == NULL)
		exit(2);
	p = line->text;
	if ((status = frontier_parse(&p, &desc->lower, err)) != CORE_OK ||
		(status = frontier_parse(&p, &desc->upper, err)) != CORE_OK ||
		(status = frontier_parse(&p, &desc->since, err)) != CORE_OK)
		return status;
	errno = 0;
	line->batch.len = strtoll(p, &rest, 10);
	if (rest == p || errno != 0 || (*rest != '\0' && *rest != ' '))
		return core_error(err, CORE_SYNTAX, "malformed batch", NULL);
	for (char *part = strtok(rest, " "); part != NULL; part = strtok(NULL, " "))
		line->parts[line->batch.nparts++] = part;
	line->batch.parts = line->parts;
	return CORE_OK;
}

typedef Status (*LineAction) (ReplayState *state, const HollowBatch *batch,
							  Text *answer, CoreError *err);

/* Runs action on each batch line of input, as far as the first error. */
static Status
for_each_line(ReplayState *state, const char *input, LineAction action,
			  Text *answer, CoreError *err)
{
	Status		status = CORE_OK;

	while (*input != '\0' && status == CORE_OK)
	{
		size_t		size = strcspn(input, "\n");
		BatchLine	line;

		status = parse_batch_line(input, size, &line, err);
		if (status == CORE_OK)
			status = action(state, &line.batch, answer, err);
		batch_line_free(&line);
		input += size + (input[size] == '\n');
	}
	return status;
}

static void
add_parts(const ReplayState *state, uint64_t lo, uint64_t hi, Text *text)
{
	for (size_t i = hollow_index(&state->hollow, lo);
		 i < state->hollow.count && state->hollow.entries[i].hi <= hi; i++)
	{
		const HollowBatch *batch = &state->hollow.entries[i].batch;

		for (int32_t k = 0; k < batch->nparts; k++)
			text_add(text, " %s", batch->parts[k]);
	}
}

static void
add_request(const ReplayState *state, const MergeRequest *request, Text *text)
{
	char		buf[DESCRIPTION_TEXT_SIZE];

	text_add(text, "%s", description_print(&request->desc, buf));
	add_parts(state, request->lo, request->hi, text);
	text_add(text, "\n");
}

/* Advances a copy of the trace's upper, to see whether all lines are legal. */
static Status
check_line(ReplayState *state, const HollowBatch *batch, Text *answer, CoreError *err)
{
	Status		status = trace_check_push(&state->trace, batch, err);

	(void) answer;
	if (status == CORE_OK)
		state->trace.upper = batch->desc.upper;
	return status;
}

static Status
push_line(ReplayState *state, const HollowBatch *batch, Text *answer, CoreError *err)
{
	PushEffects effects = {.want_requests = true};
	Status		status = trace_push(&state->trace, batch, &effects, err);

	(void) answer;
	if (status != CORE_OK)
		return status;
	hollow_pushed(&state->hollow, batch, &effects);
	for (int i = 0; i < effects.nrequests; i++)
		add_request(state, &effects.requests[i], &state->requests);
	return CORE_OK;
}

static void
push_batch(ReplayState *state, const char *input, Text *answer)
{
	Frontier	upper = state->trace.upper;
	CoreError	err;
	Status		status = for_each_line(state, input, check_line, answer, &err);

	state->trace.upper = upper;
	if (status == CORE_OK)
		status = for_each_line(state, input, push_line, answer, &err);
	if (status == CORE_OK)
		text_add(answer, "ok\n");
	else
		answer_error(answer, &err);
}

/* An error is this line's answer; the next one is applied all the same. */
static Status
apply_line(ReplayState *state, const HollowBatch *batch, Text *answer, CoreError *err)
{
	static const char *const outcomes[] = {
		"applied exact", "applied subset", "no-op", "no-op", "no-op too many updates"
	};
	HollowSource source = hollow_source(&state->hollow);
	ApplyEffect effect;

	if (trace_match(&state->trace, batch, &source, &effect, err) != CORE_OK)
	{
		answer_error(answer, err);
		return CORE_OK;
	}
	if (effect.outcome == APPLIED_EXACT || effect.outcome == APPLIED_SUBSET)
	{
		trace_apply(batch, &effect);
		hollow_replace(&state->hollow, effect.lo, effect.hi, batch);
	}
	text_add(answer, "%s\n", outcomes[effect.outcome]);
	return CORE_OK;
}

static void
apply_merge_res(ReplayState *state, const char *input, Text *answer)
{
	CoreError	err;

	if (for_each_line(state, input, apply_line, answer, &err) != CORE_OK)
		answer_error(answer, &err);
}

static void
all_merge_reqs(ReplayState *state, Text *answer)
{
	LevelsWalk	walk = LEVELS_WALK_START(&state->trace.levels);
	SpineBatch *batch;

	while ((batch = levels_next(&state->trace.levels, &walk, NULL)) != NULL)
		if (spine_batch_is_fueled(batch))
		{
			MergeRequest request = spine_batch_request(batch);

			add_request(state, &request, answer);
		}
}

static void
take_merge_reqs(ReplayState *state, Text *answer)
{
	if (state->requests.size > 0)
		text_add(answer, "%s", state->requests.data);
	text_reset(&state->requests);
}

static void
batches(ReplayState *state, Text *answer)
{
	char		buf[DESCRIPTION_TEXT_SIZE];

	for (size_t i = 0; i < state->hollow.count; i++)
	{
		const HollowEntry *entry = &state->hollow.entries[i];

		text_add(answer, "%s %" PRId64, description_print(&entry->batch.desc, buf),
				 entry->batch.len);
		add_parts(state, entry->lo, entry->hi, answer);
		text_add(answer, "\n");
	}
}

static void
spine_batches(ReplayState *state, Text *answer)
{
	LevelsWalk	walk = LEVELS_WALK_START(&state->trace.levels);
	char		buf[DESCRIPTION_TEXT_SIZE];
	SpineBatch *batch;

	while ((batch = levels_next(&state->trace.levels, &walk, NULL)) != NULL)
	{
		text_add(answer, "[%" PRIu64 "-%" PRIu64 "]%s ", batch->lo, batch->hi,
				 description_print(&batch->desc, buf));
		if (spine_batch_is_fueled(batch))
			text_add(answer, "%" PRId64 "/", batch->hollow);
		text_add(answer, "%" PRId64, batch->len);
		add_parts(state, batch->lo, batch->hi, answer);
		text_add(answer, "\n");
	}
}

static void
spine_levels(ReplayState *state, Text *answer)
{
	char		buf[FRONTIER_TEXT_SIZE];

	for (int i = 0; i < state->trace.levels.count; i++)
	{
		const Level *level = &state->trace.levels.level[i];

		text_add(answer, "L%d: n=%d len=%" PRId64, i, level->count, level_length(level));
		if (level->count == 2)
			text_add(answer, " merge=%" PRIu64 "-%" PRIu64 " since=%s remaining=%" PRId64,
					 level->batch[0].lo, level->batch[1].hi,
					 frontier_print(&level->merge.since, buf), level->merge.remaining);
		text_add(answer, "\n");
	}
}

/* The value of name=... in a directive; NULL without it. */
static const char *
argument(const char *directive, const char *name)
{
	size_t		size = strlen(name);
	const char *p = directive;

	while ((p = strchr(p, ' ')) != NULL)
	{
		p += strspn(p, " ");
		if (strncmp(p, name, size) == 0 && p[size] == '=')
			return p + size + 1;
	}
	return NULL;
}

static void
downgrade_since(ReplayState *state, const char *directive, Text *answer)
{
	const char *text = argument(directive, "since");
	Frontier	since;
	CoreError	err;

	if (text == NULL)
		text_add(answer, "error: since is missing\n");
	else if (frontier_parse(&text, &since, &err) != CORE_OK ||
			 trace_downgrade_since(&state->trace, &since, &err) != CORE_OK)
		answer_error(answer, &err);
	else
		text_add(answer, "ok\n");
}

static void
set_time(ReplayState *state, const char *directive, Text *answer)
{
	const char *dims = argument(directive, "dims");
	Trace		trace;
	CoreError	err;

	if (trace_init(&trace, dims == NULL ? 0 : atoi(dims), 1, &err) != CORE_OK)
	{
		answer_error(answer, &err);
		return;
	}
	start_over(state);
	text_add(answer, "ok\n");
}

/* The trace's own invariants, those of its sums, and that its image reads back. */
static void
validate(ReplayState *state, Text *answer)
{
	HollowSource source = hollow_source(&state->hollow);
	LevelsWalk	walk = LEVELS_WALK_START(&state->trace.levels);
	SpineBatch *batch;
	CoreError	err;

	if (trace_validate(&state->trace, &err) != CORE_OK)
	{
		answer_error(answer, &err);
		return;
	}
	while ((batch = levels_next(&state->trace.levels, &walk, NULL)) != NULL)
	{
		HollowSum	sum;

		source.sum(source.context, batch->lo, batch->hi, &sum, &err);
		if (sum.hollow != batch->hollow || sum.parts != batch->parts || sum.len != batch->len)
		{
			text_add(answer, "error: sums of %" PRIu64 "-%" PRIu64 " do not match\n",
					 batch->lo, batch->hi);
			return;
		}
	}
	text_add(answer, "ok\n");
}

void
replay_persist(ReplayState *state, const char *directive, const char *input, Text *answer)
{
	size_t		size = strcspn(directive, " ");
	char		buf[2][FRONTIER_TEXT_SIZE];

#define IS(name) (size == strlen(name) && strncmp(directive, name, size) == 0)
	if (IS("push-batch"))
		push_batch(state, input, answer);
	else if (IS("take-merge-reqs"))
		take_merge_reqs(state, answer);
	else if (IS("all-merge-reqs"))
		all_merge_reqs(state, answer);
	else if (IS("apply-merge-res"))
		apply_merge_res(state, input, answer);
	else if (IS("downgrade-since"))
		downgrade_since(state, directive, answer);
	else if (IS("since-upper"))
		text_add(answer, "%s%s\n", frontier_print(&state->trace.since, buf[0]),
				 frontier_print(&state->trace.upper, buf[1]));
	else if (IS("batches"))
		batches(state, answer);
	else if (IS("spine-batches"))
		spine_batches(state, answer);
	else if (IS("spine-levels"))
		spine_levels(state, answer);
	else if (IS("metrics"))
	{
		TraceMetrics metrics = trace_metrics(&state->trace);

		text_add(answer, "compact=%" PRId64 " compacting=%" PRId64 " noncompact=%" PRId64 "\n",
				 metrics.compact, metrics.compacting, metrics.noncompact);
	}
	else if (IS("time"))
		set_time(state, directive, answer);
	else if (IS("validate"))
		validate(state, answer);
	else
		text_add(answer, "error: unknown directive\n");
#undef IS
}
