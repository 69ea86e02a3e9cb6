# Shared by ./catsbench and ./test: installs Debian packages that are missing, builds what changed. Sourced, not run.

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/..
here=$(readlink -f "$here")

say() { printf 'catsbench: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 2
}

# packages SECTION… → the packages of those sections of packages.txt
packages() {
  awk -v wanted=" $* " '/^\[/ { name = substr($1, 2, length($1) - 2); on = index(wanted, " " name " "); next }
                        on && NF && $1 !~ /^#/ { print $1 }' "$here/packages.txt"
}

# missing SECTION… → those not installed
missing() {
  local -A installed=()
  local status name
  while read -r status name; do
    [ "$status" = ii ] && installed[${name%%:*}]=1
  done < <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $(packages "$@") 2>/dev/null)
  for name in $(packages "$@"); do
    [ -n "${installed[$name]:-}" ] || echo "$name"
  done
}

# Installs what is missing. Daemons that packages bring (FRR, BIRD, GoBGP) are not started on the host: they belong into
# namespaces.
install_packages() {
  local list policy=/usr/sbin/policy-rc.d
  list=$(missing "$@")
  [ -n "$list" ] || return 0
  command -v apt-get >/dev/null || die "needs these Debian packages, and there is no apt-get here to install them:" $list
  [ "$(id -u)" = 0 ] || die "needs Debian packages; as root once: apt-get install --no-install-recommends" $list
  say "installing Debian packages:" $list
  local own_policy=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && own_policy=1
  fi
  local log
  log=$(mktemp)
  if ! { DEBIAN_FRONTEND=noninteractive apt-get update && DEBIAN_FRONTEND=noninteractive \
         apt-get install -y --no-install-recommends $list; } </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    [ -z "$own_policy" ] || rm -f "$policy"
    die "apt-get could not install:" $list
  fi
  rm -f "$log"
  [ -z "$own_policy" ] || rm -f "$policy"
}

source_folders=(base cpsel bgp http topologies load collectors scenarios emulator sim suite cli cmake CMakeLists.txt CMakePresets.json)

# build PRESET TARGET…: configures and builds. For the programs alone it is quick: nothing is asked when no source is newer
# than the last build.
build() {
  local preset=$1
  shift
  local folder="$here/build/$preset" stamp="$here/build/$preset/.built-$*"
  stamp=${stamp// /-}
  if [ "$preset $*" = "release catsbench catsd" ] && [ -e "$stamp" ] &&
     { [ -e "$folder/bin/catsbench_mpi.so" ] || ! pkg-config --exists ompi-c; } &&
     [ -z "$(cd "$here" && find "${source_folders[@]}" -newer "$stamp" -print -quit)" ]; then
    return 0
  fi
  mkdir -p "$folder" 2>/dev/null && [ -w "$folder" ] || die "cannot write $folder; build once as its owner ($(stat -c %U "$here/build"))"
  exec 9>"$folder/.lock"
  flock 9
  local started begun=$SECONDS
  started=$(mktemp "$folder/.started.XXXX")
  say "building ($preset)"
  if ! { (cd "$here" && cmake --preset "$preset") && cmake --build "$folder" --target "$@"; } >"$folder/build.log" 2>&1; then
    grep -nE 'error|FAILED|Error' "$folder/build.log" | head -n 20 >&2
    rm -f "$started"
    die "the build failed; all of its output is in $folder/build.log"
  fi
  mv "$started" "$stamp"
  say "built in $((SECONDS - begun)) s"
  exec 9>&-
  # Under sudo the build belongs to the person who called, so that later builds need no root.
  [ -z "${SUDO_UID:-}" ] || chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$here/build"
}
