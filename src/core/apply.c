/*
 * apply.c
 *		Putting a merge result in the place of what it was made of.
 *
 * Declared in trace.h.  A result matches a spine batch wholly, or stands for
 * some of the hollow batches of a fueled one; it never makes anything longer,
 * since the level of a batch is chosen by its length.  A pending batch is
 * matched wholly or not at all.
 *
 * Source: apply_merge_res and maybe_replace in seed 000.  Unlike there, a result
 * over an empty or inverted interval is refused (at a seam it would corrupt the
 * ids), and one whose range matches but whose since is too far is reported as
 * such instead of as no match.
 */
#include "core/trace.h"

/* Lengths that have saturated cannot be subtracted from: add up what remains. */
static Status
sum_without(const SpineBatch *batch, uint64_t lo, uint64_t hi,
			const HollowSum *covered, const HollowSource *source, HollowSum *left,
			CoreError *err)
{
	HollowSum	before = {0};
	HollowSum	after = {0};
	Status		status;

	if (batch->len < INT64_MAX && batch->parts < INT64_MAX)
	{
		*left = (HollowSum)
		{
			batch->hollow - covered->hollow, batch->parts - covered->parts,
			batch->len - covered->len
		};
		return CORE_OK;
	}
	if (lo > batch->lo &&
		(status = source->sum(source->context, batch->lo, lo, &before, err)) != CORE_OK)
		return status;
	if (hi < batch->hi &&
		(status = source->sum(source->context, hi, batch->hi, &after, err)) != CORE_OK)
		return status;
	*left = (HollowSum)
	{
		before.hollow + after.hollow, add_saturating(before.parts, after.parts),
		add_saturating(before.len, after.len)
	};
	return CORE_OK;
}

/* Fills in the effect for one spine batch; NOT_APPLIED_NO_MATCH if it is not this one. */
static Status
match_batch(SpineBatch *batch, const HollowBatch *result,
			const HollowSource *source, ApplyEffect *effect, CoreError *err)
{
	const Description *desc = &result->desc;
	bool		exact = frontier_equal(&desc->lower, &batch->desc.lower) &&
		frontier_equal(&desc->upper, &batch->desc.upper);
	bool		found = exact;
	HollowSum	left = {0};
	Status		status;

	effect->outcome = NOT_APPLIED_NO_MATCH;
	effect->lo = batch->lo;
	effect->hi = batch->hi;
	if (!exact && spine_batch_is_fueled(batch) &&
		frontier_less_equal(&batch->desc.lower, &desc->lower) &&
		frontier_less_equal(&desc->upper, &batch->desc.upper) &&
		(status = source->find(source->context, batch->lo, batch->hi, &desc->lower,
							   &desc->upper, &found, &effect->lo, &effect->hi,
							   err)) != CORE_OK)
		return status;
	if (!found)
		return CORE_OK;
	effect->batch = batch;
	if (!frontier_less_equal(&desc->since, &batch->desc.since))
	{
		effect->outcome = NOT_APPLIED_INVALID_SINCE;
		return CORE_OK;
	}
	if (!exact)
	{
		HollowSum	covered;

		if ((status = source->sum(source->context, effect->lo, effect->hi, &covered,
								  err)) != CORE_OK ||
			(status = sum_without(batch, effect->lo, effect->hi, &covered, source,
								  &left, err)) != CORE_OK)
			return status;
	}
	effect->left = (HollowSum)
	{
		left.hollow + 1, add_saturating(left.parts, result->nparts),
		add_saturating(left.len, result->len)
	};
	if (effect->left.len > batch->len)
		effect->outcome = NOT_APPLIED_TOO_MANY_UPDATES;
	else
		effect->outcome = exact ? APPLIED_EXACT : APPLIED_SUBSET;
	return CORE_OK;
}

Status
trace_match(Trace *trace, const HollowBatch *result, const HollowSource *source,
			ApplyEffect *effect, CoreError *err)
{
	LevelsWalk	walk = LEVELS_WALK_START(&trace->levels);
	SpineBatch *batch;
	Status		status;

	*effect = (ApplyEffect) {.outcome = NOT_APPLIED_NO_MATCH};
	if ((status = description_check_dims(&result->desc, trace->dims, err)) != CORE_OK ||
		(status = description_check(&result->desc, err)) != CORE_OK ||
		(status = hollow_batch_check(result, err)) != CORE_OK)
		return status;
	while ((batch = levels_next(&trace->levels, &walk, NULL)) != NULL)
	{
		if ((status = match_batch(batch, result, source, effect, err)) != CORE_OK ||
			effect->batch != NULL)
			return status;
	}
	for (uint32_t i = 0; i < trace->npending && effect->batch == NULL; i++)
		if ((status = match_batch(&trace->pending[i], result, source, effect,
								  err)) != CORE_OK)
			return status;
	return CORE_OK;
}

void
trace_apply(Trace *trace, const HollowBatch *result, const ApplyEffect *effect)
{
	SpineBatch *batch = effect->batch;

	batch->len = effect->left.len;
	batch->hollow = effect->left.hollow;
	batch->parts = effect->left.parts;
	if (effect->outcome == APPLIED_EXACT)
	{
		batch->desc.since = frontier_copy(&result->desc.since, &trace->arena);
		batch->runs = result->nruns > 0;
	}
}
