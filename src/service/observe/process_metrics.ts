import process from "node:process";
import { Gauge, type Registry } from "prom-client";
import { nextTurn } from "../../backend/event_loop.ts";
import { version } from "../../version.ts";

/** Adds metrics of the process, with the names that Prometheus' clients use, and of what runs in it. */
export function processMetrics(registry: Registry): void {
  const started = Date.now() / 1000 - process.uptime();
  gauge("process_resident_memory_bytes", "Resident memory of the process", () => process.memoryUsage().rss);
  gauge("process_start_time_seconds", "When the process started, as Unix time", () => started);
  gauge("process_cpu_seconds_total", "Processor time of the process", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  gauge("nodejs_eventloop_lag_seconds", "How long the event loop takes to come around", async () => {
    const start = performance.now();
    await nextTurn();
    return (performance.now() - start) / 1000;
  });
  new Gauge({
    name: "voken:build_info",
    help: "The version of the service; always 1",
    labelNames: ["version"],
    registers: [registry],
  }).set({ version }, 1);

  function gauge(name: string, help: string, value: () => number | Promise<number>): void {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(await value());
      },
    });
  }
}
