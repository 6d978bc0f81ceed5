# Threads: locks, queues, local data, an executor, a fork among them.
import concurrent.futures, os, queue, threading, time

lock, total = threading.Lock(), 0
def add(n):
    global total
    for i in range(n):
        with lock:
            total += 1
threads = [threading.Thread(target=add, args=(5000,)) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("total", total)

jobs, results = queue.Queue(maxsize=10), queue.Queue()
def work():
    while (job := jobs.get()) is not None:
        results.put(job * job)
workers = [threading.Thread(target=work) for _ in range(4)]
for worker in workers: worker.start()
for n in range(2000): jobs.put(n)
for worker in workers: jobs.put(None)
for worker in workers: worker.join()
print("squares", sum(results.get() for _ in range(2000)))

own = threading.local()
def keep(n):
    own.value = n
    time.sleep(0.01)
    return own.value == n
with concurrent.futures.ThreadPoolExecutor(max_workers=16) as pool:
    print("local", all(pool.map(keep, range(100))))

event, barrier, seen = threading.Event(), threading.Barrier(5), []
def meet(n):
    event.wait()
    barrier.wait()
    seen.append(n)
threads = [threading.Thread(target=meet, args=(n,)) for n in range(5)]
for thread in threads: thread.start()
event.set()
for thread in threads: thread.join()
print("met", sorted(seen), threading.active_count())

held = threading.Event()
other = threading.Thread(target=held.wait)
other.start()
child = os.fork()
if child == 0:
    os._exit(len(os.listdir("/proc/self/task")))
print("threads in the child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]),
      "here", len(os.listdir("/proc/self/task")))
held.set()
other.join()
condition = threading.Condition()
with condition:
    print("waited", condition.wait(timeout=0.05))
