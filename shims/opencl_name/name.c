/* SPDX-License-Identifier: MIT */
/*
 * Nothing but a name: programs that open libOpenCL.so, without a version, find this one, which
 * needs libOpenCL.so.1, the loader that is preloaded with it. What they look up here they find
 * there.
 */
