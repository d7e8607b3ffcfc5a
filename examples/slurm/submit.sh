#!/bin/bash
# Submit a folder of videos in PARTS parts, and after them the tables of all together:
#
#   ./submit.sh PARTS FOLDER OUT [options of emoreport batch]
set -euo pipefail

parts=$1
shift
here=$(dirname "$(realpath "$0")")
job=$(sbatch --parsable --array="1-$parts" "$here/talks.sbatch" "$@")
last=$(sbatch --parsable --dependency="afterany:$job" "$here/together.sbatch" "$@")
echo "parts: job $job, together: job $last"
