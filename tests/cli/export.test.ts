import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../onnx/read_model.ts";
import { smallModel } from "../support/small_model.ts";
import { scratch, voken } from "./support.ts";

const test = suite("voken export");

test("writes tokenizer and transformer as ONNX models, with the inputs and outputs that it prints", async () => {
  using folder = scratch();
  const { code, out, notes } = await voken([
    ...["export", "-m", smallModel, "--format", "onnx", "--dtype", "f16", "--batch", "2"],
    ...["-o", folder.at("new/onnx"), "--json"],
  ]);
  assert.equal([code, notes], [0, ""]);
  const names = ["decoder", "encoder", "step", "transformer"];
  assert.equal(folder.files(), names.map((name) => `new/onnx/${name}.onnx`));
  for (const { files: [file], inputs, outputs } of JSON.parse(out)) {
    const model = readModel(Deno.readFileSync(file));
    const named = (values: { name: string }[]) => values.map(({ name }) => name);
    assert.equal([model.inputs, model.outputs], [named(inputs), named(outputs)]);
  }
});

test("prints a line for each file", async () => {
  using folder = scratch();
  const { code, out } = await voken(["export", "-m", smallModel, "-o", folder.path]);
  assert.is(code, 0);
  const [encoder, , , step] = out.split("\n");
  assert.match(
    encoder!,
    /encoder\.onnx .* MB {2}x \[batch,3,height,width\] → z \[batch,18,rows,columns\], tokens \[batch,rows,columns\]/,
  );
  assert.match(step!, /4 caches \[2,2,4,64,32\] → logits_pre \[1,64\], pre\.next \[2\]/);
});

test.run();
