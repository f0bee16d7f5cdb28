#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures pooled memory with an unmodified PyTorch, and checks every page of it.

    mvgal run --pool -- python3 scripts/bench_pool_cuda.py --cards 2 [--factor 1.8] [--train-gib 120]

Without mvgal the same program fails with out of memory. Prints one JSON object; what it found wrong is in
"failed", and the exit status is 1 then. MVGAL_POOL_PIECE (bytes) changes how large pieces are at least.
"""

import argparse
import gc
import json
import os
import sys
import time

import torch

GIB = 1 << 30
PAGE = 4096
result = {"failed": []}


def step(name, work, *arguments):
    """Does it, and says on stderr how long it took."""
    began = time.monotonic()
    done = work(*arguments)
    print(f"{name}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    return done


def expect(what, holds):
    """Notes what does not hold."""
    if not holds:
        result["failed"].append(what)
    return holds


def timed(work, repetitions=5):
    """Median and spread in seconds of work on the GPU, after one run that does not count."""
    times = []
    for repetition in range(repetitions + 1):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        if repetition:
            times.append(start.elapsed_time(end) / 1e3)
    times.sort()
    return times[len(times) // 2], (times[0], times[-1])


def rate(bytes_moved, work):
    seconds, (least, most) = timed(work)
    return {
        "gb_per_s": round(bytes_moved / seconds / 1e9, 1),
        "range": [round(bytes_moved / t / 1e9, 1) for t in (most, least)],
    }


def chunks(tensor, elements=1 << 27):
    """Parts of a tensor: what is computed of them must not need as much memory again."""
    return ((i, tensor[i : i + elements]) for i in range(0, tensor.numel(), elements))


def check_pages(tensor, name, seed):
    """Writes one word of each page, then reads all of them back."""
    step = PAGE // tensor.element_size()
    for at, part in chunks(tensor):
        pages = part[::step]
        pages.copy_(torch.arange(pages.numel(), device="cuda", dtype=torch.int64).add_(at // step + seed) % 2147483629)
    wrong = 0
    for at, part in chunks(tensor):
        pages = part[::step]
        told = torch.arange(pages.numel(), device="cuda", dtype=torch.int64).add_(at // step + seed) % 2147483629
        wrong += int((pages != told).sum())
    result[name] = {"bytes": tensor.numel() * tensor.element_size(), "pages_wrong": wrong}
    expect(f"{name}: pages hold what was written", wrong == 0)


def streams(tensor):
    """A fill by the driver's own memset, a write, a read, and a copy within, over all of it."""
    size = tensor.numel() * tensor.element_size()
    half = tensor.numel() // 2
    wide = tensor.view(torch.float32)
    return {
        "memset": rate(size, lambda: tensor.zero_()),
        "write": rate(size, lambda: wide.fill_(1.5)),
        "read": rate(size, lambda: torch.sum(wide.view(-1, 4096), 1)),
        "copy": rate(2 * half * tensor.element_size(), lambda: tensor[:half].copy_(tensor[half : 2 * half])),
    }


def copies(tensor):
    """To and from the host, over borders of pieces, at odd offsets."""
    host = torch.randint(0, 1 << 30, ((64 << 20) + 4321,), dtype=torch.int32)
    pinned = host.pin_memory()
    for name, source in (("pageable", host), ("pinned", pinned)):
        for offset in (0, 12345, tensor.numel() - host.numel() - 7):
            part = tensor[offset : offset + host.numel()]
            part.copy_(source)
            expect(f"copy of {name} memory to offset {offset} and back", torch.equal(part.cpu(), host))
    far = tensor[tensor.numel() // 2 + 99 :][: host.numel()]
    far.copy_(tensor[: host.numel()].copy_(pinned))
    expect("copy within", torch.equal(far.cpu(), host))
    part.zero_()
    expect("memset", int(part.abs().max()) == 0)


def matmul(a, b, out):
    seconds, (least, most) = timed(lambda: torch.matmul(a, b, out=out))
    work = 2 * a.shape[0] * a.shape[1] * b.shape[1]
    return {"tflops": round(work / seconds / 1e12, 1), "range": [round(work / t / 1e12, 1) for t in (most, least)]}


def three(n, seed):
    torch.manual_seed(seed)
    a, b, out = (torch.empty(n, n, dtype=torch.bfloat16, device="cuda") for _ in range(3))
    a.normal_()
    b.normal_()
    return a, b, out


def compare_matmul(n, card):
    """Operands and output in the card's own memory, and where that has no room for them."""
    torch.cuda.empty_cache()
    local = three(n, 1)
    own = matmul(*local)
    # A 32nd of the card and 512 MiB are the pool's; contexts and the library's workspace take some, too.
    used = 3 * n * n * 2 + (2 << 30)
    filler = torch.zeros(int(card * 31 / 32) - used - (1 << 29), dtype=torch.uint8, device="cuda")
    pooled = three(n, 1)
    first = matmul(*pooled)
    across = matmul(*pooled)
    # The clocks of a card fall under load: the local one once more.
    again = matmul(*local)
    expect("products are the same", torch.equal(local[2], pooled[2]))
    del filler
    best = max(own["tflops"], again["tflops"])
    return {
        "n": n,
        "local": own,
        "local_again": again,
        "pooled_at_first": first,
        "pooled": across,
        "ratio": round(across["tflops"] / again["tflops"], 3),
        "ratio_to_best": round(across["tflops"] / best, 3),
    }


def many(total, each):
    """Allocations of one size, past the own card."""
    torch.cuda.empty_cache()
    tensors = [torch.empty(each // 4, dtype=torch.int32, device="cuda") for _ in range(total // each)]
    for i, tensor in enumerate(tensors):
        tensor[:: PAGE // 4] = i
    wrong = sum(int((tensor[:: PAGE // 4] != i).sum()) for i, tensor in enumerate(tensors))
    result[f"many of {each >> 20} MiB"] = {"count": len(tensors), "bytes_each": each, "pages_wrong": wrong}
    expect("many: pages hold what was written", wrong == 0)
    del tensors
    torch.cuda.empty_cache()


def train(gib):
    """Weights, gradients and the two moments of Adam together have that many GiB."""
    width, layers = 16384, max(1, int(gib * GIB / 16 / 16384**2))
    with torch.device("cuda"):
        model = torch.nn.Sequential(
            *(m for _ in range(layers) for m in (torch.nn.Linear(width, width), torch.nn.ReLU()))
        )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, foreach=False)
    x = torch.randn(256, width, device="cuda")
    losses, times = [], []
    for _ in range(4):
        began = time.monotonic()
        optimizer.zero_grad(set_to_none=True)
        loss = (model(x) - x).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        times.append(round(time.monotonic() - began, 2))
    result["train"] = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "bytes_most": torch.cuda.max_memory_allocated(),
        "losses": losses,
        "seconds": times,
    }
    expect("the loss goes down", losses[-1] < losses[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cards", type=int, required=True, help="how many GPUs there are in the pool")
    parser.add_argument("--factor", type=float, default=1.8, help="size of the large tensor in cards")
    parser.add_argument("--matrix", type=int, nargs="+", default=[16384, 24576], help="rows of the square matrices")
    parser.add_argument("--streams", action="store_true", help="measure streams alone")
    parser.add_argument("--train-gib", type=float, default=0, help="also train a model of that size")
    options = parser.parse_args()

    unused, total = torch.cuda.mem_get_info()
    card = total // options.cards
    result.update(gpus=torch.cuda.device_count(), total=total, unused=unused, card=card,
                  torch=torch.__version__, piece=os.environ.get("MVGAL_POOL_PIECE"))
    expect("one GPU is seen", result["gpus"] == 1)

    local = torch.empty(8 * GIB // 4, dtype=torch.int32, device="cuda")
    result["streams_local"] = step("streams of the own card", streams, local)
    del local
    torch.cuda.empty_cache()

    began = time.monotonic()
    big = torch.empty(int(card * options.factor) // 4 // 8192 * 8192, dtype=torch.int32, device="cuda")
    torch.cuda.synchronize()
    result["allocate_s"] = round(time.monotonic() - began, 3)
    step("pages", check_pages, big, "one", 17)
    result["streams_pooled"] = step("streams", streams, big)
    if options.streams:
        return
    step("copies", copies, big)
    began = time.monotonic()
    del big
    torch.cuda.empty_cache()
    result["free_s"] = round(time.monotonic() - began, 3)

    result["matmul"] = [step(f"matmul of {n}", compare_matmul, n, card) for n in options.matrix]
    torch.cuda.empty_cache()
    step("many of 1 GiB", many, int(card * options.factor), 1 * GIB)
    step("many of 20 MiB", many, int(card * options.factor) // 4, 20 << 20)
    if options.train_gib:
        step("training", train, options.train_gib)
        gc.collect()
        torch.cuda.empty_cache()
    after = torch.cuda.mem_get_info()[0]
    result["unused_after"] = after
    expect("the memory is given back", after > unused - 4 * GIB)


try:
    main()
except torch.OutOfMemoryError as error:
    expect(f"out of memory: {str(error).splitlines()[0]}", False)
print(json.dumps(result, indent=2))
sys.exit(1 if result["failed"] else 0)
