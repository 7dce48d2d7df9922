// crew.js: the programs of the lake, started, killed, frozen, started again, and
// stopped. What they say is counted here.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export const CREW = { writer: 3, compactor: 3, reader: 2, sweeper: 1 };
const FREEZE = 4000;	// ms, longer than a lease

export const counts = { killed: {}, checked: 0, again: 0, otherFiles: 0, deleted: 0, doomed: 0, frozen: {}, tooLate: 0 };
export const kills = [];	// when, in ms

// What nobody should have to see: it ends the run.
let broken;
export const failure = new Promise((_, reject) => { broken = reject; });
failure.catch(() => {});

const crew = new Map();		// by name

function start(role, number) {
	const name = `${role} ${number}`;
	const child = spawn(process.execPath, [`${role}.js`, number],
		{ env: { ...process.env, LAKE_WRITERS: CREW.writer }, cwd: new URL('.', import.meta.url), stdio: ['ignore', 'pipe', 'inherit'] });
	const member = { name, role, number, child, up: false, killed: false };
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
	if (event.ready) {
		member.up = true;
		member.isReady();
	}
	if (event.error)
		broken(new Error(`${member.name}: ${event.error}`));
	if (event.claimed || event.writing)
		strike(member);
	counts.checked += event.checked ? 1 : 0;
	counts.again += event.again ? 1 : 0;
	counts.otherFiles += event.otherFiles ? 1 : 0;
	counts.deleted += event.deleted ?? 0;
	counts.doomed += event.doomed ?? 0;
	counts.tooLate += event.lost || event.status === 'lapsed' ? 1 : 0;
}

export const startAll = (role) =>
	Promise.all(Array.from({ length: CREW[role] }, (_, number) => start(role, number).ready));

export const members = (role) => [...crew.values()].filter((member) => member.role === role);

export async function stopAll(role) {
	while (members(role).length > 0) {
		for (const member of members(role))
			member.child.kill('SIGTERM');
		await Promise.race([...members(role).map((member) => member.ended), sleep(500)]);
	}
}

const pick = (list) => list[Math.floor(Math.random() * list.length)];

function kill(member) {
	member.killed = true;
	member.child.kill('SIGKILL');
	counts.killed[member.role] = (counts.killed[member.role] ?? 0) + 1;
	kills.push(Date.now());
}

// One that hangs for longer than its lease, and then goes on.
async function freeze(member) {
	counts.frozen[member.role] = (counts.frozen[member.role] ?? 0) + 1;
	member.child.kill('SIGSTOP');
	await sleep(FREEZE);
	member.child.kill('SIGCONT');
}

// The next one of a role that says what it is about to do is struck while it is at it.
let waylaid;
async function strike(member) {
	if (member.role !== waylaid)
		return;
	waylaid = undefined;
	await sleep(Math.random() ** 2 * 100);
	if (member.killed)
		return;
	if (Math.random() < 0.8 || !counts.killed[member.role])
		kill(member);
	else
		freeze(member);
}

// A compactor first and mostly, now and then a writer, and sometimes anyone; but not
// before all are up again, or on a slow machine nobody would be left to work.
export async function strikeAtRandom() {
	while (members('writer').length > 0) {
		await sleep(400 + Math.random() * 800);
		if (![...crew.values()].every((member) => member.up))
			continue;
		const chance = counts.killed.compactor ? Math.random() : 0;
		if (chance < 0.85)
			waylaid = chance < 0.65 ? 'compactor' : 'writer';
		else if (members('writer').length > 0)
			kill(pick([...crew.values()].filter((member) => !member.killed)));
	}
	waylaid = undefined;
}

// The end, whatever they are at.
export function abandon() {
	for (const { child } of crew.values())
		child.kill('SIGKILL');
}
