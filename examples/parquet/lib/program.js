// program.js: what the programs have in common: where the files are, a line of
// JSON on standard output for each thing done, and SIGTERM, after which they end
// what they are at. On any error they just die: whoever starts them starts
// them again, and they go on from what is in the catalog.
import { join } from 'node:path';

export { setTimeout as sleep } from 'node:timers/promises';

export const folder = process.env.LAKE_DIR;
export const pathOf = (file) => join(folder, file);

export const say = (event) => process.stdout.write(JSON.stringify(event) + '\n');

let told = false;
process.on('SIGTERM', () => { told = true; });
export const toldToStop = () => told;
