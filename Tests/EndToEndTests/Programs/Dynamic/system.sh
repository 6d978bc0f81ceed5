# What glibc's own tools say of the system, and its loader of programs.
exec 2>&1
getconf LONG_BIT; getconf _NPROCESSORS_ONLN; getconf ARG_MAX; getconf OPEN_MAX; getconf CHILD_MAX > /dev/null
getconf NAME_MAX /; getconf PATH_MAX /; getconf PIPE_BUF /; getconf GNU_LIBPTHREAD_VERSION; getconf CLK_TCK
test "$(getconf PAGESIZE)" -ge 4096 && echo pages
locale; locale -a; LC_ALL=C.utf8 locale charmap
for program in lua5.4 python3 dash; do ldd /bin/$program | sed 's/ (0x[0-9a-f]*)//' | sort; done
ldd /bin/nothing; ldd /bin/ldd
getent passwd nobody; id nobody
printf '\344\366\374\n' | iconv -f latin1 -t utf8
LD_DEBUG=files dash -c 'exit 4' 2>&1 | grep -c 'calling init'; /lib/ld-linux-aarch64.so.1 --list /bin/dash | wc -l
LD_BIND_NOW=1 LD_PRELOAD=/lib/aarch64-linux-gnu/libm.so.6 lua -e 'print(("preloaded"):upper())'
printf '#!/bin/sh\necho script $0 $1\n' > /tmp/s; chmod 755 /tmp/s; /tmp/s one; env -i /tmp/s two
uname -s -m; nproc; ls /proc/self/fd | wc -l; python3 -c 'import os; print(os.cpu_count(), os.sysconf("SC_NPROCESSORS_CONF"))'
ulimit -s; ulimit -n; (ulimit -v 100000; python3 -c 'bytearray(200 << 20)' 2>&1 | tail -n 1)
