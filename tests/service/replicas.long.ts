import { suite } from "uvu";
import { skipIf } from "../support/skip.ts";
import { noNginx } from "./nginx.ts";
import { replicas } from "./replicas.ts";
import { soakTest } from "./soak.ts";

const test = suite("two replicas behind nginx, long");
soakTest(skipIf(noNginx, test), { clients: 64, seconds: 300, maxGrowth: 50e6, start: replicas });
test.run();
