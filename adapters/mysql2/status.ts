// Status: the transaction status of a session, read from each answer of the server.

import { PoolError } from "../../errors.ts";
import type { Command, Core, Packet } from "./driver.ts";

const IN_TRANSACTION = 1;
const AUTOCOMMIT = 2;

/** States of a command in which an answer that begins with 0 is an OK. */
const STATES = ["resultsetHeader", "infileOk", "handshakeResult"] as const;

/** The status of one session. */
export class Status {
  readonly #core: Core;
  /** Undefined after an error: it has no status. */
  #flags: number | undefined;
  /** `autocommit` when the session was new. */
  #autocommit: boolean | undefined;

  /** @throws {PoolError} the driver does not show the answers of the server */
  constructor(core: Core) {
    const { handlePacket } = core;
    if (typeof handlePacket !== "function" || core._commands === undefined) {
      throw new PoolError(
        "mysqlPool: this connection does not show whether a transaction is open: " +
          "it must have handlePacket, as mysql2's has",
      );
    }
    this.#core = core;
    core.handlePacket = (packet) => {
      if (packet !== undefined && !core._paused) this.#hear(packet);
      return handlePacket.call(core, packet);
    };
  }

  #hear(packet: Packet): void {
    const command = this.#core._command ?? undefined;
    const first = packet.buffer[packet.offset];
    if (first === 0xff) this.#flags = undefined;
    else if (first === 0xfe && packet.isEOF()) this.#flags = packet.eofStatusFlags();
    else if (first === 0 && command !== undefined && awaitsOk(command)) {
      this.#flags = flagsOf(packet);
    }
  }

  /** Keeps the present state, which is restored after each borrower. */
  keep(): void {
    this.#autocommit = this.#flags === undefined ? undefined : this.#commits;
  }

  get #commits(): boolean {
    return (this.#flags! & AUTOCOMMIT) !== 0;
  }

  /** Whether a transaction may be open. */
  get isOpen(): boolean {
    return this.#flags === undefined || (this.#flags & IN_TRANSACTION) !== 0;
  }

  /** The value to restore `autocommit` to; undefined if it has not changed. */
  get autocommit(): boolean | undefined {
    const isSame = this.#flags !== undefined && this.#commits === this.#autocommit;
    return isSame ? undefined : this.#autocommit;
  }

  /** Whether the driver has received all answers. */
  get isQuiet(): boolean {
    const { _command: command, _commands: queued, _paused } = this.#core;
    if (_paused || queued!.length > 0) return false;
    // During its listeners an answered command is still the current one.
    return !command || command.next === null;
  }
}

function awaitsOk(command: Command): boolean {
  const { next } = command;
  return STATES.some((state) => next !== undefined && Reflect.get(command, state) === next);
}

/** The flags follow two numbers of variable length: affected rows and insert id. */
function flagsOf({ buffer, offset }: Packet): number | undefined {
  const at = afterNumber(buffer, afterNumber(buffer, offset + 1));
  return at + 1 < buffer.length ? buffer[at]! | buffer[at + 1]! << 8 : undefined;
}

function afterNumber(buffer: Uint8Array, at: number): number {
  const first = buffer[at]!;
  if (first < 0xfc) return at + 1;
  return at + (first === 0xfc ? 3 : first === 0xfd ? 4 : 9);
}
