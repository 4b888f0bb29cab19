import { suite } from "uvu";
import { soakTest } from "./soak.ts";

const test = suite("mixed load");
soakTest(test, { clients: 8, seconds: 3, maxGrowth: 100e6 });
test.run();
