// A strict program that uses the package as its users do: compiled with, and run on, what there is.

import { type Lease, Pool, PoolClosedError, type PoolOptions, Proxy } from "@x/proxypool";
import { createPool } from "@x/proxypool/compat/generic-pool";
import { Pool as SequelizePool } from "@x/proxypool/compat/sequelize-pool";
import { type PendingOperation, Pool as TarnPool } from "@x/proxypool/compat/tarn";
import { type Frame, type Scope, versatile } from "@x/proxypool/scopes";

class Client {
  readonly #n: number;
  constructor(n: number) {
    this.#n = n;
  }
  query(text: string): Promise<string> {
    return Promise.resolve(`${text} ${this.#n}`);
  }
}

const options: PoolOptions<Client> = {
  maxSize: 2,
  closer: (client: Client) => client.query("bye"),
};

async function pooled(): Promise<string> {
  await using pool = new Pool((n, { signal }) => {
    signal.throwIfAborted();
    return new Client(n);
  }, options);
  await using lease: Lease<Client> = await pool.get({ timeout: 100 });
  const rows: string = await lease.query("lease");
  const used: string = await pool.use((client) => client.query("use"));
  return `${rows}, ${used}, ${pool.size}`;
}

async function scoped(): Promise<string> {
  const db = new Proxy({ fun: (n) => new Client(n), maxSize: 1 });
  const scope: Scope = versatile;
  const text = await scope.run(() => {
    const frame: Frame | undefined = scope.current();
    return frame && db.query("scoped");
  });
  await db._pool?.shutdown();
  return `${text}`;
}

async function faced(): Promise<string> {
  const create = () => Promise.resolve(new Client(0));
  const destroy = (client: Client) => client.query("bye");
  const bounds = { min: 0, max: 1 };
  const generic = createPool<Client>({ create, destroy }, bounds);
  const tarn = new TarnPool({ create, destroy, ...bounds });
  const sequelize = new SequelizePool({ create, destroy, validate: () => true, ...bounds });
  generic.on("factoryCreateError", (error: Error) => error.message);
  const pending: PendingOperation<Client> = tarn.acquire();
  const clients: Client[] = [
    await generic.acquire(),
    await pending.promise,
    await sequelize.acquire(),
  ];
  const texts = await Promise.all(clients.map((client) => client.query("face")));
  return texts.join(", ");
}

async function refused(): Promise<string> {
  const pool = new Pool(() => new Client(0));
  await pool.shutdown();
  const error: unknown = await pool.get().catch((error: unknown) => error);
  return error instanceof PoolClosedError ? error.name : "no error";
}

async function main(): Promise<void> {
  const told = [await pooled(), await scoped(), await faced(), await refused()];
  console.log(told.join("; "));
}

// @ts-expect-error: an option by the name of another pool's is refused when compiled, too
void (() => new Pool(() => new Client(0), { max: 5 }));
// @ts-expect-error: so is what its objects do not have
void ((lease: Lease<Client>) => lease.nothing);

void main();
