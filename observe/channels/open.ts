// Open: the channels of all pools, where the runtime has `node:diagnostics_channel`.

import { requestBound } from "../../context.ts";

/** Takes messages to those who have subscribed. */
export interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: object): void;
  /** Calls `fn` in the contexts that are bound to the channel. Old runtimes have none. */
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

/** None: this runtime has none, or on Workers without `process`, not before the first request. */
export let channels: Channels | undefined = channelsOf(process?.getBuiltinModule?.(NAME));

if (channels === undefined && requestBound) void importChannels();

async function importChannels(): Promise<void> {
  // The name is no literal, for no bundler to look for a module that most runtimes do not have.
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

/** Whether somebody listens to a kind of call. */
export function isHeard({ start, end, asyncStart, asyncEnd, error }: TracingChannel): boolean {
  return start.hasSubscribers || end.hasSubscribers || asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers || error.hasSubscribers;
}
