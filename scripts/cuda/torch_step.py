"""PyTorch past the shim and by it, side by side in one process: an eager training step of small convolutions, which is
bound by launches, and a product of 8192 x 8192 in bf16. Needs switch.c preloaded.

    torch_step.py BLOCK SECONDS PRODUCT_SECONDS

The two sides take turns in blocks of BLOCK ms, ABBABAAB; which of them is A is random, with a fixed seed. At the start
it prints "hooked" and how many calls of a step go through the switch. Then, for a line on stdin, eight blocks a line:
the figure's number (0 the step, 1 the product), and the ms of it past the shim and by it; then a dot."""

import ctypes
import gc
import random
import sys
import time

import torch

DRIVER, SHIM, COUNTED = range(3)
ORDER = 0, 1, 1, 0, 1, 0, 0, 1


def timed(step, count):
    begin = time.perf_counter()
    for _ in range(count):
        step()
    torch.cuda.synchronize()
    return (time.perf_counter() - begin) * 1000


def measure(figure, step, milliseconds, seconds, switch, order):
    count = max(1, round(milliseconds * 10 / timed(step, 10)))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        first = order.choice((DRIVER, SHIM))
        taken = [0, 0]
        for other in ORDER:
            side = first ^ other
            switch(side)
            taken[side] += timed(step, count)
        print(figure, taken[DRIVER] / (4 * count), taken[SHIM] / (4 * count))


def block(channels):
    return torch.nn.Sequential(
        torch.nn.Conv2d(channels, channels, 3, padding=1),
        torch.nn.BatchNorm2d(channels),
        torch.nn.ReLU(),
    )


def main():
    milliseconds, train_seconds, product_seconds = map(float, sys.argv[1:])
    switch = ctypes.CDLL(None).mvgal_bench_switch
    switch.restype = ctypes.c_ulong
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 32, 3), *[block(32) for _ in range(24)],
        torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(32, 10),
    ).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    images = torch.randn(16, 3, 32, 32, device="cuda")
    labels = torch.randint(0, 10, (16,), device="cuda")

    def train():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    b = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)

    def product():
        torch.mm(a, b)

    # What is done once is done before the first line is answered: libraries are loaded, algorithms chosen.
    for step, seconds in (train, 1), (product, 0.5):
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            timed(step, 5)
    switch(COUNTED)
    timed(train, 1)
    print("hooked", switch(SHIM), flush=True)
    # Its pauses would be those of one side.
    gc.collect()
    gc.disable()
    order = random.Random(1)
    for _ in sys.stdin:
        measure(0, train, milliseconds, train_seconds, switch, order)
        measure(1, product, milliseconds, product_seconds, switch, order)
        print(".", flush=True)


main()
