/** The conformance guest in AssemblyScript: it says back what it reads, and does
 * what an event commands. sdk/testdata/README.md specifies it. */
import {
  BoolField, BytesField, Effects, Event, FloatField, IntField, Json, JsonWriter, keyed, Level, reject, Slot, SlotKind,
  State, StringField, TimeField, UuidField,
} from "@refold-dev/assemblyscript";
export * from "@refold-dev/assemblyscript/exports";

const command = new StringField("do");
const boolean = new BoolField("value.bool");
const integer = new IntField("value.i64");
const float = new FloatField("value.f64");
const text = new StringField("value.string");
const blob = new BytesField("value.bytes");
const id = new UuidField("value.uuid");
const timestamp = new TimeField("value.time");

class Mirror extends State {
  events: i64 = 0;

  load(from: Json): void {
    this.events = from.intOf("events");
  }

  save(to: JsonWriter): void {
    to.int("events", this.events);
  }
}

keyed<Mirror>("mirror", fold).key("key").events(["mirrored", "commanded"]);

function fold(s: Mirror, e: Event, out: Effects): void {
  s.events++;
  const what = command.of(e);
  if (what == "update") out.update("mirror", e.key, counted(s, out));
  else if (what == "delete") out.delete("mirror", e.key);
  else if (what == "query") out.query("select 1", counted(s, out));
  else if (what == "log") out.log(Level.Warn, "seen " + s.events.toString());
  else if (what == "emit") out.emitEvent("mirrored_again", counted(s, out));
  else if (what == "remove") out.removeState();
  else if (what == "reject") reject("rejected on demand");
  else if (what == "panic") throw new Error("panicked on demand");
  else out.insert("mirror", fill(out.object(), e));
}

function counted(s: Mirror, out: Effects): JsonWriter {
  const row = out.object();
  s.save(row);
  return row;
}

function fill(row: JsonWriter, e: Event): JsonWriter {
  row.uint("position", e.position).uint("version", e.version).int("time", e.time).uuid("id", e.id);
  row.text("aggregate_type", e.aggregateType).uuid("aggregate_id", e.aggregateId);
  row.text("type", e.type).int("type_index", e.typeIndex).int("schema_version", e.schemaVersion);
  row.uuid("correlation_id", e.correlationId);
  const cause = e.causationId;
  if (cause) row.uuid("causation_id", cause);
  else row.none("causation_id");
  row.text("key", e.key).text("data", e.data.raw);
  const metadata = e.metadata;
  if (metadata) row.text("metadata", metadata.raw);
  else row.none("metadata");
  row.array("slots");
  const slots = [
    command.slot(e), boolean.slot(e), integer.slot(e), float.slot(e), text.slot(e), blob.slot(e), id.slot(e),
    timestamp.slot(e),
  ];
  for (let i = 0; i < slots.length; i++) {
    row.addObject().int("kind", slots[i].kind).text("value", value(slots[i], e)).end();
  }
  return row.end();
}

/** A slot's value, read through the field of its kind where there is one. */
function value(slot: Slot, e: Event): string {
  switch (slot.kind) {
    case SlotKind.Bool: return slot.bool ? "true" : "false";
    case SlotKind.Int: return slot.int.toString();
    case SlotKind.Float: return hex(reinterpret<u64>(slot.float), 16);
    case SlotKind.Bytes: {
      const bytes = blob.of(e);
      let digits = "";
      for (let i = 0; i < bytes.length; i++) digits += hex(bytes[i], 2);
      return digits;
    }
    case SlotKind.Uuid: return id.need(e).toString();
    case SlotKind.Time: return timestamp.of(e).toString();
  }
  return slot.text;
}

function hex(value: u64, width: i32): string {
  return value.toString(16).padStart(width, "0");
}
