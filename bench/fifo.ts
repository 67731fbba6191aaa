// An array that is eaten up from its start, which `shift` does not do in constant time.

export class Fifo<V> {
  #items: (V | undefined)[] = [];
  #start = 0;

  push(item: V): void {
    this.#items.push(item);
  }

  shift(): V | undefined {
    if (this.#start === this.#items.length) return undefined;
    const item = this.#items[this.#start];
    this.#items[this.#start++] = undefined;
    if (this.#start === this.#items.length) {
      this.#items = [];
      this.#start = 0;
    }
    return item;
  }
}
