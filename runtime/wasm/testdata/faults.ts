/** faults throws. */
import { Effects, Event, stateless } from "@refold-dev/assemblyscript";
export * from "@refold-dev/assemblyscript/exports";

function fold(e: Event, out: Effects): void {
  throw new Error("no luck with event " + e.position.toString());
}

stateless("faults", fold);
