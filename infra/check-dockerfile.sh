#!/usr/bin/env bash
# Does by hand, in empty folders, what infra/Dockerfile does in containers: each COPY and RUN of it, in
# its order, without what .dockerignore keeps out. Then it starts the service as the image would: no
# developer's packages, files that nobody may write, and as another user where we are root.
set -euo pipefail
cd "$(dirname "$0")/.."
source="$PWD"
runtime="$(command -v node)"
work="$(mktemp -d)"
started=()
tidy() {
  [ ${#started[@]} = 0 ] || kill -9 "${started[@]}" 2>/dev/null || true
  [ ! -e "$work/kafka" ] || "$runtime" infra/kafka/main.ts down --data "$work/kafka" >/dev/null
  chmod -R u+w "$work"
  rm -rf "$work"
}
trap tidy EXIT
chmod 755 "$work"

fail() { echo "infra/Dockerfile: $*" >&2; exit 1; }

# What the builder is sent: the files of the repository, filtered as .dockerignore says.
context="$work/context"
mkdir "$context"
while read -r pattern; do
  case "$pattern" in
    '' | '#'* | '*') ;;
    '!'*) cp -R "$source/${pattern#!}" "$context/" ;;
    *) [ -e "$context/$pattern" ] || fail ".dockerignore names $pattern, which is not there"; rm -r "${context:?}/$pattern" ;;
  esac
done <.dockerignore

stage=''
while read -r verb words; do
  case "$verb" in
    FROM) stage="$work/${words##* }"; [[ "$words" == *' AS '* ]] || stage="$work/image"; mkdir "$stage" ;;
    RUN) echo "RUN $words"; (cd "$stage" && bash -c "$words") ;;
    COPY)
      from="$context"
      if [[ "$words" == --from=* ]]; then
        from="$work/$(sed -E 's/^--from=([^ ]+) .*/\1/' <<<"$words")"
        words="$(sed -E 's|^--from=[^ ]+ /app/||' <<<"$words")"
      fi
      read -ra paths <<<"$words"
      to="$stage/${paths[-1]}"
      unset 'paths[-1]'
      echo "COPY ${paths[*]} $to"
      if [[ "$to" == */ ]]; then mkdir -p "$to"; fi
      for path in "${paths[@]}"; do cp -R "$from/$path" "$to"; done ;;
  esac
done <infra/Dockerfile

image="$work/image"
wanted="$("$runtime" -p 'JSON.parse(require("fs").readFileSync("package.json", "utf8")).devDependencies.node')"
grep -q "^FROM node:$wanted-slim$" infra/Dockerfile || fail "its Node is not $wanted, that of package.json"
for absent in node_modules/typescript node_modules/vitest node_modules/node test services/sandbox infra/kafka; do
  [ ! -e "$image/$absent" ] || fail "$absent is in the image"
done
chmod -R a-w,a+rX "$image"

as=()
if [ "$(id -u)" = 0 ]; then
  # The runtime of this repository may stand where no other user may look.
  cp "$runtime" "$work/node" && runtime="$work/node"
  as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
fi

start() { # start EXIT-CODE PATTERN NAME=VALUE... -- WORD...: what the container prints, and how it ends
  local code="$1" pattern="$2" said status=0 environment=()
  shift 2
  while [ "$1" != -- ]; do environment+=("$1"); shift; done
  shift
  said="$(cd "$image" && timeout 60 "${as[@]}" env -i NODE_ENV=production "${environment[@]}" \
    "$runtime" "$@" 2>&1)" || status=$?
  [ "$status" = "$code" ] || fail "node $*: exit code $status instead of $code: $said"
  grep -qE "$pattern" <<<"$said" || fail "node $*: nothing like '$pattern' in: $said"
  echo "node $* -> $status: $(grep -E -m 1 "$pattern" <<<"$said")"
}

service=services/standalone/service.ts
kafka=(S3BATCH_LOG=kafka KAFKA_BROKERS=127.0.0.1:9092 AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b)
start 2 'say which one to run: ' -- $service
for name in control ingest worker reporter; do
  start 2 'S3BATCH_LOG=sqlite: the embedded log belongs to one process' -- $service $name
  start 2 'S3BATCH_NOSUCH: no such setting' S3BATCH_NOSUCH=1 "${kafka[@]}" -- $service $name
done
start 0 '' -- infra/require-node.mjs
start 1 '127\.0\.0\.1:1' -- infra/probe.mjs http://127.0.0.1:1/health
start 1 '127\.0\.0\.1:1' S3_ENDPOINT=http://127.0.0.1:1 AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b \
  -- infra/compose/make-bucket.mjs demo

# All four, on a broker: each is healthy as its container's health check sees it, and stops when asked to.
read -ra ports < <("$runtime" --input-type=module -e \
  "import { freePorts } from './infra/kafka/free-ports.ts'; console.log((await freePorts('127.0.0.1', 5)).join(' '))")
"$runtime" infra/kafka/main.ts up --port "${ports[4]}" --data "$work/kafka" || fail 'without a broker the services cannot be tried'
kafka=(S3BATCH_LOG=kafka "KAFKA_BROKERS=127.0.0.1:${ports[4]}" AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b)
names=(control ingest worker reporter)
for at in 0 1 2 3; do
  (cd "$image" && exec "${as[@]}" env -i NODE_ENV=production "${kafka[@]}" "S3BATCH_PORT=${ports[at]}" "S3BATCH_METRICS_PORT=${ports[at]}" \
    "$runtime" $service "${names[at]}") >"$work/${names[at]}.log" 2>&1 &
  started+=($!)
done
for at in 0 1 2 3; do
  for look in $(seq 60); do
    "$runtime" infra/probe.mjs "http://127.0.0.1:${ports[at]}/healthz" 2>/dev/null &&
      grep -q '"msg":"running"' "$work/${names[at]}.log" && break
    [ "$look" != 60 ] || fail "${names[at]} does not run, or is not healthy: $(tail -5 "$work/${names[at]}.log")"
    kill -0 "${started[at]}" 2>/dev/null || fail "${names[at]} ended: $(tail -5 "$work/${names[at]}.log")"
    sleep 0.5
  done
done
for at in 3 2 1 0; do
  status=0
  kill "${started[at]}" && wait "${started[at]}" || status=$?
  [ "$status" = 0 ] || fail "${names[at]} ended with $status when asked to stop: $(tail -5 "$work/${names[at]}.log")"
  echo "${names[at]}: healthy, and stopped when asked to"
done
started=()
echo 'infra/Dockerfile: fine'
