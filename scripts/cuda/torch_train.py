"""Trains a small residual network in bf16 without a pause until it is ended: work that keeps a GPU busy. At the end of
each step it prints the time of day in seconds, how many steps are done, and 0; as bench_sm.c does."""

import sys
import time

import torch
from torch import nn

BATCH, CHANNELS, PIXELS = 256, 128, 56


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(*[layer for _ in range(2) for layer in (
            nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False), nn.BatchNorm2d(CHANNELS), nn.ReLU())])

    def forward(self, x):
        return x + self.layers(x)


def main():
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(3, CHANNELS, 3, padding=1), *[Block() for _ in range(4)],
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(CHANNELS, 1000),
    ).cuda().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    images = torch.randn(BATCH, 3, PIXELS, PIXELS, device="cuda").to(memory_format=torch.channels_last)
    labels = torch.randint(0, 1000, (BATCH,), device="cuda")
    events = []
    done = 0
    while True:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", dtype=torch.bfloat16):
            loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        event = torch.cuda.Event()
        event.record()
        events.append(event)
        # One step ahead of the GPU, so that it never waits for the host.
        if len(events) < 2:
            continue
        events.pop(0).synchronize()
        done += 1
        try:
            print(f"{time.time():.6f} {done} 0", flush=True)
        except BrokenPipeError:
            sys.exit(0)


main()
