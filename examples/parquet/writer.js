// writer.js N: appends every commit of the log whose number leaves the rest N, as
// a small file every tenth of a second, at the pace at which the log ends on time.
import { randomUUID } from 'node:crypto';
import { connect, one, transaction } from './lib/catalog.js';
import { Doomed, announce, confirm, discard, whileAnnounced } from './lib/files.js';
import { SUMS, loadLog, openDuck, rowsOf, writeFile } from './lib/parquet.js';
import { say, sleep, toldToStop } from './lib/program.js';

const writer = Number(process.argv[2]);
const { LAKE_LOG, LAKE_WRITERS } = process.env;

const db = await connect(`writer ${writer}`);
const duck = await openDuck();
await loadLog(duck, LAKE_LOG);
const [{ last }] = await rowsOf(duck, 'SELECT max(commit_no)::INTEGER AS last FROM log');

// How far the log should be by now.
async function due() {
	const { share } = await one(db,
		`SELECT coalesce((SELECT extract(epoch FROM clock_timestamp() - begins) / seconds FROM lake_pace), 0)
			AS share`);
	return Math.floor(last * Math.min(Math.max(share, 0), 1));
}

// One transaction: the file is no orphan any more, the input has been read up to
// here, and the batch is in the inbox. If we die before it is committed, none of
// that is so, and our successor begins where we did. The position is compared
// with what it was, lest two processes that take themselves for the same writer
// both append.
async function append(file, from, to, { updates, bytes }, { total, checksum }) {
	await transaction(db, async () => {
		await confirm(db, file);
		await moveTo(from, to);
		const { ticket } = await one(db,
			`SELECT spine_append_batch('lake', len => $1, parts => $2) AS ticket`, [updates, [file]]);
		await db.query('INSERT INTO lake_batch VALUES ($1, $2, $3, $4, $5, $6)',
			[ticket, file, updates, bytes, total, checksum]);
	});
}

async function moveTo(from, to) {
	const { rowCount } = await db.query(
		'UPDATE lake_position SET commit_no = $3 WHERE writer = $1 AND commit_no = $2', [writer, from, to]);
	if (rowCount !== 1)
		throw new Error(`somebody else is writer ${writer}`);
}

// Whole commits only: a reader sees all of one, or none of it.
async function write(from, to) {
	const batch = `SELECT item, NULL::BIGINT AS time, sum(diff)::BIGINT AS diff FROM log
		WHERE commit_no > ${from} AND commit_no <= ${to} AND commit_no % ${LAKE_WRITERS} = ${writer}
		GROUP BY item HAVING sum(diff) <> 0 ORDER BY item`;
	const [sums] = await rowsOf(duck, `SELECT count(*)::INTEGER AS n, ${SUMS} FROM (${batch})`);
	if (sums.n === 0)
		return moveTo(from, to);

	const file = `batch-${randomUUID()}.parquet`;
	await announce(db, file);
	say({ writing: file });
	try {
		const written = await whileAnnounced(db, file, () => writeFile(duck, batch, file));
		await append(file, from, to, written, sums);
	} catch (error) {
		if (error instanceof Doomed)
			await discard(db, file);
		throw error;
	}
}

let position = Number((await one(db,
	'SELECT commit_no FROM lake_position WHERE writer = $1', [writer])).commit_no);
say({ ready: true });
while (position < last && !toldToStop()) {
	const to = await due();
	try {
		if (to > position)
			await write(position, to);
		position = to;
	} catch (error) {
		if (!(error instanceof Doomed))
			throw error;
	}
	if (position < last)
		await sleep(100);
}
await db.end();
