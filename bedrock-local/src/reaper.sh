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
      # A group may be named twice; cutting one out that is not there would double the list.
      case $groups in
        *" $group "*) groups="${groups%%" $group "*} ${groups#*" $group "}" ;;
      esac
      ;;
  esac
done
for group in $groups; do
  kill -9 "-$group"
done
