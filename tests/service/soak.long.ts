import { suite } from "uvu";
import { soakTest } from "./soak.ts";

const test = suite("mixed load, long");
soakTest(test, { clients: 64, seconds: 300, maxGrowth: 50e6 });
test.run();
