#!/usr/bin/env bash
# Installs the Chromium in which the page of `kubectl zilliz dashboard` is tested, and letters for its Chinese and
# Japanese, where they are missing, this is root, and there is apt. It never fails: without a browser those tests are
# skipped, and the end of the run says so.
set -u

missing=()
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && break
done || missing+=(chromium)

if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  [ ${#missing[@]} = 0 ] || echo "no Chromium is here, and it can be installed by root with apt only: tests of the page are skipped"
  exit 0
fi
dpkg -s fonts-noto-cjk >/dev/null 2>&1 || missing+=(fonts-noto-cjk)
[ ${#missing[@]} = 0 ] && exit 0

echo "== installing ${missing[*]} (once)"
export DEBIAN_FRONTEND=noninteractive
options=(-qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20)
said=$({ apt-get "${options[@]}" update && apt-get "${options[@]}" install --no-install-recommends "${missing[@]}"; } 2>&1) ||
  echo "cannot install ${missing[*]}: ${said##*$'\n'}"
