/**
 * Unmodified OpenCL programs for one device, and what of their output has to be the same wherever they run.
 *
 * @module
 */

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compiler } from "../../tests/fakes/cc.ts";
import { jobsProgram } from "./jobs.ts";
import type { Ended } from "./machine.ts";

/** A program of the table. */
export interface Program {
  name: string;
  /** The Debian package that it is of; none: it is made here. */
  package?: string;
  command: readonly string[];
  /** Of its environment on the pool. */
  env?: Record<string, string>;
  /**
   * The lines that have to be equal, of a run that ended with 0.
   *
   * @throws {Error} where it went wrong whatever the other run said.
   */
  result(ended: Ended): string;
  /** Whether it tells by itself what is right, also where that is wrong without a pool. */
  isOwnJudge?: boolean;
  /** Whether nothing of it may be split. */
  isWhole?: boolean;
}

/** Whether a command's program is on this host. */
export function isInstalled([name = ""]: readonly string[]): boolean {
  if (name.startsWith("/")) return existsSync(name);
  return (Deno.env.get("PATH") ?? "").split(":").some((at) => existsSync(join(at, name)));
}

/** Sizes of what is run. */
export interface Sizes {
  /** Width of ffmpeg's frames; they are 3/4 as high. */
  width: number;
  /** Steps of a point of ffmpeg's Mandelbrot set. */
  steps: number;
  /** Whether the sizes of the own programs are for GPUs. */
  isGpu: boolean;
}

/** Colours of a terminal. */
const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/** Lines of the output that match, all of them. */
function lines(pattern: RegExp): (ended: Ended) => string {
  return ({ out }) => {
    const found = out.replace(ESCAPES, "").split("\n").filter((line) => pattern.test(line));
    if (found.length === 0) throw new Error(`no line of its output matches ${pattern}`);
    return found.map((line) => line.trim()).join("\n");
  };
}

const KERNELS = `
float4 color(int2 at, int2 size) {
  float2 c = convert_float2(at) / convert_float2(size) * (float2)(3.0f, 2.0f) - (float2)(2.0f, 1.0f);
  float2 z = 0.0f;
  int i = 0;
  for (; i < STEPS && dot(z, z) < 4.0f; i++)
    z = (float2)(z.x * z.x - z.y * z.y, 2 * z.x * z.y) + c;
  float v = i / (float)STEPS;
  return (float4)(v, 16.0f * v - floor(16.0f * v), 64.0f * v - floor(64.0f * v), 1.0f);
}
kernel void man(write_only image2d_t to, unsigned int index) {
  int2 at = (int2)(get_global_id(0), get_global_id(1));
  write_imagef(to, at, color(at, get_image_dim(to)));
}
kernel void over(write_only image2d_t to, unsigned int index, read_only image2d_t from) {
  const sampler_t s = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE | CLK_FILTER_NEAREST;
  int2 at = (int2)(get_global_id(0), get_global_id(1));
  write_imagef(to, at, read_imagef(from, s, at) * color(at, get_image_dim(to)));
}
`;

/** Filters of one picture, with the format that they run on. */
const FILTERS: readonly [name: string, format: string, filter: string][] = [
  ["convolution", "yuv420p", "convolution_opencl='0 -1 0 -1 5 -1 0 -1 0'"],
  ["avgblur", "yuv420p", "avgblur_opencl=sizeX=9"],
  ["boxblur", "yuv420p", "boxblur_opencl=3:2"],
  ["unsharp", "yuv420p", "unsharp_opencl=lx=9:ly=9"],
  ["nlmeans", "yuv420p", "nlmeans_opencl=s=3"],
  ["dilation", "yuv420p", "dilation_opencl"],
  ["erosion", "yuv420p", "erosion_opencl"],
  ["prewitt", "yuv420p", "prewitt_opencl"],
  ["roberts", "yuv420p", "roberts_opencl"],
  ["sobel", "yuv420p", "sobel_opencl"],
  ["transpose", "yuv420p", "transpose_opencl=dir=clock"],
  ["pad", "rgba", "pad_opencl=w=iw+64:h=ih+32:x=32:y=16:color=red"],
  ["colorkey", "rgba", "colorkey_opencl=color=blue:similarity=0.3"],
  ["deshake", "yuv420p", "deshake_opencl"],
  ["tonemap", "p010", "tonemap_opencl=format=p010"],
];

/** Filters of several pictures. */
const MANY: readonly [name: string, format: string, inputs: number, filter: string][] = [
  ["overlay", "yuv420p", 2, "overlay_opencl=20:30"],
  ["xfade", "rgba", 2, "xfade_opencl=transition=wipeleft:duration=1:offset=0"],
  ["remap", "rgba", 3, "remap_opencl"],
];

/** ffmpeg's sums of all frames, with that of none: CRC is the faster one. */
const SUMS = { md5: "MD5=d41d8cd98f00b204e9800998ecf8427e", crc: "CRC=0x00000001" };

function ffmpeg(
  name: string,
  inputs: readonly string[],
  graph: string,
  sum: keyof typeof SUMS = "md5",
): Program {
  return {
    name: `ffmpeg ${name}`,
    package: "ffmpeg",
    command: [
      ..."ffmpeg -v error -init_hw_device opencl=o:0.0 -filter_hw_device o".split(" "),
      ...inputs.flatMap((input) => ["-f", "lavfi", "-i", input]),
      ...["-filter_complex", graph, "-f", sum, "-"],
    ],
    result: (ended) => {
      const line = lines(/^(MD5|CRC)=/)(ended);
      if (line === SUMS[sum]) throw new Error("it made no frame");
      return line;
    },
  };
}

/** Frames of a given width are 3/4 as high, in pixels. */
function sizeOf(width: number): string {
  return `${width}x${Math.trunc(width * 3 / 8) * 2}`;
}

/** Writes the kernels with so many steps of a point. */
function writeKernels(steps: number, scratch: string): string {
  const source = join(scratch, "mandelbrot.cl");
  writeFileSync(source, KERNELS.replaceAll("STEPS", String(steps)));
  return source;
}

/** ffmpeg makes frames of the Mandelbrot set with a kernel of its user's, which is written to `scratch`. */
export function mandelbrot(
  { width, steps, frames, format = "rgba", sum = "md5" }: {
    width: number;
    steps: number;
    frames: number;
    format?: "rgba" | "gray";
    sum?: keyof typeof SUMS;
  },
  scratch: string,
): Program {
  return ffmpeg(
    "mandelbrot",
    [],
    `openclsrc=source=${writeKernels(steps, scratch)}:kernel=man:size=${sizeOf(width)}:rate=3:` +
      `format=${format},trim=end_frame=${frames},hwdownload,format=${format}`,
    sum,
  );
}

function filters({ width, steps }: Sizes, scratch: string): Program[] {
  const size = sizeOf(width);
  const source = writeKernels(steps, scratch);
  const pictures = [`testsrc2=size=${size}:rate=3:duration=1`]
    .concat(["", ":alpha=10"].map(() => `smptebars=size=${size}:rate=3:duration=1`));
  return [
    mandelbrot({ width, steps, frames: 3 }, scratch),
    ffmpeg(
      "program",
      pictures.slice(0, 1),
      `format=rgba,hwupload,program_opencl=source=${source}:kernel=over,hwdownload,format=rgba`,
    ),
    ...FILTERS.map(([name, format, filter]) =>
      ffmpeg(
        name,
        pictures.slice(0, 1),
        `format=${format},hwupload,${filter},hwdownload,format=${format}`,
      )
    ),
    ...MANY.map(([name, format, inputs, filter]) => {
      const all = Array.from({ length: inputs }, (_, i) => i);
      return ffmpeg(
        name,
        pictures.slice(0, inputs),
        `${all.map((i) => `[${i}]format=${format},hwupload[i${i}];`).join("")}` +
          `${all.map((i) => `[i${i}]`).join("")}${filter},hwdownload,format=${format}`,
      );
    }),
  ];
}

/** Routines of BLAS: of each level some, and those of CLBlast's own. */
const ROUTINES = (
  "axpy copy swap scal dot nrm2 asum amax gemv gbmv symv trmv trsv ger syr2 gemm symm syrk syr2k trmm trsm " +
  "hemm omatcopy im2col gemmbatched gemmstridedbatched"
).split(" ");

function clblast(): Program[] {
  const result = lines(/^ *(Pass rate|\d+ test\(s\)|\[?\*? ?Starting tests|:|[:.X/\\o-]+$)/);
  return ROUTINES.map((routine) => ({
    name: `clblast_test_x${routine}`,
    package: "clblast-tests",
    command: [`clblast_test_x${routine}`, "-platform", "0", "-device", "0"],
    result,
  }));
}

function tuner(): Program {
  const size = 128;
  const match = lines(/results match|status|does not match|error/i);
  return {
    name: "clblast_tuner_xgemm",
    package: "clblast-utils",
    command: [
      ..."clblast_tuner_xgemm -platform 0 -device 0 -precision 32 -runs 1".split(" "),
      ...["-m", "-n", "-k"].flatMap((side) => [side, String(size)]),
      ..."-fraction 8192".split(" "),
    ],
    // It tries configurations at random: those tried have to compute what its reference does.
    result: (ended) => {
      const rows = match(ended).split("\n").filter((line) => /^\| +\d+ \|/.test(line));
      const bad = rows.filter((line) => !line.includes("results match"));
      if (rows.length === 0) throw new Error("it tried no configuration");
      if (bad.length > 0) throw new Error(bad[0]);
      return "results match";
    },
  };
}

function clfft(): Program[] {
  const result = lines(/Internal Client Test/);
  const shapes = {
    "1024": "-x 1024 -b 64",
    "4096, out of place": "-x 4096 -b 32 -o",
    "243": "-x 243 -b 64",
    "1000": "-x 1000 -b 16",
    "256x256": "-x 256 -y 256 -b 4",
    "64x32x16": "-x 64 -y 32 -z 16",
    "2^20": "-x 1048576",
    "real 4096": "-x 4096 -b 16 --inLayout 5 --outLayout 3 -o",
    "planar 512": "-x 512 -b 16 --inLayout 2 --outLayout 2",
    "double 2048": "-x 2048 -b 8 --double",
    "inverse 2048": "-x 2048 -b 8 --inv",
  };
  return Object.entries(shapes).map(([name, options]) => ({
    name: `clFFT-client ${name}`,
    package: "clfft-client",
    command: ["clFFT-client", ...options.split(" "), "-p", "1"],
    result: (ended) => {
      const said = result(ended);
      if (!said.includes("PASS")) throw new Error(said);
      return said;
    },
  }));
}

function clpeak(): Program {
  const rows = lines(/^ +(float|double|half)\w* +:/);
  return {
    name: "clpeak",
    package: "clpeak",
    command: "clpeak -p 0 -d 0 --compute-sp --global-bandwidth".split(" "),
    // GPUs are given twelve times the work.
    env: { MVGAL_OPENCL_TYPE: "cpu" },
    // Its figures are times: what has to be there is each of them.
    result: (ended) => {
      const found = rows(ended).split("\n");
      const bad = found.filter((row) => !(Number(row.split(":")[1]) > 0));
      if (bad.length > 0) throw new Error(bad[0]);
      if (/error|fail/i.test(ended.out + ended.errors)) throw new Error("it tells of an error");
      return found.map((row) => row.split(":")[0]?.trim()).join("\n");
    },
  };
}

function clinfo(): Program {
  return {
    name: "clinfo",
    package: "clinfo",
    command: ["clinfo", "--raw"],
    // Vendors have errors of their own.
    isOwnJudge: true,
    // Values differ, for there are more units and more memory; which there are does not.
    result: ({ out, errors }) => {
      const bad = out.split("\n").find((line) =>
        /<(error|checkNULL)|CL_INVALID|: error/.test(line)
      );
      if (bad !== undefined || errors !== "") throw new Error(bad ?? errors.split("\n")[0]);
      const names = new Set(
        [...out.matchAll(
          /^ *\[\w+\/\*?\d*\] +(CL_DEVICE_(?:NAME|TYPE|VENDOR|VERSION|OPENCL_C_VERSION|MAX_\w+|GLOBAL_MEM_\w+|LOCAL_MEM_\w+|SINGLE_FP_CONFIG|IMAGE\w+|PROFILE|EXTENSIONS))/gm,
        )].map(([, name]) => name),
      );
      if (names.size < 10) throw new Error("it names few properties");
      return [...names].sort().join("\n");
    },
  };
}

function hashcat(): Program {
  // md5 of 7319
  const hash = "0beb34df7e9615cd43b9090989ca4848";
  return {
    name: "hashcat",
    package: "hashcat",
    command: [
      ..."hashcat --force -D 1,2 -d 1 -m 0 -a 3 --potfile-disable -O --quiet".split(" "),
      ...[hash, "?d?d?d?d"],
    ],
    isWhole: true,
    result: lines(new RegExp(`^${hash}:7319$`)),
  };
}

/** Programs of `jobs.c`, as bench:opencl-pool times them. */
function own({ isGpu }: Sizes): Program[] {
  if (compiler === null) return [];
  const path = jobsProgram();
  const jobs = isGpu
    ? ["mandelbrot 16384 4000 6", "nbody 262144 8 6", "saxpy 268435456 20 6", "sgemm 8192 4 6"]
    : ["mandelbrot 512 400 8", "nbody 2048 4 8", "saxpy 65536 4 8", "sgemm 256 2 8"];
  return jobs.map((job) => ({
    name: `jobs ${job.split(" ")[0]}`,
    command: [path, ...job.split(" ")],
    result: ({ out }) => String((JSON.parse(out) as { sum: string }).sum),
  }));
}

/** All programs. Files that they read are written to `scratch`. */
export function programs(sizes: Sizes, scratch: string): Program[] {
  return [
    ...own(sizes),
    ...filters(sizes, scratch),
    ...clblast(),
    tuner(),
    ...clfft(),
    clpeak(),
    clinfo(),
    hashcat(),
  ];
}
