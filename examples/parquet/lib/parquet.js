// parquet.js: DuckDB, and what is in a file: updates (item, time, diff), sorted.
//
// A writer cannot know which time the spine will give to its batch, so in its
// files the time is null: it is the lower of the batch that the file is a part
// of. Merging writes the times down, since a merged batch has many.
import { open } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { folder, pathOf } from './program.js';

export async function openDuck() {
	const instance = await DuckDBInstance.create(':memory:', {
		threads: '1', memory_limit: '256MB', autoinstall_known_extensions: 'false',
	});
	return instance.connect();
}

export async function rowsOf(duck, sql) {
	return (await duck.runAndReadAll(sql)).getRowObjectsJS();
}

const quote = (text) => `'${text.replaceAll("'", "''")}'`;

// The log that is the input, as a table of the same name.
export async function loadLog(duck, path) {
	await duck.run(`CREATE TABLE log AS
		SELECT commit_no, path::VARCHAR AS item, lines_delta::BIGINT AS diff
		FROM read_csv(${quote(path)}, header = true)`);
}

// SQL for the updates in the files of hollow batches, as spine_snapshot() and
// spine_request_inputs() list them.
export function updatesOf(batches) {
	const files = batches.flatMap(({ lower, parts }) =>
		parts.map((part) => ({ path: quote(pathOf(part)), lower })));
	if (files.length === 0)
		return `SELECT ''::VARCHAR AS item, 0::BIGINT AS time, 0::BIGINT AS diff WHERE false`;
	return `SELECT item, coalesce(time, lower) AS time, diff
		FROM read_parquet([${files.map((file) => file.path)}], filename = true)
		JOIN (VALUES ${files.map((file) => `(${file.path}, ${file.lower}::BIGINT)`)})
			AS batch(filename, lower) USING (filename)`;
}

// Two sums that merging does not change; the second would tell two items, or
// two diffs, from one another that the first takes for the same.
export const SUMS = `coalesce(sum(diff), 0)::VARCHAR AS total,
	coalesce(sum(diff * (hash(item) % 1000003)::BIGINT), 0)::VARCHAR AS checksum`;

// Writes what a SELECT returns to a new file, which is on disk afterwards.
export async function writeFile(duck, select, file) {
	const { rowsChanged } = await duck.run(
		`COPY (${select}) TO ${quote(pathOf(file))} (FORMAT parquet, USE_TMP_FILE false)`);
	const handle = await open(pathOf(file));
	await handle.sync();
	const { size } = await handle.stat();
	await handle.close();
	const directory = await open(folder);
	await directory.sync();
	await directory.close();
	return { updates: Number(rowsChanged), bytes: size };
}
