import { suite } from "uvu";
import { soakTest } from "./soak.ts";

const test = suite("mixed load");
soakTest(test, { clients: 16, seconds: 5, maxGrowth: 150e6 });
test.run();
