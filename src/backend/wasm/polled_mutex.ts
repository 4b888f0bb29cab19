import { nextTurn } from "../event_loop.ts";
import { Mutex } from "../mutex.ts";

/**
 * A mutex for hosts that isolate requests from one another, as Workers do: code that waits for a promise of another request
 * may never resume once that request is answered. So each piece of work polls, with timers of its own request, whether its
 * turn has come.
 */
export class PolledMutex extends Mutex {
  protected override async until(holds: () => boolean): Promise<void> {
    while (!holds()) await nextTurn();
  }
}
