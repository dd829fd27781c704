let first: string | null = null;

/**
 * Rejects the event that is being folded, and says why; in a query, the query. What
 * the function does behind it does not count, so it returns, as a rule:
 *
 *     if (lines < 0) return reject("lines are fewer than none");
 */
export function reject(why: string): void {
  if (first == null) first = why;
}

/** Why the event at hand was rejected, or null; and forgets it. */
export function rejection(): string | null {
  const why = first;
  first = null;
  return why;
}
