/** Reads JSON and writes it again: a query is a JSON text, and its answer the same
 * value as `{"value": …}`, all numbers as floats. */
import { Json, JsonKind, JsonWriter, reject, resident } from "@refold-dev/assemblyscript";
export * from "@refold-dev/assemblyscript/exports";

resident("echo", (e, out) => {}).query((query, answer) => {
  const value = Json.parse(query);
  if (value == null) return reject("this is no JSON: " + query);
  answer.array("value");
  echo(value, answer);
});

function echo(value: Json, to: JsonWriter): void {
  switch (value.kind) {
    case JsonKind.Number: to.addFloat(value.float()); break;
    case JsonKind.String: to.addText(value.text()); break;
    case JsonKind.Array: {
      const items = value.items();
      to.addArray();
      for (let i = 0; i < items.length; i++) echo(items[i], to);
      to.end();
      break;
    }
    case JsonKind.Object: {
      const names = value.names();
      to.addObject();
      for (let i = 0; i < names.length; i++) {
        to.array(names[i]);
        echo(value.get(names[i])!, to);
        to.end();
      }
      to.end();
      break;
    }
    default: to.addRaw(value.raw);
  }
}
