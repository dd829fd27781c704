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
	.transformBy((state) => Object.fromEntries(Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1))))
	.outputState();
