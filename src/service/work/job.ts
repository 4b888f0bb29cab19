/** Who asked for a piece of model work, and how to cancel it. */
export interface Job {
  /** Clients are served in turn. */
  readonly client: string;
  readonly signal: AbortSignal;
  /** Called when the work begins. */
  onStart?(): void;
}
