// Deadlines: a heap of what falls due, for deadlines that do not come in order.

/** Something that falls due. */
export interface Dated {
  /** When; must not change while it is in a heap. */
  due: number;
  /** Its place in the heap, -1 outside: what makes taking it out cheap. */
  slot: number;
}

/** A binary heap; a deadline later than all others is added in O(1), others in O(log n). */
export class Deadlines<D extends Dated> {
  readonly #heap: D[] = [];

  /** The one that falls due first. */
  get first(): D | undefined {
    return this.#heap[0];
  }

  add(item: D): void {
    this.#up(item, this.#heap.length);
  }

  /** Takes `item` out; does nothing if it is not in. */
  remove(item: D): void {
    const slot = item.slot;
    if (slot < 0) return;
    item.slot = -1;
    const last = this.#heap.pop()!;
    if (last === item) return;
    if (slot > 0 && last.due < this.#heap[(slot - 1) >> 1]!.due) this.#up(last, slot);
    else this.#down(last, slot);
  }

  /** All that have fallen due by `time`, in no order. */
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

  /** The first one such as that to fall due by `time`; looks at few, if it is among the first. */
  find(time: number, is: (item: D) => boolean): D | undefined {
    let best: D | undefined;
    const look = (slot: number) => {
      const item = this.#heap[slot];
      if (item === undefined || item.due > time || best !== undefined && item.due >= best.due) {
        return;
      }
      if (is(item)) {
        best = item; // what is below it falls due later
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
