/** A queue of jobs by client: clients take turns, and a client's own jobs keep their order. */
export class FairQueue<Job> {
  /** Clients in the order of their turns; none is empty. */
  readonly #clients: Map<string, Job[]> = new Map();
  #size = 0;

  /** Jobs that wait. */
  get size(): number {
    return this.#size;
  }

  add(client: string, job: Job): void {
    const jobs = this.#clients.get(client);
    if (jobs) jobs.push(job);
    else this.#clients.set(client, [job]);
    this.#size++;
  }

  /** The job whose turn it is, of those that `fits` lets through. Its client goes to the end of the line. */
  take(fits: (job: Job) => boolean = () => true): Job | undefined {
    for (const [client, jobs] of this.#clients) {
      const at = jobs.findIndex(fits);
      if (at < 0) continue;
      const [job] = jobs.splice(at, 1);
      this.#clients.delete(client);
      if (jobs.length > 0) this.#clients.set(client, jobs);
      this.#size--;
      return job;
    }
  }

  /** Takes a job out before its turn, which leaves the order of the others. Tells whether it was there. */
  remove(job: Job): boolean {
    for (const [client, jobs] of this.#clients) {
      const at = jobs.indexOf(job);
      if (at < 0) continue;
      jobs.splice(at, 1);
      if (jobs.length === 0) this.#clients.delete(client);
      this.#size--;
      return true;
    }
    return false;
  }
}
