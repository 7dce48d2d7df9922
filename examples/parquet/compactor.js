// compactor.js N: claims what is worth merging, merges it, and says where the
// result is. This is the loop of doc/compactors.md.
import { connect, one, transaction } from './lib/catalog.js';
import { Doomed, announce, confirm, discard, remove, renew, whileAnnounced } from './lib/files.js';
import { openDuck, updatesOf, writeFile } from './lib/parquet.js';
import { say, sleep, toldToStop } from './lib/program.js';

const LEASE = '3 seconds';		// minutes would do; here many die, and few seconds are to be seen
const EXTEND_EVERY = 1000;		// ms

const db = await connect(`compactor ${process.argv[2]}`);
const duck = await openDuck();

// A claim, the batches that it is about, and a name for the output, which is
// announced in the same transaction. No claim is given out twice, and so no name.
const claimMerge = () => transaction(db, async () => {
	const claim = await one(db,
		`SELECT claim, id_lo, id_hi, since::bigint, parts
		FROM spine_claim_merge('lake', lease => $1, max_parts => 100)`, [LEASE]);
	if (!claim)
		return undefined;
	claim.file = `merged-${claim.claim}.parquet`;
	await announce(db, claim.file);
	const { rows } = await db.query(
		`SELECT lower::bigint, parts FROM spine_request_inputs('lake', $1, $2)`, [claim.id_lo, claim.id_hi]);
	claim.batches = rows;
	if (String(rows.flatMap((batch) => batch.parts)) !== String(claim.parts))
		throw new Error(`claim ${claim.claim} is not about the batches ${claim.id_lo} to ${claim.id_hi}`);
	return claim;
});

// Extends the lease until the function that it returns is called, and interrupts
// the merge when somebody else has claimed the same.
function keep(claim) {
	let extending = Promise.resolve();
	const extend = async () => {
		const { until } = await one(db, 'SELECT spine_extend_claim($1, $2) AS until', [claim.claim, LEASE]);
		await renew(db, claim.file);
		if (until === null)
			duck.interrupt();
	};
	const timer = setInterval(() => { extending = extending.then(extend); }, EXTEND_EVERY);
	return () => { clearInterval(timer); return extending; };
}

// Equal items at equal times are added up, and so are all times before since:
// nobody can ask for these one by one any more. What comes to nothing goes.
const merged = ({ since, batches }) =>
	`SELECT item, greatest(time, ${since}) AS time, sum(diff)::BIGINT AS diff
	FROM (${updatesOf(batches)})
	GROUP BY ALL HAVING sum(diff) <> 0 ORDER BY item, time`;

// The result and its file are made known together. A status of lapsed means that
// somebody else was faster: then the spine lists our file as garbage.
async function complete({ claim, file, batches }, { updates, bytes }) {
	if (updates === 0)
		await remove(file);
	return transaction(db, async () => {
		await confirm(db, file);
		const { status } = await one(db,
			'SELECT status FROM spine_complete_merge($1, len => $2, parts => $3)',
			[claim, updates, updates === 0 ? [] : [file]]);
		if (status === 'queued')
			await db.query('INSERT INTO lake_merge VALUES ($1, $2, $3, $4)',
				[claim, batches.length, updates, updates === 0 ? 0 : bytes]);
		return status;
	});
}

// Being too slow is no failure worth mentioning; nor is any other when the claim is
// not ours, since then our inputs may have been replaced and deleted meanwhile.
async function giveUp({ claim, file }, error) {
	await discard(db, file);
	const { ours } = await one(db, 'SELECT spine_release_claim($1, error => $2) AS ours', [claim, error.message]);
	say(ours && !(error instanceof Doomed) ? { error: error.message } : { lost: claim });
}

async function merge(claim) {
	const end = keep(claim);
	let output;
	try {
		output = await whileAnnounced(db, claim.file, () => writeFile(duck, merged(claim), claim.file)).finally(end);
	} catch (error) {
		return giveUp(claim, error);
	}
	try {
		say({ completed: claim.claim, status: await complete(claim, output) });
	} catch (error) {
		if (!(error instanceof Doomed))
			throw error;
		await giveUp(claim, error);
	}
}

say({ ready: true });
while (!toldToStop()) {
	const { waiting } = await one(db, `SELECT spine_wait_request('lake', '500 ms') AS waiting`);
	const claim = waiting && await claimMerge();
	if (claim) {
		say({ claimed: claim.claim });
		await merge(claim);
	} else if (waiting)
		await sleep(20);	// somebody else is claiming it just now
}
await db.end();
