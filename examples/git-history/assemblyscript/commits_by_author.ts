/** Counts commits by author, in its own memory. Its answers equal those of the Go
 * version, byte for byte. */
import { compareText, Effects, Event, JsonWriter, resident, StringField } from "@refold-dev/assemblyscript";
export * from "@refold-dev/assemblyscript/exports";

const author = new StringField("author");

/** The resident state: the host saves it with the whole instance. */
const commits = new Map<string, i64>();

resident("commits_by_author", fold).version("1.0.0").events(["commit_recorded"]).query(query);

function fold(e: Event, out: Effects): void {
  const name = author.of(e);
  commits.set(name, (commits.has(name) ? commits.get(name) : 0) + 1);
}

/** Answers with one object by author, sorted: the order of a Map must not show. */
function query(query: string, answer: JsonWriter): void {
  const names = commits.keys().sort(compareText);
  for (let i = 0; i < names.length; i++) answer.int(names[i], commits.get(names[i]));
}
