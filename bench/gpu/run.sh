#!/bin/sh
# Checks and measures the library on this machine's GPU, without a network: ./run.sh [RESULTS], by default ./results.
# Needs libvulkan.so.1 and a Vulkan driver. Environment:
#   PARTS            what to run, of: check ceilings tokenizer token layers training tfjs (default all, in this order)
#   SECONDS_PART     limit of each part (default 60)
#   SECONDS_CHECK    limit of the part check (default 60)
#   SECONDS_PYTORCH  limit of PyTorch, where it sees a CUDA device; 0 leaves it out (default 60)
#   PARTS_PYTORCH    what to time in PyTorch (default encode,decode,token,conv,train,product,matvec)
#   MODES_PYTORCH    in which precisions (default f32,tf32,bf16)
#   LARGE=1          the largest models and sizes, too
set -u
results=${1:-results}
mkdir -p "$results" && results=$(cd "$results" && pwd) && cd "$(dirname "$0")" || exit 1
parts=${PARTS-check ceilings tokenizer token layers training tfjs}

# The binary is unpacked once, elsewhere if the pack cannot be written.
deno=$PWD/deno
[ -w . ] || deno=${TMPDIR:-/tmp}/deno-of-the-pack
if [ ! -x "$deno" ]; then
  { xz -dc deno.xz 2>/dev/null ||
    python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open("deno.xz"), sys.stdout.buffer)'; } > "$deno.part" &&
    chmod +x "$deno.part" && mv "$deno.part" "$deno" || { echo "Cannot unpack deno.xz: needs xz or python3"; exit 1; }
fi

everything() {
  command -v nvidia-smi > /dev/null && nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,clocks.sm,power.limit --format=csv
  cuda=
  python3 -c 'import torch; torch.ones(1, device="cuda").item()' 2> /dev/null && cuda=1

  # Where Vulkan alone is used, a driver may let the clock sink to a fifth within seconds, whatever the load, unless some
  # process touches the device through CUDA now and then.
  if [ -n "$cuda" ]; then
    python3 -c '
import os, time, torch
x, parent = torch.ones(1, device="cuda"), os.getppid()
while os.getppid() == parent:
    x += 1
    torch.cuda.synchronize()
    time.sleep(0.005)' > /dev/null 2>&1 &
    keeper=$! # It ends with this shell at the latest.
  fi

  case " $parts " in *" check "*)
    "$deno" run -A --quiet run.js check --seconds "${SECONDS_CHECK:-60}" ;;
  esac

  set --
  if [ -n "$cuda" ] && [ "${SECONDS_PYTORCH:-60}" != 0 ]; then
    echo; echo "== PyTorch"
    timeout $((${SECONDS_PYTORCH:-60} + 30)) python3 pytorch/run.py --seconds "${SECONDS_PYTORCH:-60}" \
      --parts "${PARTS_PYTORCH:-encode,decode,token,conv,train,product,matvec}" \
      --modes "${MODES_PYTORCH:-f32,tf32,bf16}" > "$results/pytorch.json"
    set -- --pytorch "$results/pytorch.json"
  fi

  others=$(for part in $parts; do [ "$part" = check ] || echo "$part"; done)
  [ -z "$others" ] || "$deno" run -A --quiet run.js $others --seconds "${SECONDS_PART:-60}" \
    ${LARGE:+--large} --json "$results/results.json" "$@"
  [ -z "${keeper-}" ] || kill "$keeper"
}

everything 2>&1 | tee "$results/log.txt"
