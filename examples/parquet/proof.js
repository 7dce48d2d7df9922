// proof.js: the end of a run: is the lake what was written, is every file accounted
// for, and did the run put it to the test at all?
import { readdir } from 'node:fs/promises';
import { one } from './lib/catalog.js';
import { loadLog, openDuck, rowsOf, updatesOf } from './lib/parquet.js';
import { folder } from './lib/program.js';

// Items whose sum in the lake is not that in the log, in both directions.
async function compare(duck, batches) {
	const [result] = await rowsOf(duck,
		`WITH lake AS (SELECT item, sum(diff) AS sum FROM (${updatesOf(batches)}) GROUP BY item HAVING sum(diff) <> 0),
			written AS (SELECT item, sum(diff) AS sum FROM log GROUP BY item HAVING sum(diff) <> 0)
		SELECT (SELECT count(*) FROM written)::INTEGER AS items,
			(SELECT sum(sum) FROM written)::VARCHAR AS total,
			count(*) FILTER (WHERE lake.sum IS DISTINCT FROM written.sum)::INTEGER AS differ
		FROM lake FULL JOIN written USING (item)`);
	return result;
}

// Those of one list that are not in the other.
const without = (list, other) => list.filter((entry) => !other.includes(entry));

export async function prove(db, log, counts) {
	const duck = await openDuck();
	await loadLog(duck, log);
	const { rows: batches } = await db.query(`SELECT lower::bigint, parts FROM spine_snapshot('lake')`);
	const parts = batches.flatMap((batch) => batch.parts);
	const files = await readdir(folder);
	const sums = await compare(duck, batches);
	const catalog = await one(db,
		`SELECT spine_validate('lake') AS valid, spine_upper('lake')::bigint AS upper,
			(SELECT count(*) FROM lake_batch) AS written, (SELECT sum(bytes) FROM lake_batch) AS bytes,
			(SELECT count(*) FROM spine_inbox WHERE lower IS NULL) AS lost,
			(SELECT count(*) FROM spine_merge_results WHERE error IS NOT NULL OR outcome
				IN ('not_applied_too_many_updates', 'not_applied_invalid_since')) AS refused,
			(SELECT count(*) FROM spine_merge_results WHERE outcome IN ('applied_exact', 'applied_subset')) AS applied,
			(SELECT coalesce(sum(m.bytes), 0) FROM lake_merge m JOIN spine_merge_results r USING (claim)
				WHERE outcome IN ('applied_exact', 'applied_subset')) AS rewritten,
			(SELECT sum(expirations) FROM spine_stat) AS expired`);

	const holds = [
		['every item has the sum that was written', sums.differ === 0, `${sums.items} items, total ${sums.total}`],
		['every batch has a time of its own', catalog.lost === '0' && catalog.upper === catalog.written, `${catalog.upper} times`],
		['the files are the parts of the spine', without(files, parts).length + without(parts, files).length === 0 &&
			new Set(parts).size === parts.length, `${files.length} files, ${parts.length} parts`],
		['no merge was wrong', catalog.refused === '0', `${catalog.applied} applied, ${catalog.refused} refused`],
		['spine_validate', catalog.valid === 'ok', catalog.valid],
		['it merged, under kills and readers', Number(catalog.applied) > 0 && counts.killed.compactor > 0 &&
			counts.again > 0 && files.length < Number(catalog.written), 'or nothing would be proven'],
	];
	report(counts, catalog, files);
	for (const [what, holdsGood, details] of holds)
		console.log(`  ${holdsGood ? 'holds ' : 'FAILS '} ${what}: ${details}`);
	return holds.every(([, holdsGood]) => holdsGood);
}

function report(counts, { written, bytes, applied, rewritten, expired }, files) {
	const list = (roles) => Object.entries(roles).map(([role, n]) => `${n} ${role}${n > 1 ? 's' : ''}`).join(', ') || 'none';
	console.log(`
  files written          ${written}, of ${bytes} bytes
  files at the end       ${files.length}
  merges applied         ${applied}, ${rewritten} bytes: ${(rewritten / bytes).toFixed(2)} rewritten for each written
  killed                 ${list(counts.killed)}
  frozen for 4 seconds   ${list(counts.frozen)}
  claims taken over      ${expired}; ${counts.tooLate} of their owners came back, too late
  files deleted          ${counts.deleted} replaced, ${counts.doomed} left behind by the killed
  readers                ${counts.checked} queries checked; ${counts.again} of them the same again, ${counts.otherFiles} from other files
`);
}
