// Fetches each path of a server with Node.js's own client, and prints what it makes of the answer: a
// line of JSON for each, with the status and the body in hexadecimal, or `null` for an error.
//
//     node judge.mjs PORT METHOD...
import http from "node:http";

const [port, ...methods] = process.argv.slice(2);

function fetched(method, path) {
  return new Promise((resolve) => {
    const request = http.request(
      { host: "127.0.0.1", port, method, path, agent: false },
      (response) => {
        const pieces = [];
        response.on("data", (piece) => pieces.push(piece));
        response.on("end", () =>
          resolve({
            status: response.statusCode,
            body: Buffer.concat(pieces).toString("hex"),
          }),
        );
        response.on("error", () => resolve(null));
      },
    );
    request.on("error", () => resolve(null));
    // Nobody asked for another protocol.
    request.on("upgrade", (_, socket) => {
      socket.destroy();
      resolve(null);
    });
    request.end();
  });
}

for (const [index, method] of methods.entries()) {
  console.log(JSON.stringify(await fetched(method, `/${index}`)));
}
