/**
 * What NVML tells of a GPU at work, beside what `nvml.ts` has.
 *
 * @module
 */

import { type Answer, answerOf, noValue, Refusals } from "./answer.ts";
import { type Library, openLibrary, type SymbolTable } from "./library.ts";
import { type Nvml, type NvmlDevice, NvmlError } from "./nvml.ts";
import { type DEVICE_OUT, type LINK_OUT, resultName, structVersion } from "./nvml_abi.ts";
import { type NvmlFieldQuery, readFields } from "./nvml_fields.ts";
import {
  CLOCK_VIDEO,
  ECC_ERROR,
  isBlank32,
  isBlank64,
  NVML_RESULT,
  NvmlBar1MemoryLayout,
  NvmlFanSpeedInfoV1Layout,
  PCIE_COUNTER,
  PSTATE_UNKNOWN,
  TELEMETRY_SYMBOLS,
  THRESHOLD_SLOWDOWN,
  VOLATILE_ECC,
} from "./nvml_telemetry_abi.ts";
import { decode, encode } from "./struct.ts";

type Table = typeof TELEMETRY_SYMBOLS;
/** The functions of the table that are declared as `D`. */
type Named<D> = { [K in keyof Table]: Table[K] extends D ? K : never }[keyof Table];

/**
 * Binds further functions of the library that `nvml` has open: the loader gives the same library again,
 * and it stays initialised as long as `nvml` is.
 *
 * @throws {NvmlError} where the library cannot be opened a second time.
 */
export function bindBeside<const S extends SymbolTable>(nvml: Nvml, symbols: S): Library<S> {
  const opened = openLibrary([nvml.soname], symbols);
  if (opened.state === "ok") return opened.library;
  throw new NvmlError("dlopen", 0, opened.reason);
}

/** Refusals with the names and words of the library. */
export function nvmlRefusals(errorString: (code: number) => Deno.PointerValue): Refusals {
  return new Refusals((code) => {
    const name = resultName(code);
    const text = errorString(code);
    return text === null ? name : `${name} (${Deno.UnsafePointerView.getCString(text)})`;
  });
}

/**
 * The functions, over an NVML that is open. Refusals are answers, and so are the numbers that stand for no
 * value. Dispose it (`using`) before that NVML.
 */
export class NvmlTelemetry implements Disposable {
  readonly #library: Library<Table>;
  readonly #refusals: Refusals;
  readonly #words = new Uint32Array(4);
  readonly #long = new BigUint64Array(1);

  /** Binds them. */
  constructor(nvml: Nvml) {
    this.#library = bindBeside(nvml, TELEMETRY_SYMBOLS);
    this.#refusals = nvmlRefusals((code) => this.#library.symbols.nvmlErrorString(code));
  }

  [Symbol.dispose](): void {
    this.#library[Symbol.dispose]();
  }

  /** The answer of a call that left its value in the first word. */
  #first(call: string, code: number): Answer<number> {
    if (code !== 0) return this.#refusals.of(call, code);
    const value = this.#words[0] ?? 0;
    return isBlank32(value)
      ? noValue(call, `gives ${value}, which stands for no value`)
      : { ok: true, value, call };
  }

  #missing(call: string): Answer<never> {
    return this.#refusals.of(call, NVML_RESULT.functionNotFound);
  }

  #number(call: Named<typeof DEVICE_OUT>, device: NvmlDevice): Answer<number> {
    const found = this.#library.symbols[call];
    return found === null ? this.#missing(call) : this.#first(call, found(device, this.#words));
  }

  #part(
    call: Exclude<Named<typeof LINK_OUT>, "nvmlDeviceGetPcieThroughput">,
    device: NvmlDevice,
    index: number,
  ): Answer<number> {
    const found = this.#library.symbols[call];
    return found === null
      ? this.#missing(call)
      : this.#first(call, found(device, index, this.#words));
  }

  #handle(
    call: "nvmlDeviceGetHandleByPciBusId_v2" | "nvmlDeviceGetHandleByUUID",
    text: string,
  ): Answer<NvmlDevice> {
    const found = this.#library.symbols[call];
    if (found === null) return this.#missing(call);
    const code = found(new TextEncoder().encode(`${text}\0`), this.#long);
    if (code !== 0) return this.#refusals.of(call, code);
    const value = Deno.UnsafePointer.create<"nvmlDevice">(this.#long[0] ?? 0n);
    return value === null
      ? noValue(call, "gives a null handle")
      : { ok: true, value: value as NvmlDevice, call };
  }

  /**
   * The GPU at a PCI address. Initialises that one alone: asking by index goes through all of them, and
   * wakes those that sleep.
   */
  deviceAt(address: string): Answer<NvmlDevice> {
    return this.#handle("nvmlDeviceGetHandleByPciBusId_v2", address);
  }

  /** The GPU with a UUID in NVML's form, `GPU-…`. */
  deviceWithUuid(uuid: string): Answer<NvmlDevice> {
    return this.#handle("nvmlDeviceGetHandleByUUID", uuid);
  }

  /** Bytes of the window through which the processor reaches the memory. May be larger than the memory. */
  bar1Total(device: NvmlDevice): Answer<number> {
    const call = "nvmlDeviceGetBAR1MemoryInfo";
    const found = this.#library.symbols[call];
    if (found === null) return this.#missing(call);
    const bytes = new Uint8Array(NvmlBar1MemoryLayout.size);
    const code = found(device, bytes);
    if (code !== 0) return this.#refusals.of(call, code);
    const { bar1Total } = decode(NvmlBar1MemoryLayout, bytes);
    return isBlank64(bar1Total)
      ? noValue(call, `gives ${bar1Total}, which stands for no value`)
      : { ok: true, value: Number(bar1Total), call };
  }

  /** Energy in mJ since the driver was loaded. From Volta on. */
  totalEnergy(device: NvmlDevice): Answer<number> {
    const call = "nvmlDeviceGetTotalEnergyConsumption";
    const found = this.#library.symbols[call];
    return found === null ? this.#missing(call) : this.#counter(call, found(device, this.#long));
  }

  /** The answer of a call that left its value in the 64-bit word. */
  #counter(call: string, code: number): Answer<number> {
    if (code !== 0) return this.#refusals.of(call, code);
    const value = this.#long[0] ?? 0n;
    return isBlank64(value)
      ? noValue(call, `gives ${value}, which stands for no value`)
      : { ok: true, value: Number(value), call };
  }

  /** The power limit in mW that was set. What holds may be lower: see `Nvml.powerLimit`. */
  powerLimit(device: NvmlDevice): Answer<number> {
    return this.#number("nvmlDeviceGetPowerManagementLimit", device);
  }

  /** The lowest and highest power limit in mW that can be set. */
  powerLimits(device: NvmlDevice): Answer<{ min: number; max: number }> {
    const call = "nvmlDeviceGetPowerManagementLimitConstraints";
    const found = this.#library.symbols[call];
    if (found === null) return this.#missing(call);
    const min = this.#words.subarray(0, 1), max = this.#words.subarray(1, 2);
    const answer = this.#first(call, found(device, min, max));
    return answer.ok
      ? { ok: true, value: { min: answer.value, max: this.#words[1] ?? 0 }, call }
      : answer;
  }

  /** From how many °C on the driver slows the GPU down. */
  slowdownTemperature(device: NvmlDevice): Answer<number> {
    return this.#part("nvmlDeviceGetTemperatureThreshold", device, THRESHOLD_SLOWDOWN);
  }

  /** Clock in MHz of what encodes and decodes video. */
  videoClock(device: NvmlDevice): Answer<number> {
    return this.#part("nvmlDeviceGetClockInfo", device, CLOCK_VIDEO);
  }

  /** Per cent of the driver's own sampling period in which the encoders or decoders were busy. */
  codecUtilization(device: NvmlDevice, which: "Encoder" | "Decoder"): Answer<number> {
    const call = `nvmlDeviceGet${which}Utilization` as const;
    const found = this.#library.symbols[call];
    if (found === null) return this.#missing(call);
    const percent = this.#words.subarray(0, 1), period = this.#words.subarray(1, 2);
    return this.#first(call, found(device, percent, period));
  }

  /** How many fans the board itself drives: 0 for those that a server's fans cool. */
  fanCount(device: NvmlDevice): Answer<number> {
    return this.#number("nvmlDeviceGetNumFans", device);
  }

  /** Speed in per cent that a fan is told to have. May pass 100. An older driver knows the first alone. */
  fanPercent(device: NvmlDevice, fan: number): Answer<number> {
    if (fan === 0 && this.#library.symbols.nvmlDeviceGetFanSpeed_v2 === null) {
      return this.#number("nvmlDeviceGetFanSpeed", device);
    }
    return this.#part("nvmlDeviceGetFanSpeed_v2", device, fan);
  }

  /** Revolutions per minute that a fan is told to have. From driver 565 on. */
  fanRpm(device: NvmlDevice, fan: number): Answer<number> {
    const call = "nvmlDeviceGetFanSpeedRPM";
    const found = this.#library.symbols[call];
    if (found === null) return this.#missing(call);
    const version = structVersion(NvmlFanSpeedInfoV1Layout.size, 1);
    const { bytes } = encode(NvmlFanSpeedInfoV1Layout, { version, fan });
    this.#words[0] = 0;
    const code = found(device, bytes);
    if (code === 0) this.#words[0] = decode(NvmlFanSpeedInfoV1Layout, bytes).speed;
    return this.#first(call, code);
  }

  /** `P0` for the fastest state, `P15` for the slowest. */
  performanceState(device: NvmlDevice): Answer<string> {
    const answer = this.#number("nvmlDeviceGetPerformanceState", device);
    if (!answer.ok) return answer;
    return answer.value >= PSTATE_UNKNOWN
      ? noValue(answer.call, "gives a state that the driver does not know itself")
      : { ...answer, value: `P${answer.value}` };
  }

  /** Errors in the memory, and in the chip's own, since the driver was loaded. */
  eccErrors(device: NvmlDevice, which: keyof typeof ECC_ERROR): Answer<number> {
    const call = "nvmlDeviceGetTotalEccErrors";
    const found = this.#library.symbols[call];
    if (found === null) return this.#missing(call);
    return this.#counter(call, found(device, ECC_ERROR[which], VOLATILE_ECC, this.#long));
  }

  /**
   * Rows of memory that spare ones stand in for (from Ampere on), or pages that were taken out of use
   * (before it), whatever the kind of error.
   */
  retired(device: NvmlDevice): Answer<number> {
    const call = "nvmlDeviceGetRemappedRows";
    const found = this.#library.symbols[call];
    if (found !== null) {
      const word = (index: number) => this.#words.subarray(index, index + 1);
      const rows = this.#first(call, found(device, word(0), word(1), word(2), word(3)));
      if (rows.ok) return { ...rows, value: rows.value + (this.#words[1] ?? 0) };
      if (rows.refusal.code !== NVML_RESULT.notSupported) return rows;
    }
    const [single, double] = [this.#retiredPages(device, 0), this.#retiredPages(device, 1)];
    if (!single.ok) return single;
    return double.ok ? { ...single, value: single.value + double.value } : double;
  }

  /** Pages retired for one cause (`nvmlPageRetirementCause_t`): their number, without the addresses. */
  #retiredPages(device: NvmlDevice, cause: number): Answer<number> {
    const call = "nvmlDeviceGetRetiredPages";
    const found = this.#library.symbols[call];
    if (found === null) return this.#missing(call);
    this.#words[0] = 0;
    const code = found(device, cause, this.#words, null);
    return this.#first(call, code === NVML_RESULT.insufficientSize ? 0 : code);
  }

  /** Reads fields; one refusal for all where the driver has no fields at all. */
  fields(device: NvmlDevice, query: NvmlFieldQuery): readonly Answer<number>[] {
    const call = "nvmlDeviceGetFieldValues";
    const found = this.#library.symbols[call];
    const code = found === null
      ? NVML_RESULT.functionNotFound
      : found(device, query.count, query.bytes);
    return readFields(query, code, this.#refusals);
  }

  /**
   * kB/s (10^3 as NVML's reference has it) that the GPU sends or receives over PCIe, counted over the next
   * 20 ms by a thread of its own. The library must stay open until it is done.
   */
  async pcieThroughput(device: NvmlDevice, which: "tx" | "rx"): Promise<Answer<number>> {
    const call = "nvmlDeviceGetPcieThroughput";
    const found = this.#library.symbols[call];
    if (found === null) return this.#missing(call);
    // Not the shared words: the calls of other readers use them meanwhile.
    const out = new Uint32Array(1);
    const code = await found(device, PCIE_COUNTER[which], out);
    this.#words[0] = out[0] ?? 0;
    return this.#first(call, code);
  }
}

/** {@linkcode answerOf} for a number of 32 bits of `Nvml`; one that stands for no value is refused. */
export function answer32(call: string, ask: () => number): Answer<number> {
  const answer = answerOf(call, ask);
  return answer.ok && isBlank32(answer.value)
    ? noValue(call, `gives ${answer.value}, which stands for no value`)
    : answer;
}
