import process from "node:process";
import { clearInterval, setInterval } from "node:timers";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Milliseconds between two measurements of the event loop's lag. */
const interval = 100;

/**
 * Adds metrics of the process, under the names that all of Prometheus' clients use. They need no permission, unlike the
 * default ones of prom-client, which read `/proc`. Disposing the result stops measuring.
 */
export function processMetrics(registry: Registry): Disposable {
  const registers = [registry];
  new Gauge({
    name: "process_start_time_seconds",
    help: "When the process started, as Unix time",
    registers,
  }).set(performance.timeOrigin / 1000);
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Processor time of the process, of all threads",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory of the process",
    registers,
    collect() {
      this.set(process.memoryUsage().rss);
    },
  });
  const lag = new Histogram({
    name: "voken:event_loop_lag_seconds",
    help: "How late timers of the thread that answers requests are",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  let due = performance.now() + interval;
  const timer = setInterval(() => {
    const now = performance.now();
    lag.observe(Math.max(0, now - due) / 1000);
    due = now + interval;
  }, interval);
  // Measuring alone keeps no process alive.
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
