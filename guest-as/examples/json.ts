// Posts a person as JSON to the URL that is the first argument, and reads the person who comes
// back, with the package json-as.

import { JSON } from "json-as";

import { Method, RequestBuilder } from "../assembly";

@json
class Person {
  name: string = "";
  age: i32 = 0;
}

const person = new Person();
person.name = "Ada";
person.age = 36;

const res = new RequestBuilder(process.argv[1])
  .method(Method.POST)
  .header("Content-Type", "application/json")
  .body(JSON.stringify(person))
  .send();
const answer = JSON.parse<Person>(res.text());
console.log(answer.name + " is " + answer.age.toString());
