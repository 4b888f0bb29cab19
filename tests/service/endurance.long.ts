import { suite } from "uvu";
import { enduranceTests } from "./endurance.ts";

const test = suite("endurance, long");
enduranceTests(test, { slow: 200, resets: 1000, deaths: 100, stops: 50 });
test.run();
