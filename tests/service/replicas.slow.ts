import { suite } from "uvu";
import { skipIf } from "../support/skip.ts";
import { noNginx } from "./nginx.ts";
import { replicas } from "./replicas.ts";
import { soakTest } from "./soak.ts";

const test = suite("two replicas behind nginx");
soakTest(skipIf(noNginx, test), { clients: 16, seconds: 10, maxGrowth: 150e6, start: replicas });
test.run();
