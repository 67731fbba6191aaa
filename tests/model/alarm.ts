// The alarm of a run: whether checks of health fail or hang, so that what they look at is no object to come.

export class Alarm {
  /** It may be on; it is on. */
  maybe = false;
  sure = false;
  /** Of this burst: there was a bad answer or a slow one, a good one. */
  bad = false;
  good = false;
  slow = false;
  /** By which clock the last check began that has failed, in this burst and before. */
  #failed = -Infinity;
  #failing = -Infinity;

  /** A check failed that began then. */
  fail(asked: number): void {
    this.maybe = this.bad = true;
    this.#failing = Math.max(this.#failing, asked);
  }

  /** One takes long. */
  hang(): void {
    this.maybe = this.slow = true;
  }

  /** One has found an object good. */
  end(): void {
    this.good = true;
    this.sure = false;
  }

  /** What was last proven good then may have died, for sure. */
  distrusts(proven: number): boolean {
    return proven < this.#failed;
  }

  /** Everything is at rest. */
  settle(): void {
    if (this.good && !this.bad && !this.slow) this.maybe = false;
    if (this.bad && !this.good) this.sure = true;
    this.#failed = Math.max(this.#failed, this.#failing);
    this.bad = this.good = this.slow = false;
  }
}
