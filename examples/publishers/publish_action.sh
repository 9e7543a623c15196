#!/bin/sh
# Ask for an action of a session over HTTP, with curl alone: for services without a broker.
#
#   COLLOQUY_URL=https://forms.example.org COLLOQUY_API_KEY=… \
#     ./publish_action.sh ID INTERVIEW SESSION ACTION '{"amount": 50}'
#
# The same ID again has no effect: it is told how the first one ended.
set -eu
exec curl --silent --show-error --fail-with-body --max-time 60 \
  --header "X-API-Key: $COLLOQUY_API_KEY" --header "Content-Type: application/json" \
  --data "{\"id\": \"$1\", \"wait\": 30, \"data\": {\"interview\": \"$2\", \"session\": \"$3\", \"action\": \"$4\", \"arguments\": ${5:-{\}}}}" \
  "${COLLOQUY_URL%/}/api/actions"
