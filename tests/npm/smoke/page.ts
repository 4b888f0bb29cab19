/** The checks for pages, which `run` runs. */
import { checks, type Results, runChecks, type Task } from "./checks.ts";
import { service } from "./edge.ts";

Object.assign(globalThis, { run: (task: Task): Promise<Results> => runChecks({ ...checks, service }, task) });
