import { Buffer } from "./buffer";
import { Effects, span } from "./effects";
import { Event } from "./event";
import { declared } from "./field";
import "./abort";
import { beginEvent, Level, print } from "./host";
import { Json } from "./json";
import { failed, failure, projection } from "./projection";
import { rejection } from "./reject";
import { textAt } from "./text";
import { JsonWriter } from "./writer";

const largest: u32 = 64 << 20;
const magic: u32 = 0x31424652; // RFB1

const out = new Effects();
const event = new Event();
const input = new Buffer();
const text = new JsonWriter(); // the manifest, or the last answer

/** Room for the host's next input, 8-aligned; 0 if it is too large. */
export function inputRoom(size: u32): usize {
  if (size > largest) return 0;
  input.length = 0;
  return input.room(max(size, 8)); // the heap aligns to 16
}

/** The manifest as JSON, as a span. */
export function describe(): u64 {
  const self = projection();
  text.reset().int("abi", 1).text("name", self.name);
  if (self.versionText != "") text.text("version", self.versionText);
  text.text("state", self.state);
  if (self.keyPath != "") text.text("key", self.keyPath);
  if (self.eventTypes.length > 0) {
    text.array("events");
    for (let i = 0; i < self.eventTypes.length; i++) text.addText(self.eventTypes[i]);
    text.end();
  }
  if (declared.length > 0) {
    text.array("fields");
    for (let i = 0; i < declared.length; i++) {
      text.addObject().text("path", declared[i].path).text("type", declared[i].type).end();
    }
    text.end();
  }
  text.text("sdk", "refold-assemblyscript").finish();
  return span(text.buffer);
}

/** Folds a batch frame and returns the result frame as a span. A guest may trust a
 * batch. */
export function fold(frame: usize, length: u32): u64 {
  if (length < 64 || load<u32>(frame) != magic || load<u16>(frame, 8) != 1) {
    throw new Error("refold: the input is no batch frame of version 1");
  }
  const self = projection(), groups = load<u32>(frame, 16), table = frame + load<u32>(frame, 20);
  out.reset();
  for (let i: u32 = 0; i < groups; i++) {
    const group = table + 32 * i, hasState = (load<u32>(group, 16) & 1) != 0;
    const state = hasState ? Json.check(frame + load<u32>(group, 8), load<u32>(group, 12)) : null;
    event.enter(frame, group);
    if (!self.foldGroup(i, event, load<u32>(group, 24), state, hasState, out)) return out.reject(failed, failure);
  }
  beginEvent(load<u32>(frame, 12)); // what follows belongs to no event
  return out.finish();
}

/** Answers a read of resident state. An empty answer refuses the query, and the log
 * says why. */
export function answer(query: usize, length: u32): u64 {
  const answers = projection().answers;
  if (answers == null) {
    print(Level.Error, "query: the projection answers no queries");
    return 0;
  }
  answers(textAt(query, length), text.reset());
  text.finish();
  const why = rejection();
  if (why == null) return span(text.buffer);
  print(Level.Error, "query: " + why);
  return 0;
}
