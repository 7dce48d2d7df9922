// lake.js: runs a lake whose programs are killed and frozen at random, and proves at
// the end that it holds what was written. Started by run.sh in a throwaway cluster.
//
//   LAKE_DIR      the folder of the lake, which is made
//   LAKE_SVG      where to draw what happened
//   LAKE_LOG      the input, a CSV of commit_no,committed_at,path,lines_delta;
//                 without it, what pgbench does
//   LAKE_SECONDS  how long to write (30)
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CREW, abandon, counts, failure, kills, startAll, stopAll, strikeAtRandom } from './crew.js';
import { connect } from './lib/catalog.js';
import { folder } from './lib/program.js';
import { plot } from './plot.js';
import { prove } from './proof.js';
import { drain, keepLooking } from './watch.js';

const seconds = Number(process.env.LAKE_SECONDS || 30);

const run = promisify(execFile);

// Each of pgbench's transactions is a commit that changes one account.
async function runPgbench(log) {
	await run('pgbench', ['-i', '-q', '-s', '1', '--init-steps=dtGp']);
	await run('pgbench', ['-n', '-c', '4', '-t', String(seconds * 60)]);
	await run('psql', ['-Xq', '-v', 'ON_ERROR_STOP=1', '-c',
		`\\copy (SELECT row_number() OVER (ORDER BY mtime, ctid) AS commit_no, mtime AS committed_at, \
aid AS path, delta AS lines_delta FROM pgbench_history) TO '${log}' (FORMAT csv, HEADER)`]);
}

async function live(db, watcher) {
	await Promise.all(Object.keys(CREW).map(startAll));
	await db.query('INSERT INTO lake_pace VALUES (clock_timestamp(), $1)', [seconds]);
	const enough = keepLooking(watcher);
	await strikeAtRandom();

	// The storm is over; what is to be done still comes to an end.
	await drain(db, 'batches without a time', 'SELECT count(*) FROM spine_inbox WHERE sequenced_at IS NULL');
	await drain(db, 'merges', 'SELECT count(*) FROM spine_merge_requests', () => db.query(
		`SELECT spine_retry_merge(relation, id_lo, id_hi) FROM spine_merge_requests WHERE state = 'parked'`));
	await stopAll('compactor');
	await stopAll('reader');
	await drain(db, 'garbage files', 'SELECT count(*) FROM spine_garbage');
	await drain(db, 'orphans', 'SELECT count(*) FROM lake_announced');
	await stopAll('sweeper');
	return enough();
}

async function main() {
	await mkdir(folder);
	if (!process.env.LAKE_LOG) {
		console.log('lake: running pgbench for an input');
		process.env.LAKE_LOG = `${folder}.csv`;
		await runPgbench(process.env.LAKE_LOG);
	}
	const db = await connect('lake');
	await db.query(await readFile(new URL('setup.sql', import.meta.url), 'utf8'));
	await db.query('INSERT INTO lake_position SELECT generate_series(0, $1 - 1)', [CREW.writer]);
	console.log(`lake: ${Object.entries(CREW).map(([role, n]) => `${n} ${role}${n > 1 ? 's' : ''}`).join(', ')}, for ${seconds} seconds`);

	const samples = await Promise.race([live(db, await connect('watcher')), failure]);
	await writeFile(process.env.LAKE_SVG, plot(samples, kills));
	return prove(db, process.env.LAKE_LOG, counts);
}

let holds = false;
try {
	holds = await main();
} catch (error) {
	console.error(`lake: ${error.message}`);
}
abandon();
process.exit(holds ? 0 : 1);
