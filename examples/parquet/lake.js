// lake.js: starts a lake, kills and freezes its programs at random, and proves at
// the end that it holds what was written. Run by run.sh in a throwaway cluster.
//
//   LAKE_DIR      the folder of the lake, which is made
//   LAKE_SVG      where to draw what happened
//   LAKE_LOG      the input, a CSV of commit_no,committed_at,path,lines_delta;
//                 without it, what pgbench does
//   LAKE_SECONDS  how long to write (30)
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, one } from './lib/catalog.js';
import { plot } from './plot.js';
import { prove } from './proof.js';

const seconds = Number(process.env.LAKE_SECONDS || 30);
const CREW = { writer: 3, compactor: 3, reader: 2, sweeper: 1 };
const FREEZE = 4000;	// ms, longer than a lease
const PATIENCE = 120;	// seconds for what has to happen after the writing

const { LAKE_DIR, LAKE_SVG } = process.env;
const LAKE_LOG = process.env.LAKE_LOG || `${LAKE_DIR}.csv`;
const counts = { killed: {}, checked: 0, again: 0, otherFiles: 0, deleted: 0, doomed: 0, frozen: 0, tooLate: 0 };
const samples = [];
const kills = [];
let begin;	// of writing, in ms

// ---------------------------------------------------------------- programs

// What nobody should have to see: it ends the run.
let broken;
const failure = new Promise((_, reject) => { broken = reject; });
failure.catch(() => {});

const crew = new Map();		// name -> { role, child, ready, claimed }

const env = { ...process.env, LAKE_LOG, LAKE_WRITERS: CREW.writer };

function start(role, number) {
	const name = `${role} ${number}`;
	const child = spawn(process.execPath, [`${role}.js`, number],
		{ env, cwd: new URL('.', import.meta.url), stdio: ['ignore', 'pipe', 'inherit'] });
	const member = { name, role, number, child, killed: false };
	member.ended = once(child, 'close').then(([code, signal]) => {
		crew.delete(name);
		if (member.killed)
			start(role, number);
		else if (code !== 0 && signal !== 'SIGTERM')	// which comes before it listens, perhaps
			broken(new Error(`${name} has ended by itself: ${signal ?? `status ${code}`}`));
	});
	createInterface({ input: child.stdout }).on('line', (line) => note(member, JSON.parse(line)));
	member.ready = new Promise((resolve) => { member.isReady = resolve; });
	crew.set(name, member);
	return member;
}

function note(member, event) {
	if (event.ready)
		member.isReady();
	if (event.error)
		broken(new Error(`${member.name}: ${event.error}`));
	if (event.claimed)
		strike(member);
	counts.checked += event.checked ? 1 : 0;
	counts.again += event.again ? 1 : 0;
	counts.otherFiles += event.otherFiles ? 1 : 0;
	counts.deleted += event.deleted ?? 0;
	counts.doomed += event.doomed ?? 0;
	counts.tooLate += event.lost || event.status === 'lapsed' ? 1 : 0;
}

const startAll = (role) =>
	Promise.all(Array.from({ length: CREW[role] }, (_, number) => start(role, number).ready));

const members = (role) => [...crew.values()].filter((member) => member.role === role);

async function stopAll(role) {
	while (members(role).length > 0) {
		for (const member of members(role))
			member.child.kill('SIGTERM');
		await Promise.race([...members(role).map((member) => member.ended), sleep(500)]);
	}
}

// ------------------------------------------------------------------- kills

const pick = (list) => list[Math.floor(Math.random() * list.length)];

function kill(member) {
	if (member.killed || crew.get(member.name) !== member)
		return;
	member.killed = true;
	member.child.kill('SIGKILL');
	counts.killed[member.role] = (counts.killed[member.role] ?? 0) + 1;
	kills.push((Date.now() - begin) / 1000);
}

// One that hangs for longer than its lease, and then goes on.
async function freeze(member) {
	counts.frozen++;
	member.child.kill('SIGSTOP');
	await sleep(FREEZE);
	member.child.kill('SIGCONT');
}

// The next compactor that claims something is struck while it is at it.
let waylaying = false;
async function strike(member) {
	if (!waylaying)
		return;
	waylaying = false;
	await sleep(Math.random() * 30);
	if (Math.random() < 0.8)
		kill(member);
	else
		freeze(member);
}

// Compactors mostly, now and then one of the others.
async function killAtRandom() {
	while (members('writer').length > 0) {
		await sleep(400 + Math.random() * 800);
		if (Math.random() < 0.7)
			waylaying = true;
		else if (members('writer').length > 0)
			kill(pick([...crew.values()]));
	}
	waylaying = false;
}

// ----------------------------------------------------------------- looking

const number = (row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, Number(value)]));

// What there is on disk, what of it the spine names, and what was written so far.
async function sample(db) {
	const written = number(await one(db, 'SELECT count(*) AS files, coalesce(sum(bytes), 0) AS bytes FROM lake_batch'));
	const { parts } = await one(db,
		`SELECT coalesce(array_agg(part), '{}') AS parts FROM spine_batches, unnest(parts) part
		WHERE relation = 'lake'::regclass`);
	const sizes = new Map(await Promise.all((await readdir(LAKE_DIR)).map(async (file) =>
		[file, await stat(join(LAKE_DIR, file)).then(({ size }) => size, () => 0)])));
	const sum = (list) => list.reduce((a, b) => a + b, 0);
	samples.push({
		at: (Date.now() - begin) / 1000, written,
		disk: { files: sizes.size, bytes: sum([...sizes.values()]) },
		spine: { files: parts.length, bytes: sum(parts.map((part) => sizes.get(part) ?? 0)) },
	});
}

async function keepSampling(db) {
	while (!keepSampling.done) {
		await sample(db);
		await sleep(200);
	}
}

// Waits until a query says that nothing is left.
async function drain(db, what, sql, step = () => {}) {
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

// ------------------------------------------------------------------- input

async function run(command, ...args) {
	const [code] = await once(spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }), 'close');
	if (code !== 0)
		throw new Error(`${command} has ended with status ${code}`);
}

// Each of pgbench's transactions is a commit that changes one account.
async function runPgbench() {
	await run('pgbench', '-i', '-q', '-s', '1', '--init-steps=dtGp');
	await run('pgbench', '-n', '-c', '4', '-t', String(seconds * 60));
	await run('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-c',
		`\\copy (SELECT row_number() OVER (ORDER BY mtime, ctid) AS commit_no, mtime AS committed_at, aid AS path, delta AS lines_delta FROM pgbench_history) TO '${LAKE_LOG}' (FORMAT csv, HEADER)`);
}

// ---------------------------------------------------------------- the show

async function live(db, watcher) {
	await Promise.all(Object.keys(CREW).map(startAll));
	await db.query('INSERT INTO lake_pace VALUES (clock_timestamp(), $1)', [seconds]);
	begin = Date.now();
	const sampling = keepSampling(watcher);
	await killAtRandom();

	// The storm is over; what is to be done still comes to an end.
	await drain(db, 'batches without a time', 'SELECT count(*) FROM spine_inbox WHERE sequenced_at IS NULL');
	await drain(db, 'merges', `SELECT count(*) FROM spine_merge_requests WHERE relation = 'lake'::regclass`,
		() => db.query(`SELECT spine_retry_merge(relation, id_lo, id_hi) FROM spine_merge_requests WHERE state = 'parked'`));
	await stopAll('compactor');
	await stopAll('reader');
	await drain(db, 'garbage files', 'SELECT count(*) FROM spine_garbage');
	await drain(db, 'orphans', 'SELECT count(*) FROM lake_announced');
	await stopAll('sweeper');
	keepSampling.done = true;
	await sampling;
}

async function main() {
	await mkdir(LAKE_DIR);
	if (LAKE_LOG !== process.env.LAKE_LOG) {
		console.log('lake: running pgbench for an input');
		await runPgbench();
	}
	const db = await connect('lake');
	await db.query(await readFile(new URL('setup.sql', import.meta.url), 'utf8'));
	await db.query('INSERT INTO lake_position SELECT generate_series(0, $1 - 1)', [CREW.writer]);
	console.log(`lake: ${Object.entries(CREW).map(([role, n]) => `${n} ${role}${n > 1 ? 's' : ''}`).join(', ')}, for ${seconds} seconds`);

	await Promise.race([live(db, await connect('watcher')), failure]);
	await writeFile(LAKE_SVG, plot(samples, kills));
	return prove(db, LAKE_LOG, counts);
}

let holds = false;
try {
	holds = await main();
} catch (error) {
	console.error(`lake: ${error.message}`);
}
for (const { child } of crew.values())
	child.kill('SIGKILL');
process.exit(holds ? 0 : 1);
