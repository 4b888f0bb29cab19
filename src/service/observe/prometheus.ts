import process from "node:process";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Gauges, Metrics } from "./metrics.ts";

const latencies = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** Metrics in Prometheus' format, named as vLLM names its own, each service in a registry of its own. */
export function prometheusMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "voken:request_total",
    help: "Requests answered, by status",
    labelNames: ["method", "route", "status"],
    registers,
  });
  const latency = new Histogram({
    name: "voken:e2e_request_latency_seconds",
    help: "Time from the arrival of a request to its answer",
    labelNames: ["method", "route"],
    buckets: latencies,
    registers,
  });
  const queue = new Histogram({
    name: "voken:request_queue_time_seconds",
    help: "Time that a request waited before its work began",
    buckets: [0.001, ...latencies],
    registers,
  });
  const batches = new Histogram({
    name: "voken:tokenizer_batch_size",
    help: "Pictures in a batch of the tokenizer",
    labelNames: ["kind"],
    buckets: [1, 2, 4, 8],
    registers,
  });
  const steps = new Histogram({
    name: "voken:generation_batch_size",
    help: "Pictures whose next token is drawn in one step",
    buckets: [1, 2, 4, 8, 16],
    registers,
  });
  const tokens = {
    encoded: counter("voken:encoded_tokens_total", "Tokens made of pictures"),
    decoded: counter("voken:decoded_tokens_total", "Tokens made into pictures"),
    generated: counter("voken:generation_tokens_total", "Tokens drawn by a transformer"),
  };
  const pictures = counter("voken:pictures_total", "Pictures sent");
  gauge("process_resident_memory_bytes", "Resident memory of the process", () => process.memoryUsage().rss);
  const replaced = counter("voken:image_worker_restarts_total", "Workers for files that had to be replaced");

  function counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers });
  }

  return {
    request({ method, route, status, seconds }) {
      requests.inc({ method, route, status });
      latency.observe({ method, route }, seconds);
    },
    queued: (seconds) => queue.observe(seconds),
    batch: (kind, size) => batches.observe({ kind }, size),
    step: (pictures) => steps.observe(pictures),
    tokens: (kind, count) => tokens[kind].inc(count),
    pictures: (count) => pictures.inc(count),
    workerReplaced: () => replaced.inc(),
    watch({ running, waiting }: Gauges) {
      gauge("voken:num_requests_running", "Requests whose work has begun", running);
      gauge("voken:num_requests_waiting", "Requests that wait: the figure to balance load by", waiting);
    },
    text: async () => ({ body: await registry.metrics(), contentType: registry.contentType }),
  };

  function gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  }
}
