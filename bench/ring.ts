// Ring: first in, first out, in an array that is as long as the most that were ever in it.

export class Ring<V> {
  #items: (V | undefined)[] = new Array(16).fill(undefined);
  #first = 0;
  #size = 0;

  push(item: V): void {
    if (this.#size === this.#items.length) this.#grow();
    this.#items[(this.#first + this.#size++) & (this.#items.length - 1)] = item;
  }

  shift(): V | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#items.length - 1);
    this.#size--;
    return item;
  }

  #grow(): void {
    const items = this.#items;
    this.#items = [...items.slice(this.#first), ...items.slice(0, this.#first)];
    for (let i = items.length; i > 0; i--) this.#items.push(undefined);
    this.#first = 0;
  }
}
