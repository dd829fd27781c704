import { Json } from "./json";
import { textAt } from "./text";
import { Uuid } from "./uuid";

/** The event that a fold is called with. It is the same object at every call, and
 * is valid until the fold returns. */
// @ts-ignore: decorator
@final
export class Event {
  private frame: usize = 0;
  private record: usize = 0;
  private slots: u32 = 0; // per event
  private group: usize = 0;
  private groupKey: string | null = null;
  /** The event's place in the batch. */
  index: u32 = 0;

  /** The event's type, such as "file_added". */
  get type(): string {
    return this.name(28, this.typeIndex);
  }

  /** The type's place among the projection's events, for a fold that switches on
   * integers. */
  get typeIndex(): u32 {
    return load<u32>(this.record, 96);
  }

  /** The key of a keyed projection, else empty. */
  get key(): string {
    const known = this.groupKey;
    if (known != null) return known;
    const keyed = (load<u32>(this.group, 16) & 2) != 0;
    const key = keyed ? textAt(this.frame + load<u32>(this.group), load<u32>(this.group, 4)) : "";
    this.groupKey = key;
    return key;
  }

  /** The event's place in the whole log, from 1. */
  get position(): u64 {
    return load<u64>(this.record, 8);
  }

  /** The event's place in its aggregate, from 1. */
  get version(): u64 {
    return load<u64>(this.record, 16);
  }

  /** When the event happened, in Unix nanoseconds. */
  get time(): i64 {
    return load<i64>(this.record, 24);
  }

  /** The event's id. */
  get id(): Uuid {
    return Uuid.at(this.record + 32);
  }

  /** The id of the event's aggregate. */
  get aggregateId(): Uuid {
    return Uuid.at(this.record + 48);
  }

  /** The type of the event's aggregate. */
  get aggregateType(): string {
    return this.name(36, load<u32>(this.record, 100));
  }

  /** What ties together all events of one undertaking. */
  get correlationId(): Uuid {
    return Uuid.at(this.record + 64);
  }

  /** The event or command that caused the event, or null. */
  get causationId(): Uuid | null {
    return load<u32>(this.record, 4) & 1 ? Uuid.at(this.record + 80) : null;
  }

  /** The version of the event type's fields. */
  get schemaVersion(): u32 {
    return load<u32>(this.record, 104);
  }

  /** The payload, a JSON object. Declare a field instead where one will do. */
  get data(): Json {
    return Json.trusted(this.record + load<u32>(this.record, 112), load<u32>(this.record, 116));
  }

  /** The metadata, a JSON object, or null. */
  get metadata(): Json | null {
    if ((load<u32>(this.record, 4) & 2) == 0) return null;
    return Json.trusted(this.record + load<u32>(this.record, 120), load<u32>(this.record, 124));
  }

  /** Where the slot of a field is; 0 if the batch has none. */
  // @ts-ignore: decorator
  @inline
  slotAt(index: u32): usize {
    return index < this.slots ? this.record + load<u32>(this.record, 108) + 16 * index : 0;
  }

  /** Where the record is, from which a slot's offsets count. */
  get at(): usize {
    return this.record;
  }

  /** Moves to the first event of a group. */
  enter(frame: usize, group: usize): void {
    this.frame = frame;
    this.group = group;
    this.groupKey = null;
    this.slots = load<u32>(frame, 48);
    this.record = frame + load<u32>(group, 28);
    this.index = load<u32>(group, 20);
  }

  /** Moves to the next event of the group. */
  // @ts-ignore: decorator
  @inline
  advance(): void {
    this.record += load<u32>(this.record);
    this.index++;
  }

  private name(table: u32, index: u32): string {
    const entry = this.frame + load<u32>(this.frame + table) + 8 * index;
    return textAt(this.frame + load<u32>(entry), load<u32>(entry, 4));
  }
}
