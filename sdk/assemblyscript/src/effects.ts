import { Buffer } from "./buffer";
import { beginEvent, Level } from "./host";
import { putText } from "./text";
import { JsonWriter } from "./writer";

enum Kind {
  Insert = 1,
  Update,
  Delete,
  Query,
  Log,
  EmitEvent,
}

const header: u32 = 48;
const record: u32 = 48;
const magic: u32 = 0x31524652; // RFR1

/** Collects what a fold asks for. The host carries effects out, in the order of
 * their events. Everything handed over is copied. */
// @ts-ignore: decorator
@final
export class Effects {
  private result: Buffer = new Buffer(); // header, then effect records
  private groups: Buffer = new Buffer(); // group results; a state's offset counts from the states' start
  private states: JsonWriter = new JsonWriter();
  private row: JsonWriter = new JsonWriter();
  private text: Buffer = new Buffer();
  private cause: u32 = 0;
  private count: u32 = 0;
  private removes: bool = false; // asked for by the event begun last

  /** An empty JSON object to write a row into. It is the same one at every call, so
   * hand it over before the next. */
  object(): JsonWriter {
    return this.row.reset();
  }

  /** Writes a whole row: creates it, or replaces the row with the same primary key. */
  insert(table: string, row: JsonWriter): void {
    this.add(Kind.Insert, 0, table, "", finished(row));
  }

  /** Changes some columns of the row with a primary key; a row that does not exist
   * is left so. A key of several columns is a JSON array of their values. */
  update(table: string, key: string, columns: JsonWriter): void {
    this.add(Kind.Update, 0, table, key, finished(columns));
  }

  /** Removes the row with a primary key; a row that does not exist is no error. */
  delete(table: string, key: string): void {
    this.add(Kind.Delete, 0, table, key, this.textOf(""));
  }

  /** Asks for a read whose answer becomes an event. */
  query(text: string, parameters: JsonWriter): void {
    this.add(Kind.Query, 0, text, "", finished(parameters));
  }

  /** Writes a line to the operator's log, as an effect: once for each event,
   * whatever is retried. */
  log(level: Level, message: string): void {
    this.add(Kind.Log, level, "", "", this.textOf(message));
  }

  /** Appends an event to the log. */
  emitEvent(type: string, data: JsonWriter): void {
    this.add(Kind.EmitEvent, 0, type, "", finished(data));
  }

  /** Removes the event's key and its state from a keyed projection, once the fold
   * returns. The key's next event starts from a new state. */
  removeState(): void {
    this.removes = true;
  }

  private textOf(text: string): Buffer {
    this.text.length = 0;
    putText(this.text, text);
    return this.text;
  }

  private add(kind: Kind, level: u32, name: string, key: string, body: Buffer): void {
    const out = this.result, start = out.length;
    memory.fill(out.extend(record), 0, record);
    putText(out, name);
    const keyAt = out.length - start;
    putText(out, key);
    const bodyAt = out.length - start;
    out.copy(body.at, body.length);
    out.pad();
    const at = out.at + start;
    store<u32>(at, out.length - start);
    store<u16>(at, kind, 4);
    store<u16>(at, level, 6);
    store<u32>(at, this.cause, 8);
    store<u32>(at, record, 16);
    store<u32>(at, keyAt - record, 20);
    store<u32>(at, keyAt, 24);
    store<u32>(at, bodyAt - keyAt, 28);
    store<u32>(at, bodyAt, 32);
    store<u32>(at, body.length, 36);
    this.count++;
  }

  // What the kit itself does with them.

  /** Starts a batch. */
  reset(): void {
    this.result.length = 0;
    memory.fill(this.result.extend(header), 0, header);
    this.groups.length = 0;
    this.states.buffer.length = 0;
    this.count = 0;
  }

  /** Starts an event. */
  begin(event: u32): void {
    this.cause = event;
    this.removes = false;
    beginEvent(event);
  }

  get removesState(): bool {
    return this.removes;
  }

  /** What the next state of a key is written to, from here on. */
  beginState(): JsonWriter {
    this.states.start();
    return this.states;
  }

  /** Ends a state that began at an offset of the writer's buffer. */
  setState(group: u32, start: u32): void {
    this.states.finish();
    const length = this.states.buffer.length - start;
    this.states.buffer.pad();
    this.groupResult(group, 1, start, length);
  }

  get stateOffset(): u32 {
    return this.states.buffer.length;
  }

  removeGroup(group: u32): void {
    this.groupResult(group, 2, 0, 0);
  }

  private groupResult(group: u32, disposition: u32, start: u32, length: u32): void {
    const at = this.groups.extend(16);
    store<u32>(at, group);
    store<u32>(at, disposition, 4);
    store<u32>(at, start, 8);
    store<u32>(at, length, 12);
  }

  /** The result of a batch that was folded, as a span. */
  finish(): u64 {
    const out = this.result, groups = this.groups, states = this.states.buffer;
    const at = out.length;
    for (let i: u32 = 0; i < groups.length; i += 16) {
      const result = groups.at + i;
      store<u32>(result, load<u32>(result, 8) + at + groups.length, 8);
    }
    out.copy(groups.at, groups.length);
    out.copy(states.at, states.length);
    store<u32>(out.at, groups.length / 16, 16);
    store<u32>(out.at, at, 20);
    store<u32>(out.at, this.count, 24);
    store<u32>(out.at, header, 28);
    return this.head(0);
  }

  /** The result of a batch with an event that cannot be folded, as a span. */
  reject(event: u32, why: string): u64 {
    this.reset();
    putText(this.result, why);
    const at = this.result.at;
    store<u32>(at, event, 32);
    store<u32>(at, header, 36);
    store<u32>(at, this.result.length - header, 40);
    return this.head(1);
  }

  private head(status: u32): u64 {
    const at = this.result.at;
    store<u32>(at, magic);
    store<u32>(at, this.result.length, 4);
    store<u32>(at, 1, 8);
    store<u32>(at, status, 12);
    return span(this.result);
  }
}

function finished(object: JsonWriter): Buffer {
  object.finish();
  return object.buffer;
}

/** A span as the host wants it. */
export function span(bytes: Buffer): u64 {
  return ((<u64>bytes.at) << 32) | bytes.length;
}
