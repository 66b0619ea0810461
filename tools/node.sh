#!/usr/bin/env bash
# Installs what the tests on a real node need: the container runtime with its network plugins, and the tools that build
# the image without a daemon; where they are missing, this is root, and there is apt. It never fails: without them those
# tests are skipped, and the end of the run says so.
set -u

wanted=(containerd runc containernetworking-plugins nftables iptables conntrack busybox-static buildah mmdebstrap)
if ! command -v dpkg >/dev/null || ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "what a node needs can be installed by root with apt only: where it is missing, tests on a node are skipped"
  exit 0
fi

missing=()
for name in "${wanted[@]}"; do
  dpkg -s "$name" >/dev/null 2>&1 || missing+=("$name")
done
[ ${#missing[@]} = 0 ] && exit 0

echo "== installing ${missing[*]} (once)"
export DEBIAN_FRONTEND=noninteractive
options=(-qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20)
said=$({ apt-get "${options[@]}" update && apt-get "${options[@]}" install --no-install-recommends "${missing[@]}"; } 2>&1) ||
  echo "cannot install ${missing[*]}: ${said##*$'\n'}"
