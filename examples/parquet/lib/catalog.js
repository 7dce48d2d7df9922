// catalog.js: how all programs talk to PostgreSQL. Where it is they learn from
// PGHOST and its kin, as psql does.
import pg from 'pg';

export async function connect(name) {
	const db = new pg.Client({ application_name: `lake ${name}` });
	await db.connect();
	return db;
}

// The first row of an answer, undefined if there is none. A bigint is a string.
export async function one(db, sql, values) {
	return (await db.query(sql, values)).rows[0];
}

// What work() does on this connection, in a transaction: all of it or nothing.
export async function transaction(db, work) {
	await db.query('BEGIN');
	try {
		const result = await work();
		await db.query('COMMIT');
		return result;
	} catch (error) {
		await db.query('ROLLBACK').catch(() => {});	// the connection may be what failed
		throw error;
	}
}
