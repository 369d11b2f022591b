// The same as `json.ts` with the package assemblyscript-json, which has no classes for what it
// reads, but values that are looked at one by one.

import { JSON, JSONEncoder } from "assemblyscript-json/assembly";

import { Method, RequestBuilder } from "../assembly";

const encoder = new JSONEncoder();
encoder.pushObject(null);
encoder.setString("name", "Ada");
encoder.setInteger("age", 36);
encoder.popObject();

const res = new RequestBuilder(process.argv[1])
  .method(Method.POST)
  .header("Content-Type", "application/json")
  .body(encoder.toString())
  .send();
console.log(described(<JSON.Obj>JSON.parse(res.bodyReadAll())));

function described(person: JSON.Obj): string {
  const name = person.getString("name");
  const age = person.getInteger("age");
  if (name === null || age === null) return "nobody";
  return name.valueOf() + " is " + age.valueOf().toString();
}
