#!/bin/sh
# First program of the container. emoreport never runs as root of the machine.
#
# Started as root (the default), it becomes the owner of the working folder, which is /data and as
# a rule the caller's own folder, so that the results belong to the caller. Started as somebody
# else (`--user`), it changes nothing.
set -eu

image_user=1000 # the user that the Dockerfile makes

# With `--read-only` and no `--tmpfs /tmp`, /dev/shm is what engines leave writable.
scratch=/tmp
[ -w /tmp ] || scratch=/dev/shm
export TMPDIR="$scratch" HOME="$scratch"

if [ "$(id -u)" != 0 ]; then
    exec emoreport "$@"
fi

uid=$(stat -c %u .)
gid=$(stat -c %g .)
read -r _ outside _ </proc/self/uid_map

if [ "$uid" != 0 ]; then
    # Groups of `--group-add` (a graphics card) go along, root's own does not.
    groups=$gid
    for group in $(id -G); do
        [ "$group" = 0 ] || groups=$groups,$group
    done
    become() { exec setpriv --no-new-privs --reuid "$uid" --regid "$gid" --groups "$groups" "$@"; }
elif [ "$outside" != 0 ]; then
    # Rootless engine: root in here is the caller outside. It keeps no power over others' files.
    become() { exec setpriv --no-new-privs --inh-caps -all --bounding-set -all "$@"; }
else
    become() {
        exec setpriv --no-new-privs --reuid "$image_user" --regid "$image_user" --clear-groups "$@"
    }
fi

answer=0
(become test -w .) || answer=$?
case $answer in
0) ;;
1)
    echo "warning: $PWD in the container belongs to root or is read-only and cannot be written;" \
        "to keep results there, mount a folder of your own or give --out a folder that can be" >&2
    ;;
*)
    echo "error: the container may not give up root (are its capabilities dropped?);" \
        "start it with --user \"\$(id -u):\$(id -g)\"" >&2
    exit 2
    ;;
esac
become emoreport "$@"
