// watch.js: how many files there are while the programs run, and whether anything is
// left to be done.
import { readdir, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { one } from './lib/catalog.js';
import { folder, pathOf } from './lib/program.js';

const PATIENCE = 120;	// seconds for what has to come to an end

const number = (row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, Number(value)]));

// What there is on disk, what of it the spine names, and what was written so far.
async function sample(db) {
	const written = number(await one(db, 'SELECT count(*) AS files, coalesce(sum(bytes), 0) AS bytes FROM lake_batch'));
	const { parts } = await one(db,
		`SELECT coalesce(array_agg(part), '{}') AS parts FROM spine_batches, unnest(parts) part
		WHERE relation = 'lake'::regclass`);
	const sizes = new Map(await Promise.all((await readdir(folder)).map(async (file) =>
		[file, await stat(pathOf(file)).then(({ size }) => size, () => 0)])));
	const sum = (list) => list.reduce((a, b) => a + b, 0);
	return {
		at: Date.now(), written,
		disk: { files: sizes.size, bytes: sum([...sizes.values()]) },
		spine: { files: parts.length, bytes: sum(parts.map((part) => sizes.get(part) ?? 0)) },
	};
}

// Looks five times a second, until the function that it returns is called; that
// returns what was seen.
export function keepLooking(db) {
	const samples = [];
	let over = false;
	const looking = (async () => {
		while (!over) {
			samples.push(await sample(db));
			await sleep(200);
		}
	})();
	return async () => { over = true; await looking; return samples; };
}

// Waits until a query says that nothing is left.
export async function drain(db, what, sql, step = () => {}) {
	const deadline = Date.now() + PATIENCE * 1000;
	for (;;) {
		const { left } = number(await one(db, `SELECT (${sql}) AS left`));
		if (left === 0)
			return;
		if (Date.now() > deadline)
			throw new Error(`${left} ${what} are left after ${PATIENCE} seconds`);
		await step();
		await sleep(100);
	}
}
