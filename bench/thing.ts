// What is pooled: a method call must reach a private field.

export class Thing {
  #calls = 0;

  touch(): number {
    return ++this.#calls;
  }
}
