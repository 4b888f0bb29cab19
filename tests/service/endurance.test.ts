import { suite } from "uvu";
import { enduranceTests } from "./endurance.ts";

const test = suite("endurance");
enduranceTests(test, { slow: 50, resets: 20, deaths: 5, stops: 1 });
test.run();
