/*
 * The part of MTML that the fake has: the interface of mtml.h 2.2.0, and functions that no
 * published header has, as the exporter of the HUATUO project calls them.
 */
#ifndef MVGAL_FAKE_MTML_H
#define MVGAL_FAKE_MTML_H

typedef int MtmlReturn;

enum {
	MTML_SUCCESS = 0,
	MTML_ERROR_DRIVER_NOT_LOADED = 1,
	MTML_ERROR_INVALID_ARGUMENT = 3,
	MTML_ERROR_NOT_SUPPORTED = 4,
	MTML_ERROR_NOT_FOUND = 7,
	MTML_ERROR_DRIVER_TOO_OLD = 9,
};

typedef struct {
	char sbdf[32];
	unsigned int segment;
	unsigned int bus;
	unsigned int device;
	unsigned int pciDeviceId;
	unsigned int pciSubsystemId;
	unsigned int busWidth;
	float pciMaxSpeed;
	float pciCurSpeed;
	unsigned int pciMaxWidth;
	unsigned int pciCurWidth;
	unsigned int pciMaxGen;
	unsigned int pciCurGen;
	int rsvd[6];
} MtmlPciInfo;

typedef struct {
	unsigned int util;
	unsigned int period;
	unsigned int encUtil;
	unsigned int decUtil;
	int rsvd[2];
} MtmlCodecUtil;

typedef struct {
	unsigned int version;
	unsigned int bandWidth;
	unsigned int linkNum;
	unsigned int rsvd[4];
} MtmlMtLinkSpec;

typedef struct {
	unsigned int sbeCount;
	unsigned int dbeCount;
} MtmlPageRetirementCount;

typedef struct MtmlLibrary MtmlLibrary;
typedef struct MtmlDevice MtmlDevice;
typedef struct MtmlGpu MtmlGpu;
typedef struct MtmlMemory MtmlMemory;
typedef struct MtmlVpu MtmlVpu;

#endif
