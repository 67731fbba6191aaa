// Usage: the loan of one `use`, which ends with its callback.

import { outside } from "../context.ts";
import { abortReason } from "../values.ts";
import { after } from "./clock.ts";
import type { Borrower, Entry, LoanEnd } from "./entry.ts";
import { endLoan, evictUsing } from "./evict.ts";
import { holderOf, holding, invalidatedError, takenAway } from "./explain.ts";
import { PoolLoan } from "./loan.ts";
import { rejecting, type Resolve } from "./queue.ts";
import { Signals } from "./signals.ts";
import type { State } from "./state.ts";

/** The signals of callers. */
const signals = new Signals<Usage<unknown>>((usage) => usage.stop(abortReason(usage.caller!)));

/** What few uses need: those that have a signal, or are cut off. */
class Control {
  /** Why `use` rejects before its callback has settled. */
  stopped: { reason: unknown } | undefined = undefined;
  caller: AbortSignal | undefined = undefined;
  /** Calls off the closing of an object whose callback does not stop. */
  cancel: (() => void) | undefined = undefined;
  aborting: AbortController | undefined = undefined;
  aborted: { reason: unknown } | undefined = undefined;
}

/** What the callback is given besides the object is this, of which it is to see only the signal. */
export class Usage<T> extends PoolLoan<T> {
  /** Settles what `use` has given, if that is a promise. */
  declare resolve: Resolve<unknown> | undefined;
  declare control: Control | undefined;

  constructor(pool: State<T>, entry: Entry<T>, borrower: Borrower | undefined) {
    super(pool, entry, borrower);
    this.resolve = undefined;
    this.control = undefined;
  }

  /** It is the callback that has it, which ends or is seen to hang. */
  override get collectable(): boolean {
    return false;
  }

  /** Made when it is read. */
  get signal(): AbortSignal {
    const control = this.control ??= new Control();
    if (control.aborting === undefined) {
      control.aborting = new AbortController();
      if (control.aborted !== undefined) control.aborting.abort(control.aborted.reason);
    }
    return control.aborting.signal;
  }

  /** The caller's signal, as long as it is listened to. */
  get caller(): AbortSignal | undefined {
    return this.control?.caller;
  }

  /** Why `use` rejects before its callback has settled. */
  get stopped(): { reason: unknown } | undefined {
    return this.control?.stopped;
  }

  /** Listens to the caller's signal. */
  listen(signal: AbortSignal): void {
    this.control ??= new Control();
    this.control.caller = signal;
    signals.listen(signal, this as Usage<unknown>);
  }

  /** The callback is over, or no longer waited for. */
  unlisten(): void {
    const { caller } = this;
    if (caller === undefined) return;
    signals.unlisten(caller, this as Usage<unknown>);
    this.control!.caller = undefined;
  }

  /** `use` rejects now, whatever comes of its callback. */
  stop(reason: unknown): void {
    const control = this.control ??= new Control();
    control.stopped ??= { reason };
    this.unlisten();
    this.tell(reason);
    if (this.resolve !== undefined) this.leave();
  }

  /** `use` rejects, and its callback goes on. */
  leave(): void {
    this.resolve!(rejecting(this.stopped!.reason));
    this.limit();
  }

  /** From now on the callback may go on for `abortGrace` ms at the most. */
  limit(): void {
    const { end, pool: { settings: { abortGrace } } } = this;
    if (end === undefined) this.control!.cancel ??= after(abortGrace, true, () => this.close());
  }

  /** Nothing is left to be closed if the callback does not stop. */
  override over(): void {
    this.control?.cancel?.();
  }

  /** The callback does not stop. */
  private close(): void {
    const { end, entry, pool, stopped } = this;
    if (end !== undefined) return;
    const holder = holderOf(pool, entry);
    if (this.end !== undefined) return; // `tracer` may do anything
    endLoan(pool, entry, this, "discarded");
    if (stopped === undefined) this.stop(this.control!.aborted!.reason);
    evictUsing(pool, entry, entry.invalid ? "invalidated" : "discarded");
    pool.log.warn(() =>
      `${holder.object} is closed: its use() ran on for abortGrace, ${pool.settings.abortGrace} ms, ` +
      `after its signal aborted (held ${holding(holder)})`
    );
  }

  override interrupt(end: LoanEnd | "invalidated", why?: unknown): void {
    const { name } = this.pool;
    if (end !== "invalidated") return this.stop(takenAway(name, end));
    this.tell(invalidatedError(name, why));
    if (this.resolve !== undefined) this.limit();
  }

  /** Aborts the callback's signal. */
  private tell(reason: unknown): void {
    const control = this.control ??= new Control();
    if (control.aborted !== undefined) return;
    control.aborted = { reason };
    if (control.aborting !== undefined) outside(() => control.aborting!.abort(reason));
  }
}
