import assert from "node:assert/strict";
import { LAYOUTS } from "../../../ffi/vulkan/generated/structs.ts";
import { generate, REGISTRY_PATH, staleFiles } from "../../../scripts/gen_vulkan.ts";
import { readRegistry } from "../../../scripts/vulkan/registry.ts";
import { compilerTest } from "../../fakes/cc.ts";
import { checkLayouts } from "../layouts.ts";

const SUPPLEMENT = new URL("../../../scripts/vulkan/supplement.xml", import.meta.url);

/** The registry that the committed files were made from. */
const COMMITTED = /vk\.xml (\S+)\. Do not edit/.exec(
  Deno.readTextFileSync(new URL("../../../ffi/vulkan/generated/structs.ts", import.meta.url)),
)?.[1];

function installedVersion(): string | undefined {
  try {
    return readRegistry([Deno.readTextFileSync(REGISTRY_PATH)]).version;
  } catch {
    return undefined;
  }
}

const installed = installedVersion();
const regenerable = installed === COMMITTED;

Deno.test({
  name: "gen_vulkan writes what is committed" +
    (regenerable ? "" : ` (skipped: vk.xml is ${installed ?? "not installed"}, not ${COMMITTED})`),
  ignore: !regenerable,
  fn: () => assert.deepEqual(staleFiles(generate()), []),
});

/** C declarations of what is newer than the header, from the extensions' specifications. */
const NEWER = `
typedef enum { MVGAL_COMPONENT_MAX = 0x7FFFFFFF } MvgalComponentType;
typedef struct { VkStructureType sType; void *pNext; VkBool32 cooperativeMatrix;
  VkBool32 cooperativeMatrixRobustBufferAccess; } VkPhysicalDeviceCooperativeMatrixFeaturesKHR;
typedef struct { VkStructureType sType; void *pNext; VkShaderStageFlags cooperativeMatrixSupportedStages;
} VkPhysicalDeviceCooperativeMatrixPropertiesKHR;
typedef struct { VkStructureType sType; void *pNext; uint32_t MSize, NSize, KSize;
  MvgalComponentType AType, BType, CType, ResultType; VkBool32 saturatingAccumulation;
  MvgalComponentType scope; } VkCooperativeMatrixPropertiesKHR;
typedef struct { VkStructureType sType; void *pNext; VkBool32 cooperativeMatrixWorkgroupScope,
  cooperativeMatrixFlexibleDimensions, cooperativeMatrixReductions, cooperativeMatrixConversions,
  cooperativeMatrixPerElementOperations, cooperativeMatrixTensorAddressing,
  cooperativeMatrixBlockLoads; } VkPhysicalDeviceCooperativeMatrix2FeaturesNV;
typedef struct { VkStructureType sType; void *pNext;
  uint32_t cooperativeMatrixWorkgroupScopeMaxWorkgroupSize,
  cooperativeMatrixFlexibleDimensionsMaxDimension,
  cooperativeMatrixWorkgroupScopeReservedSharedMemory;
} VkPhysicalDeviceCooperativeMatrix2PropertiesNV;
typedef struct { VkStructureType sType; void *pNext; uint32_t MGranularity, NGranularity,
  KGranularity; MvgalComponentType AType, BType, CType, ResultType; VkBool32 saturatingAccumulation;
  MvgalComponentType scope; uint32_t workgroupInvocations;
} VkCooperativeMatrixFlexibleDimensionsPropertiesNV;
typedef struct { VkStructureType sType; void *pNext; VkBool32 shaderBFloat16Type,
  shaderBFloat16DotProduct, shaderBFloat16CooperativeMatrix;
} VkPhysicalDeviceShaderBfloat16FeaturesKHR;
typedef struct { VkStructureType sType; void *pNext; VkBool32 shaderFloat8,
  shaderFloat8CooperativeMatrix;
} VkPhysicalDeviceShaderFloat8FeaturesEXT;
`;

compilerTest("the generated layouts are those of vulkan.h", () => {
  assert.ok(LAYOUTS.length > 90, `only ${LAYOUTS.length} layouts`);
  const includes = ["vulkan/vulkan.h"];
  // A header that has the extensions already would declare them twice.
  const hasNewer = Deno.readTextFileSync("/usr/include/vulkan/vulkan_core.h")
    .includes("VkPhysicalDeviceShaderBfloat16FeaturesKHR");
  assert.deepEqual(checkLayouts(LAYOUTS, { includes, prelude: hasNewer ? "" : NEWER }), []);
}, { headers: ["vulkan/vulkan.h"] });

Deno.test("readRegistry() refuses what is no registry", () => {
  assert.throws(() => readRegistry(["<html/>"]), /not a Vulkan registry/);
});

Deno.test("readRegistry() computes the numbers of extension enumerants", () => {
  const registry = readRegistry([Deno.readTextFileSync(SUPPLEMENT)]);
  const values = registry.enums.get("VkStructureType");
  assert.equal(
    values?.get("VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR"),
    1000506000n,
  );
  assert.equal(
    values?.get("VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_BFLOAT16_FEATURES_KHR"),
    1000141000n,
  );
  assert.equal(
    values?.get("VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT8_FEATURES_EXT"),
    1000567000n,
  );
});
