import { Buffer } from "./buffer";
import { putText } from "./text";

/** The severity of a log line. */
export enum Level {
  Debug,
  Info,
  Warn,
  Error,
}

/** Marks the start of an event, so that it has fuel of its own and a trap names it. */
// @ts-ignore: decorator
@external("refold", "begin_event")
export declare function beginEvent(index: u32): void;

// @ts-ignore: decorator
@external("refold", "log")
export declare function logLine(level: u32, text: usize, length: u32): void;

const line = new Buffer();

/**
 * Writes a line to the plugin's log at once, for whoever debugs it.
 * {@link Effects.log} is the one that counts.
 */
export function print(level: Level, text: string): void {
  line.length = 0;
  putText(line, text);
  logLine(level, line.at, line.length);
}
