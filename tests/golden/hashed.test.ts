import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hashed } from "./hashed.ts";

const test = suite("weights from names");

test("the check values of the goldens' description", () => {
  const expected = [0.7621636390686035, 0.6556366682052612, -0.31222379207611084, 0.049500465393066406];
  assert.equal([...hashed("encoder.conv_in.weight", [4])], expected);
});

test.run();
