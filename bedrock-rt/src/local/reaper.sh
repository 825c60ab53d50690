# Reads "+GROUP" (watch this process group) and "-GROUP" (end it now). At the end of the input, which is the end of the
# app, ends the groups that remain.
trap '' INT TERM HUP
groups=" "
while read -r line; do
  group=${line#?}
  case $line in
    +*) groups="$groups$group " ;;
    -*)
      kill -9 "-$group"
      groups="${groups%%" $group "*} ${groups#*" $group "}"
      ;;
  esac
done
for group in $groups; do
  kill -9 "-$group"
done
