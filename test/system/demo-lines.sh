#!/usr/bin/env bash
# Starts `npm run demo -- --keep` as a new user would, then runs every line that it prints, verbatim, in a shell of its
# own, beside a second demo. Fails if the demo's proof fails, a line fails, or Ctrl-C leaves something behind.
set -u
folder=$(mktemp -d)
output="$folder/output"
objects="${DEMO_OBJECTS:-20000}"
setsid npm run -s demo -- --keep --directory "$folder/demo" --objects "$objects" >"$output" 2>&1 &
demo=$!
trap 'kill -INT -- -$demo 2>/dev/null; rm -rf "$folder"' EXIT
for _ in $(seq 1 600); do
  grep -q 'Ctrl-C stops' "$output" && break
  kill -0 "$demo" 2>/dev/null || break
  sleep 0.2
done
cat "$output"
grep -q 'Ctrl-C stops' "$output" || { echo 'the demo did not come to its end'; exit 1; }
grep -q 'FAILED' "$output" && { echo 'the proof failed'; exit 1; }

sed -n '/Lines to paste/,$p' "$output" | sed -n -E 's/^  ((export|HTTP_PROXY|aws|curl) ?.*)$/\1/p' >"$folder/lines"
count=$(grep -c . "$folder/lines")
[ "$count" -ge 8 ] || { echo "only $count lines to paste"; exit 1; }
status=0
env_line=$(grep -m1 '^export' "$folder/lines")
while IFS= read -r line; do
  if bash -c "$env_line; set -e; $line" >"$folder/answer" 2>&1 && ! grep -q '<Error>\|AccessDenied\|SignatureDoesNotMatch' "$folder/answer"; then
    echo "ok      $line"
  else
    echo "FAILED  $line"; head -c 2000 "$folder/answer"; status=1
  fi
done <"$folder/lines"

npm run -s demo -- --directory "$folder/second" --objects 500 >"$folder/second-output" 2>&1 \
  && echo 'ok      a second demo beside the first' || { echo 'FAILED  a second demo beside the first'; cat "$folder/second-output"; status=1; }

kill -INT -- -"$demo"
for _ in $(seq 1 100); do kill -0 -- -"$demo" 2>/dev/null || break; sleep 0.2; done
if kill -0 -- -"$demo" 2>/dev/null; then echo 'FAILED  Ctrl-C did not stop everything'; status=1; else echo 'ok      Ctrl-C stops everything'; fi
[ -z "$(find "$folder/demo" -type f ! -path '*/report/*' 2>/dev/null)" ] || { echo 'FAILED  data was left behind'; status=1; }
kept=$(sed -n 's/^  kept: //p' "$output")
[ -n "$kept" ] && [ -f "$kept/manifest.json" ] && echo 'ok      the report is kept where it says' || { echo 'FAILED  the report is not kept'; status=1; }
exit $status
