#!/usr/bin/env bash
# Runs, on a machine that pack.sh packed for, the measurements that it is asked for by name, one after the other, each under a
# limit of its own, so that a visit of a quarter of an hour brings back most of them whatever hangs. Needs nothing but the
# driver. Lines of JSON go to the terminal; those and all else to all.log in the folder OUT (or ./visit-results), which is one file
# because only a few come back.
#
#     bash visit.sh                 names them
#     bash visit.sh unpack          lays out what was packed in /tmp/inkling; the browser once all its pieces have come
#     bash visit.sh large small     measures
set -u
here=$(cd "$(dirname "$0")" && pwd)
home=${INKLING_VISIT:-/tmp/inkling}
out=${OUT:-$PWD/visit-results}
mkdir -p "$home" "$out"
export LD_LIBRARY_PATH=$home/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp}
# Where a driver is mounted, and nobody has told the loader. On a machine without a display the library that its file names may
# refuse, and the same driver answer by another.
nvidia=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
if [ -f $nvidia ] && [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ]; then
  printf '{"file_format_version":"1.0.1","ICD":{"library_path":"libEGL_nvidia.so.0","api_version":"1.4.312"}}\n' >"$home/egl_icd.json"
  export VK_DRIVER_FILES=$home/egl_icd.json:$nvidia
fi
text=$home/shared/data/tinyshakespeare.txt
validation=$home/shared/data/validation.txt
python=$(command -v python3)
began=$SECONDS

# stage LIMIT NAME COMMAND...: what it says goes to all.log; the last lines of it are shown
stage() {
  local limit=$1 name=$2 start=$SECONDS
  shift 2
  printf '== %s (at %s s, at most %s s): %s\n' "$name" "$((start - began))" "$limit" "${*/#$home\//}"
  printf '== %s: %s\n' "$name" "$*" >>"$out/all.log"
  local before rc
  before=$(stat -c %s "$out/all.log")
  # straight into the file that comes back, for the call may be cut off in the middle of a stage; a pipe would wait for
  # whatever a stage leaves running
  timeout -k 5 "$limit" "$@" >>"$out/all.log" 2>&1
  rc=$?
  tail -c "+$((before + 1))" "$out/all.log" | tail -n "${LINES_SHOWN:-5}" | cut -c1-400
  printf '== %s: %s s, exit %s\n' "$name" "$((SECONDS - start))" "$rc" | tee -a "$out/all.log"
}

inkling() { # LIMIT NAME ARGUMENTS
  local limit=$1 name=$2
  shift 2
  stage "$limit" "$name" "$home/node" "$home/dist/cli/inkling.mjs" "$@"
}

pytorch() { # LIMIT NAME ARGUMENTS
  local limit=$1 name=$2
  shift 2
  [ -n "$python" ] && stage "$limit" "$name" "$python" -u "$home/shared/reference/bench_pytorch.py" "$@"
}

page() { # LIMIT NAME ARGUMENTS
  local limit=$1 name=$2
  shift 2
  # The browser's libraries are for it alone: Node has its own.
  cat >"$home/chrome" <<END
#!/bin/sh
export LD_LIBRARY_PATH=$home/chromium-lib:\$LD_LIBRARY_PATH FONTCONFIG_FILE=$home/fonts.conf
exec $home/chromium/chromium-headless-shell "\$@"
END
  chmod +x "$home/chrome"
  printf '<?xml version="1.0"?><fontconfig><dir>%s</dir><cachedir>/tmp/fonts-cache</cachedir></fontconfig>\n' "$home/fonts" >"$home/fonts.conf"
  stage "$limit" "$name" "$home/node" "$home/bench/page.mjs" --folder "$home/dist/site" --chrome "$home/chrome" "$@"
}

unpack() {
  if [ -f "$here/base.tar.xz" ]; then xz -dc "$here/base.tar.xz" | tar -C "$home" -x; fi
  if [ ! -x "$home/node" ]; then
    printf 'base.tar.xz is not there, or xz is missing: nothing can be measured.\n'
    exit 1
  fi
  mkdir -p "$home/pieces"
  cp "$here"/browser.tar.xz.* "$home/pieces/" 2>/dev/null # kept, where pieces come one call after the other
  if [ ! -e "$home/chromium" ] && cat "$home"/pieces/browser.tar.xz.* 2>/dev/null | xz -t 2>/dev/null; then
    mkdir -p "$home/browser"
    cat "$home"/pieces/browser.tar.xz.* | xz -dc | tar -C "$home/browser" -x
    mv "$home/browser/chromium" "$home/chromium"
    mv "$home/browser/lib" "$home/chromium-lib"
    mv "$home/browser/fonts" "$home/fonts"
    mv "$home"/browser/node_modules/* "$home/node_modules/"
    printf '== the browser is unpacked\n'
  fi
}

cpu_run() { # SEED
  inkling 40 cpu-run train --json --text "$text" --preset nanogpt-cpu --seed "$1" --out "$home/cpu-$1"
  inkling 30 cpu-run evaluate --json --model "$home/cpu-$1" --text "$validation"
}

measure() {
  case $1 in
    unpack) unpack ;;
    adapter) nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null; grep -m1 'model name' /proc/cpuinfo ;;
    small) # the three small configurations beside PyTorch, without and with graphs
      for config in tiny small nanogpt-cpu; do
        inkling 45 small bench --json --config "$config"
        pytorch 30 small-pytorch --config "$config" --modes eager,graph --precision f32 --steps 200
      done ;;
    large) # nanogpt-gpu in f32 by the expected variants, beside PyTorch
      inkling 75 large bench --json --config nanogpt-gpu --no-tune
      pytorch 40 large-pytorch --config nanogpt-gpu --modes eager,graph --precision f32 --steps 50 ;;
    large-tuned) inkling 100 large-tuned bench --json --config nanogpt-gpu --tune ;;
    half) inkling 75 half bench --json --config nanogpt-gpu --precision f16 --no-tune ;;
    half-pytorch) # tf32 and bf16, to be read beside f16
      pytorch 60 half-pytorch --config nanogpt-gpu --modes eager,graph --precision tf32,bf16 --steps 50 ;;
    profile) for config in tiny nanogpt-cpu; do inkling 60 profile bench --json --config "$config" --profile; done ;;
    profile-large) inkling 120 profile-large bench --json --config nanogpt-gpu --profile --no-tune ;;
    compile) for config in tiny nanogpt-cpu; do pytorch 90 compile --config "$config" --modes compile --precision f32 --steps 100; done ;;
    curve) inkling 60 curve bench --json --curve --config nanogpt-cpu --precision f16 ;;
    parity) inkling 60 parity parity --json "$home"/shared/fixtures/*.safetensors ;;
    cpu-run) # a seed of the 2,000 steps, judged by the whole validation text as well
      cpu_run 1337 ;;
    cpu-runs) for seed in 1 2; do cpu_run $seed; done ;;
    gpu-run) inkling 400 gpu-run train --json --text "$text" --preset nanogpt-gpu --eval-every 250 --out "$home/gpu-f32" ;;
    gpu-run-half) inkling 220 gpu-run-half train --json --text "$text" --preset nanogpt-gpu --precision f16 --eval-every 250 --out "$home/gpu-f16" ;;
    writing) inkling 60 writing bench --json --generate --config all ;;
    page) page 150 page --config tiny,nanogpt-cpu --stand 0.3,8 ;;
    page-brief) page 80 page-brief --config tiny,nanogpt-cpu --stand 3 --seconds 4 --no-benchmark ;;
    page-large) page 150 page-large --config nanogpt-gpu --seconds 10 --no-benchmark ;;
    page-half) page 150 page-half --config nanogpt-gpu --seconds 10 --precision f16 --no-benchmark ;;
    page-software) page 280 page-software --software --config tiny ;;
    *) printf 'There is no measurement “%s”.\n' "$1"; return 2 ;;
  esac
}

if [ $# -eq 0 ]; then
  sed -n 's/^    \([a-z-]*\)) .*/\1/p' "$0" | tr '\n' ' '
  echo
fi
for name in "$@"; do measure "$name"; done
