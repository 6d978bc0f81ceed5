# The mmap module: files shared and private, across fork, growing and shrinking.
import mmap, os

path, page = "/tmp/mapped", mmap.PAGESIZE
with open(path, "w+b") as file:
    file.truncate(8 * page)
    shared = mmap.mmap(file.fileno(), 8 * page)
    private = mmap.mmap(file.fileno(), 8 * page, access=mmap.ACCESS_COPY)
    shared[0:5] = b"hello"
    print(private[0:5], os.pread(file.fileno(), 5, 0))
    private[0:5] = b"mine!"
    print(shared[0:5], private[0:5])
    os.pwrite(file.fileno(), b"written", 3 * page - 3)
    print(shared[3 * page - 3:3 * page + 4], private[3 * page - 3:3 * page + 4])
    if (child := os.fork()) == 0:
        shared[page:page + 5] = b"child"
        private[page:page + 5] = b"child"
        os._exit(0)
    os.waitpid(child, 0)
    print(shared[page:page + 5], private[page:page + 5])
    shared.flush()
    print(os.pread(file.fileno(), 5, page), shared.find(b"written") == 3 * page - 3, shared.rfind(b"x"))
    shared.resize(16 * page)
    shared[15 * page] = 65
    print(os.fstat(file.fileno()).st_size == 16 * page, os.pread(file.fileno(), 1, 15 * page))
    shared.move(10 * page, 0, page)
    print(shared[10 * page:10 * page + 5])
    shared.madvise(mmap.MADV_WILLNEED)
    shared.resize(2 * page)
    print(len(shared) // page, os.fstat(file.fileno()).st_size // page)
    shared.close()
    private.close()
with open(path, "rb") as file:
    read = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    print(len(read) // page, read[:5], hash(read[:1]) is not None)
    try:
        read[0] = 1
    except TypeError as error:
        print(error)
    try:
        mmap.mmap(file.fileno(), 0, prot=mmap.PROT_WRITE)
    except PermissionError as error:
        print(error.errno)
anonymous = mmap.mmap(-1, 64 * page)
if (child := os.fork()) == 0:
    anonymous[5 * page] = 42
    os._exit(0)
os.waitpid(child, 0)
print(anonymous[5 * page], anonymous[6 * page])
os.unlink(path)
