// Open: opens the channels, if the runtime has `node:diagnostics_channel`.

import { requestBound } from "../../context.ts";

/** A channel: passes messages to its subscribers. */
export interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: object): void;
  /** Calls `fn` in the stores that are bound to the channel. Old runtimes do not have it. */
  runStores?<R>(message: object, fn: () => R): R;
}

/** The five channels of one kind of call. */
export interface TracingChannel {
  readonly start: Channel;
  readonly end: Channel;
  readonly asyncStart: Channel;
  readonly asyncEnd: Channel;
  readonly error: Channel;
}

/** What a pool publishes to. */
export interface Channels {
  readonly get: TracingChannel;
  readonly create: TracingChannel;
  readonly ret: Channel;
  readonly close: Channel;
}

interface DiagnosticsChannel {
  channel(name: string): Channel;
  tracingChannel(name: string): TracingChannel;
}

const NAME = "node:diagnostics_channel";

const { process } = globalThis as {
  process?: { getBuiltinModule?(name: string): DiagnosticsChannel | undefined };
};

/**
 * The channels. Undefined if the runtime has none; on Workers without `process`, until the first
 * request.
 */
export let channels: Channels | undefined = channelsOf(process?.getBuiltinModule?.(NAME));

if (channels === undefined && requestBound) void importChannels();

async function importChannels(): Promise<void> {
  // The name is no literal, so that bundlers do not look for the module, which some runtimes lack.
  const name = NAME;
  channels = channelsOf(
    await import(/* @vite-ignore */ /* webpackIgnore: true */ name).catch(() => undefined),
  );
}

function channelsOf(module: DiagnosticsChannel | undefined): Channels | undefined {
  return module && {
    get: module.tracingChannel("proxypool:get"),
    create: module.tracingChannel("proxypool:create"),
    ret: module.channel("proxypool:ret"),
    close: module.channel("proxypool:close"),
  };
}

/** Whether a tracing channel has subscribers. */
export function isHeard({ start, end, asyncStart, asyncEnd, error }: TracingChannel): boolean {
  return start.hasSubscribers || end.hasSubscribers || asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers || error.hasSubscribers;
}
