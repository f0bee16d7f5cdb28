/**
 * Small pieces of work of which can be told afterwards that each was done.
 *
 * @module
 */

import type { CommandBuffer } from "../../../../ffi/vulkan/commands.ts";
import { Pipeline } from "../../../../ffi/vulkan/pipeline.ts";
import { type Addressing, Kernel, type KernelCode } from "../../../spirv/kernel.ts";
import { WrongResultError } from "../../benchmark.ts";
import { pushBytes } from "../target.ts";
import { type Lane, setWord } from "./lane.ts";

/** How often work is submitted to be counted. */
const COUNTED = 5;

/** Work for one queue. */
export interface CountedWork extends Disposable {
  /** Records it once. */
  record(commands: CommandBuffer): void;
  /**
   * Has `submit` run the recorded work some times, and checks that it was done each time.
   *
   * @throws {WrongResultError} where it was not.
   */
  verify(submit: () => void): void;
}

/** Work that adds 1 to a counter. */
export interface Counter extends CountedWork {
  /** Binds what {@linkcode dispatch} runs. */
  bind(commands: CommandBuffer): void;
  /** Records it once more. */
  dispatch(commands: CommandBuffer): void;
  /** Sets the counter to 0. */
  clear(): void;
  /** The counter now. */
  read(): number;
}

/** A kernel that adds 1 to a counter per invocation. */
function counterKernel(addressing: Addressing): KernelCode {
  const kernel = new Kernel({ addressing, localSize: 1 });
  const counters = kernel.buffer(kernel.u32);
  return kernel.body((k) => {
    const i = k.globalId();
    counters.store(i, k.add(counters.load(i), k.constant(k.u32, 1)));
  });
}

/** One workgroup that adds 1 to a counter, on a queue that computes. */
export function dispatchWork(lane: Lane): Counter {
  using undo = new DisposableStack();
  const { device } = lane;
  const counters = undo.use(device.createBuffer(4096, "device"));
  const code = counterKernel(device.hasBufferAddresses ? "device_address" : "descriptor");
  const pipeline = undo.use(new Pipeline(device, code, [counters]));
  const push = pushBytes(code, [counters], {});
  const clear = () => lane.run((c) => c.fill(counters, 0));
  const read = () => lane.readWord(counters);
  const bind = (c: CommandBuffer) => {
    c.bind(pipeline);
    c.push(pipeline, push);
  };
  const dispatch = (c: CommandBuffer) => c.dispatch(1);
  clear();
  const owned = undo.move();
  return {
    bind,
    dispatch,
    record: (c) => {
      bind(c);
      dispatch(c);
    },
    clear,
    read,
    verify: (submit) => {
      clear();
      for (let i = 0; i < COUNTED; i++) submit();
      const count = read();
      if (count !== COUNTED) {
        throw new WrongResultError(`${count} of ${COUNTED} submissions were counted`);
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** A copy of 4 bytes that the host wrote, on any queue that copies. */
export function copyWork(lane: Lane): CountedWork {
  using undo = new DisposableStack();
  const { device } = lane;
  const from = undo.use(device.createBuffer(4, "host"));
  const to = undo.use(device.createBuffer(4, "device"));
  const owned = undo.move();
  return {
    record: (c) => c.copy(from, to, { size: 4 }),
    verify: (submit) => {
      for (let i = 1; i <= COUNTED; i++) {
        const word = 0x6d76_0000 + i;
        setWord(from, word);
        submit();
        const found = lane.readWord(to);
        if (found !== word) {
          throw new WrongResultError(`submission ${i} copied ${found}, not ${word}`);
        }
      }
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}
