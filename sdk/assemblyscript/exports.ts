/** What the host calls: a guest's entry file exports all of it. */
import { answer, describe, fold, inputRoom } from "./src/guest";

export function refold_abi_v1(): void {}

export function refold_alloc(size: u32): usize {
  return inputRoom(size);
}

export function refold_describe(): u64 {
  return describe();
}

export function refold_fold(at: usize, length: u32): u64 {
  return fold(at, length);
}

export function refold_query(at: usize, length: u32): u64 {
  return answer(at, length);
}
