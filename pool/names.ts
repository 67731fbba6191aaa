// Names of options that people know from elsewhere, or meant to write.

/** What other pools call an option, where it is not our name in another spelling. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  // ProxyPatternPool, older names
  delay: "hkDelay",
  // generic-pool, tarn, lightning-pool, pg-pool
  max: "maxSize",
  min: "minSize",
  maxWaitingClients: "maxWaiting",
  maxQueue: "maxWaiting",
  queueLimit: "maxWaiting",
  acquireTimeoutMillis: "timeout",
  connectionTimeoutMillis: "timeout",
  createTimeoutMillis: "createTimeout",
  createRetryIntervalMillis: "createBackoff",
  propagateCreateError: "createRetry",
  fifo: "idleOrder",
  lifo: "idleOrder",
  maxConnecting: "maxCreating",
  destroyTimeoutMillis: "closeTimeout",
  idleTimeoutMillis: "maxAvailDelay",
  softIdleTimeoutMillis: "maxAvailDelay",
  evictionRunIntervalMillis: "hkDelay",
  reapIntervalMillis: "hkDelay",
  houseKeepInterval: "hkDelay",
  maxUses: "maxUse",
  maxAge: "maxLifetime",
  verify: "opener",
  onConnect: "opener",
  maxLifetimeSeconds: "maxLifetime (in milliseconds)",
  testOnBorrow: "healthAfter: 0",
  create: "the first argument of new Pool, fun",
  destroy: "closer",
  validate: "health",
  reset: "retter",
  log: "logger",
  // lru-cache, p-queue, and first guesses
  ttl: "maxLifetime",
  idle: "maxAvailDelay",
  acquire: "timeout",
  evict: "hkDelay",
  factory: "the first argument of new Pool, fun",
  size: "maxSize",
  limit: "maxSize",
  poolSize: "maxSize",
  concurrency: "maxSize",
  dispose: "closer",
  close: "closer",
  onDestroy: "closer",
  onClose: "closer",
  end: "closer",
  disconnect: "closer",
  disposer: "closer",
  cleanup: "closer",
  ping: "health",
  check: "health",
  healthCheck: "health",
  test: "health",
  onAcquire: "getter",
  onBorrow: "getter",
  onRelease: "retter",
  onReturn: "retter",
  onCreate: "opener",
  setup: "opener",
  retries: "createRetry",
  retry: "createRetry",
  acquireTimeout: "timeout",
  connectTimeout: "createTimeout",
  // HikariCP, mysql2
  maximumPoolSize: "maxSize",
  connectionLimit: "maxSize",
  minimumIdle: "minAvailable",
  minIdle: "minAvailable",
  minIdleConns: "minAvailable",
  connectionTimeout: "timeout",
  connectionTestQuery: "health",
  connectionInitSql: "opener",
  idleTimeout: "maxAvailDelay",
  keepaliveTime: "health and hkDelay",
  leakDetectionThreshold: "maxUsingDelay",
  validationTimeout: "hookTimeout",
};

/** Methods of generic-pool, tarn, pg-pool, mysql2 and others, and what does that here. */
export const METHODS: Readonly<Record<string, string>> = {
  acquire: "get(), borrow() or use(fn)",
  connect: "get(), borrow() or use(fn)",
  getConnection: "get(), borrow() or use(fn)",
  query: "use((client) => client.query(…))",
  execute: "use((client) => client.execute(…))",
  transaction: "use(fn), with begin and commit in fn",
  release: "ret(lease), or dispose of the lease",
  releaseConnection: "ret(lease), or dispose of the lease",
  destroy: "discard(lease) for one object, shutdown() for all",
  isBorrowedResource: "loanOf(object)",
  start: "ready()",
  end: "shutdown()",
  close: "shutdown()",
  terminate: "shutdown()",
  drain: "shutdown({ drain: true })",
  clear: "reset()",
  on: "observe(observer)",
  once: "observe(observer)",
  addListener: "observe(observer)",
};

/** Has each of these methods of `prototype` tell what to call instead. */
export function tellMethods(prototype: object): void {
  for (const [name, instead] of Object.entries(METHODS)) {
    const value = () => {
      throw new TypeError(`a Pool has no ${name}(): call ${instead}`);
    };
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
}

/** What to write instead of `name`. */
export function suggestion(name: string, known: readonly string[], each = "option"): string {
  const respelled = known.find((option) => plain(option) === plain(name));
  if (respelled !== undefined) return `it is called ${respelled} here`;
  const elsewhere = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name]! : undefined;
  if (elsewhere !== undefined && known.some((option) => elsewhere.includes(option))) {
    return `it is called ${elsewhere} here`;
  }
  if (elsewhere?.includes("fun") && known.includes("opener")) return `give it as ${elsewhere}`;
  const near = known.map((option) => [distance(plain(option), plain(name)), option] as const)
    .sort(([a], [b]) => a - b)[0];
  if (near !== undefined && near[0] <= 2) return `did you mean ${near[1]}?`;
  return `the ${each}s are ${known.join(", ")}`;
}

function plain(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}

/** How many letters to add, drop or change to make `b` of `a`. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
