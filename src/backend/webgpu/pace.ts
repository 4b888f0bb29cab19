/** Floating-point operations a second of a slow adapter: software on two cores, and the least of GPUs. */
const slowSoftware = 8e9, slowGpu = 1e11;
/** Seconds that a submit may take. */
const submitSeconds = 0.5;
/** What a submit may do of what the device did in that time before: clocks come and go. */
const margin = 0.5;

/**
 * How much work a submit is given. It should end within half a second, so that an abort is quick and no watchdog barks; but
 * hosts notice its end late (Deno looks every 10 ms), so that many small ones cost time. At first any device counts as slow.
 */
export class Pace {
  #flop: number;

  constructor(software: boolean) {
    this.#flop = startingFlop(software);
  }

  /** Floating-point operations that a submit does at most. */
  get flopPerSubmit(): number {
    return this.#flop;
  }

  /** Learns from work that took so many seconds, the wait for its end included. */
  learn(flop: number, seconds: number): void {
    // Clocks of browsers are coarse: what took no time by them says nothing.
    if (seconds > 0) this.#flop = Math.max(this.#flop, margin * submitSeconds * flop / seconds);
  }
}

/** What a submit does at most before anything is known of the device. */
export function startingFlop(software: boolean): number {
  return submitSeconds * (software ? slowSoftware : slowGpu);
}
