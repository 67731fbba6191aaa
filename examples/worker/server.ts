// A TCP server for the Worker to talk to: greets, then says each line again. Yours is a database.
// `deno run --allow-net examples/worker/server.ts`, then `npx wrangler dev` in this folder.

const address = { hostname: "127.0.0.1", port: 7777 };

async function serve(connection: Deno.TcpConn): Promise<void> {
  await connection.write(new TextEncoder().encode("welcome\n"));
  await connection.readable.pipeTo(connection.writable);
}

const listener = Deno.listen(address);
console.log(`${address.hostname}:${address.port} (Ctrl-C ends)`);
for await (const connection of listener) {
  serve(connection).catch((error) => console.log(`a connection has broken: ${error.message}`));
}
