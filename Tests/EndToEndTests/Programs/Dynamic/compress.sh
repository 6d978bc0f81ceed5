# xz with its largest dictionary, there and back.
exec 2>&1; cd /tmp; seq 100000 > text; head -c 300000 /dev/zero >> text; sha256sum < text
xz -9 -k text && xz --robot --list text.xz | tail -n 1 | cut -f 2-6
xz -dc text.xz | sha256sum; xz -t text.xz; sha256sum < text.xz
xz -9e -c < text | xz -d | sha256sum
xz -1 -T 2 -c text | xz -dc | sha256sum
head -c 20000 text.xz | xz -dc | wc -c; rm text; unxz text.xz && ls -l text | cut -d ' ' -f 5
