# Source it in each terminal: `. scripts/try.sh`. It defines `overhaul`, puts `temporal` on PATH, and points the worker at the simulator.
overhaul() { node dist/cli.js "$@"; }
temporal_at="$(node scripts/temporal.mjs)" && PATH="$(dirname "$temporal_at"):$PATH"
unset temporal_at
export PATH QUALYS_URL="${QUALYS_URL:-http://127.0.0.1:8090}" QUALYS_USERNAME="${QUALYS_USERNAME:-demo}" QUALYS_PASSWORD="${QUALYS_PASSWORD:-demo}"
