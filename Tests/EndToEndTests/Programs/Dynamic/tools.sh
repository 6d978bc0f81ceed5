# A shell script: pipes, here-documents, traps, substitutions, functions and Debian's small tools.
exec 2>&1
cd /tmp && mkdir -p a/b && cd a
seq 1 1000 | while read n; do echo $((n * n)); done | sort -rn | head -n 3 | tr '\n' ' '; echo
cat <<END | sed 's/o/0/g' | tee b/copy | wc -c | tr -d ' '
one two
four
END
cat b/copy
sum() { total=0; for n in "$@"; do total=$((total + n)); done; echo $total; }
echo "sum $(sum $(seq 100))"
(exit 9) || echo "status $?"
trap 'echo trapped' USR1; kill -USR1 $$
{ echo err >&2; echo out; } 2>&1 | sort
for i in 1 2 3; do (echo job $i > b/job$i) & done; wait; cat b/job*
ls b | paste -s -d, -
mkfifo pipe; cat pipe & echo through > pipe; wait
head -c 300000 /dev/zero | md5sum | cut -c1-32
head -c 100000 /dev/zero | tr '\0' x | fold -w 100 | sort | uniq -c | tr -s ' '
ln -s b/copy link; readlink link; cat link | head -n 1; test -L link && echo a link
cp -r b c; rm -r b; ls c | wc -l | tr -d ' '; mv c d; du -a d | wc -l | tr -d ' '
printf '%s-%03d\n' x 7; expr 6 '*' 7; basename /x/y.z .z; dirname /x/y.z
touch -d @86400 old; stat -c "%Y %s %a" old; chmod 640 old; stat -c %a old
env -i A=1 sh -c 'echo $A; env | sort | head -n 1'
echo {1..3} "$PWD" ${nothing:-default}; x=abcabc; echo "${x#*b}" "${x%b*}" "${#x}"
case abc in a?c) echo case;; esac
(sleep 100 & kill $!; wait $! 2>/dev/null; echo "killed $?")
dd if=/dev/zero of=big bs=64k count=20 2>/dev/null; cksum big; truncate -s 5 big; wc -c big
id -u; echo done | xargs -n 1 echo all
exit 3
