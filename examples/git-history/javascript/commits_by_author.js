// commits_by_author counts commits by author. It is a projection as KurrentDB
// has them; its state lies in memory, and transformBy says how it is shown.
options({ name: "commits_by_author", version: "1.0.0" });

fromAll()
	.when({
		$init: () => Object.create(null), // an author may be called constructor
		commit_recorded(state, event) {
			const author = event.data.author;
			state[author] = (state[author] ?? 0) + 1;
		},
	})
	.transformBy((state) => Object.fromEntries(Object.entries(state).sort(([a], [b]) => byCodePoint(a, b))))
	.outputState();

// byCodePoint orders texts as languages with UTF-8 do: < compares units of UTF-16.
function byCodePoint(a, b) {
	const x = [...a], y = [...b];
	const at = x.findIndex((c, i) => c !== y[i]);
	if (at < 0 || at >= y.length) return x.length - y.length;
	return x[at].codePointAt(0) - y[at].codePointAt(0);
}
