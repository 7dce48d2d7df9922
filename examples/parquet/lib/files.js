// files.js: no file is left behind by whoever dies between writing it and telling
// the spine. A file is announced before it is written, in a transaction that is
// committed, and confirmed in the one that gives it to the spine. The sweeper
// dooms what has been announced for too long, and deletes it: one of
// confirming and dooming comes first, and the other one then fails. So
// patience only decides how much work is done in vain; a file that the spine
// names is never deleted, however slow its author.
import { rm } from 'node:fs/promises';
import { one } from './catalog.js';
import { pathOf } from './program.js';

export class Doomed extends Error {
	constructor(file) {
		super(`${file} took so long that it was given up`);
	}
}

export const announce = (db, file) =>
	db.query('INSERT INTO lake_announced (file) VALUES ($1)', [file]);

// What write() returns, which writes the file. It may fail because the file was
// doomed, and deleted under its hands.
export async function whileAnnounced(db, file, write) {
	try {
		return await write();
	} catch (error) {
		if (await one(db, 'SELECT FROM lake_announced WHERE file = $1 AND doomed_at IS NULL', [file]))
			throw error;
		throw new Doomed(file);
	}
}

// Still at it.
export const renew = (db, file) =>
	db.query('UPDATE lake_announced SET announced_at = clock_timestamp() WHERE file = $1', [file]);

export async function confirm(db, file) {
	const { rowCount } = await db.query(
		'DELETE FROM lake_announced WHERE file = $1 AND doomed_at IS NULL', [file]);
	if (rowCount !== 1)
		throw new Doomed(file);
}

export const remove = (file) => rm(pathOf(file), { force: true });

// For an author who knows that the file was not confirmed, and is not going to be.
// One whose connection was lost while confirming does not: leave it to the sweeper.
export async function discard(db, file) {
	await remove(file);
	await db.query('DELETE FROM lake_announced WHERE file = $1', [file]);
}
