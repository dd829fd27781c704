// kit.js is the vocabulary of a projection in JavaScript: KurrentDB's selectors
// and handlers, and Refold's effects. The guest calls it with what it does in C,
// and gets back how to finish the script, fold an event and answer a query.
(function (native) {
	"use strict";

	// ---- what has no place in a pure function --------------------------------

	const refuse = (what, instead) => () => {
		throw new TypeError(`${what} is not the same at every replay; ${instead}`);
	};
	const clock = "use the event's own time, event.time";
	const NativeDate = Date;
	const now = refuse("Date.now()", clock);
	const bare = refuse("the current date", clock);
	NativeDate.now = now;
	globalThis.Date = new Proxy(NativeDate, {
		apply: bare,
		construct(target, args, as) {
			return args.length === 0 ? bare() : Reflect.construct(target, args, as);
		},
	});
	NativeDate.prototype.constructor = globalThis.Date;
	Math.random = refuse("Math.random()", "derive what you need from the event's id");

	// ---- the log --------------------------------------------------------------

	const shown = (v) => (typeof v === "object" && v !== null ? native.json(v) : String(v));
	const printer = (level) => (...values) => native.print(level, values.map(shown).join(" "));
	globalThis.log = printer(1);
	globalThis.console = { debug: printer(0), log: printer(1), info: printer(1), warn: printer(2), error: printer(3) };

	// ---- verdicts and effects --------------------------------------------------

	globalThis.reject = (reason) => native.reject(String(reason));
	globalThis.panic = (reason) => native.panic(String(reason));
	globalThis.effects = Object.freeze({
		insert: native.insert, update: native.update, delete: native.delete, log: native.log,
		query: (text, parameters = {}) => native.query(text, parameters),
		emit: (type, data) => native.emit(type, data),
	});
	globalThis.emit = (stream, type, body, metadata) => {
		if (typeof stream !== "string" || stream.trim() === "") throw new TypeError("emit: the stream's id must be a string that is not empty");
		if (typeof type !== "string" || type.trim() === "") throw new TypeError("emit: the event's type must be a string that is not empty");
		aggregateOf("emit", stream);
		if (Object.values(metadata ?? {}).some((v) => v !== undefined)) throw new TypeError("emit: an emitted event has no metadata here; put it into the body");
		native.emit(typeOf("emit", type), body, stream);
	};
	for (const name of ["linkTo", "linkStreamTo"]) {
		globalThis[name] = () => {
			throw new TypeError(`${name}: Refold's log has no links; select with fromCategory, partitionBy or $et- and $bc- streams where links would be read, or copy: emit(stream, event.eventType, event.data)`);
		};
	}

	globalThis.copyTo = () => {
		throw new TypeError("copyTo: today's KurrentDB does nothing at this call; emit(stream, event.eventType, event.data) copies, and without the call nothing is copied");
	};

	// ---- the definition ---------------------------------------------------------

	const definition = {
		options: {}, source: undefined, select: undefined, types: undefined, handlers: undefined,
		foreach: false, partition: undefined, transforms: [],
	};

	const optionTypes = {
		name: "string", version: "string", state: "string", key: "string", events: "object", fields: "object",
		resultstreamname: "string", $includelinks: "boolean", reorderevents: "boolean", processinglag: "number", bistate: "boolean",
	};

	function options(given) {
		if (typeof given !== "object" || given === null) throw new TypeError("options: give it an object");
		for (const [name, value] of Object.entries(given)) {
			const as = name in optionTypes ? name : name.toLowerCase();
			if (!(as in optionTypes)) throw new TypeError(`options: there is no option ${name}`);
			if (typeof value !== optionTypes[as] || value === null) throw new TypeError(`options: ${name} must be ${optionTypes[as] === "object" ? "an object or a list" : `a ${optionTypes[as]}`}`);
			definition.options[as] = value;
		}
	}

	// strings checks a list of names, given as one list or as several arguments.
	function strings(what, args) {
		const list = args.length === 1 && Array.isArray(args[0]) ? args[0] : args;
		if (list.length === 0 || list.some((s) => typeof s !== "string" || s === "")) throw new TypeError(`${what}: name one or more, as strings`);
		return list;
	}

	// typeOf is the name of an event type or a category as the log has it, in
	// snake_case. A script may write it as elsewhere: ItemAdded, item-added. One that
	// cannot be would match nothing, and nobody would know why.
	function typeOf(what, name) {
		if (/^[a-z_][a-z0-9_]*$/.test(name)) return name;
		if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) throw new TypeError(`${what}: nothing can have the type ${name} here: types are in snake_case, such as item_added`);
		return name.replace(/[.-]+/g, "_").replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/([A-Z])([A-Z][a-z])/g, "$1_$2").toLowerCase();
	}

	// aggregateOf is the aggregate that a stream is, as type-id, by the name that it has
	// elsewhere. What is no UUID behind the first dash, or no dash at all, makes an id
	// of its own from the whole name.
	const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
	function aggregateOf(what, stream) {
		const dash = stream.indexOf("-"), category = dash < 0 ? stream : stream.slice(0, dash), id = stream.slice(category.length + 1);
		if (!/^[A-Za-z_][A-Za-z0-9_.]*$/.test(category)) throw new TypeError(`${what}: no stream can have the name ${stream} here: it begins with a type in ASCII letters and digits, such as order-1`);
		return `${typeOf(what, category)}-${uuidForm.test(id) ? id.toLowerCase() : native.uuid(stream)}`;
	}

	// streamOf is the name of the stream that an aggregate is elsewhere, as the
	// metadata of its event have it; undefined if they do not.
	const { parse } = JSON;
	function streamOf(metadata, aggregate) {
		try {
			const { stream } = parse(metadata);
			if (typeof stream === "string" && stream.length <= 1024 && aggregateOf("", stream) === aggregate) return stream;
		} catch {
			// a member "stream" of somebody else's
		}
		return undefined;
	}

	function source(what, select, types) {
		if (definition.source) throw new TypeError(`${what}: the projection has a source already`);
		definition.source = what;
		definition.select = select;
		definition.types = types;
		return steps(what, "when", "partitionBy", "outputState", ...(what === "fromAll" || what === "fromCategory" ? ["foreachStream"] : []));
	}

	const category = (e) => e.aggregateType, eventType = (e) => e.eventType, correlation = (e) => e.correlationId;
	const aggregate = (e) => `${e.aggregateType}-${e.aggregateId}`;

	// systemStreams are those of KurrentDB's own projections, by what they begin with.
	const systemStreams = {
		"$ce-": (what, name) => [typeOf(what, name), category],
		"$et-": (what, name) => [typeOf(what, name), eventType],
		"$bc-": (what, name) => {
			if (!uuidForm.test(name)) throw new TypeError(`${what}: no event can have the correlation id ${name} here: it is a UUID`);
			return [name.toLowerCase(), correlation];
		},
	};

	// wantedOf is what an event must have to be in a stream: a property and its value.
	function wantedOf(what, stream) {
		if (stream[0] !== "$") return [aggregateOf(what, stream), aggregate];
		const kind = systemStreams[stream.slice(0, 4)], name = stream.slice(4);
		if (kind === undefined || name === "") throw new TypeError(`${what}: Refold has no stream ${stream}; of KurrentDB's own it has $ce-, $et- and $bc-`);
		return kind(what, name);
	}

	function fromStreams(what, list) {
		const wanted = new Map(); // sets of values, by property
		for (const stream of list) {
			const [value, property] = wantedOf(what, stream);
			if (!wanted.has(property)) wanted.set(property, new Set());
			wanted.get(property).add(value);
		}
		const pairs = [...wanted];
		return source(what, (e) => pairs.some(([property, values]) => values.has(property(e))),
			list.every((stream) => stream.startsWith("$et-")) ? [...pairs[0][1]] : undefined);
	}

	const selectors = {
		options,
		fromAll: () => source("fromAll"),
		fromCategory: (...args) => {
			const wanted = new Set(strings("fromCategory", args).map((name) => typeOf("fromCategory", name)));
			return source("fromCategory", (e) => wanted.has(e.aggregateType));
		},
		fromStream: (id) => fromStreams("fromStream", strings("fromStream", [id])),
		fromStreams: (...args) => fromStreams("fromStreams", strings("fromStreams", args)),
	};
	selectors.fromCategories = selectors.fromCategory;
	selectors.on_event = (type, fn) => addHandler("on_event", type, fn);
	selectors.on_any = (fn) => addHandler("on_any", "$any", fn);
	for (const name of ["fromStreamCatalog", "fromStreamsMatching", "on_raw"]) {
		selectors[name] = () => {
			throw new TypeError(`${name}: KurrentDB has it no more, and Refold has not; select with fromAll, fromCategory or fromStreams`);
		};
	}
	Object.assign(globalThis, selectors);

	function must(what, fn) {
		if (typeof fn !== "function") throw new TypeError(`${what}: give it a function`);
		return fn;
	}

	function addHandler(what, name, fn) {
		must(`${what}: the handler of ${name}`, fn);
		if (typeof name !== "string" || name === "") throw new TypeError(`${what}: name an event type, as a string`);
		if (name[0] === "$" && !["$init", "$initShared", "$any", "$created", "$deleted"].includes(name)) throw new TypeError(`${what}: there is no handler ${name}`);
		if (name[0] !== "$") name = typeOf(what, name);
		definition.handlers ??= new Map();
		if (definition.handlers.has(name)) throw new TypeError(`${what}: ${name} has a handler already`);
		definition.handlers.set(name, fn);
	}

	const transform = (kind) => (fn) => {
		definition.transforms.push({ kind, fn: must(kind, fn) });
		return steps(kind, "transformBy", "filterBy", "outputState", "outputTo");
	};
	const chain = {
		when(handlers) {
			definition.handlers ??= new Map();
			for (const [name, fn] of Object.entries(handlers)) addHandler("when", name, fn);
			return steps("when", "transformBy", "filterBy", "outputState", "outputTo", "$defines_state_transform");
		},
		partitionBy(fn) {
			definition.partition = must("partitionBy", fn);
			return steps("partitionBy", "when");
		},
		foreachStream() {
			definition.foreach = true;
			return steps("foreachStream", "when");
		},
		transformBy: transform("transformBy"),
		filterBy: transform("filterBy"),
		outputState: () => steps("outputState", "when", "transformBy", "filterBy", "outputTo"),
		outputTo: () => steps("outputTo"),
		$defines_state_transform() {},
	};
	// steps are what may follow another; what may not says so.
	const steps = (after, ...names) => Object.fromEntries([...Object.keys(chain), "whenAny"].map((name) => [name, names.includes(name) ? chain[name] : misplaced(name, after, names)]));

	const misplaced = (name, after, names) => () => {
		if (name === "whenAny") throw new TypeError("whenAny: KurrentDB has it no more; it is when({ $any: (state, event) => { … } })");
		throw new TypeError(`${name}: it does not follow ${after}; what does: ${names.join(", ") || "nothing"}`);
	};

	// ---- the manifest -------------------------------------------------------------

	function stateKind() {
		const { key, state } = definition.options;
		const { partition, foreach, transforms } = definition;
		const inMemory = shared() ? "$initShared" : transforms.length > 0 ? transforms[0].kind : partition ? "partitionBy" : undefined;
		if (state !== undefined && !["stateless", "resident", "keyed"].includes(state)) throw new TypeError(`options: state is ${state}; it must be stateless, resident or keyed`);
		if (key !== undefined && (partition || foreach)) throw new TypeError("options: the key and partitionBy or foreachStream both say how to partition; keep one");
		if ((key !== undefined || state === "keyed") && inMemory) throw new TypeError(`${inMemory}: it needs all states in one memory, so the state cannot be keyed`);
		if (state === "stateless" && inMemory === "$initShared") throw new TypeError("options: a stateless projection has no state to share");
		if (key !== undefined && state !== undefined && state !== "keyed") throw new TypeError(`options: a key goes with keyed state, not ${state}`);
		return state ?? (key !== undefined || (foreach && !inMemory) ? "keyed" : "resident");
	}

	const shared = () => definition.handlers.has("$initShared") || definition.options.bistate === true;

	function fieldList(given = []) {
		return Array.isArray(given) ? given : Object.entries(given).map(([path, type]) => ({ path, type }));
	}

	// eventTypes are those that the manifest declares; none means all.
	function eventTypes() {
		const { handlers, options: given, types } = definition;
		const handled = [...handlers.keys()].filter((name) => name[0] !== "$");
		if (given.events) return given.events;
		if (!handlers.has("$any")) return handled;
		return types ?? [];
	}

	function ready(file) {
		const given = definition.options;
		if (!definition.source || !definition.handlers) throw new TypeError(`${file} defines no projection; end it with one, such as fromAll().when({ $any: (state, event) => { … } })`);
		if (![...definition.handlers.keys()].some((name) => name === "$any" || name[0] !== "$")) throw new TypeError("when: it has no handler of events");
		for (const [name, fn] of Object.entries(selectors)) {
			if (globalThis[name] === fn) delete globalThis[name]; // else it is the script's own
		}
		const events = eventTypes(), fields = fieldList(given.fields), state = stateKind();
		prepare(state, events);
		const manifest = {
			abi: 1, name: given.name ?? file.replace(/\.js$/, ""), version: given.version, state, key: given.key,
			events: events.length > 0 ? events : undefined, fields: fields.length > 0 ? fields : undefined, sdk: "refold-javascript",
		};
		return { manifest, paths: fields.map((f) => f.path), byStream: definition.foreach };
	}

	// ---- the fold -------------------------------------------------------------------

	let select, byIndex, byType, any, init, initShared, created, partitionOf, isKeyed, isStateless, isShared;
	let common; // the shared state
	const states = new Map(); // of a resident projection, by partition

	function prepare(state, events) {
		const { handlers, select: selects, partition, foreach } = definition;
		const empty = () => ({});
		any = handlers.get("$any");
		byType = any || events.length === 0 ? handlers : undefined;
		byIndex = events.map((name) => handlers.get(name));
		init = handlers.get("$init") ?? empty;
		initShared = handlers.get("$initShared") ?? empty;
		created = handlers.get("$created");
		select = selects;
		isShared = shared();
		isKeyed = state === "keyed";
		isStateless = state === "stateless";
		partitionOf = partition ?? (foreach ? (e) => e.streamId : undefined);
	}

	const handlerFor = (type) => (type[0] === "$" ? undefined : byType.get(type)) ?? any;

	// fold returns the new state of a keyed projection; undefined for a state that
	// nothing has touched, null for one that is to be removed.
	function fold(state, event, type) {
		const handler = byType === undefined ? byIndex[type] : handlerFor(event.eventType);
		if (handler === undefined || (select !== undefined && !select(event))) return state;
		if (isKeyed) return step(handler, state, event);
		const partition = partitionOf === undefined ? "" : nameOf(partitionOf(event));
		if (partition === undefined) return undefined;
		if (partition !== "") native.partition(partition);
		if (isStateless) step(handler, undefined, event);
		else if (isShared) stepShared(handler, partition, event);
		else states.set(partition, step(handler, states.get(partition), event));
		return undefined;
	}

	// nameOf is a partition's name; an event without one belongs to none.
	const nameOf = (v) => (typeof v === "string" ? v : typeof v === "number" ? String(v) : undefined);

	function step(handler, state, event) {
		if (state === undefined || state === null) {
			state = init();
			if (created !== undefined) created(state, event);
		}
		const next = handler(state, event);
		return next === undefined ? state : next;
	}

	// stepShared folds with a state of two: the partition's, and the one that all
	// partitions share.
	function stepShared(handler, partition, event) {
		const state = states.get(partition) ?? null;
		common ??= initShared();
		let both = [state ?? init(), common];
		if (state === null && created !== undefined) created(both, event);
		both = handler(both, event) ?? both;
		states.set(partition, both[0] ?? null);
		if (Array.isArray(both) && both[1] !== undefined) common = both[1];
	}

	// ---- queries -----------------------------------------------------------------------

	// resultOf is what the transformations make of a state. They get a copy, for
	// they may change it.
	function resultOf(state) {
		if (definition.transforms.length === 0 || state === undefined || state === null) return state ?? null;
		let result = JSON.parse(native.json(state));
		for (const { kind, fn } of definition.transforms) {
			const given = fn(result);
			if (kind === "filterBy" && given !== true) return null;
			if (kind === "transformBy") result = given;
			if (result === undefined || result === null) return null;
		}
		return result;
	}

	// query answers with one partition's result, or with all of them, sorted; the
	// shared state has the empty name.
	function query(text) {
		if (text !== "") return states.has(text) ? resultOf(states.get(text)) : undefined;
		if (partitionOf === undefined) return resultOf(states.get(""));
		const all = Object.create(null);
		for (const name of [...states.keys()].sort()) all[name] = resultOf(states.get(name));
		return isShared ? { "": common ?? null, ...all } : all;
	}

	return { ready, fold, query, streamOf };
})
