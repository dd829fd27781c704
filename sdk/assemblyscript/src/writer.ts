import { Buffer } from "./buffer";
import { putFloat, putInt, putUint } from "./number";
import { putString, putText } from "./text";
import { putTime } from "./time";
import { putUuid, Uuid } from "./uuid";

/**
 * Writes a JSON object, name by name in the order of the calls. {@link object} and
 * {@link array} begin what lies in it, and {@link end} ends that.
 */
// @ts-ignore: decorator
@final
export class JsonWriter {
  /** The text so far. */
  readonly buffer: Buffer = new Buffer();
  private ends: u8[] = [];

  /** Adds a string. */
  text(name: string, value: string): JsonWriter {
    this.name(name);
    putString(this.buffer, value);
    return this;
  }

  /** Adds an integer. */
  int(name: string, value: i64): JsonWriter {
    this.name(name);
    putInt(this.buffer, value);
    return this;
  }

  /** Adds an integer that is not negative. */
  uint(name: string, value: u64): JsonWriter {
    this.name(name);
    putUint(this.buffer, value);
    return this;
  }

  /** Adds a number; what JSON has no number for becomes null. */
  float(name: string, value: f64): JsonWriter {
    this.name(name);
    putFloat(this.buffer, value);
    return this;
  }

  /** Adds true or false. */
  bool(name: string, value: bool): JsonWriter {
    return this.raw(name, value ? "true" : "false");
  }

  /** Adds a null. */
  none(name: string): JsonWriter {
    return this.raw(name, "null");
  }

  /** Adds a UUID in its 36-character form. */
  uuid(name: string, value: Uuid): JsonWriter {
    this.name(name);
    this.buffer.push(0x22);
    putUuid(this.buffer, value);
    this.buffer.push(0x22);
    return this;
  }

  /** Adds Unix nanoseconds as a time in RFC 3339, in UTC. */
  time(name: string, nanos: i64): JsonWriter {
    this.name(name);
    this.buffer.push(0x22);
    putTime(this.buffer, nanos);
    this.buffer.push(0x22);
    return this;
  }

  /** Adds a value that is JSON text already. */
  raw(name: string, json: string): JsonWriter {
    this.name(name);
    putText(this.buffer, json);
    return this;
  }

  /** Begins an object. */
  object(name: string): JsonWriter {
    this.name(name);
    return this.begin(0x7b, 0x7d);
  }

  /** Begins an array. */
  array(name: string): JsonWriter {
    this.name(name);
    return this.begin(0x5b, 0x5d);
  }

  /** Adds a string to an array. */
  addText(value: string): JsonWriter {
    this.comma();
    putString(this.buffer, value);
    return this;
  }

  /** Adds an integer to an array. */
  addInt(value: i64): JsonWriter {
    this.comma();
    putInt(this.buffer, value);
    return this;
  }

  /** Adds a number to an array. */
  addFloat(value: f64): JsonWriter {
    this.comma();
    putFloat(this.buffer, value);
    return this;
  }

  /** Adds a value that is JSON text already to an array. */
  addRaw(json: string): JsonWriter {
    this.comma();
    putText(this.buffer, json);
    return this;
  }

  /** Begins an object in an array. */
  addObject(): JsonWriter {
    this.comma();
    return this.begin(0x7b, 0x7d);
  }

  /** Begins an array in an array. */
  addArray(): JsonWriter {
    this.comma();
    return this.begin(0x5b, 0x5d);
  }

  /** Ends the object or array that was begun last. */
  end(): JsonWriter {
    this.buffer.push(this.ends.pop());
    return this;
  }

  /** Starts the text anew, as an object. */
  reset(): JsonWriter {
    this.buffer.length = 0;
    this.ends.length = 0;
    return this.begin(0x7b, 0x7d);
  }

  /** Begins an object behind what the buffer has. */
  start(): void {
    this.begin(0x7b, 0x7d);
  }

  /** Ends all that was begun. */
  finish(): void {
    while (this.ends.length > 0) this.end();
  }

  private begin(bracket: u8, end: u8): JsonWriter {
    this.buffer.push(bracket);
    this.ends.push(end);
    return this;
  }

  // @ts-ignore: decorator
  @inline
  private comma(): void {
    const last = load<u8>(this.buffer.at + this.buffer.length - 1);
    if (last != 0x7b && last != 0x5b) this.buffer.push(0x2c);
  }

  private name(name: string): void {
    this.comma();
    putString(this.buffer, name);
    this.buffer.push(0x3a);
  }
}
