// Importing the library, and making a Pool and a Proxy, does nothing that a Worker's global scope forbids.

import { assertEquals } from "@std/assert";
import { printed, runners } from "../helpers/program.ts";

/** Takes away what must not be used, before the library is there. */
const FORBID = `
const forbid = (owner, name) => {
  if (owner?.[name] === undefined) return;
  owner[name] = () => {
    throw new Error(name + " is forbidden");
  };
};
for (const name of ["setTimeout", "setInterval", "setImmediate", "fetch"]) forbid(globalThis, name);
forbid(Math, "random");
forbid(performance, "now");
forbid(AbortSignal, "timeout");
for (const name of ["randomUUID", "getRandomValues"]) forbid(Object.getPrototypeOf(crypto), name);
globalThis.Date = new Proxy(Date, {
  construct() {
    throw new Error("Date is forbidden");
  },
  get(target, key) {
    if (key === "now") throw new Error("Date.now is forbidden");
    return target[key];
  },
});
`;

const MAIN = `
import "./forbid.ts";
import { Pool, Proxy } from "proxypool";
import { createPool } from "proxypool/compat/generic-pool";
import { Pool as SequelizePool } from "proxypool/compat/sequelize-pool";
import { Pool as TarnPool } from "proxypool/compat/tarn";
import { FlowScope, ScopeFrame, scopes, versatile } from "proxypool/scopes";

const fun = () => ({ n: 1 });
const options = {
  minSize: 2, maxSize: 5, timeout: 100, maxUse: 5, maxAvailDelay: 100, maxUsingDelay: 100,
  maxUsingDelayKill: 200, maxLifetime: 100, createTimeout: 5, healthAfter: 0, hkDelay: 50,
  health: () => true, getter() {}, retter() {}, closer() {}, stats: () => 1, tracer: () => "",
};
const pool = new Pool(fun, options);
const late = new Proxy();
const proxies = [
  late,
  new Proxy({ obj: {} }),
  new Proxy({ fun }),
  new Proxy({ fun: async () => fun(), scope: "versatile" }),
  new Proxy({ fun, ...options }),
  new Proxy({ maxSize: 0, scope: new FlowScope("mine") }),
];
late.set({ obj: { n: 5 } });
proxies[2]._setPool(options);
const factory = { create: async () => fun(), destroy: async () => {}, validate: () => true };
new TarnPool({ ...factory, min: 2, max: 5 });
new SequelizePool({ ...factory, min: 2, max: 5 });
createPool(factory, { testOnBorrow: true, evictionRunIntervalMillis: 10 });
createPool(factory, { min: 2, max: 5, autostart: false });
const frame = versatile.open();
for (const proxy of proxies) proxy._hasObj();
new ScopeFrame({ scope: "mine", enter: (_frame, fn) => fn() });
console.log("nothing", late.n);

// And now that it is started it would, or else all of this would show nothing.
try {
  pool.tryGet();
} catch (error) {
  console.log(error.message);
}
`;

for (const runner of runners()) {
  const name = `${runner.label}: no timer, no clock, no randomness`;
  Deno.test({ name, ignore: !runner.there }, async () => {
    const told = await printed(runner, { main: MAIN, forbid: FORBID });
    assertEquals(told, "nothing 5\nnow is forbidden");
  });
}
