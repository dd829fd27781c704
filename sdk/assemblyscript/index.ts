/**
 * The kit for Refold projections in AssemblyScript.
 *
 * A guest declares fields, makes a projection by {@link stateless},
 * {@link resident} or {@link keyed}, and ends with
 *
 *     export * from "@refold-dev/assemblyscript/exports";
 *
 * Invariants:
 *
 *  1. A module holds one projection.
 *  2. {@link reject} rejects the event that is being folded: nothing of the batch
 *     counts. What aborts, as `throw` does, goes to the plugin's log and ends the
 *     instance.
 *  3. An {@link Event}, a {@link Slot}'s bytes and a {@link Json} are valid until
 *     the fold returns; strings and numbers are the guest's to keep.
 *
 * A fold must give the same output for the same input: it has no clock and no
 * randomness. A Map keeps the order of its insertions, which must not reach an
 * effect, a state or an answer: sort first.
 *
 * Start reading at src/projection.ts.
 */
export { keyed, reject, resident, stateless, Projection, State } from "./src/projection";
export { Event } from "./src/event";
export { Effects } from "./src/effects";
export {
  BoolField, BytesField, Field, FloatField, IntField, Slot, SlotKind, StringField, TimeField, UuidField,
} from "./src/field";
export { Json, JsonKind } from "./src/json";
export { JsonWriter } from "./src/writer";
export { Level, print } from "./src/host";
export { compareText } from "./src/text";
export { Uuid } from "./src/uuid";
