#!/usr/bin/env bash
# Builds FRRouting's gRPC module, which Debian's package lacks, from the source package of the FRR that is installed, with
# the options that FRR was configured with. Needed for the southbound driver frr-grpc alone.
#   sudo cmake/frr-grpc.sh [FOLDER]     FOLDER: build/frr-grpc when not given
# leaves there
#   grpc.so, libfrrgrpc_pb.so.0   for `staticd -M FOLDER/grpc.so:PORT`
#   frr-northbound.proto          what the driver is made from
#   version                       of the package frr that all of it belongs to
# Nothing is done when they are there and belong to the FRR that is installed. The source comes from the mirrors of Debian
# that apt uses already, through lists of their own: apt's configuration stays as it is.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/bootstrap.sh"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

case "${1:-}" in
  -*) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
folder=$(readlink -m "${1:-$here/build/frr-grpc}")

install_packages run build frr-grpc

version=$(dpkg-query -W -f '${Version}' frr)
source_version=$(dpkg-query -W -f '${source:Version}' frr)
if [ "$(cat "$folder/version" 2>/dev/null)" = "$version" ] && [ -e "$folder/grpc.so" ] &&
   [ -e "$folder/libfrrgrpc_pb.so.0" ] && [ -e "$folder/frr-northbound.proto" ]; then
  exit 0
fi

mkdir -p "$folder" 2>/dev/null && [ -w "$folder" ] || die "cannot write $folder"
exec 9>"$folder/.lock"
flock 9
say "building FRR's gRPC module for frr $version (about 4 minutes)"
begun=$SECONDS
log=$folder/build.log
: >"$log"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

failed() {
  tail -n 20 "$log" >&2
  die "$*; all of the output is in $log"
}

# Sources of the releases of Debian that apt knows; another distribution's frr cannot be built here.
apt-get indextargets --format 'deb-src [signed-by=KEYRING] $(REPO_URI) $(RELEASE) $(COMPONENT)' \
  'Created-By: Packages' 'Origin: Debian' 'Component: main' | sort -u | sed "s|KEYRING|$keyring|" >"$work/mirrors"
[ -s "$work/mirrors" ] || die "apt knows no mirror of Debian, from which the source of frr could come"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/source"
chmod -R a+rX "$work"
debian() {
  apt-get -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root "$@" </dev/null >>"$log" 2>&1
}
# One after the other: the archive of security updates and the main one may have the same version, and one of them not all
# of its files.
while read -r mirror && [ ! -e "$work/fetched" ]; do
  printf '%s\n' "$mirror" >"$work/sources.list"
  if debian update && (cd "$work/source" && debian source "frr=$source_version"); then : >"$work/fetched"; fi
done <"$work/mirrors"
[ -e "$work/fetched" ] || failed "no source of frr $source_version at Debian's mirrors"
tree=$(find "$work/source" -mindepth 1 -maxdepth 1 -type d)
[ "$(dpkg-parsechangelog -l "$tree/debian/changelog" -S Version)" = "$source_version" ] ||
  die "the source is not that of frr $source_version"

# FRR tells how it was configured. Manuals, SNMP, RPKI and PAM are left out: nothing of them is in libfrr.
options=$(/usr/lib/frr/zebra --version | sed -n "s/^[[:space:]]*\('--build=.*\)$/\1/p")
[ -n "$options" ] || die "zebra --version does not say how FRR was configured"
without="--disable-doc --disable-doc-html --disable-snmp --disable-rpki --without-libpam"
(
  cd "$tree" &&
    autoreconf --force --install &&
    eval "./configure $options --enable-grpc $without CFLAGS='-O2 -w' CXXFLAGS='-O2 -w'" &&
    make -j"$(nproc)" lib/grpc.la
) >>"$log" 2>&1 </dev/null || failed "FRR's gRPC module could not be built"

# What they were linked to in this tree, they find beside themselves and where FRR's own library is.
libfrr=$(ldd /usr/lib/frr/zebra | awk '$1 ~ /^libfrr\.so/ { print $3 }')
for library in lib/.libs/grpc.so grpc/.libs/libfrrgrpc_pb.so.0; do
  cp -L "$tree/$library" "$work/"
  patchelf --set-rpath "\$ORIGIN:$(dirname "$libfrr")" "$work/${library##*/}"
done
mv "$work/grpc.so" "$work/libfrrgrpc_pb.so.0" "$folder/"
cp "$tree/grpc/frr-northbound.proto" "$folder/"
if ldd "$folder/grpc.so" | grep 'not found' >>"$log"; then
  failed "$folder/grpc.so does not find its libraries"
fi
printf '%s\n' "$version" >"$folder/version"
rm -f "$here"/build/*/.built-*  # what was built before knows nothing of it
chmod a+r "$folder"/*
[ -z "${SUDO_UID:-}" ] || chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$folder"
say "built $folder/grpc.so in $((SECONDS - begun)) s"
