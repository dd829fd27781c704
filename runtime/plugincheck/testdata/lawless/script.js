// A keyed projection that remembers the last event, of whatever key.
options({ state: "keyed", events: ["counted", "named"] });

let last;

fromAll().when({
	$any(state, event) {
		effects.insert("rows", { before: last ? last.eventId : null });
		last = event;
	},
});
