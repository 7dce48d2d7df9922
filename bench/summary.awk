# summary: prints medians, least and greatest, and the median of the ratios.
#
# Lines in are "case|ours|theirs", one a round; -v ours=NAME -v theirs=NAME.

function median(list, n,    i, j, t)
{
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && list[j - 1] > list[j]; j--)
		{
			t = list[j]
			list[j] = list[j - 1]
			list[j - 1] = t
		}
	return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function line(label, list, n)
{
	printf "  %-7s %10.3f", label, median(list, n)
	printf "  (%.3f to %.3f)\n", list[1], list[n]
}

BEGIN { FS = "|" }
!($1 in count) { name[++names] = $1 }
{ n = ++count[$1]; a[$1, n] = $2; b[$1, n] = $3 }
END {
	for (k = 1; k <= names; k++)
	{
		n = count[name[k]]
		for (i = 1; i <= n; i++)
		{
			x[i] = a[name[k], i]
			y[i] = b[name[k], i]
			ratio[i] = x[i] / y[i]
		}
		print name[k]
		line(ours, x, n)
		line(theirs, y, n)
		printf "  %-7s %10.2f\n", "ratio", median(ratio, n)
	}
}
