# What fork shares and what writing takes apart, as smaps counts it, in kB.
import ctypes, mmap, os

SIZE, WRITTEN = 16 << 20, 4 << 20
area = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
page = mmap.PAGESIZE
for offset in range(0, SIZE, page):
    area[offset] = 1
address = ctypes.addressof(ctypes.c_char.from_buffer(area))

def figures():
    found, values = False, {}
    for line in open("/proc/self/smaps"):
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            low, high = (int(word, 16) for word in words[0].split("-"))
            found = low <= address < high
        elif found and words[0] in ("Rss:", "Pss:", "Private_Dirty:", "Shared_Dirty:"):
            values[words[0][:-1]] = int(words[1])
    return values

def say(who):
    values = figures()
    print(who, "rss", values["Rss"], "pss", values["Pss"], "private", values["Private_Dirty"],
          "shared", values["Shared_Dirty"], flush=True)

say("alone")
to_child, to_parent = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    say("child after fork")
    for offset in range(0, WRITTEN, page):
        area[offset] = 2
    say("child after writing")
    os.write(to_parent[1], b"x")
    os.read(to_child[0], 1)
    print("child sees", area[0], area[WRITTEN], flush=True)
    os._exit(3)
os.read(to_parent[0], 1)
say("parent beside it")
for offset in range(SIZE // 2, SIZE // 2 + WRITTEN, page):
    area[offset] = 3
say("parent after writing")
os.write(to_child[1], b"x")
print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
say("parent again alone")
print("parent sees", area[0], area[WRITTEN], area[SIZE // 2])
