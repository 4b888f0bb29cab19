/** A signal that is aborted once all of `signals` are, with the reason of the last one. */
export function allAborted(signals: readonly AbortSignal[]): AbortSignal {
  const [only] = signals;
  if (only && signals.length === 1) return only;
  const controller = new AbortController();
  let left = signals.length;
  for (const signal of signals) {
    const count = () => --left === 0 && controller.abort(signal.reason);
    if (signal.aborted) count();
    else signal.addEventListener("abort", count, { once: true });
  }
  return controller.signal;
}
