// lines_by_dir sums added and deleted lines by directory, and keeps a row for
// each in the table lines_by_dir. Its output equals that of the Go version, byte
// for byte.
options({
	name: "lines_by_dir",
	version: "1.0.0",
	key: "dir", // the host keeps a state for each directory
	fields: { additions: "i64", deletions: "i64" }, // the host decodes these
});

fromAll().when({
	$init: () => ({ additions: 0, deletions: 0, changes: 0 }),
	file_added: add,
	file_modified: add,
	file_deleted: add,
});

function add(state, event) {
	state.additions += event.fields.additions;
	state.deletions += event.fields.deletions;
	state.changes++;
	effects.insert("lines_by_dir", { dir: event.key, ...state });
}
