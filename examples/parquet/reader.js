// reader.js N: asks again and again what the lake held at some time, which it
// holds meanwhile, and checks the answer: it must be what was appended up to that
// time, and the same when it is asked again, from other files perhaps.
import { connect, one } from './lib/catalog.js';
import { SUMS, openDuck, rowsOf, updatesOf } from './lib/parquet.js';
import { say, sleep, toldToStop } from './lib/program.js';

const name = `reader ${process.argv[2]}`;
const db = await connect(name);
const duck = await openDuck();

// Holds any of the times that can be told apart, and returns it. First the hold,
// then the list of files: what is replaced from now on is not deleted before the
// hold is released. since may have passed the time before it was held; then
// there is another.
async function hold() {
	try {
		return await one(db,
			`SELECT spine_hold('lake', $1, since + floor(random() * (upper - since))::bigint,
				ttl => '1 minute')::bigint AS as_of
			FROM (SELECT spine_since('lake')::bigint, spine_upper('lake')::bigint) AS now (since, upper)`,
			[name]);
	} catch (error) {
		if (error.code !== '55000')
			throw error;
		return hold();
	}
}

// What was appended, as the writers say; the spine says when.
const appended = (asOf) => one(db,
	`SELECT coalesce(sum(total), 0)::text AS total, coalesce(sum(checksum), 0)::text AS checksum
	FROM lake_batch JOIN spine_inbox USING (ticket) WHERE lower <= $1::bigint`, [asOf]);

async function inLake(asOf) {
	const { rows: batches } = await db.query(
		`SELECT lower::bigint, parts FROM spine_snapshot('lake', $1::bigint)`, [asOf]);
	const [sums] = await rowsOf(duck,
		`SELECT ${SUMS} FROM (${updatesOf(batches)}) WHERE time <= ${asOf}`);
	return { ...sums, files: batches.flatMap((batch) => batch.parts) };
}

async function check(asOf) {
	const expected = await appended(asOf);
	let before = '';
	for (let round = 0; round < 3 && !toldToStop(); round++) {
		const found = await inLake(asOf);
		if (found.total !== expected.total || found.checksum !== expected.checksum)
			throw new Error(`${name}, as of ${asOf}: ${JSON.stringify({ expected, found })}`);
		say({ checked: asOf, again: round > 0, otherFiles: round > 0 && String(found.files) !== before });
		before = String(found.files);
		await sleep(Math.random() * 800);
	}
}

// A predecessor may have been killed with its hold.
await db.query(`SELECT spine_release_hold('lake', $1)`, [name]);
say({ ready: true });
while (!toldToStop()) {
	const { any } = await one(db, `SELECT spine_wait_upper('lake', 0, '500 ms') AS any`);
	if (!any)
		continue;
	await check((await hold()).as_of);
	await db.query(`SELECT spine_release_hold('lake', $1)`, [name]);
}
await db.end();
