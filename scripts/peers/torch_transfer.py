"""PyTorch's copies between the host and each GPU, and between GPUs, as JSON on standard output.

    python3 scripts/peers/torch_transfer.py [BYTES]

Page-locked host memory, non_blocking copies, CUDA events around a batch of at least 20 ms, the median of
15 batches. GB/s are decimal; bytes that arrive are counted once, those of both directions together.
"""

import json
import statistics
import sys

import torch

SAMPLES = 15
BATCH_MS = 20.0


def gigabytes_per_second(lanes, size):
    """Medians of the lanes' copies at the same time; a lane is (stream, destination, source)."""
    first = lanes[0][0]

    def batch(times):
        start = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        start.record(first)
        for stream, _, _ in lanes[1:]:
            stream.wait_event(start)
        for _ in range(times):
            for stream, to, source in lanes:
                with torch.cuda.stream(stream):
                    to.copy_(source, non_blocking=True)
        for stream, _, _ in lanes[1:]:
            done = torch.cuda.Event()
            done.record(stream)
            first.wait_event(done)
        end.record(first)
        end.synchronize()
        return start.elapsed_time(end)

    with torch.cuda.device(first.device):
        batch(1)
        times = max(1, round(BATCH_MS / max(batch(1), 0.01)))
        samples = [len(lanes) * size * times / batch(times) / 1e6 for _ in range(SAMPLES)]
    return {"median": statistics.median(samples), "samples": samples}


def pci_of(index):
    properties = torch.cuda.get_device_properties(index)
    return "%04x:%02x:%02x.0" % (
        properties.pci_domain_id,
        properties.pci_bus_id,
        properties.pci_device_id,
    )


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 256 << 20
    count = torch.cuda.device_count()
    results = []

    def report(name, device, peer, lanes):
        results.append(
            {
                "name": name,
                "pci": pci_of(device),
                "peer_pci": None if peer is None else pci_of(peer),
                **gigabytes_per_second(lanes, size),
            }
        )

    sent = torch.empty(size, dtype=torch.uint8, pin_memory=True)
    sent.random_()
    received = torch.empty(size, dtype=torch.uint8, pin_memory=True)
    streams = [[torch.cuda.Stream(i) for _ in range(2)] for i in range(count)]
    memory = [
        [torch.empty(size, dtype=torch.uint8, device=i).random_() for _ in range(2)]
        for i in range(count)
    ]
    for i in range(count):
        up = (streams[i][0], memory[i][0], sent)
        down = (streams[i][1], received, memory[i][1])
        report("transfer.h2d", i, None, [up])
        report("transfer.d2h", i, None, [down])
        report("transfer.duplex", i, None, [up, down])
    for i in range(count):
        for j in range(count):
            if i == j:
                continue
            there = (streams[i][0], memory[j][0], memory[i][1])
            back = (streams[j][0], memory[i][0], memory[j][1])
            report("transfer.peer", i, j, [there])
            if not torch.equal(memory[j][0].cpu(), memory[i][1].cpu()):
                raise SystemExit("a copy from GPU %d to GPU %d arrived wrong" % (i, j))
            if i < j:
                report("transfer.peer_duplex", i, j, [there, back])
    json.dump({"torch": torch.__version__, "bytes": size, "results": results}, sys.stdout)


main()
