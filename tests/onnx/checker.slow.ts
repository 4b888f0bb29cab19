import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scratch, voken } from "../cli/support.ts";
import { skipIf } from "../support/skip.ts";
import { smallModel } from "../support/small_model.ts";

/** Checks the files that it is given, and infers the shapes of all that they compute. */
const script = `
import sys, onnx
for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, strict_mode=True)
`;

/** Debian's own Python first: its packages are not those of another one. */
const python = ["/usr/bin/python3", "python3"].find((path) => {
  try {
    return new Deno.Command(path, { args: ["-c", "import onnx"], stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
});

const test = suite("onnx.checker");
const each = skipIf(
  python ? undefined : "no Python with onnx (on Debian: apt-get install python3-onnx)",
  test,
);

for (const dtype of ["f32", "f16"]) {
  each(`accepts all files in ${dtype}`, async () => {
    using folder = scratch();
    const { code, notes } = await voken(["export", "-m", smallModel, "--dtype", dtype, "-o", folder.path]);
    assert.is(code, 0, notes);
    const files = folder.files().map(folder.at);
    assert.is(files.length, 4);
    const { success, stderr } = await new Deno.Command(python!, { args: ["-c", script, ...files] }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  });
}

test.run();
