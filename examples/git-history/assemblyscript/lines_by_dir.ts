/** Sums added and deleted lines by directory, and keeps a row for each in the table
 * lines_by_dir. Its output equals that of the Go version, byte for byte. */
import { Effects, Event, IntField, Json, JsonWriter, keyed, State } from "@refold-dev/assemblyscript";
export * from "@refold-dev/assemblyscript/exports";

// The host decodes these: the guest parses no payload.
const additions = new IntField("additions");
const deletions = new IntField("deletions");

/** The state of one directory. */
class Totals extends State {
  additions: i64 = 0;
  deletions: i64 = 0;
  changes: i64 = 0;

  load(from: Json): void {
    this.additions = from.intOf("additions");
    this.deletions = from.intOf("deletions");
    this.changes = from.intOf("changes");
  }

  save(to: JsonWriter): void {
    to.int("additions", this.additions).int("deletions", this.deletions).int("changes", this.changes);
  }
}

keyed<Totals>("lines_by_dir", fold).version("1.0.0").key("dir").events(["file_added", "file_modified", "file_deleted"]);

function fold(s: Totals, e: Event, out: Effects): void {
  s.additions += additions.of(e);
  s.deletions += deletions.of(e);
  s.changes++;
  const row = out.object().text("dir", e.key);
  s.save(row);
  out.insert("lines_by_dir", row);
}
