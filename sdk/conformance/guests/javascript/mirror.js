// mirror is the conformance guest in JavaScript: it says back what it reads, and
// does what an event commands. sdk/testdata/README.md specifies it.
options({
	name: "mirror",
	key: "key",
	events: ["mirrored", "commanded"],
	fields: {
		"do": "string", "value.bool": "bool", "value.i64": "i64", "value.f64": "f64",
		"value.string": "string", "value.bytes": "bytes", "value.uuid": "uuid", "value.time": "time",
	},
});

fromAll().when({ $init: () => ({ events: 0 }), $any: fold });

function fold(state, event) {
	state.events++;
	switch (event.fields.do) {
	case "update":
		effects.update("mirror", event.key, state);
		break;
	case "delete":
		effects.delete("mirror", event.key);
		break;
	case "query":
		effects.query("select 1", state);
		break;
	case "log":
		effects.log("warn", "seen " + state.events);
		break;
	case "emit":
		effects.emit("mirrored_again", state);
		break;
	case "remove":
		return null;
	case "reject":
		reject("rejected on demand");
	case "panic":
		panic("panicked on demand");
	default:
		effects.insert("mirror", row(event));
	}
}

function row(event) {
	return {
		position: event.position, version: event.version, time: event.timeNanos, id: event.eventId,
		aggregate_type: event.aggregateType, aggregate_id: event.aggregateId,
		type: event.eventType, type_index: event.typeIndex, schema_version: event.schemaVersion,
		correlation_id: event.correlationId, causation_id: event.causationId,
		key: event.key, data: event.bodyRaw, metadata: event.metadataRaw,
		slots: event.slots.map(({ kind, value }) => ({ kind: kinds.indexOf(kind), value: text(kind, value) })),
	};
}

const kinds = ["null", "bool", "i64", "f64", "string", "bytes", "uuid", "time", "json"];

function text(kind, value) {
	switch (kind) {
	case "null": return "";
	case "f64": return bits(value);
	case "bytes": return Array.from(value, (b) => b.toString(16).padStart(2, "0")).join("");
	}
	return String(value);
}

function bits(number) {
	const view = new DataView(new ArrayBuffer(8));
	view.setFloat64(0, number);
	return view.getBigUint64(0).toString(16).padStart(16, "0");
}
