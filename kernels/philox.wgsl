// philox: Philox4x32-10 (Salmon et al. 2011), four random words for each key and counter
//
// key u32 [SIZE, 2], counter and out u32 [SIZE, 4]. A thread does one counter.

@group(0) @binding(0) var<storage, read_write> key: array<u32>;
@group(0) @binding(1) var<storage, read_write> counter: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;

#include wide
#include linear_index

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_index(group, groups, thread);
  if (i >= SIZE) { return; }
  var k = vec2u(key[2 * i], key[2 * i + 1]);
  var c = vec4u(counter[4 * i], counter[4 * i + 1], counter[4 * i + 2], counter[4 * i + 3]);
  for (var round = 0u; round < 10; round++) {
    let a = product(c.x, 0xd2511f53u);
    let b = product(c.z, 0xcd9e8d57u);
    c = vec4u(b.y ^ c.y ^ k.x, b.x, a.y ^ c.w ^ k.y, a.x);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
#for word < 4
  out[4 * i + {word}] = c[{word}];
#end
}
