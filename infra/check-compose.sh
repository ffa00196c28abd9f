#!/usr/bin/env bash
# Checks docker-compose.yml without a docker daemon: Docker Compose itself reads it, and the services'
# own reader of settings reads what it gives to each of them. Takes `docker compose` if it is there,
# else builds it once with Go into the folder of tools.
set -euo pipefail
cd "$(dirname "$0")/.."
version=v2.40.3
tools="${S3BATCH_CI_TOOLS:-$PWD/.ci/tools}"
compose=("$tools/docker-compose-$version")

if docker compose version >/dev/null 2>&1; then compose=(docker compose)
elif [ ! -x "${compose[0]}" ]; then
  command -v go >/dev/null || { echo 'neither docker compose nor Go is here; install one of them' >&2; exit 1; }
  module="$(mktemp -d)"
  mkdir -p "$tools"
  # Not go install: the module of Compose excludes versions, which only its user's go.mod may.
  (cd "$module" && go mod init check-compose && go get -tool "github.com/docker/compose/v2/cmd@$version" &&
    go build -o "${compose[0]}" github.com/docker/compose/v2/cmd) >"$module/log" 2>&1 || { cat "$module/log" >&2; exit 1; }
  rm -rf "$module"
fi
compose+=(--file docker-compose.yml --project-directory .)

# An environment of nothing but the PATH, so that no .env and no setting of the caller takes part.
plain=(env -i "PATH=$PATH" "HOME=$(mktemp -d)")

if refusal="$("${plain[@]}" "${compose[@]}" --env-file /dev/null config --quiet 2>&1)"; then
  echo 'docker-compose.yml: it starts without any keys' >&2
  exit 1
fi
case "$refusal" in
  *'see infra/compose/env.example'*) ;;
  *) echo "docker-compose.yml: without keys it should name infra/compose/env.example, and says: $refusal" >&2; exit 1 ;;
esac
"${plain[@]}" "${compose[@]}" --env-file infra/compose/env.example config --format json |
  node infra/compose/check-settings.ts
