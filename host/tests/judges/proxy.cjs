// A proxy that others wrote. Prints its port, and ends with its stdin.
//   node proxy.cjs http|socks [USER PASSWORD]
const [kind, username, password] = process.argv.slice(2);

async function http() {
  const { Server } = require("proxy-chain");
  const server = new Server({
    port: 0,
    host: "127.0.0.1",
    prepareRequestFunction: (request) => ({
      requestAuthentication: request.username !== (username ?? "") || request.password !== (password ?? ""),
    }),
  });
  await server.listen();
  return server.port;
}

function socks() {
  const { createServer } = require("@pondwader/socks5-server");
  const server = createServer(username ? { auth: { username, password } } : undefined);
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server.server.address().port));
  });
}

(kind === "http" ? http() : socks()).then((port) => console.log(port));
process.stdin.on("data", () => {}).on("end", () => process.exit(0));
