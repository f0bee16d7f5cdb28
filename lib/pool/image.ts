/**
 * A storage image of the logical device: a {@linkcode LogicalBuffer} with its texels, tightly packed row after row,
 * and on each member that runs kernels on it an image in that device's own layout.
 *
 * The buffer says where which bytes are valid, and moves them. Around a dispatch the rows (2-D) or slices (3-D) that
 * it needs are copied from the member's buffer to its image, and those that it wrote are copied back; between
 * dispatches an image holds nothing.
 *
 * @module
 */

import type { CommandBuffer } from "../../ffi/vulkan/commands.ts";
import {
  beginImage,
  copyFromImage,
  copyToImage,
  createStorageImage,
  type DeviceImage,
  type ImageShape,
  type ImageSlab,
} from "../../ffi/vulkan/image.ts";
import type { ImageFacts } from "./analysis/verdict.ts";
import { type BufferContext, LogicalBuffer } from "./buffer.ts";
import { IMAGE_FORMATS, type ImageFormatName, isImageFormat } from "./image_format.ts";
import type { Member } from "./member.ts";
import { whyNoMemory } from "./memory_check.ts";
import type { MemoryFlag } from "./memory_flags.ts";
import type { ByteRange } from "./validity.ts";

/** What an image is to be like. */
export interface ImageOptions {
  /** In texels. */
  width: number;
  height: number;
  /** In texels; an image of three dimensions where it is given. */
  depth?: number;
  /** See {@linkcode IMAGE_FORMATS}. */
  format: string;
}

/** An image's description, checked. */
export interface CheckedImage extends ImageFacts {
  readonly name: ImageFormatName;
  /** Of all texels, packed. */
  readonly size: number;
  /** Of a row (2-D) or slice (3-D). */
  readonly slabBytes: number;
}

/**
 * Checks what an image is to be like.
 *
 * @throws {RangeError} for sizes or formats that cannot be; one line.
 */
export function checkImage(options: ImageOptions): CheckedImage {
  const { width, height, depth, format } = options;
  const extent = [width, height, depth ?? 1] as const;
  if (extent.some((texels) => !Number.isSafeInteger(texels) || texels <= 0)) {
    throw new RangeError(`no image of ${extent.join(" x ")} texels: give whole numbers above 0`);
  }
  if (!isImageFormat(format)) {
    const names = Object.keys(IMAGE_FORMATS).join(", ");
    throw new RangeError(`no image format '${format}': there are ${names}`);
  }
  const { texelBytes } = IMAGE_FORMATS[format];
  const slabBytes = texelBytes * width * (depth === undefined ? 1 : height);
  return {
    dimensions: depth === undefined ? 2 : 3,
    extent,
    texelBytes,
    name: format,
    size: slabBytes * (depth ?? height),
    slabBytes,
  };
}

/** Why a member cannot have an image, in one line; undefined where it can. */
export function whyNoImageOn(
  member: Member,
  { dimensions, extent }: ImageFacts,
): string | undefined {
  const { maxImageDimension2D, maxImageDimension3D } = member.physical.limits;
  const most = dimensions === 2 ? maxImageDimension2D : maxImageDimension3D;
  return extent.every((texels) => texels <= most)
    ? undefined
    : `${member.name} has images of at most ${most} texels in each of ${dimensions} dimensions`;
}

/** Rows or slices that byte ranges lie in, in order and without overlaps. */
export function slabsOf(ranges: readonly ByteRange[], slabBytes: number): ImageSlab[] {
  const slabs: ImageSlab[] = [];
  const sorted = ranges.filter(({ start, end }) => start < end)
    .toSorted((a, b) => a.start - b.start);
  for (const range of sorted) {
    const start = Math.floor(range.start / slabBytes), end = Math.ceil(range.end / slabBytes);
    const last = slabs.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else slabs.push({ start, end });
  }
  return slabs;
}

/** An image that a kernel is about to use on a member. */
export interface PreparedImage {
  readonly image: DeviceImage;
  /** Records what has to be done before the kernel, to be followed by a barrier. */
  before(commands: CommandBuffer): void;
  /** Records what has to be done after the kernel, behind a barrier. */
  after(commands: CommandBuffer): void;
}

/** An image of a logical device. Made by `LogicalDevice.allocateImage`. */
export class LogicalImage implements Disposable {
  /** What it is like. */
  readonly facts: ImageFacts;
  readonly format: ImageFormatName;
  /** Of all texels, packed, in bytes. */
  readonly size: number;
  /** The packed bytes, which kernels may take for a buffer too, and to which the flags apply. */
  readonly packed: LogicalBuffer;
  readonly #slabBytes: number;
  readonly #mirrors = new Map<Member, DeviceImage>();

  /** @throws {VulkanError} for want of memory. */
  constructor(
    context: BufferContext,
    number: number,
    checked: CheckedImage,
    flags: ReadonlySet<MemoryFlag>,
  ) {
    const { dimensions, extent, texelBytes, name, size, slabBytes } = checked;
    this.facts = { dimensions, extent, texelBytes };
    this.format = name;
    this.size = size;
    this.#slabBytes = slabBytes;
    const texels = extent.slice(0, dimensions).join(" x ");
    this.packed = new LogicalBuffer(
      {
        ...context,
        label: `image ${number} (${texels} ${name})`,
        closed: (buffer) => {
          this.#close();
          context.closed(buffer);
        },
      },
      number,
      size,
      flags,
    );
    if (flags.has("LAZY_ALLOCATE")) return;
    try {
      for (const member of context.members) if (member.lost === undefined) this.#mirror(member);
    } catch (error) {
      this.packed[Symbol.dispose]();
      throw error;
    }
  }

  /** For people: `image 3 (64 x 64 rgba8unorm)`. */
  get label(): string {
    return this.packed.label;
  }

  /** The flags that it was made with. */
  get flags(): ReadonlySet<MemoryFlag> {
    return this.packed.flags;
  }

  #mirror(member: Member): DeviceImage {
    let image = this.#mirrors.get(member);
    if (image === undefined) {
      const { dimensions, extent: [width, height, depth] } = this.facts;
      const format = IMAGE_FORMATS[this.format].vulkan;
      const obstacle = whyNoMemory(member, this.size);
      if (obstacle !== undefined) throw new RangeError(`no memory for ${this.label}: ${obstacle}`);
      const shape: ImageShape = { dimensions, width, height, depth, format };
      image = member.guard(() => createStorageImage(member.device, shape));
      this.#mirrors.set(member, image);
    }
    return image;
  }

  /** Bytes of its own memory that a member would have to give before it could use the image; about that many. */
  memoryNeededOn(member: Member): number {
    return this.packed.store.memoryNeededOn(member) + (this.#mirrors.has(member) ? 0 : this.size);
  }

  /**
   * Makes ranges of the packed bytes valid for a member's kernels, as far as that goes before its commands. For use
   * by who holds the image in the order of work.
   *
   * @param writes what the kernel may write.
   * @throws {DataLostError} for bytes that were lost with a member.
   */
  async prepare(
    member: Member,
    reads: readonly ByteRange[],
    writes: readonly ByteRange[],
  ): Promise<PreparedImage> {
    const buffer = await this.packed.store.prepare(member, reads);
    const image = this.#mirror(member);
    const copy = (
      commands: CommandBuffer,
      ranges: readonly ByteRange[],
      record: typeof copyToImage,
    ) => {
      for (const slab of slabsOf(ranges, this.#slabBytes)) {
        record(commands, image, buffer, slab, this.facts.texelBytes);
      }
    };
    return {
      image,
      before: (commands) => {
        beginImage(commands, image);
        copy(commands, reads, copyToImage);
      },
      after: (commands) => copy(commands, writes, copyFromImage),
    };
  }

  /**
   * Writes packed texels from the host. They are taken before this returns its promise.
   *
   * @param offset in bytes.
   * @throws {RangeError} for bytes beyond the image.
   */
  write(bytes: Uint8Array, offset = 0): Promise<void> {
    return this.packed.write(bytes, offset);
  }

  /**
   * Lets `fill` write to the host's copy in place; see {@linkcode LogicalBuffer.fill}.
   *
   * @throws {RangeError} for bytes beyond the image.
   */
  fill(
    fill: (bytes: Uint8Array<ArrayBuffer>) => void,
    offset = 0,
    length: number = this.size - offset,
  ): Promise<void> {
    return this.packed.fill(fill, offset, length);
  }

  /** Forgets the contents of some bytes; see {@linkcode LogicalBuffer.discard}. */
  discard(offset = 0, length: number = this.size - offset): Promise<void> {
    return this.packed.discard(offset, length);
  }

  /** A copy of the packed texels; see {@linkcode LogicalBuffer.read}. */
  read(offset = 0, length: number = this.size - offset): Promise<Uint8Array<ArrayBuffer>> {
    return this.packed.read(offset, length);
  }

  /** Gives `look` the host's packed texels in place; see {@linkcode LogicalBuffer.view}. It must not write. */
  view<T>(
    look: (bytes: Uint8Array<ArrayBuffer>) => T,
    offset = 0,
    length: number = this.size - offset,
  ): Promise<T> {
    return this.packed.view(look, offset, length);
  }

  /** Where which of the packed bytes are valid; see {@linkcode LogicalBuffer.placement}. */
  placement(): { start: number; end: number; places: string[] }[] {
    return this.packed.placement();
  }

  /** Bytes of memory that are taken, on the host and by member, with the images in their own layouts. */
  memory(): { host_bytes: number; members: Record<string, number> } {
    const { host_bytes, members } = this.packed.memory();
    for (const [{ id }, { memoryBytes }] of this.#mirrors) {
      members[id] = (members[id] ?? 0) + memoryBytes;
    }
    return { host_bytes, members };
  }

  /** One more holder, who disposes it too: the memory is given back by the last. */
  retain(): this {
    this.packed.retain();
    return this;
  }

  /** Whether its memory was given back. */
  get isClosed(): boolean {
    return this.packed.isClosed;
  }

  #close(): void {
    for (const image of this.#mirrors.values()) image[Symbol.dispose]();
    this.#mirrors.clear();
  }

  /**
   * One holder less. The last gives the memory back, after all work that uses it.
   *
   * @throws {Error} where there is no holder any more.
   */
  [Symbol.dispose](): void {
    this.packed[Symbol.dispose]();
  }
}
