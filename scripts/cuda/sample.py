"""Python programs that try what `mvgal run` promises: of ctypes, PyTorch, Numba and CuPy.

    python3 sample.py WAY FEATURE=NUMBER...

Features, numbers and what is printed are those of sample.c, as far as the way reaches them."""

import ctypes
import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time

PTX = b""".version 6.0
.target sm_50
.address_size 64
.visible .entry spin_1ms()
{
	.reg .pred %p;
	.reg .u64 %start, %now;
	mov.u64 %start, %globaltimer;
again:
	mov.u64 %now, %globaltimer;
	sub.u64 %now, %now, %start;
	setp.lt.u64 %p, %now, 1000000;
	@%p bra again;
	ret;
}
"""


class Refused(Exception):
    """Out of memory."""


class WhyNot(Exception):
    """A feature that failed, or is skipped."""


class Ctypes:
    """The driver's functions by name, as CDLL finds them."""

    kinds = {"memory": "cuMemAlloc_v2", "managed": "cuMemAllocManaged", "async": "cuMemAllocAsync"}

    def __init__(self):
        self.cuda = ctypes.CDLL("libcuda.so.1")
        self.context, module, self.kernel = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuInit", ctypes.c_uint(0))
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(self.context), ctypes.c_int(0))
        self.enter()
        self.call("cuModuleLoadData", ctypes.byref(module), PTX)
        self.call("cuModuleGetFunction", ctypes.byref(self.kernel), module, b"spin_1ms")
        self.events = [ctypes.c_void_p(), ctypes.c_void_p()]
        for event in self.events:
            self.call("cuEventCreate", ctypes.byref(event), ctypes.c_uint(2))

    def call(self, name, *arguments):
        result = getattr(self.cuda, name)(*arguments)
        if result == 2:
            raise Refused
        if result:
            raise WhyNot(f"{name}: error {result}")

    def enter(self):
        self.call("cuCtxSetCurrent", self.context)

    def count(self):
        count = ctypes.c_int()
        self.call("cuDeviceGetCount", ctypes.byref(count))
        return count.value

    def info(self):
        unused, total = ctypes.c_size_t(), ctypes.c_size_t()
        self.call("cuMemGetInfo_v2", ctypes.byref(unused), ctypes.byref(total))
        return unused.value, total.value

    def allocate(self, size, kind="memory"):
        pointer = ctypes.c_uint64()
        last = {"managed": [ctypes.c_uint(1)], "async": [None]}.get(kind, [])
        self.call(self.kinds[kind], ctypes.byref(pointer), ctypes.c_size_t(size), *last)
        return kind, pointer

    def release(self, block):
        kind, pointer = block
        if kind == "async":
            self.call("cuMemFreeAsync", pointer, None)
            self.call("cuStreamSynchronize", None)
        else:
            self.call("cuMemFree_v2", pointer)

    def fill(self, block, begin, size, value):
        pointer = ctypes.c_uint64(block[1].value + begin)
        self.call("cuMemsetD8_v2", pointer, ctypes.c_ubyte(value), ctypes.c_size_t(size))

    def read(self, block, at):
        value = ctypes.c_ubyte()
        pointer = ctypes.c_uint64(block[1].value + at)
        self.call("cuMemcpyDtoH_v2", ctypes.byref(value), pointer, ctypes.c_size_t(1))
        return value.value

    def launch(self):
        one, none = ctypes.c_uint(1), ctypes.c_uint(0)
        self.call("cuLaunchKernel", self.kernel, one, one, one, one, one, one, none, None, None, None)

    def mark(self, index):
        self.call("cuEventRecord", self.events[index], None)

    def wait(self, index):
        self.call("cuEventSynchronize", self.events[index])


class Torch:
    """PyTorch, with whatever allocator PYTORCH_CUDA_ALLOC_CONF names."""

    kinds = {"memory": None}

    def __init__(self):
        self.torch = importlib.import_module("torch")
        self.events = [self.torch.cuda.Event(), self.torch.cuda.Event()]
        self.torch.zeros(1, device="cuda")
        begin, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        lengths = []
        for _ in range(20):
            begin.record()
            self.torch.cuda._sleep(1_000_000)
            end.record()
            end.synchronize()
            lengths.append(begin.elapsed_time(end))
        # A launch that was held back until its turn is in the others.
        self.cycles = int(1_000_000 / min(lengths))

    def enter(self):
        self.torch.cuda.set_device(0)

    def count(self):
        return self.torch.cuda.device_count()

    def info(self):
        return self.torch.cuda.mem_get_info()

    def allocate(self, size, kind="memory"):
        try:
            return [self.torch.empty(size, dtype=self.torch.uint8, device="cuda")]
        except self.torch.cuda.OutOfMemoryError:
            raise Refused from None

    def release(self, block):
        block.clear()
        self.torch.cuda.synchronize()
        self.torch.cuda.empty_cache()

    def fill(self, block, begin, size, value):
        block[0][begin:begin + size].fill_(value)

    def read(self, block, at):
        return int(block[0][at])

    def launch(self):
        self.torch.cuda._sleep(self.cycles)

    def mark(self, index):
        self.events[index].record()

    def wait(self, index):
        self.events[index].synchronize()


class Memory:
    """What Numba and CuPy are asked for: memory alone."""

    kinds = {"memory": None}

    def enter(self):
        pass

    def launch(self):
        pass

    def mark(self, index):
        pass

    wait = mark


class Numba(Memory):
    def __init__(self):
        self.cuda = importlib.import_module("numba.cuda")
        self.context = self.cuda.current_context()

    def count(self):
        return len(self.cuda.gpus)

    def info(self):
        return tuple(self.context.get_memory_info())

    def allocate(self, size, kind="memory"):
        try:
            return [self.cuda.device_array(size, dtype="uint8")]
        except Exception as error:
            if "OUT_OF_MEMORY" in str(error):
                raise Refused from None
            raise

    def release(self, block):
        block.clear()
        self.context.deallocations.clear()

    def fill(self, block, begin, size, value):
        driver = importlib.import_module("numba.cuda.cudadrv.driver")
        driver.device_memset(block[0][begin:begin + size], value, size)

    def read(self, block, at):
        return int(block[0][at])


class Cupy(Memory):
    def __init__(self):
        self.cupy = importlib.import_module("cupy")
        self.cupy.cuda.set_allocator(None)
        self.cupy.zeros(1)

    def count(self):
        return self.cupy.cuda.runtime.getDeviceCount()

    def info(self):
        return self.cupy.cuda.runtime.memGetInfo()

    def allocate(self, size, kind="memory"):
        try:
            return [self.cupy.empty(size, dtype="uint8")]
        except (self.cupy.cuda.memory.OutOfMemoryError, self.cupy.cuda.runtime.CUDARuntimeError):
            raise Refused from None

    def release(self, block):
        block.clear()

    def fill(self, block, begin, size, value):
        block[0][begin:begin + size] = value

    def read(self, block, at):
        return int(block[0][at])


WAYS = {"ctypes": Ctypes, "torch": Torch, "numba": Numba, "cupy": Cupy}
started = None


def start(way):
    global started
    if started is None:
        started = WAYS[way.split("-")[0]]()
    return started


def block_size(limit):
    return limit // 16 & ~((2 << 20) - 1)


def fill_up(way, limit, kind="memory"):
    blocks = []
    try:
        for _ in range(40):
            blocks.append(way.allocate(block_size(limit), kind))
    except Refused:
        return blocks
    raise WhyNot(f"40 blocks of {block_size(limit)} bytes were allocated under a limit of {limit}")


def give_back(way, blocks):
    while blocks:
        way.release(blocks.pop())


def try_memory(way, limit, kind):
    if kind not in way.kinds:
        raise WhyNot("skipped: no such call this way")
    unused, total = way.info()
    if total != limit:
        raise WhyNot(f"the memory is said to be {total}, the limit is {limit}")
    blocks = fill_up(way, limit, kind)
    count, size, left = len(blocks), block_size(limit), way.info()[0]
    wrong = None
    if count * size > limit or (count + 2) * size < unused:
        wrong = f"refused after {count * size} bytes with {unused} free"
    elif left > 2 * size:
        wrong = f"{left} are said to be free when all is allocated"
    if wrong is not None:
        give_back(way, blocks)
        raise WhyNot(wrong)
    way.release(blocks.pop())
    blocks.append(way.allocate(size, kind))
    give_back(way, blocks)
    again = fill_up(way, limit, kind)
    found = len(again)
    give_back(way, again)
    if found < count - 1:
        raise WhyNot(f"{count} blocks at first, {found} after all were freed")


def try_share(way, percent, within=10.0, part=1.0):
    if isinstance(way, Memory):
        raise WhyNot("skipped: no kernel of 1 ms this way")
    shares, window, batches, count = [], -1, 0, 0
    begin = since = time.monotonic()
    while window < 5:
        for _ in range(10):
            way.launch()
        way.mark(batches % 2)
        if batches:
            way.wait((batches - 1) % 2)
        batches += 1
        count += 1
        at = time.monotonic()
        if at - since < (0.5 if window < 0 else 0.3) * part:
            continue
        if window >= 0:
            shares.append(count / (at - since))
        window, since, count = window + 1, at, 0
    way.wait((batches - 1) % 2)
    share = sorted(shares)[2]
    if abs(share - percent) > within:
        raise WhyNot(f"{share:.1f} % of the time in place of {percent:g}")


def try_plain(way, expected):
    total = way.info()[1]
    if total != expected:
        raise WhyNot(f"the memory is said to be {total}, and is {expected}")
    block, size = way.allocate(expected // 32), expected // 32
    way.fill(block, 0, size, 42)
    if way.read(block, size - 1) != 42:
        raise WhyNot("what was written is not what is read")
    way.release(block)
    for _ in range(20):
        way.launch()
    way.mark(0)
    way.wait(0)


def try_threads(way, limit):
    lock, live, most, failures, size = threading.Lock(), [0], [0], [], 3 * block_size(limit)
    # All have what they got the first time.
    first = threading.Barrier(8)

    def work():
        try:
            way.enter()
            for i in range(20):
                try:
                    block = way.allocate(size)
                    with lock:
                        live[0] += size
                        most[0] = max(most[0], live[0])
                except Refused:
                    block = None
                if i == 0:
                    first.wait(30)
                if block is None:
                    continue
                if i % 8 == 0:
                    way.launch()
                with lock:
                    live[0] -= size
                way.release(block)
        except Exception as error:
            failures.append(str(error))

    before = way.info()[0]
    threads = [threading.Thread(target=work) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if failures:
        raise WhyNot(failures[0])
    if most[0] > limit:
        raise WhyNot(f"{most[0]} bytes at once under a limit of {limit}")
    if way.info()[0] + 2 * block_size(limit) < before:
        raise WhyNot(f"{before} were free before the threads, {way.info()[0]} after")


def try_pool(way, size):
    if way.count() != 1:
        raise WhyNot(f"{way.count()} GPUs are seen in place of one")
    block, part = way.allocate(size), size // 64
    for i in range(64):
        way.fill(block, i * part, part, i + 1)
    for i in range(64):
        for at in (0, part // 3, part - 1):
            if way.read(block, i * part + at) != i + 1:
                raise WhyNot(f"part {i} holds {way.read(block, i * part + at)}")
    way.release(block)


def serve(name, limit, pipe):
    """A child: fills the memory up when it is told to, and holds it."""
    try:
        while pipe.recv() == "fill":
            blocks = fill_up(start(name), limit)
            pipe.send(len(blocks))
    except EOFError:
        pass
    except Exception as error:
        pipe.send(str(error))
    os._exit(0)


def child_of(name, limit, method):
    context = multiprocessing.get_context(method)
    ours, theirs = context.Pipe()
    child = context.Process(target=serve, args=(name, limit, theirs), daemon=True)
    child.start()
    theirs.close()
    return child, ours


def try_children(name, feature, limit, made):
    child, pipe = made.pop(feature, None) or child_of(name, limit, "spawn")
    # What a library takes for itself when it starts is there before the child takes the rest.
    way = start(name)
    pipe.send("fill")
    theirs = pipe.recv()
    if not isinstance(theirs, int) or theirs < 1:
        raise WhyNot(f"the child got no memory: {theirs}")
    if theirs > 16:
        raise WhyNot(f"the child got {theirs} 16ths of the limit")
    blocks = fill_up(way, limit)
    mine = len(blocks)
    give_back(way, blocks)
    if feature == "kill":
        os.kill(child.pid, signal.SIGKILL)
    else:
        pipe.send("end")
    child.join()
    ended = time.monotonic()
    if mine > 1:
        raise WhyNot(f"the child has {theirs} blocks of 16, and this process got {mine}")
    while True:
        blocks = fill_up(way, limit)
        after = len(blocks)
        give_back(way, blocks)
        if after + 1 >= theirs:
            return
        if time.monotonic() - ended > 1:
            raise WhyNot(f"{after} blocks 1 s after the child ended with {theirs}")


def try_feature(name, feature, value, made):
    if feature in ("fork", "spawn", "kill"):
        return try_children(name, feature, int(value), made)
    way = start(name)
    if feature == "facts":
        print("facts", way.info()[1], way.count())
    elif feature == "share":
        try_share(way, *map(float, value.split(":")))
    elif feature in ("plain", "threads", "pool"):
        {"plain": try_plain, "threads": try_threads, "pool": try_pool}[feature](way, int(value))
    else:
        try_memory(way, int(value), feature)


def main():
    name, *features = sys.argv[1:]
    pairs = [feature.split("=") for feature in features]
    # Before the driver is there, which no child inherits.
    made = {
        feature: child_of(name, int(value), "fork") for feature, value in pairs
        if feature in ("fork", "kill")
    }
    failures = 0
    for feature, value in pairs:
        try:
            try_feature(name, feature, value, made)
            print(feature, "ok", flush=True)
        except Exception as error:
            said = str(error) if isinstance(error, WhyNot) else f"{type(error).__name__}: {error}"
            print(feature, said.splitlines()[0], flush=True)
            failures += not said.startswith("skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
