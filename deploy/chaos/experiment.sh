#!/bin/sh
# Asks for Pods with known verdicts, breaks something meanwhile, and keeps what became of them.
#   experiment.sh kill-one kill-all rolling-restart flood      one after the other
#   experiment.sh watch                                        breaks nothing itself: somebody else does
# Nothing is ever created: every request is a dry run, which the API server reviews as any other.
set -eu

NAMESPACE=${NAMESPACE:-portcullis-chaos}            # where the Pods would be
TARGET=${TARGET:-portcullis-system}                 # where the webhook is
LABELS=${LABELS:-app.kubernetes.io/name=portcullis,app.kubernetes.io/instance=portcullis}
DEPLOYMENT=${DEPLOYMENT:-portcullis}
PODS=${PODS:-/chaos}                                # allowed.yaml and denied.yaml
RESULTS=${RESULTS:-/results}
BEFORE=${BEFORE:-10} AFTER=${AFTER:-60} WATCH=${WATCH:-1500}   # seconds
SENDERS=${SENDERS:-8}                               # of the flood
KEEP=${KEEP:-180}                                   # runs; six a day for a month

began=$(date -u +%Y-%m-%dT%H:%M:%SZ)
folder=$RESULTS/$began
mkdir -p "$folder"

# One request: prints a second and what became of it.
ask() {
  verdict=$1 at=$(date +%s)
  if said=$(kubectl create --dry-run=server --namespace "$NAMESPACE" -o name -f "$PODS/$verdict.yaml" 2>&1); then
    told=allowed
  else
    case $said in
      *"(Forbidden)"*"denied the request"*) told=denied ;;
      *"denied the request"*) told=declared ;;   # TooManyRequests, Timeout, InternalError: not judged, and that is said
      *) told=lost ;;
    esac
  fi
  case $told-$verdict in
    allowed-allowed | denied-denied) echo "$at right" ;;
    allowed-denied) echo "$at wrongly-allowed" ;;
    denied-allowed) echo "$at wrongly-denied"; echo "$said" >&2 ;;
    *) echo "$at $told"; echo "$said" >&2 ;;
  esac
}

ask_until() {
  until [ -e "$1" ]; do ask allowed; ask denied; done
}

kill_one() {
  pod=$(kubectl get pods --namespace "$TARGET" -l "$LABELS" -o name | head -n 1)
  kubectl delete --namespace "$TARGET" --grace-period=0 --force "$pod"
}

kill_all() {
  kubectl delete pods --namespace "$TARGET" -l "$LABELS" --grace-period=0 --force &&
    kubectl rollout status --namespace "$TARGET" "deployment/$DEPLOYMENT" --timeout=120s
}

rolling_restart() {
  kubectl rollout restart --namespace "$TARGET" "deployment/$DEPLOYMENT" &&
    kubectl rollout status --namespace "$TARGET" "deployment/$DEPLOYMENT" --timeout=300s
}

# Several senders for half a minute, and never more.
flood() {
  end=$(($(date +%s) + 30)) senders=
  for _ in $(seq "$SENDERS"); do
    while [ "$(date +%s)" -lt "$end" ]; do
      kubectl create --dry-run=server --namespace "$NAMESPACE" -o name -f "$PODS/denied.yaml" || true
    done > /dev/null 2>&1 &
    senders="$senders $!"
  done
  for sender in $senders; do wait "$sender"; done
}

# Asks, breaks, goes on asking, and counts.
hold() {
  name=$1 stop=$folder/.stop
  shift
  rm -f "$stop"
  ask_until "$stop" > "$folder/$name.log" 2> "$folder/$name.said" &
  asker=$!
  sleep "$BEFORE"
  broken=$(date +%s) failed=false
  "$@" > "$folder/$name.out" 2>&1 || failed=true
  sleep "$AFTER"
  touch "$stop"
  wait "$asker"
  rm -f "$stop"
  # From when it was broken to the second after the last answer that was not right; `null` where the last answers were not.
  awk -v name="$name" -v broken="$broken" -v failed="$failed" '
    { count[$2]++; sent++; last = $2; if ($2 != "right" && $1 >= broken) { until = $1 + 1 } }
    END {
      recovery = until ? until - broken : 0
      if (last != "right") recovery = "null"
      printf "{\"experiment\":\"%s\",\"sent\":%d,\"right\":%d,\"wronglyAllowed\":%d,\"wronglyDenied\":%d,", \
        name, sent, count["right"], count["wrongly-allowed"], count["wrongly-denied"]
      printf "\"declared\":%d,\"lost\":%d,\"recoverySeconds\":%s,\"notHeld\":%s}\n", \
        count["declared"], count["lost"], recovery, failed
    }' "$folder/$name.log" >> "$folder/rows"
}

for name in "$@"; do
  case $name in
    kill-one) hold "$name" kill_one ;;
    kill-all) hold "$name" kill_all ;;
    rolling-restart) hold "$name" rolling_restart ;;
    flood) hold "$name" flood ;;
    watch) hold "$name" sleep "$WATCH" ;;
    *) echo "there is no experiment \`$name\`" >&2; exit 2 ;;
  esac
done

images=$(kubectl get pods --namespace "$TARGET" -l "$LABELS" -o 'jsonpath={.items[*].status.containerStatuses[*].imageID}')
{
  printf '{"began":"%s","ended":"%s","images":"%s","experiments":[\n' "$began" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$images"
  sed '$!s/$/,/' "$folder/rows"
  echo ']}'
} > "$folder/chaos.json"
rm "$folder/rows"
cat "$folder/chaos.json"

# Names are times, so the oldest come first.
ls -1 "$RESULTS" | grep -E '^[0-9]{4}-[0-9]{2}-[0-9]{2}T' | head -n "-$KEEP" | while read -r old; do rm -r "${RESULTS:?}/$old"; done

# A Job that failed is what `kubectl get jobs` and alerts show.
! grep -Eq '"(wronglyAllowed|wronglyDenied)":[1-9]|"recoverySeconds":null|"notHeld":true' "$folder/chaos.json"
