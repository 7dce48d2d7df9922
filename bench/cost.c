/*
 * cost.c
 *		What merging costs over the life of a spine, counted instead of timed.
 *
 *   make bench-cost [LOG=history.csv.gz]
 *
 * For each input: the fuel that is spent for each update, and the merges that a push
 * completes, on average over all so far; and how often each update is written once more, by
 * a compactor that answers every request at once, beside the two usual ways to
 * compact the same input: size-tiered (four runs of a size become one) and
 * leveled (one run a level, each level ten times the one before; four runs are
 * gathered before the first). An update counts as one wherever it is written.
 *
 * Inputs are batches of length 1, of mixed lengths, and the commits of a log, in
 * which updates of one path add up, so that merging makes it shorter.  Prints
 * rows of a table: input, quantity, series, pushes, value.
 */
#include "core/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUSHES 10000000
#define TIERED 4
#define GATHERED 4
#define RATIO 10
#define LEVELS 20

static void
must(bool condition)
{
	if (!condition)
		abort();
}

/* --------------------------------------------------------------------
 * Runs: a number of updates, and for the log which ones.
 */

typedef struct Update
{
	int32_t		path;
	int32_t		delta;
} Update;

typedef struct Run
{
	int64_t		len;
	Update	   *updates;		/* by path, each once; NULL: all are different */
} Run;

static Run
copy_run(Run run)
{
	Run			copy = {.len = run.len};

	if (run.updates == NULL)
		return copy;
	copy.updates = malloc(sizeof(Update) * (size_t) (run.len + 1));
	must(copy.updates != NULL);
	memcpy(copy.updates, run.updates, sizeof(Update) * (size_t) run.len);
	return copy;
}

static int64_t
add_up(const Run *a, const Run *b, Update *sum)
{
	int64_t		n = 0;
	int64_t		i = 0;
	int64_t		k = 0;

	while (i < a->len || k < b->len)
	{
		if (k == b->len || (i < a->len && a->updates[i].path < b->updates[k].path))
			sum[n++] = a->updates[i++];
		else if (i == a->len || b->updates[k].path < a->updates[i].path)
			sum[n++] = b->updates[k++];
		else
		{
			sum[n] = a->updates[i++];
			sum[n].delta += b->updates[k++].delta;
			n += sum[n].delta != 0;
		}
	}
	return n;
}

/* Makes one of two, which are gone. */
static Run
merge_runs(Run a, Run b)
{
	Run			run = {.len = a.len + b.len};

	/* One of them is of no updates at all, or neither says which they are. */
	if (a.updates == NULL || b.updates == NULL)
	{
		run.updates = a.updates == NULL ? b.updates : a.updates;
		return run;
	}
	run.updates = malloc(sizeof(Update) * (size_t) (run.len + 1));
	must(run.updates != NULL);
	run.len = add_up(&a, &b, run.updates);
	free(a.updates);
	free(b.updates);
	return run;
}

/* --------------------------------------------------------------------
 * Inputs
 */

typedef struct Input
{
	const char *name;
	int64_t		pushes;
	Run			(*batch) (int64_t i);
} Input;

static Run
batch_of_one(int64_t i)
{
	(void) i;
	return (Run) {.len = 1};
}

/* 0 to 1000, most of them small: the cube of an even distribution. */
static Run
mixed_batch(int64_t i)
{
	uint64_t	x = (uint64_t) i * UINT64_C(0x9E3779B97F4A7C15);

	x = ((x ^ (x >> 32)) * UINT64_C(0xD6E8FEB86659FD93) >> 33) % 1001;
	return (Run) {.len = (int64_t) (x * x * x / 1000000)};
}

static struct
{
	Run		   *commits;
	int64_t		ncommits;
	char	  **paths;
	int32_t		npaths;
} history;

static int32_t
path_number(const char *path)
{
	for (int32_t i = history.npaths - 1; i >= 0; i--)
		if (strcmp(history.paths[i], path) == 0)
			return i;
	history.paths = realloc(history.paths, sizeof(char *) * (size_t) (history.npaths + 1));
	must(history.paths != NULL && (history.paths[history.npaths] = strdup(path)) != NULL);
	return history.npaths++;
}

/* commit_no,committed_at,path,lines_delta; a path may have commas in it */
static bool
parse_line(char *line, long *commit, char **path, int32_t *delta)
{
	char	   *time = strchr(line, ',');
	char	   *last = strrchr(line, ',');

	*commit = strtol(line, NULL, 10);
	if (*commit <= 0 || time == NULL || (*path = strchr(time + 1, ',')) == NULL || *path >= last)
		return false;
	*last = '\0';
	*path += 1;
	*delta = (int32_t) strtol(last + 1, NULL, 10);
	return true;
}

static void
read_log(FILE *file)
{
	char		line[4096];
	long		latest = 0;
	long		commit;
	char	   *path;
	int32_t		delta;

	while (fgets(line, sizeof(line), file) != NULL)
	{
		Run			one = {.len = 1};

		if (!parse_line(line, &commit, &path, &delta) || delta == 0)
			continue;
		if (commit != latest)
		{
			history.commits = realloc(history.commits, sizeof(Run) * (size_t) (history.ncommits + 1));
			must(history.commits != NULL);
			history.commits[history.ncommits++] = (Run) {.updates = calloc(1, sizeof(Update))};
			latest = commit;
		}
		one.updates = malloc(sizeof(Update));
		must(one.updates != NULL);
		*one.updates = (Update) {path_number(path), delta};
		history.commits[history.ncommits - 1] =
			merge_runs(history.commits[history.ncommits - 1], one);
	}
}

static Run
commit_of_log(int64_t i)
{
	return history.commits[i];
}

/* --------------------------------------------------------------------
 * What is printed: at 1, 2, 5, 10, 20, ... pushes, and at the end
 */

typedef struct Tally
{
	const Input *input;
	const char *series;
	int64_t		pushed;			/* updates */
	int64_t		written;		/* by merges */
	int64_t		pieces;			/* now */
	double		pieces_seen;	/* after each push, added up */
} Tally;

static bool
is_told(const Input *input, int64_t pushes)
{
	int64_t		unit = 1;

	while (unit * 10 <= pushes)
		unit *= 10;
	return pushes == input->pushes || pushes == unit || pushes == 2 * unit || pushes == 5 * unit;
}

static void
tell(const Input *input, const char *quantity, const char *series, int64_t pushes, double value)
{
	printf("%s\t%s\t%s\t%" PRId64 "\t%.4f\n", input->name, quantity, series, pushes, value);
}

static void
tell_tally(Tally *tally, int64_t pushes)
{
	tally->pieces_seen += (double) tally->pieces;
	if (!is_told(tally->input, pushes))
		return;
	tell(tally->input, "written again", tally->series, pushes,
		 tally->pushed == 0 ? 0 : (double) tally->written / (double) tally->pushed);
	tell(tally->input, "pieces to read", tally->series, pushes,
		 tally->pieces_seen / (double) pushes);
}

/* --------------------------------------------------------------------
 * Fuel: the levels by themselves, with rules that count
 */

typedef struct Work
{
	int64_t		pushed;			/* updates */
	int64_t		fuel;
	int64_t		merges;
} Work;

static Work work_done;

static bool
count_work(Merge *merge, int64_t *fuel)
{
	int64_t		used = *fuel < merge->remaining ? *fuel : merge->remaining;

	work_done.fuel += used;
	merge->remaining -= used;
	*fuel -= used;
	return merge->remaining == 0;
}

static void
count_done(void *context, int level, const Merge *merge, const SpineBatch pair[2],
		   SpineBatch *result)
{
	(void) context;
	(void) level;
	*result = pair[0];
	result->hi = pair[1].hi;
	result->len = pair[0].len + pair[1].len;
	result->desc.upper = pair[1].desc.upper;
	result->desc.since = merge->since;
	work_done.merges++;
}

static void
measure_fuel(const Input *input)
{
	static const MergeRules rules = {NULL, count_work, count_done};
	static Levels levels;
	Arena		none = {0};
	LevelsContext context = {&rules, NULL, &none, frontier_minimum(1), 1};
	CoreError	err;

	levels.count = 0;
	work_done = (Work) {0};
	for (int64_t i = 0; i < input->pushes; i++)
	{
		uint64_t	id = (uint64_t) i;
		SpineBatch	batch = {
			.lo = id, .hi = id + 1, .hollow = 1, .len = input->batch(i).len,
			.desc = {frontier_of(id), frontier_of(id + 1), frontier_minimum(1)}
		};
		bool		fused = false;

		work_done.pushed += batch.len;
		if (batch.len == 0)
			must(levels_fuse_empty(&levels, &context, &batch, &fused, &err) == CORE_OK);
		if (!fused)
			must(levels_introduce(&levels, &context, &batch, level_of_length(batch.len),
								  &err) == CORE_OK);
		if (!is_told(input, i + 1))
			continue;
		tell(input, "on average", "fuel an update", i + 1,
			 (double) work_done.fuel / (double) (work_done.pushed + (work_done.pushed == 0)));
		tell(input, "on average", "merges a push", i + 1,
			 (double) work_done.merges / (double) (i + 1));
	}
}

/* --------------------------------------------------------------------
 * The three ways to compact
 */

static Status
never_asked(void *context, uint64_t lo, uint64_t hi, const Frontier *lower,
			const Frontier *upper, bool *found, uint64_t *found_lo, uint64_t *found_hi,
			CoreError *err)
{
	(void) context, (void) lo, (void) hi, (void) lower, (void) upper;
	(void) found, (void) found_lo, (void) found_hi, (void) err;
	abort();
}

/* What the request asks for, out of the runs by their first ids. */
static Run
answer(const MergeRequest *request, Run *runs)
{
	Run			merged = runs[request->lo];

	for (uint64_t id = request->lo + 1; id < request->hi; id++)
	{
		merged = merge_runs(merged, runs[id]);
		runs[id] = (Run) {0};
	}
	runs[request->lo] = merged;
	return merged;
}

static void
answer_all(Trace *trace, const PushEffects *effects, Run *runs, Tally *tally)
{
	HollowSource source = {.find = never_asked};
	CoreError	err;

	for (int i = 0; i < effects->nrequests; i++)
	{
		const MergeRequest *request = &effects->requests[i];
		HollowBatch result = {.desc = request->desc, .len = request->len};
		ApplyEffect effect;

		if (runs != NULL)
			result.len = answer(request, runs).len;
		tally->written += result.len;
		must(trace_match(trace, &result, &source, &effect, &err) == CORE_OK &&
			 effect.outcome == APPLIED_EXACT);
		trace_apply(trace, &result, &effect);
	}
}

static void
compact_as_asked(const Input *input, bool with_updates)
{
	static Trace trace;
	static PushEffects effects;
	Tally		tally = {.input = input, .series = "spine"};
	Run		   *runs = with_updates ? calloc((size_t) input->pushes, sizeof(Run)) : NULL;
	CoreError	err;

	must(trace_init(&trace, 1, 1, (Arena) {0}, &err) == CORE_OK);
	effects.want_requests = true;
	for (int64_t i = 0; i < input->pushes; i++)
	{
		Run			run = input->batch(i);
		HollowBatch batch = {
			.desc = {frontier_of((uint64_t) i), frontier_of((uint64_t) i + 1), frontier_minimum(1)},
			.len = run.len
		};
		TraceMetrics metrics;

		if (runs != NULL)
			runs[i] = copy_run(run);
		must(trace_push(&trace, &batch, &effects, &err) == CORE_OK);
		tally.pushed += run.len;
		answer_all(&trace, &effects, runs, &tally);
		metrics = trace_metrics(&trace);
		tally.pieces = metrics.compact + metrics.compacting + metrics.noncompact;
		tell_tally(&tally, i + 1);
	}
	free(runs);
}

static int
tier_of(int64_t len)
{
	return level_of_length(len) / 2;
}

/* Four runs of a tier become one, of a higher tier mostly. */
static void
compact_by_size(const Input *input)
{
	static Run	tier[40][TIERED];
	static int	count[40];
	Tally		tally = {.input = input, .series = "size-tiered"};

	memset(count, 0, sizeof(count));
	for (int64_t i = 0; i < input->pushes; i++)
	{
		Run			run = copy_run(input->batch(i));
		int			t = tier_of(run.len);

		tally.pushed += run.len;
		tally.pieces++;
		tier[t][count[t]++] = run;
		while (count[t] == TIERED)
		{
			run = tier[t][0];
			for (int k = 1; k < TIERED; k++)
				run = merge_runs(run, tier[t][k]);
			count[t] = 0;
			tally.written += run.len;
			tally.pieces -= TIERED - 1;
			t = tier_of(run.len);
			tier[t][count[t]++] = run;
		}
		tell_tally(&tally, i + 1);
	}
}

/* A level that has become too large is merged into the next, the whole of it. */
static void
compact_by_level(const Input *input)
{
	static Run	level[LEVELS];
	Tally		tally = {.input = input, .series = "leveled"};
	Run			gathered = {0};
	int			ngathered = 0;

	memset(level, 0, sizeof(level));
	for (int64_t i = 0; i < input->pushes; i++)
	{
		Run			run = copy_run(input->batch(i));
		double		room = (double) GATHERED;

		tally.pushed += run.len;
		gathered = ngathered == 0 ? run : merge_runs(gathered, run);
		ngathered++;
		run = gathered;
		for (int k = 0; ngathered == GATHERED || k > 0; k++)
		{
			ngathered = 0;
			level[k] = merge_runs(level[k], run);
			tally.written += level[k].len;
			room *= RATIO;
			if ((double) level[k].len <= room * (double) tally.pushed / (double) (i + 1))
				break;
			run = level[k];
			level[k] = (Run) {0};
		}
		tally.pieces = ngathered;
		for (int k = 0; k < LEVELS; k++)
			tally.pieces += level[k].len > 0;
		tell_tally(&tally, i + 1);
	}
}

static void
measure(const Input *input, bool with_updates)
{
	measure_fuel(input);
	compact_as_asked(input, with_updates);
	compact_by_size(input);
	compact_by_level(input);
}

int
main(int argc, char **argv)
{
	Input		ones = {"length 1", PUSHES, batch_of_one};
	Input		mixed = {"lengths 0 to 1000", PUSHES, mixed_batch};
	Input		log = {"a log's commits", 0, commit_of_log};

	measure(&ones, false);
	measure(&mixed, false);
	if (argc > 1 && strcmp(argv[1], "-") == 0)
	{
		read_log(stdin);
		log.pushes = history.ncommits;
		measure(&log, true);
	}
	return 0;
}
