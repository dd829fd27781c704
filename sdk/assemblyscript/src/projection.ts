import { Effects } from "./effects";
import { Event } from "./event";
import { Json } from "./json";
import { reject as rejectEvent, rejection } from "./reject";
import { JsonWriter } from "./writer";

export { reject } from "./reject";

/** The state of one key of a keyed projection. Its class has a constructor without
 * parameters, which makes the state of a key without one. */
export abstract class State {
  /** Reads what {@link save} wrote. */
  abstract load(from: Json): void;
  /** Writes the members of a JSON object. */
  abstract save(to: JsonWriter): void;
}

/** A projection that has effects only. */
export function stateless(name: string, fold: (e: Event, out: Effects) => void): Projection {
  return register(new Unkeyed(name, "stateless", fold));
}

/** A projection that keeps its state in ordinary variables of a module. The host
 * saves and restores them with the whole instance. */
export function resident(name: string, fold: (e: Event, out: Effects) => void): Projection {
  return register(new Unkeyed(name, "resident", fold));
}

/** A projection whose state the host keeps, one S a key. */
export function keyed<S extends State>(name: string, fold: (s: S, e: Event, out: Effects) => void): Projection {
  return register(new Keyed<S>(name, "keyed", fold));
}

let registered: Projection | null = null;

function register(projection: Projection): Projection {
  if (registered) throw new Error("refold: a module holds one projection, and has made two");
  registered = projection;
  return projection;
}

/** The module's projection. */
export function projection(): Projection {
  if (!registered) throw new Error("refold: the module has made no projection");
  return registered!;
}

/** A projection, and what is said of it. */
export abstract class Projection {
  /** For people. */
  versionText: string = "";
  keyPath: string = "";
  eventTypes: string[] = [];
  answers: ((query: string, answer: JsonWriter) => void) | null = null;

  constructor(readonly name: string, readonly state: string) {}

  /** The projection's version, for people. */
  version(version: string): Projection {
    this.versionText = version;
    return this;
  }

  /** The payload field to key by, a path; without it the aggregate's id is the key. */
  key(path: string): Projection {
    this.keyPath = path;
    return this;
  }

  /** The event types that it wants; without it all. */
  events(types: string[]): Projection {
    this.eventTypes = types;
    return this;
  }

  /** Answers reads of resident state: fills a JSON object. An empty query asks for
   * everything. The same state must give the same answer. */
  query(answer: (query: string, answer: JsonWriter) => void): Projection {
    this.answers = answer;
    return this;
  }

  /** Folds a group of a batch and returns true; or returns false, with the event
   * and why it was rejected in {@link failed} and {@link failure}. */
  abstract foldGroup(index: u32, e: Event, count: u32, state: Json | null, hasState: bool, out: Effects): bool;
}

/** The event that was rejected last, and why. */
export let failed: u32 = 0;
export let failure: string = "";

/** Holds that the event at hand was not rejected. */
function accepted(e: Event): bool {
  const why = rejection();
  if (why == null) return true;
  failed = e.index;
  failure = why;
  return false;
}

// @ts-ignore: decorator
@final
class Unkeyed extends Projection {
  constructor(name: string, state: string, private fold: (e: Event, out: Effects) => void) {
    super(name, state);
  }

  foldGroup(index: u32, e: Event, count: u32, state: Json | null, hasState: bool, out: Effects): bool {
    for (; count > 0; count--, e.advance()) {
      out.begin(e.index);
      this.fold(e, out);
      if (out.removesState) rejectEvent("removeState: the projection has no keyed state");
      if (!accepted(e)) return false;
    }
    return true;
  }
}

// @ts-ignore: decorator
@final
class Keyed<S extends State> extends Projection {
  constructor(name: string, state: string, private fold: (s: S, e: Event, out: Effects) => void) {
    super(name, state);
  }

  /** The state is read once before the events, and written once behind them. */
  foldGroup(index: u32, e: Event, count: u32, state: Json | null, hasState: bool, out: Effects): bool {
    if (count == 0) return true;
    out.begin(e.index); // reading the state is part of it
    let s = instantiate<S>();
    if (hasState && !this.read(s, state, e)) return false;
    for (let left = count; ; ) {
      this.fold(s, e, out);
      if (!accepted(e)) return false;
      if (out.removesState) s = instantiate<S>();
      if (--left == 0) break;
      e.advance();
      out.begin(e.index);
    }
    if (out.removesState) {
      out.removeGroup(index);
      return true;
    }
    const start = out.stateOffset;
    s.save(out.beginState());
    out.setState(index, start);
    return true;
  }

  private read(s: S, state: Json | null, e: Event): bool {
    if (state == null) rejectEvent("no JSON");
    else s.load(state);
    const why = rejection();
    if (why != null) rejectEvent("state of key " + e.key + ": " + why);
    return accepted(e);
  }
}
