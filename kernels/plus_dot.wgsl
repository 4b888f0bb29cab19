// sum + a · b, one product after the other, so that a device can fuse each with its addition; included by other kernels
fn plus_dot(sum: f32, a: vec4f, b: vec4f) -> f32 { return sum + a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w; }
