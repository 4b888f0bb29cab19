// What a float is, by its bits: comparisons that look for NaN may be folded away; included by other kernels
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffff) > 0x7f800000; }
fn is_infinite(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffff) == 0x7f800000; }
