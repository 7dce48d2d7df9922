// sweeper.js: lets go of what is not needed any more: times that nobody is to ask
// for, files that have been replaced, and files that nobody has come back to.
import { connect } from './lib/catalog.js';
import { remove } from './lib/files.js';
import { say, sleep, toldToStop } from './lib/program.js';

const TIMES_KEPT = 20;		// how many times before the latest can be told apart
const GRACE = '1 second';	// for readers that the spine does not know; here all hold it
const PATIENCE = '3 seconds';	// after which an announced file is given up

const db = await connect('sweeper');

// The spine goes as far as the holds of readers allow.
const advanceSince = () => db.query(
	`SELECT spine_downgrade_since('lake', upper - $1)
	FROM (SELECT spine_upper('lake')::bigint) AS now (upper) WHERE upper > $1`, [TIMES_KEPT]);

// Collect, delete, forget, in this order: if we die, the same files are handed
// out again. That a file is not there any more is no error.
async function deleteGarbage() {
	for (;;) {
		const { rows } = await db.query(
			`SELECT id, part FROM spine_collect_garbage('lake', grace => $1, max => 1000)`, [GRACE]);
		if (rows.length === 0)
			return;
		await Promise.all(rows.map(({ part }) => remove(part)));
		await db.query('SELECT spine_forget_garbage($1)', [rows.map(({ id }) => id)]);
		say({ deleted: rows.length });
	}
}

// Doom, delete, forget: each a transaction by itself (lib/files.js says why). What
// is doomed is deleted for a while, since its author may be alive and create
// the file only now.
async function deleteOrphans() {
	const doomed = await db.query(
		`UPDATE lake_announced SET doomed_at = clock_timestamp()
		WHERE doomed_at IS NULL AND announced_at < clock_timestamp() - $1::interval`, [PATIENCE]);
	if (doomed.rowCount > 0)
		say({ doomed: doomed.rowCount });
	const { rows } = await db.query(
		`SELECT file, doomed_at < clock_timestamp() - $1::interval AS done
		FROM lake_announced WHERE doomed_at IS NOT NULL`, [PATIENCE]);
	await Promise.all(rows.map(({ file }) => remove(file)));
	await db.query('DELETE FROM lake_announced WHERE file = ANY ($1)',
		[rows.filter(({ done }) => done).map(({ file }) => file)]);
}

say({ ready: true });
while (!toldToStop()) {
	await advanceSince();
	await deleteGarbage();
	await deleteOrphans();
	await sleep(200);
}
await db.end();
