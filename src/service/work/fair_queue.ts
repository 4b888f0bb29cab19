/** A queue that serves clients in turn and keeps the order of each client's own items. */
export class FairQueue<Item> {
  /** Clients in the order of their turns; none is without items. */
  readonly #clients: Map<string, Item[]> = new Map();
  #size = 0;

  /** Number of queued items. */
  get size(): number {
    return this.#size;
  }

  add(client: string, item: Item): void {
    const items = this.#clients.get(client);
    if (items) items.push(item);
    else this.#clients.set(client, [item]);
    this.#size++;
  }

  /** Removes and returns the next item that `fits` accepts. Its client moves to the end of the turn order. */
  take(fits: (item: Item) => boolean = () => true): Item | undefined {
    for (const [client, items] of this.#clients) {
      const at = items.findIndex(fits);
      if (at < 0) continue;
      const [item] = items.splice(at, 1);
      this.#clients.delete(client);
      if (items.length > 0) this.#clients.set(client, items);
      this.#size--;
      return item;
    }
  }

  /** Removes an item without changing the turn order. Returns whether it was queued. */
  remove(item: Item): boolean {
    for (const [client, items] of this.#clients) {
      const at = items.indexOf(item);
      if (at < 0) continue;
      items.splice(at, 1);
      if (items.length === 0) this.#clients.delete(client);
      this.#size--;
      return true;
    }
    return false;
  }
}
