// Where asc looks for what `import ... from "wasi-experimental-http"` means.
export * from "./assembly";
