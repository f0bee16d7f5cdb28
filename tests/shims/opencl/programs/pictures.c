/* SPDX-License-Identifier: MIT */
/* Random commands on a few images and buffers: `pictures SEED STEPS`. "done", or see random.h. */
#include "random.h"

enum { PICTURES = 3, WIDTH = 40, HEIGHT = 96, N = WIDTH * HEIGHT, TILE = 8 };

/* Each has the same arguments. */
#define ARGUMENTS                                                                                  \
	"(read_only image2d_t a, write_only image2d_t b, __global uint *c, uint k)\n"              \
	"{ int2 at = (int2)(get_global_id(0), get_global_id(1)); size_t i = at.y * 40 + at.x;\n"

static const char source[] =
    "#define READ(dx, dy) read_imageui(a, s, at + (int2)(dx, dy)).x\n"
    "#define WRITE(at, what) write_imageui(b, at, (uint4)(what, 0, 0, 1))\n"
    "__constant sampler_t s ="
    "  CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE | CLK_FILTER_NEAREST;\n"
    "__kernel void paint" ARGUMENTS "WRITE(at, k + i); }\n"
    "__kernel void blend" ARGUMENTS "WRITE(at, READ(0, 0) * 3 + k); }\n"
    "__kernel void spread" ARGUMENTS
    "WRITE(at, READ(-1, 0) + READ(1, 0) + READ(0, -1) + READ(0, 1) + k); }\n"
    "__kernel void some" ARGUMENTS "if ((at.x ^ at.y ^ k) & 1) WRITE(at, READ(0, 0) + k); }\n"
    "__kernel void give" ARGUMENTS "WRITE(at, c[i] + k); }\n"
    "__kernel void take" ARGUMENTS "c[i] = READ(0, 0) - k; }\n"
    "__kernel void turn" ARGUMENTS "WRITE((int2)(39 - at.x, 95 - at.y), READ(0, 0) + k); }\n";

enum kernel { PAINT, BLEND, SPREAD, SOME, GIVE, TAKE, TURN, KERNELS };
static const char *const names[] = {"paint", "blend", "spread", "some", "give", "take", "turn"};

static cl_command_queue queue;
static cl_kernel kernels[KERNELS];
static cl_mem pictures[PICTURES], buffers[2];
static cl_uint expected[PICTURES][HEIGHT][WIDTH], numbers[2][N], seen[N];

static int clamp(int at, int end)
{
	return at < 0 ? 0 : at >= end ? end - 1 : at;
}

static cl_uint at(const cl_uint from[HEIGHT][WIDTH], int x, int y)
{
	return from[clamp(y, HEIGHT)][clamp(x, WIDTH)];
}

static void compute(enum kernel which, unsigned int a, unsigned int b, unsigned int c, cl_uint k,
		    int x, int y)
{
	const cl_uint(*from)[WIDTH] = (const cl_uint(*)[WIDTH])expected[a];
	cl_uint(*to)[WIDTH] = expected[b];
	const int i = y * WIDTH + x;

	switch (which) {
	case PAINT:
		to[y][x] = k + (cl_uint)i;
		break;
	case BLEND:
		to[y][x] = from[y][x] * 3 + k;
		break;
	case SPREAD:
		to[y][x] = at(from, x - 1, y) + at(from, x + 1, y) + at(from, x, y - 1) +
			   at(from, x, y + 1) + k;
		break;
	case SOME:
		if (((cl_uint)(x ^ y) ^ k) & 1)
			to[y][x] = from[y][x] + k;
		break;
	case GIVE:
		to[y][x] = numbers[c][i] + k;
		break;
	case TAKE:
		numbers[c][i] = from[y][x] - k;
		break;
	default:
		to[HEIGHT - 1 - y][WIDTH - 1 - x] = from[y][x] + k;
	}
}

static void launch(void)
{
	const enum kernel which = pick(KERNELS);
	const unsigned int a = pick(PICTURES), b = (a + 1 + pick(2)) % PICTURES, c = pick(2);
	const size_t local[] = {TILE, TILE}, offset[] = {0, pick(3) ? 0 : TILE * pick(6)};
	const size_t lines = HEIGHT - offset[1];
	const size_t global[] = {WIDTH,
				 pick(2) ? lines : TILE * (1 + pick((unsigned int)lines / TILE))};
	const cl_uint k = pick(1000);

	show("%s a=%u b=%u c=%u k=%u, %zu lines of %zu on", names[which], a, b, c, k, global[1],
	     offset[1]);
	for (size_t y = offset[1]; y < offset[1] + global[1]; y++)
		for (int x = 0; x < WIDTH; x++)
			compute(which, a, b, c, k, x, (int)y);
	check(clSetKernelArg(kernels[which], 0, sizeof(cl_mem), &pictures[a]));
	check(clSetKernelArg(kernels[which], 1, sizeof(cl_mem), &pictures[b]));
	check(clSetKernelArg(kernels[which], 2, sizeof(cl_mem), &buffers[c]));
	check(clSetKernelArg(kernels[which], 3, sizeof(k), &k));
	check(clEnqueueNDRangeKernel(queue, kernels[which], 2, offset, global,
				     pick(4) ? local : NULL, 0, NULL, NULL));
}

static void read_buffer(unsigned int buffer)
{
	show("read buffer %u", buffer);
	check(clEnqueueReadBuffer(queue, buffers[buffer], CL_TRUE, 0, sizeof(seen), seen, 0, NULL,
				  NULL));
	for (size_t i = 0; i < N; i++)
		if (seen[i] != numbers[buffer][i])
			wrong("buffer", buffer, i, seen[i], numbers[buffer][i]);
}

struct box {
	unsigned int picture;
	size_t origin[3], region[3];
};

static struct box a_box(void)
{
	const bool is_all = pick(3) == 0;
	struct box box = {pick(PICTURES), {0}, {WIDTH, HEIGHT, 1}};

	if (is_all)
		return box;
	box.region[0] = 1 + pick(WIDTH);
	box.region[1] = 1 + pick(HEIGHT);
	box.origin[0] = pick((unsigned int)(WIDTH - box.region[0] + 1));
	box.origin[1] = pick((unsigned int)(HEIGHT - box.region[1] + 1));
	return box;
}

static void show_box(const char *what, const struct box *box)
{
	show("%s %u: %zux%zu at %zu,%zu", what, box->picture, box->region[0], box->region[1],
	     box->origin[0], box->origin[1]);
}

static cl_uint *of_box(const struct box *box, size_t x, size_t y)
{
	return &expected[box->picture][box->origin[1] + y][box->origin[0] + x];
}

static void is_right(const struct box *box, const cl_uint *is, size_t pitch)
{
	for (size_t y = 0; y < box->region[1]; y++)
		for (size_t x = 0; x < box->region[0]; x++)
			if (is[y * pitch + x] != *of_box(box, x, y))
				wrong("picture", box->picture,
				      (box->origin[1] + y) * WIDTH + box->origin[0] + x,
				      is[y * pitch + x], *of_box(box, x, y));
}

static void read_box(const struct box *box)
{
	show_box("read", box);
	memset(seen, 0xee, sizeof(seen));
	check(clEnqueueReadImage(queue, pictures[box->picture], CL_TRUE, box->origin, box->region,
				 0, 0, seen, 0, NULL, NULL));
	is_right(box, seen, box->region[0]);
}

static void write_box(void)
{
	const struct box box = a_box();

	show_box("write", &box);
	for (size_t y = 0; y < box.region[1]; y++)
		for (size_t x = 0; x < box.region[0]; x++)
			*of_box(&box, x, y) = seen[y * box.region[0] + x] = pick(1 << 20);
	check(clEnqueueWriteImage(queue, pictures[box.picture], CL_TRUE, box.origin, box.region, 0,
				  0, seen, 0, NULL, NULL));
}

static void fill_box(void)
{
	const struct box box = a_box();
	const cl_uint4 colour = {{pick(1000), 0, 0, 1}};

	show_box("fill", &box);
	for (size_t y = 0; y < box.region[1]; y++)
		for (size_t x = 0; x < box.region[0]; x++)
			*of_box(&box, x, y) = colour.s[0];
	check(clEnqueueFillImage(queue, pictures[box.picture], &colour, box.origin, box.region, 0,
				 NULL, NULL));
}

static void map_box(void)
{
	const struct box box = a_box();
	const bool writes = pick(2);
	size_t pitch, slice;
	cl_int status;
	cl_uint *mapped;

	show_box(writes ? "map and write" : "map", &box);
	mapped = clEnqueueMapImage(queue, pictures[box.picture], CL_TRUE,
				   writes ? CL_MAP_READ | CL_MAP_WRITE : CL_MAP_READ, box.origin,
				   box.region, &pitch, &slice, 0, NULL, NULL, &status);
	check(status);
	is_right(&box, mapped, pitch / 4);
	for (size_t y = 0; writes && y < box.region[1]; y++)
		for (size_t x = 0; x < box.region[0]; x++)
			*of_box(&box, x, y) = mapped[y * (pitch / 4) + x] = pick(1 << 20);
	check(clEnqueueUnmapMemObject(queue, pictures[box.picture], mapped, 0, NULL, NULL));
}

static void copy_box(void)
{
	const struct box from = a_box();
	struct box to = from;

	to.picture = (from.picture + 1 + pick(PICTURES - 1)) % PICTURES;
	to.origin[0] = pick((unsigned int)(WIDTH - from.region[0] + 1));
	to.origin[1] = pick((unsigned int)(HEIGHT - from.region[1] + 1));
	show_box("copy", &from);
	show_box("  to", &to);
	for (size_t y = 0; y < from.region[1]; y++)
		for (size_t x = 0; x < from.region[0]; x++)
			*of_box(&to, x, y) = *of_box(&from, x, y);
	check(clEnqueueCopyImage(queue, pictures[from.picture], pictures[to.picture], from.origin,
				 to.origin, from.region, 0, NULL, NULL));
}

static void copy_to_buffer(void)
{
	const struct box box = a_box();
	const size_t count = box.region[0] * box.region[1];
	const size_t there = pick((unsigned int)(N - count + 1));
	const unsigned int buffer = pick(2);

	show_box("copy to buffer", &box);
	show("  %u at %zu", buffer, there);
	for (size_t y = 0; y < box.region[1]; y++)
		for (size_t x = 0; x < box.region[0]; x++)
			numbers[buffer][there + y * box.region[0] + x] = *of_box(&box, x, y);
	check(clEnqueueCopyImageToBuffer(queue, pictures[box.picture], buffers[buffer], box.origin,
					 box.region, there * 4, 0, NULL, NULL));
}

static void copy_from_buffer(void)
{
	const struct box box = a_box();
	const size_t count = box.region[0] * box.region[1];
	const size_t there = pick((unsigned int)(N - count + 1));
	const unsigned int buffer = pick(2);

	show_box("copy from buffer", &box);
	show("  %u at %zu", buffer, there);
	for (size_t y = 0; y < box.region[1]; y++)
		for (size_t x = 0; x < box.region[0]; x++)
			*of_box(&box, x, y) = numbers[buffer][there + y * box.region[0] + x];
	check(clEnqueueCopyBufferToImage(queue, buffers[buffer], pictures[box.picture], there * 4,
					 box.origin, box.region, 0, NULL, NULL));
}

static void take_step(void)
{
	const struct box box = a_box();

	switch (pick(20)) {
	case 0:
		read_box(&box);
		break;
	case 1:
		write_box();
		break;
	case 2:
		fill_box();
		break;
	case 3:
		map_box();
		break;
	case 4:
		copy_box();
		break;
	case 5:
		copy_to_buffer();
		break;
	case 6:
		copy_from_buffer();
		break;
	case 7:
		read_buffer(pick(2));
		break;
	default:
		launch();
	}
}

static void make_pictures(void)
{
	const cl_image_format format = {CL_R, CL_UNSIGNED_INT32};
	const cl_image_desc shape = {
	    .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = WIDTH, .image_height = HEIGHT};
	cl_int status;

	for (unsigned int i = 0; i < PICTURES; i++) {
		for (unsigned int j = 0; j < N; j++)
			expected[i][j / WIDTH][j % WIDTH] = pick(1 << 20);
		pictures[i] = clCreateImage(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
					    &format, &shape, expected[i], &status);
		OK(status);
	}
	for (unsigned int i = 0; i < 2; i++) {
		for (unsigned int j = 0; j < N; j++)
			numbers[i][j] = pick(1 << 20);
		buffers[i] = buffer_of(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
				       sizeof(numbers[i]), numbers[i]);
	}
}

int main(int count, char **arguments)
{
	if (count < 3)
		return 2;
	seed = (unsigned int)atoi(arguments[1]);
	steps = atoi(arguments[2]);
	start();
	queue = queue_of(context, 0);
	make_kernels(source, names, KERNELS, kernels);
	make_pictures();
	for (step = 0; step < steps; step++)
		take_step();
	for (unsigned int i = 0; i < PICTURES; i++)
		read_box(&(struct box){i, {0}, {WIDTH, HEIGHT, 1}});
	for (unsigned int i = 0; i < 2; i++)
		read_buffer(i);
	puts("done");
	return 0;
}
