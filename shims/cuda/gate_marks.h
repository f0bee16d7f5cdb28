/* SPDX-License-Identifier: MIT */
/*
 * Where the streams of a turn have got to: an event in each, behind what was launched there. Times
 * are those of the GPU, in ns from the turn's start, as far as one can be had.
 */
#ifndef MVGAL_CUDA_GATE_MARKS_H
#define MVGAL_CUDA_GATE_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

#define MARKS_STREAMS 64

struct mark {
	/* Never 0: the default streams have handles. */
	CUstream stream;
	CUcontext context;
	/* Of the thread's default stream, else 0. */
	uint64_t thread;
	CUevent event;
	/* The event stands in the stream, and has not been seen done. */
	bool is_set;
	/* The stream is gone: its event stays. */
	bool is_gone;
	/* Guessed time of what was launched behind the event; all of it, if there is none. */
	uint64_t behind;
	bool has_behind;
	/* When its event was done, in ns from the start. */
	uint64_t done;
};

struct marks {
	/* The calling thread's mode of capturing was changed, and was that; -1 where it was not. */
	bool is_guarded;
	int mode;
	CUevent start;
	CUcontext start_context;
	bool has_start;
	/* When the start was marked, and the last that it can have been reached, by what was seen.
	 */
	uint64_t now;
	uint64_t late;
	/* Before a launch that is measured. */
	CUevent sample;
	uint32_t count;
	struct mark streams[MARKS_STREAMS];
};

/* A stream, as a launch names it; `context` is the current one. */
struct marks_stream {
	CUstream stream;
	CUcontext context;
	uint64_t thread;
};

/*
 * What is called here of the driver does the program's captures of graphs no harm; to be called
 * after it, by the same thread.
 */
void marks_unguard(struct marks *marks);

/* Whether launches into it are being captured; also where that cannot be told. */
bool marks_is_capturing(CUstream stream);

/* A turn begins with a launch into that stream. */
void marks_begin(struct marks *marks, const struct marks_stream *stream, uint64_t now);

/* A launch was made; NULL where there is no room for one more stream. */
struct mark *marks_launched(struct marks *marks, const struct marks_stream *stream,
			    uint64_t guessed);

/* Marks the stream here. */
void marks_set(struct marks *marks, struct mark *mark, CUcontext current);

/* Marks all streams in which something is behind the last mark. */
void marks_set_all(struct marks *marks, CUcontext current, uint64_t thread);

/* Whether the mark was reached; then `done` of it is known. */
bool marks_reached(struct marks *marks, struct mark *mark, uint64_t now);

/* A launch into the stream is measured: from here to the next mark in it. 0 where that cannot be
 * told. */
bool marks_sample(struct marks *marks, const struct marks_stream *stream);
uint64_t marks_sampled(struct marks *marks, const struct mark *mark);

/* Whether nothing is left to do in any of the streams, as far as the calling thread can ask. */
bool marks_are_dry(struct marks *marks, uint64_t thread);

/* Whether all were, and when the last was, in host time. */
bool marks_all_reached(struct marks *marks, uint64_t now, uint64_t *end);

/* The stream, or all of a context, are about to go. */
void marks_stream_gone(struct marks *marks, CUstream stream, CUcontext current);
void marks_context_gone(struct marks *marks, CUcontext context);

/* In a child after fork nothing of the parent's is of any use. */
void marks_forget(struct marks *marks);

#endif
