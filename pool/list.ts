// List: a doubly linked list whose nodes carry their own links, so that each operation is O(1).

/** An item of a list; in one list at a time. */
export class Node {
  prev: Node | undefined = undefined;
  next: Node | undefined = undefined;
  list: List<Node> | undefined = undefined;
}

/** Nodes in order, the oldest first. */
export class List<N extends Node> {
  first: N | undefined = undefined;
  last: N | undefined = undefined;
  size = 0;

  /** Adds `node` at the end. */
  push(node: N): void {
    this.#adopt(node);
    const last = this.last;
    node.prev = last;
    if (last === undefined) this.first = node;
    else last.next = node;
    this.last = node;
  }

  /** Adds `node` at the begin. */
  unshift(node: N): void {
    this.#adopt(node);
    const first = this.first;
    node.next = first;
    if (first === undefined) this.last = node;
    else first.prev = node;
    this.first = node;
  }

  /** Removes `node`. */
  remove(node: N): void {
    if (node.list !== this as unknown) {
      throw new Error("Bug: a node is taken out of a list that it is not in");
    }
    const prev = node.prev as N | undefined;
    const next = node.next as N | undefined;
    if (prev === undefined) this.first = next;
    else prev.next = next;
    if (next === undefined) this.last = prev;
    else next.prev = prev;
    node.prev = node.next = node.list = undefined;
    this.size--;
  }

  /** Removes the first node. */
  shift(): N | undefined {
    const node = this.first;
    if (node === undefined) return undefined;
    const next = node.next as N | undefined;
    this.first = next;
    if (next === undefined) this.last = undefined;
    else next.prev = undefined;
    node.next = node.list = undefined;
    this.size--;
    return node;
  }

  /** Removes the last node. */
  pop(): N | undefined {
    const node = this.last;
    if (node !== undefined) this.remove(node);
    return node;
  }

  /** All nodes from the first on; the one just yielded may be removed meanwhile. */
  *[Symbol.iterator](): Generator<N> {
    for (let node = this.first; node !== undefined;) {
      const next: N | undefined = node.next as N | undefined;
      yield node;
      node = next;
    }
  }

  #adopt(node: N): void {
    if (node.list !== undefined) throw new Error("Bug: a node is added to a second list");
    node.list = this as unknown as List<Node>;
    this.size++;
  }
}
