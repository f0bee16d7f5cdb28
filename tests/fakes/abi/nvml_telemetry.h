/*
 * What telemetry needs of NVML beside nvml.h: declarations of nvml.h (API reference 10.1 to 13.0).
 * nvmlProcessInfo_535_t is nvmlProcessInfo_t as the headers 12.535.43 to 12.535.77 have it.
 */
#ifndef MVGAL_FAKE_NVML_TELEMETRY_H
#define MVGAL_FAKE_NVML_TELEMETRY_H

typedef struct {
	unsigned int version;
	unsigned int fan;
	unsigned int speed;
} nvmlFanSpeedInfo_v1_t;

#define nvmlFanSpeedInfo_v1 (unsigned int)(sizeof(nvmlFanSpeedInfo_v1_t) | (1 << 24U))

typedef struct {
	unsigned long long bar1Total;
	unsigned long long bar1Free;
	unsigned long long bar1Used;
} nvmlBAR1Memory_t;

typedef struct {
	unsigned int pid;
	unsigned long long usedGpuMemory;
} nvmlProcessInfo_v1_t;

typedef struct {
	unsigned int pid;
	unsigned long long usedGpuMemory;
	unsigned int gpuInstanceId;
	unsigned int computeInstanceId;
} nvmlProcessInfo_v2_t;

typedef struct {
	unsigned int pid;
	unsigned long long usedGpuMemory;
	unsigned int gpuInstanceId;
	unsigned int computeInstanceId;
	unsigned long long usedGpuCcProtectedMemory;
} nvmlProcessInfo_535_t;

typedef struct {
	unsigned int pid;
	unsigned long long timeStamp;
	unsigned int smUtil;
	unsigned int memUtil;
	unsigned int encUtil;
	unsigned int decUtil;
} nvmlProcessUtilizationSample_t;

#define NVML_FI_DEV_MEMORY_TEMP 82
#define NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX 138
#define NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX 139
#define NVML_VALUE_TYPE_UNSIGNED_LONG_LONG 3
#define NVML_VALUE_NOT_AVAILABLE (-1)
#define NVML_ALL_LINKS 0xffffffffu

#endif
