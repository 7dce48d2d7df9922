// plot.js: draws how many files there were, and of how many bytes, as SVG.

const WIDTH = 800, LEFT = 70, RIGHT = 150, TOP = 44, HEIGHT = 200, GAP = 62;
const LINES = [
	['written', 'written so far'],
	['disk', 'on disk'],
	['spine', 'in the lake'],
];

const STYLE = `
	text { font: 13px sans-serif; fill: #222 } .title { font-weight: bold }
	.back { fill: #fff } .grid { stroke: #ccc } .axis { stroke: #222 } .kill { stroke: #c22 }
	polyline { fill: none; stroke-width: 2 }
	.written { stroke: #777; stroke-dasharray: 5 4 } .disk { stroke: #c46f00 } .spine { stroke: #1668c4 }
	text.written { fill: #666 } text.disk { fill: #a85f00 } text.spine { fill: #1668c4 } text.written, text.disk, text.spine { stroke: none }
	@media (prefers-color-scheme: dark) {
		text { fill: #ddd } .back { fill: #16181c } .grid { stroke: #444 } .axis { stroke: #ddd }
		.kill { stroke: #f66 } .written { stroke: #999 } .disk { stroke: #ffab40 } .spine { stroke: #6cb2ff }
		text.written { fill: #aaa } text.disk { fill: #ffab40 } text.spine { fill: #6cb2ff } text.written, text.disk, text.spine { stroke: none }
	}`;

// Values from 1 to a power of ten, by their logarithms, as a fraction of the height.
function logScale(most, least) {
	const low = Math.floor(Math.log10(Math.max(least, 1)));
	const high = Math.max(Math.ceil(Math.log10(Math.max(most, 1))), low + 1);
	return {
		ticks: Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n)),
		at: (value) => Math.max(0, (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)),
	};
}

const bytesText = (n) => n >= 1e6 ? `${n / 1e6} MB` : n >= 1e3 ? `${n / 1e3} kB` : `${n} B`;

function panel(samples, x, top, unit, title, text) {
	const values = samples.flatMap((s) => LINES.map(([key]) => s[key][unit])).filter((value) => value > 0);
	const scale = logScale(Math.max(...values), Math.min(...values));
	const y = (value) => (top + HEIGHT * (1 - scale.at(value))).toFixed(1);
	const right = WIDTH - RIGHT;
	const ticks = scale.ticks.map((tick) => `
	<line class="grid" x1="${LEFT}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/>
	<text x="${LEFT - 8}" y="${Number(y(tick)) + 4}" text-anchor="end">${text(tick)}</text>`);

	// Names stand where their lines end, moved apart where these are close.
	const last = samples.at(-1);
	const names = LINES.map(([key, name]) => ({ key, name, y: Number(y(last[key][unit])) })).sort((a, b) => a.y - b.y);
	for (let n = 1; n < names.length; n++)
		names[n].y = Math.max(names[n].y, names[n - 1].y + 16);
	const lines = LINES.map(([key]) => `
	<polyline class="${key}" points="${samples.filter((s) => s[key][unit] > 0).map((s) => `${x(s.at)},${y(s[key][unit])}`).join(' ')}"/>`);
	return `<text class="title" x="${LEFT}" y="${top - 10}">${title}</text>${ticks.join('')}
	<line class="axis" x1="${LEFT}" x2="${LEFT}" y1="${top}" y2="${top + HEIGHT}"/>${lines.join('')}
	${names.map(({ key, name, y }) => `<text class="${key}" x="${right + 8}" y="${y + 4}">${name}</text>`).join('')}`;
}

// Samples as watch.js makes them; times are in ms.
export function plot(samples, kills) {
	const begin = samples[0].at;
	const end = (samples.at(-1).at - begin) / 1000;
	const along = (seconds) => (LEFT + (WIDTH - LEFT - RIGHT) * seconds / end).toFixed(1);
	const x = (at) => along((at - begin) / 1000);
	const bottom = TOP + 2 * HEIGHT + GAP;
	const step = [1, 2, 5, 10, 20, 60, 120, 300, 600].find((s) => end / s <= 10) ?? 3600;
	const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, n) => n * step);
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 56}" width="${WIDTH}" height="${bottom + 56}">
	<style>${STYLE}</style>
	<rect class="back" width="100%" height="100%"/>
	${panel(samples, x, TOP, 'files', 'Files', String)}
	${panel(samples, x, TOP + HEIGHT + GAP, 'bytes', 'Bytes', bytesText)}
	<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${bottom}" y2="${bottom}"/>
	${kills.map((at) => `<line class="kill" x1="${x(at)}" x2="${x(at)}" y1="${bottom - 8}" y2="${bottom}"/>`).join('')}
	${ticks.map((tick) => `<text x="${along(tick)}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`).join('')}
	<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${bottom + 40}" text-anchor="middle">seconds; a red mark: something was killed with kill -9</text>
</svg>
`;
}
