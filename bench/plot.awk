# plot: draws what a benchmark prints, as SVG: a column an input, a row a quantity, a
# line a series.  kind says of which it is: cost (bench/cost.c: pushes, on a
# logarithmic axis) or hot (bench/hot.sh: minutes).

BEGIN {
	FS = "\t"
	width = 250; height = 150; left = 60; top = 60; gap = 50
	split("spine|size-tiered|leveled|fuel an update|merges a push|heap", names, "|")
	split("#1f77b4|#d9660a|#7d6bb8|#1f77b4|#2a9d5c|#d9660a", colours, "|")
	for (i in names)
		colour[names[i]] = colours[i]
	if (kind == "hot") {
		heading = "A hot counter: a heap beside a native table"
		nrows = split("rate|size", rows, "|")
		title["rate"] = "transactions a second; minutes"
		title["size"] = "size of the table, MB; minutes"
		width = 500
	} else {
		heading = "What merging costs, by the number of pushes"
		nrows = split("written again|pieces to read|on average", rows, "|")
		title["written again"] = "times each update is written again"
		title["pieces to read"] = "pieces that a reader finds"
		title["on average"] = "work of the spine"
	}
}

!($1 in column) {
	column[$1] = ncolumns++
	inputs[column[$1]] = $1
}

{
	key = $1 FS $2 FS $3
	if (!(key in points))
		series[$1 FS $2] = series[$1 FS $2] (series[$1 FS $2] == "" ? "" : "|") $3
	points[key] = points[key] $4 " " $5 ";"
	last[key] = $5
	if ($5 > most[$2])
		most[$2] = $5
	if ($4 > longest[$1])
		longest[$1] = $4
}

function x_of(input, x) { return kind == "hot" ? width * x / longest[input] : width * log(x) / log(longest[input]) }
function y_of(quantity, value) { return height * (1 - value / (most[quantity] * 1.05)) }

function short(n) { return n >= 1000000 ? n / 1000000 "M" : n >= 1000 ? n / 1000 "k" : n }

function axes(input, quantity,    i, pushes, step, value) {
	printf "<rect class=\"frame\" width=\"%d\" height=\"%d\"/>\n", width, height
	for (pushes = 1; pushes <= longest[input]; pushes = kind == "hot" ? pushes + 1 : pushes * 10) {
		printf "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y2=\"%d\"/>\n", x_of(input, pushes), x_of(input, pushes), height
		printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x_of(input, pushes), height + 14, short(pushes)
	}
	for (step = 1; most[quantity] > 10 * step; step *= most[quantity] > 20 * step ? 10 : 5)
		;
	for (value = 0; value <= most[quantity] * 1.05; value += step) {
		printf "<line class=\"grid\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", width, y_of(quantity, value), y_of(quantity, value)
		printf "<text x=\"-6\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", y_of(quantity, value) + 4, short(value)
	}
}

function draw(input, quantity, name,    key, n, i, point, list) {
	key = input FS quantity FS name
	n = split(points[key], list, ";") - 1
	printf "<polyline stroke=\"%s\" points=\"", colour[name]
	for (i = 1; i <= n; i++) {
		split(list[i], point, " ")
		printf "%.1f,%.1f ", x_of(input, point[1]), y_of(quantity, point[2])
	}
	print "\"/>"
}

# At the right edge, moved apart where the lines end close together.
function label(input, quantity, list, n,    i, k, name, y, at) {
	for (i = 1; i <= n; i++)
		at[i] = y_of(quantity, last[input FS quantity FS list[i]]) + 4
	for (k = 1; k <= n; k++)
		for (i = 1; i <= n; i++)
			if (i != k && at[i] >= at[k] && at[i] - at[k] < 13)
				at[i] = at[k] + 13
	for (i = 1; i <= n; i++)
		printf "<text x=\"%d\" y=\"%.1f\" style=\"fill:%s\">%s %.1f</text>\n", width + 5, at[i], colour[list[i]], list[i], last[input FS quantity FS list[i]]
}

END {
	across = width + gap + 90
	down = height + gap
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">\n", left + ncolumns * across, top + nrows * down
	print "<style>text{fill:#444}.frame{fill:none;stroke:#999}.grid{stroke:#999;stroke-opacity:.25}polyline{fill:none;stroke-width:2}"
	print ".head{font-size:13px;font-weight:bold}svg{background:#fff}"
	print "@media(prefers-color-scheme:dark){svg{background:#111}text{fill:#ccc}}</style>"
	printf "<title>%s</title>\n", heading
	for (c = 0; c < ncolumns; c++) {
		printf "<text class=\"head\" x=\"%d\" y=\"18\">%s</text>\n", left + c * across, inputs[c]
		for (r = 1; r <= nrows; r++) {
			n = split(series[inputs[c] FS rows[r]], list, "|")
			printf "<g transform=\"translate(%d,%d)\">\n", left + c * across, top + (r - 1) * down
			printf "<text y=\"-8\">%s</text>\n", title[rows[r]]
			axes(inputs[c], rows[r])
			for (i = 1; i <= n; i++)
				draw(inputs[c], rows[r], list[i])
			label(inputs[c], rows[r], list, n)
			print "</g>"
		}
	}
	print "</svg>"
}
