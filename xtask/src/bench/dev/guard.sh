# Ends the process $1, which leads a group, and everything that it has started, when the input ends: that is when nobody
# needs it any more, or when whoever started it is gone.
cat >/dev/null
below() {
  for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
    echo "$child"
    below "$child"
  done
}
started=$(below "$1")
kill -INT "-$1" 2>/dev/null
tries=60
while [ "$tries" -gt 0 ] && kill -0 "$1" 2>/dev/null; do
  sleep 0.05
  tries=$((tries - 1))
done
for process in "$1" $started; do
  kill -KILL "$process" 2>/dev/null
done
exit 0
