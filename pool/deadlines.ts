// Deadlines: a heap of items by due time, for deadlines that do not come in order.

/** An item with a due time. */
export interface Dated {
  /** The due time; must not change while the item is in a heap. */
  due: number;
  /** Its index in the heap, -1 outside: makes its removal cheap. */
  slot: number;
}

/** A binary heap. To add the latest deadline takes O(1), others O(log n). */
export class Deadlines<D extends Dated> {
  readonly #heap: D[] = [];

  /** The item that is due first. */
  get first(): D | undefined {
    return this.#heap[0];
  }

  add(item: D): void {
    this.#up(item, this.#heap.length);
  }

  /** Removes `item`; does nothing if it is not in the heap. */
  remove(item: D): void {
    const slot = item.slot;
    if (slot < 0) return;
    item.slot = -1;
    const last = this.#heap.pop()!;
    if (last === item) return;
    if (slot > 0 && last.due < this.#heap[(slot - 1) >> 1]!.due) this.#up(last, slot);
    else this.#down(last, slot);
  }

  /** All items that are due at `time`, in no order. */
  until(time: number): D[] {
    const found: D[] = [];
    const look = (slot: number) => {
      const item = this.#heap[slot];
      if (item === undefined || item.due > time) return;
      found.push(item);
      look(2 * slot + 1);
      look(2 * slot + 2);
    };
    look(0);
    return found;
  }

  /** The first item due at `time` for which `is` is true; fast, if it is among the first. */
  find(time: number, is: (item: D) => boolean): D | undefined {
    let best: D | undefined;
    const look = (slot: number) => {
      const item = this.#heap[slot];
      if (item === undefined || item.due > time || best !== undefined && item.due >= best.due) {
        return;
      }
      if (is(item)) {
        best = item; // items below it are due later
        return;
      }
      look(2 * slot + 1);
      look(2 * slot + 2);
    };
    look(0);
    return best;
  }

  #up(item: D, slot: number): void {
    const heap = this.#heap;
    while (slot > 0) {
      const parent = heap[(slot - 1) >> 1]!;
      if (parent.due <= item.due) break;
      heap[slot] = parent;
      [slot, parent.slot] = [parent.slot, slot];
    }
    heap[slot] = item;
    item.slot = slot;
  }

  #down(item: D, slot: number): void {
    const heap = this.#heap;
    for (;;) {
      const left = 2 * slot + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = heap[right < heap.length && heap[right]!.due < heap[left]!.due ? right : left]!;
      if (child.due >= item.due) break;
      heap[slot] = child;
      [slot, child.slot] = [child.slot, slot];
    }
    heap[slot] = item;
    item.slot = slot;
  }
}
