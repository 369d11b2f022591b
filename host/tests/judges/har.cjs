// Says on stdout what is wrong with the HAR on stdin: nothing if it is valid.
const har = JSON.parse(require("fs").readFileSync(0, "utf8"));
require("har-validator").har(har).then(
  () => {},
  (error) => console.log(JSON.stringify(error.errors ?? String(error))),
);
