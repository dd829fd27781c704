// The globals that a projection's script finds. An editor completes and checks
// them where the script starts with
//
//	/// <reference path="refold.d.ts" />

declare namespace Refold {
	type FieldType = "bool" | "i64" | "f64" | "string" | "bytes" | "uuid" | "time";
	/** What a field of `options({ fields })` gives: a BigInt for an integer beyond 2^53, an object or array where the payload has one. */
	type FieldValue = null | boolean | number | bigint | string | Uint8Array | Date | object;
	type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

	/** An event. One that is kept stays what it was; in a keyed state it comes back from its JSON. */
	interface Event {
		/** The payload, parsed; `body` is the same value, `bodyRaw` its text. */
		readonly data: any;
		readonly body: any;
		readonly bodyRaw: string;
		readonly metadata: any;
		readonly metadataRaw: string | null;
		readonly isJson: true;
		readonly eventType: string;
		readonly eventId: string;
		/** The stream's name as it is elsewhere, where the event has it; else the aggregate's type and id, joined by a dash. */
		readonly streamId: string;
		/** What `streamId` has before its first dash. */
		readonly category: string;
		/** The event's place in its aggregate, from 0; `version` counts from 1. */
		readonly sequenceNumber: number | bigint;
		/** What `partitionBy` or `foreachStream` gives, or the key; else empty. */
		readonly partition: string;
		readonly linkMetadata: null;
		readonly linkMetadataRaw: null;

		/** The event's place in the whole log, from 1. */
		readonly position: number | bigint;
		readonly version: number | bigint;
		readonly time: Date;
		/** The time as text, in UTC, to 100 nanoseconds, as KurrentDB has it. */
		readonly created: string;
		readonly timeNanos: bigint;
		readonly aggregateType: string;
		readonly aggregateId: string;
		readonly schemaVersion: number;
		readonly correlationId: string;
		readonly causationId: string | null;
		/** The key of keyed state; else empty. */
		readonly key: string;
		/** The type's place in the manifest's events. */
		readonly typeIndex: number;
		/** The fields of `options({ fields })`, by path. */
		readonly fields: { readonly [path: string]: any };
		/** The same in the manifest's order, without loss: times in nanoseconds, JSON as text. */
		readonly slots: ReadonlyArray<{ kind: FieldType | "null" | "json"; value: FieldValue }>;
	}

	interface Options {
		/** The projection's name; by default the file's. */
		name?: string;
		/** The projection's version, for people. */
		version?: string;
		/** Who keeps the state; by default keyed with `key` or `foreachStream`, else resident. */
		state?: "stateless" | "resident" | "keyed";
		/** The payload field to key the state by, a path. */
		key?: string;
		/** The event types that the projection gets; by default those that have handlers. */
		events?: string[];
		/** Payload fields that the host decodes, by path. */
		fields?: { [path: string]: FieldType };
		/** Options of KurrentDB that change nothing here. */
		resultStreamName?: string;
		$includeLinks?: boolean;
		reorderEvents?: boolean;
		processingLag?: number;
		/** State is a pair: the partition's, and one that all share. `$initShared` says so, too. */
		biState?: boolean;
	}

	/** A handler changes the state or returns another; null removes it. */
	type Handler = (state: any, event: Event) => any;
	interface Handlers {
		$init?: () => any;
		$initShared?: () => any;
		$created?: (state: any, event: Event) => void;
		/** Never called: Refold's log deletes nothing. */
		$deleted?: (...args: any[]) => any;
		/** For types that have no handler of their own. */
		$any?: Handler;
		[eventType: string]: any;
	}

	interface Result {
		transformBy(fn: (state: any) => any): Result;
		filterBy(fn: (state: any) => boolean): Result;
		outputState(): Result;
		outputTo(stream: string, partitionPattern?: string): void;
		$defines_state_transform(): void;
	}
	interface Partitioned {
		when(handlers: Handlers): Result;
	}
	interface Source extends Partitioned {
		partitionBy(fn: (event: Event) => string | number | null | undefined): Partitioned;
		outputState(): Result & Partitioned;
	}
	interface WideSource extends Source {
		foreachStream(): Partitioned;
	}

	type Key = string | number | bigint | boolean | ReadonlyArray<string | number | bigint | boolean | null>;
	interface Effects {
		/** Writes a whole row: creates it, or replaces the row with the same primary key. */
		insert(collection: string, row: object): void;
		/** Changes the named columns of a row; a row that is not there stays so. */
		update(collection: string, key: Key, columns: object): void;
		/** Removes a row; a row that is not there is no error. */
		delete(collection: string, key: Key): void;
		/** Asks for a read, whose answer becomes an event. */
		query(text: string, parameters?: object): void;
		/** Writes a line to the operator's log, as part of the output. */
		log(level: "debug" | "info" | "warn" | "error", message: string): void;
		/** Appends an event to the log. */
		emit(eventType: string, data: object): void;
	}
}

declare function options(o: Refold.Options): void;
declare function fromAll(): Refold.WideSource;
declare function fromCategory(...categories: string[] | [string[]]): Refold.WideSource;
declare function fromCategories(...categories: string[] | [string[]]): Refold.WideSource;
declare function fromStream(streamId: string): Refold.Source;
declare function fromStreams(...streamIds: string[] | [string[]]): Refold.Source;

/** Adds a handler, as `when` does. */
declare function on_event(eventType: string, handler: Refold.Handler): void;
/** Adds the handler for types that have none of their own. */
declare function on_any(handler: Refold.Handler): void;

declare const effects: Refold.Effects;
/** Appends an event to the log, for the stream that it names. */
declare function emit(streamId: string, eventType: string, body: object): void;
/** Says that the event cannot be folded, and why. */
declare function reject(reason: string): never;
/** Ends the instance. */
declare function panic(reason: string): never;
/** Writes to the plugin's log, for whoever debugs it. */
declare function log(...values: any[]): void;
